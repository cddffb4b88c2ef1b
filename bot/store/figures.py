"""What the installation did and what waits, as numbers: for metrics. No conversation is read for it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, get_args

import msgspec
import redis.asyncio as aioredis

from bot.model import ModelRecord, Priority
from bot.store.connection import translated_errors
from bot.store.keys import Keys
from bot.store.models import ModelRegistry
from bot.store.priority import score_range
from bot.store.trainings import TrainingStore
from bot.store.work import WorkQueue

# Upper ends of the buckets of `answer_ms:`; lua/conversation/figures.lua counts in the same.
ANSWER_BOUNDS_MS = (5, 10, 25, 50, 100, 250, 500, 1_000, 2_500, 5_000, 10_000, 30_000)
# Upper ends of the buckets of `people_answer:` and `people_close:`; as in that file.
PEOPLE_BOUNDS_S = (60, 120, 300, 600, 1_800, 3_600, 14_400, 28_800, 86_400, 259_200)
PRIORITIES: tuple[Priority, ...] = get_args(Priority)


@dataclass(frozen=True)
class Waiting:
    """How many wait, and since when the first of them does; 0 s without any."""

    size: int = 0
    oldest_s: float = 0.0


@dataclass(frozen=True)
class Snapshot:
    """The figures at one moment.

    counts: `<metric>:<label>:...` to what the scripts counted since the installation began (figures.lua `count`).
    to_send: conversations with something to send to a platform.
    assistants: name of each that runs -> name of its model, empty if it has none.
    memory_max_bytes: 0 for a Redis without a limit.
    """

    counts: Mapping[str, int] = field(default_factory=dict)
    queue: Mapping[Priority, Waiting] = field(default_factory=dict)
    work: Waiting = Waiting()
    outbox: Waiting = Waiting()
    inbound: Waiting = Waiting()
    mails: Waiting = Waiting()
    to_send: int = 0
    agent_conversations: int = 0
    conversations: int = 0
    assistants: Mapping[str, str] = field(default_factory=dict)
    model: ModelRecord | None = None
    trainers: int = 0
    memory_used_bytes: int = 0
    memory_max_bytes: int = 0


class Figures:
    """Counters and lengths of the whole installation."""

    def __init__(
        self,
        client: aioredis.Redis,
        keys: Keys,
        work: WorkQueue,
        models: ModelRegistry,
        trainings: TrainingStore,
    ) -> None:
        self._client = client
        self._keys = keys
        self._work = work
        self._models = models
        self._trainings = trainings

    async def read(self) -> Snapshot:
        """All of them. It costs the same with ten conversations or ten thousand waiting. Raises StoreUnavailable."""
        with translated_errors():
            # The clock that the scripts set times by.
            seconds, micros = await self._client.time()
            memory = await self._client.info("memory")
            lists = await self._lists(int(seconds) * 1000 + int(micros) // 1000)
        about = await self._work.alive()
        return Snapshot(
            **lists,
            assistants={name: msgspec.json.decode(said).get("model") or "" for name, said in about.items()},
            model=await self._models.active(),
            trainers=len(await self._trainings.trainers()),
            memory_used_bytes=int(memory["used_memory"]),
            memory_max_bytes=int(memory["maxmemory"]),
        )

    async def _lists(self, now_ms: int) -> dict[str, Any]:
        keys = self._keys
        pipeline = self._client.pipeline(transaction=False)
        pipeline.hgetall(keys.figures)
        for key in (keys.claimed, keys.active, keys.sending, keys.due, keys.outbox):
            pipeline.zcard(key)
        for key in (keys.due, keys.outbox):
            pipeline.zrange(key, 0, 0, withscores=True)
        pipeline.hkeys(keys.mails)
        pipeline.xlen(keys.inbound)
        pipeline.xrange(keys.inbound, count=1)
        for priority in PRIORITIES:
            first, last = score_range(priority)
            pipeline.zcount(keys.queue, first, last)
            pipeline.zrangebyscore(keys.queue, first, last, start=0, num=1, withscores=True)
        counts, claimed, active, to_send, due, outbox, first_due, first_outbox, *rest = await pipeline.execute()
        mails, inbound, first_inbound, *queue = rest
        pairs = zip(PRIORITIES, queue[::2], queue[1::2], strict=True)
        return {
            "counts": {name: int(count) for name, count in counts.items()},
            "agent_conversations": claimed,
            "conversations": active,
            "to_send": to_send,
            "work": _waiting(due, first_due, now_ms),
            "outbox": _waiting(outbox, first_outbox, now_ms),
            "inbound": _waiting(inbound, [(one, int(one.partition("-")[0])) for one, _ in first_inbound], now_ms),
            # Ids of mails begin with when they were made.
            "mails": _waiting(len(mails), [("", int(min(mails).partition("-")[0]))] if mails else [], now_ms),
            "queue": {name: _waiting(size, found, now_ms, score_range(name)[0]) for name, size, found in pairs},
        }


def _waiting(size: int, first: list[tuple[str, float]], now_ms: int, zero: int = 0) -> Waiting:
    """zero: what a score has more than the time in ms."""
    since_ms = first[0][1] - zero if first else now_ms
    return Waiting(int(size), max(0.0, (now_ms - since_ms) / 1000))
