"""Conversations that are answered in Chatwoot: which one there belongs to which here, and how far each side is."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass, fields
from typing import Any

import redis.asyncio as aioredis

from bot.store.connection import translated_errors
from bot.store.keys import Keys
from bot.store.work import now_ms

READER = "chatwoot"
# Whoever took a conversation and died: it is looked at again after this.
LEASE_MS = 15_000
_PREFIX = "chatwoot_"
# Not for a conversation that is gone: its hash must not come back.
_NOTE = """
if redis.call('EXISTS', KEYS[1]) == 0 then return 0 end
redis.call('HSET', KEYS[1], unpack(ARGV))
return 1
"""
# What was marked since it was taken stays due.
_DONE = """
local score = redis.call('ZSCORE', KEYS[1], ARGV[1])
if not score or tonumber(score) ~= tonumber(ARGV[2]) then return 0 end
if ARGV[3] == '' then redis.call('ZREM', KEYS[1], ARGV[1]) else redis.call('ZADD', KEYS[1], ARGV[3], ARGV[1]) end
return 1
"""


@dataclass(frozen=True)
class ChatwootLink:
    """Fields `chatwoot_...` of the conversation's hash, so that they live as long as it does.

    id: of the conversation there (its display id), 0 while there is none. sent: place in our log up to which it has
    everything. sending: what is being sent, and may have arrived. last_id: of the last message there that is ours;
    read_id: of the last one that was dealt with. noted_at_ms: of the handoff that it was told about. status: `open` or
    `resolved`, as both sides last agreed. assignee: name of who has it there. priority: ours, as it was
    last told there.
    """

    id: int = 0
    sent: str = ""
    sending: str = ""
    last_id: int = 0
    read_id: int = 0
    noted_at_ms: int = 0
    status: str = ""
    assignee: str = ""
    priority: str = ""


@dataclass(frozen=True)
class Trouble:
    """what: a code, `unreachable` or `refused`; status: of the last answer, 0 without one."""

    what: str
    since_ms: int
    status: int = 0


class ChatwootStore:
    """The links, and which conversations are to be looked at."""

    def __init__(self, client: aioredis.Redis, keys: Keys) -> None:
        self._client = client
        self._keys = keys
        self._note = client.register_script(_NOTE)
        self._done = client.register_script(_DONE)

    async def link(self, conversation_id: str) -> ChatwootLink:
        """An empty one for a conversation that was never there."""
        names = [spec.name for spec in fields(ChatwootLink)]
        with translated_errors():
            found = await self._client.hmget(
                self._keys.conversation(conversation_id), [_PREFIX + name for name in names]
            )
        known: dict[str, Any] = {name: value for name, value in zip(names, found, strict=True) if value is not None}
        numbers = {spec.name for spec in fields(ChatwootLink) if spec.type == "int"}
        return ChatwootLink(**known | {name: int(known[name]) for name in numbers & known.keys()})

    async def note(self, conversation_id: str, **changes: int | str) -> bool:
        """Change fields of the link; False if the conversation is gone."""
        args = [part for name, value in changes.items() for part in (_PREFIX + name, value)]
        with translated_errors():
            return bool(await self._note(keys=[self._keys.conversation(conversation_id)], args=args))

    async def unlink(self, conversation_id: str) -> None:
        """It is not there any more."""
        names = [_PREFIX + name for name in asdict(ChatwootLink())]
        with translated_errors():
            await self._client.hdel(self._keys.conversation(conversation_id), *names)

    async def look_at(self, conversation_ids: Iterable[str]) -> None:
        """Something happened, here or there."""
        if marks := dict.fromkeys(conversation_ids, now_ms()):
            with translated_errors():
                await self._client.zadd(self._keys.chatwoot, marks)

    async def spread(self, conversation_ids: Iterable[str], *, until: str) -> None:
        """Something happened to them; all up to this place in the happenings is dealt with, in the same step."""
        pipeline = self._client.pipeline(transaction=True)
        if marks := dict.fromkeys(conversation_ids, now_ms()):
            pipeline.zadd(self._keys.chatwoot, marks)
        pipeline.hset(self._keys.happenings_read, READER, until)
        with translated_errors():
            await pipeline.execute()

    async def due(self, limit: int) -> list[str]:
        """Those to look at now, the one that waits longest first."""
        with translated_errors():
            return list(await self._client.zrangebyscore(self._keys.chatwoot, "-inf", now_ms(), start=0, num=limit))

    async def take(self, conversation_id: str) -> int:
        """Begin to look at it; what happens from now on marks it again. Returns a receipt for `done`."""
        receipt = now_ms() + LEASE_MS
        with translated_errors():
            await self._client.zadd(self._keys.chatwoot, {conversation_id: receipt})
        return receipt

    async def done(self, conversation_id: str, receipt: int, *, again_in_ms: int = 0) -> None:
        """Looked at; look again then, 0 for never."""
        again = now_ms() + again_in_ms if again_in_ms else ""
        with translated_errors():
            await self._done(keys=[self._keys.chatwoot], args=[conversation_id, receipt, again])

    async def waiting(self) -> int:
        """How many are to be looked at now."""
        with translated_errors():
            return int(await self._client.zcount(self._keys.chatwoot, "-inf", now_ms()))

    async def trouble(self) -> Trouble | None:
        """Why nothing gets through, None while it does."""
        with translated_errors():
            found = await self._client.hgetall(self._keys.chatwoot_trouble)
        return Trouble(found["what"], int(found["since_ms"]), int(found["status"])) if found else None

    async def set_trouble(self, what: str, status: int = 0) -> None:
        """Nothing gets through."""
        pipeline = self._client.pipeline(transaction=True)
        pipeline.hset(self._keys.chatwoot_trouble, mapping={"what": what, "status": status})
        pipeline.hsetnx(self._keys.chatwoot_trouble, "since_ms", now_ms())
        with translated_errors():
            await pipeline.execute()

    async def clear_trouble(self) -> None:
        with translated_errors():
            await self._client.delete(self._keys.chatwoot_trouble)
