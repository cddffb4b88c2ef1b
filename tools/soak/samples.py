"""What the processes and Redis hold at one moment."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from bot.store.connection import connect
from bot.store.keys import Keys
from tools.crash.processes import Installation


@dataclass(frozen=True)
class Sample:
    """at_s: since the first message. rss: resident memory of each process. All sizes in bytes."""

    at_s: float
    rss: dict[str, int]
    redis_used: int
    redis_keys: int
    redis_aof: int

    def rss_of(self, kind: str) -> int:
        """Of all processes of a kind: web, assistant or redis."""
        return sum(size for name, size in self.rss.items() if name.partition("-")[0] == kind)


class Sampler:
    """Looks every few seconds."""

    def __init__(self, installation: Installation, *, every_s: float) -> None:
        self.samples: list[Sample] = []
        self._installation = installation
        self._every_s = every_s
        self._client = connect(installation.redis.url, Keys(installation.settings.redis_prefix).secret)

    async def run(self) -> None:
        """For ever."""
        started_s = time.monotonic()
        try:
            while True:
                self.samples.append(await self._look(time.monotonic() - started_s))
                await asyncio.sleep(self._every_s)
        finally:
            await self._client.aclose()

    async def _look(self, at_s: float) -> Sample:
        memory = await self._client.info("memory")
        persistence = await self._client.info("persistence")
        pids = {program.name: program.pid for program in self._installation.programs}
        pids["redis"] = self._installation.redis.pid if self._installation.redis.is_ours else None
        return Sample(
            at_s,
            {name: resident(pid) for name, pid in pids.items() if pid},
            int(memory["used_memory"]),
            int(await self._client.dbsize()),
            int(persistence["aof_current_size"]),
        )


def resident(pid: int) -> int:
    """Resident memory of a process, in bytes; 0 if it is gone. Linux only."""
    try:
        pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    except OSError:
        return 0
    return pages * os.sysconf("SC_PAGE_SIZE")


def growth(samples: Sequence[Sample], name: str, *, warm_up_s: float) -> float:
    """By which share the memory of one process grew after the warm-up: the last third's median against the first's.

    0.1 is a tenth more. 0 with fewer than six samples: there is nothing to compare.
    """
    sizes = [sample.rss[name] for sample in samples if sample.at_s >= warm_up_s and sample.rss.get(name)]
    third = len(sizes) // 3
    if third < 2:
        return 0.0
    return _median(sizes[-third:]) / _median(sizes[:third]) - 1


def _median(sizes: Sequence[int]) -> float:
    ordered = sorted(sizes)
    return (ordered[(len(ordered) - 1) // 2] + ordered[len(ordered) // 2]) / 2
