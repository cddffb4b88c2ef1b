"""What happened to conversations, for programs outside: a stream that each reader follows at its own pace."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import msgspec
import redis.asyncio as aioredis

from bot.store.connection import translated_errors
from bot.store.keys import Keys


@dataclass(frozen=True)
class Happening:
    """type: as lua/conversation/handoff.lua `happened` says. about: what else it says, ids and codes, never words."""

    entry_id: str
    type: str
    conversation_id: str
    at_ms: int
    about: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Batch:
    """What a reader gets, oldest first.

    lost_from_ms, lost_until_ms: it was so far behind that what happened in between is gone; 0 when it missed nothing.
    """

    happenings: list[Happening]
    lost_from_ms: int = 0
    lost_until_ms: int = 0


class Happenings:
    """How far each reader is stands in Redis, written in the same step as what it made of it."""

    def __init__(self, client: aioredis.Redis, keys: Keys) -> None:
        self._client = client
        self._keys = keys

    async def read_until(self, reader: str) -> str:
        """The place up to which a reader has dealt with everything; `0-0` at first."""
        with translated_errors():
            return str(await self._client.hget(self._keys.happenings_read, reader) or "0-0")

    async def newest(self) -> str:
        """The place of the last one; `0-0` without any."""
        with translated_errors():
            found = await self._client.xrevrange(self._keys.happenings, count=1)
        return str(found[0][0]) if found else "0-0"

    async def after(self, entry_id: str, limit: int = 200) -> Batch:
        """What came behind that place. entry_id: as `read_until` says."""
        with translated_errors():
            found = await self._client.xrange(self._keys.happenings, min=entry_id, count=limit + 1)
        # The place itself is still there as long as nothing behind it was trimmed.
        is_whole = not found or found[0][0] == entry_id or entry_id == "0-0"
        happenings = [_happening(place, fields["happening"]) for place, fields in found if place != entry_id]
        return Batch(happenings) if is_whole else Batch(happenings, _ms(entry_id), _ms(found[0][0]))

    async def wait(self, entry_id: str, block_ms: int) -> None:
        """Until something came behind that place, at most so long."""
        with translated_errors():
            await self._client.xread({self._keys.happenings: entry_id}, count=1, block=block_ms)


def _ms(entry_id: str) -> int:
    return int(entry_id.partition("-")[0])


def _happening(entry_id: str, record: str) -> Happening:
    about = msgspec.json.decode(record, type=dict[str, Any])
    kind, conversation_id, at_ms = about.pop("type"), about.pop("conversation_id"), int(about.pop("at_ms"))
    return Happening(entry_id, kind, conversation_id, at_ms, about)
