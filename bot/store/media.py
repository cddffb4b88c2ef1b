"""What is to be done about files that came with messages: fetched, or removed with their message or conversation.

One list for both, shared by all web processes. Whoever takes something from it brings our copies in line with what the
store has of the message now; so the order is of no importance, and twice is no harm.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import redis.asyncio as aioredis

from bot.model import Message
from bot.store.connection import Script, translated_errors
from bot.store.conversations import ConversationStore, stored_message
from bot.store.keys import Keys

_NOW = """
local time = redis.call('TIME')
local now_ms = time[1] * 1000 + math.floor(time[2] / 1000)
"""
_CLAIM = f"""{_NOW}
local found = redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', now_ms, 'LIMIT', 0, 1)[1]
if not found then return nil end
local until_ms = now_ms + tonumber(ARGV[1])
redis.call('ZADD', KEYS[1], until_ms, found)
return {{ found, until_ms }}
"""
# Nothing when somebody else has it by now, or something happened to it: then it is looked at once more.
_MOVE = f"""{_NOW}
if tonumber(redis.call('ZSCORE', KEYS[1], ARGV[1]) or '0') ~= tonumber(ARGV[2]) then return nil end
if ARGV[3] == '' then
  redis.call('ZREM', KEYS[1], ARGV[1])
  return 0
end
redis.call('ZADD', KEYS[1], now_ms + tonumber(ARGV[3]), ARGV[1])
return now_ms + tonumber(ARGV[3])
"""


@dataclass(frozen=True)
class MediaClaim:
    """That one process, and no other, sees to the files of a message until `until_ms`.

    message_id: empty for all files of a conversation, whose time may have come.
    """

    conversation_id: str
    message_id: str
    until_ms: int

    @property
    def member(self) -> str:
        return f"{self.conversation_id} {self.message_id}"


@dataclass(frozen=True)
class ToFetch:
    """A message that something came with. tries: how many times somebody began to fetch it, this time included."""

    message: Message
    tries: int


class MediaList:
    """A sorted set of `<conversation id> <message id>` by when to look at it."""

    def __init__(
        self, client: aioredis.Redis, keys: Keys, conversations: ConversationStore, *, lease_ms: int = 180_000
    ) -> None:
        """lease_ms: longer than fetching and keeping one file may take."""
        self._client = client
        self._keys = keys
        self._conversations = conversations
        self.lease_ms = lease_ms
        self._claim = client.register_script(_CLAIM)
        self._move = client.register_script(_MOVE)
        self._begin = Script(client, "media_begin")

    async def claim(self) -> MediaClaim | None:
        """What has waited longest, or None."""
        with translated_errors():
            found = await self._claim(keys=[self._keys.media], args=[self.lease_ms])
        if not found:
            return None
        conversation_id, _, message_id = found[0].rpartition(" ")
        return MediaClaim(conversation_id, message_id, int(found[1]))

    async def begin(self, claim: MediaClaim) -> ToFetch | None:
        """The message, None if it is gone: then its files must go."""
        args = [*self._conversations.script_args(claim.conversation_id), claim.message_id]
        found = await self._begin(self._conversations.script_keys(claim.conversation_id), args)
        return ToFetch(stored_message(found[0], found[1]), int(found[2])) if found else None

    async def hold(self, claim: MediaClaim) -> MediaClaim | None:
        """A new lease; None when the claim is lost."""
        until_ms = await self._moved(claim, self.lease_ms)
        return replace(claim, until_ms=int(until_ms)) if until_ms else None

    async def later(self, claim: MediaClaim, delay_ms: int) -> None:
        """Somebody should look again after a while."""
        await self._moved(claim, delay_ms)

    async def done(self, claim: MediaClaim) -> None:
        """Nothing is left to do, unless something happened meanwhile."""
        await self._moved(claim, "")

    async def _moved(self, claim: MediaClaim, delay_ms: int | str) -> Any:
        with translated_errors():
            return await self._move(keys=[self._keys.media], args=[claim.member, claim.until_ms, delay_ms])
