"""Messages to customers that have not arrived yet."""

from __future__ import annotations

from dataclasses import dataclass

import redis.asyncio as aioredis

from bot.store.connection import translated_errors
from bot.store.keys import Keys


@dataclass(frozen=True)
class OutboxEntry:
    """A stored message whose channel has not said that it arrived."""

    conversation_id: str
    message_id: str
    stored_at_ms: int


class Outbox:
    """The scripts put every message to a customer in; `ConversationStore.mark` takes it out when it arrived."""

    def __init__(self, client: aioredis.Redis, keys: Keys) -> None:
        self._client = client
        self._keys = keys

    async def oldest(self, limit: int = 100, *, before_ms: int | None = None) -> list[OutboxEntry]:
        """Those that wait longest first, if given only those stored before `before_ms`."""
        with translated_errors():
            found = await self._client.zrangebyscore(
                self._keys.outbox, "-inf", "+inf" if before_ms is None else before_ms, 0, limit, withscores=True
            )
        entries = []
        for member, stored_at_ms in found:
            conversation_id, _, message_id = member.rpartition(" ")
            entries.append(OutboxEntry(conversation_id, message_id, int(stored_at_ms)))
        return entries

    async def size(self) -> int:
        """How many messages have not arrived."""
        with translated_errors():
            return int(await self._client.zcard(self._keys.outbox))
