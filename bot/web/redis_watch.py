"""Connects a web process to Redis, however late that comes, and says in the log how Redis is."""

from __future__ import annotations

import asyncio

import structlog

from bot.errors import ConfigError, StoreUnavailable
from bot.logs import described
from bot.store import Store

log = structlog.get_logger()

RETRY_S = 1.0
CHECK_EVERY_S = 2.0


class RedisWatch:
    """Every web process runs one. What it finds is logged once, when it changes."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._opened = False
        self._trouble = ""

    async def start(self) -> None:
        """Connect now if that can be done; else `run` does later. Raises ConfigError if this Redis will not do."""
        try:
            await self._open()
        except StoreUnavailable as exc:
            self._trouble = str(exc)
            log.warning("redis.waiting", reason=self._trouble)

    async def run(self) -> None:
        """Connect if that is still to be done, and look after it, for ever."""
        while True:
            try:
                await self._look()
            except Exception as exc:
                log.error("redis.unwatched", error=described(exc))
            await asyncio.sleep(CHECK_EVERY_S if self._opened else RETRY_S)

    async def _look(self) -> None:
        trouble = await self._find_trouble()
        if trouble and trouble != self._trouble:
            log.error("redis.trouble", reason=trouble)
        if self._trouble and not trouble:
            log.info("redis.well")
        self._trouble = trouble

    async def _find_trouble(self) -> str:
        try:
            if not self._opened:
                await self._open()
            return (await self._store.state()).problem
        except (ConfigError, StoreUnavailable) as exc:
            return str(exc)

    async def _open(self) -> None:
        await self._store.open()
        self._opened = True
