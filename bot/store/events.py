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

# After so long without an event, Redis is asked whether it is still there; without an answer, we connect anew.
SILENT_S = 2.0
ANSWER_S = 2.0
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
                            message = await _next_message(subscription)
                        if message:
                            yield msgspec.json.decode(message["data"])
            except StoreUnavailable:
                log.warning("events.disconnected", retry_in_s=wait_s)
                await asyncio.sleep(wait_s)
                wait_s = min(wait_s * 2, 5.0)


async def _next_message(subscription: Any) -> dict[str, Any] | None:
    """The next event, or None when the server answers but has none: one that hangs would be waited for without end."""
    response = await subscription.parse_response(block=False, timeout=SILENT_S)
    if response is None:
        if getattr(subscription.connection, "is_elsewhere", False):
            raise StoreUnavailable("Redis has another primary")
        await subscription.ping()
        response = await subscription.parse_response(block=False, timeout=ANSWER_S)
        if response is None:
            raise StoreUnavailable("Redis sends no events")
    # The answer to the ping is plain text, which redis-py takes for a message.
    message = None if isinstance(response, str) else await subscription.handle_message(response)
    return message if message and message["type"] == "message" else None
