"""What happens, told to every process at once over Redis publish/subscribe.

Events only wake: a process that missed some reads the log, which has everything.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import msgspec
import redis.asyncio as aioredis
import structlog

from bot.errors import StoreUnavailable
from bot.store.connection import encode, translated_errors
from bot.store.keys import Keys

log = structlog.get_logger()

# Told to the reader when events may have been missed.
RESYNC: dict[str, Any] = {"type": "resync"}


class Events:
    """One channel for all; see docs/reference/keys.md for the kinds."""

    def __init__(self, client: aioredis.Redis, keys: Keys) -> None:
        self._client = client
        self._keys = keys

    async def publish(self, kind: str, **fields: Any) -> None:
        """Tell every process; nobody listening is fine."""
        with translated_errors():
            await self._client.publish(self._keys.events, encode({"type": kind, **fields}))

    async def listen(self) -> AsyncIterator[dict[str, Any]]:
        """Every event from now on, for ever; `RESYNC` after each (re)connection."""
        wait_s = 0.1
        while True:
            try:
                async with self._client.pubsub(ignore_subscribe_messages=True) as subscription:
                    with translated_errors():
                        await subscription.subscribe(self._keys.events)
                    yield RESYNC
                    wait_s = 0.1
                    while True:
                        with translated_errors():
                            message = await subscription.get_message(timeout=15.0)
                        if message:
                            yield msgspec.json.decode(message["data"])
            except StoreUnavailable:
                log.warning("events.disconnected", retry_in_s=wait_s)
                await asyncio.sleep(wait_s)
                wait_s = min(wait_s * 2, 5.0)
