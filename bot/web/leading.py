"""Work that one web process at a time does, for as long as it leads."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import suppress
from typing import Any

import structlog

from bot.errors import StoreUnavailable
from bot.logs import described
from bot.store.leader import Leader

log = structlog.get_logger()

LEASE_S = 5.0
PAUSE_S = 1.0


class Leading:
    """Every web process runs one; another leads when the leader is gone for LEASE_S."""

    def __init__(self, leader: Leader, turn: Callable[[], Awaitable[None]], in_hand: InHand) -> None:
        """turn: a moment of the work, shorter than LEASE_S. in_hand: what it began; ends when this no longer leads."""
        self._leader = leader
        self._turn = turn
        self._in_hand = in_hand
        self._name = uuid.uuid4().hex

    async def run(self) -> None:
        """For ever: lead, or wait for the moment that nobody does. Cancel it, then `close`."""
        while True:
            try:
                while await self._leader.lead(self._name, int(LEASE_S * 1000)):
                    await self._turn()
            except StoreUnavailable as exc:
                log.warning("leading.paused", reason=str(exc))
            except Exception as exc:  # a mistake of ours must not end it
                log.error("leading.failed", error=described(exc))
            await self._in_hand.end()
            await asyncio.sleep(PAUSE_S)

    async def close(self) -> None:
        """End what is in hand, so that another process leads at once."""
        await self._in_hand.end()
        with suppress(StoreUnavailable):
            await self._leader.resign(self._name)


class InHand:
    """Jobs by key: one at a time for each, and so many in all."""

    def __init__(self, at_a_time: int) -> None:
        self._at_a_time = at_a_time
        self._tasks: dict[str, asyncio.Task[None]] = {}

    @property
    def is_full(self) -> bool:
        return len(self._tasks) >= self._at_a_time

    def has(self, key: str) -> bool:
        return key in self._tasks

    def begin(self, key: str, job: Coroutine[Any, Any, None]) -> None:
        """Do it apart. Ask `has` and `is_full` first."""
        self._tasks[key] = asyncio.create_task(self._do(key, job))

    async def end(self) -> None:
        """Stop all of them at once."""
        tasks = list(self._tasks.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self._tasks.clear()

    async def _do(self, key: str, job: Coroutine[Any, Any, None]) -> None:
        try:
            await job
        except StoreUnavailable as exc:
            log.warning("leading.paused", reason=str(exc))
        except Exception as exc:
            log.error("leading.failed", error=described(exc))
        finally:
            self._tasks.pop(key, None)
