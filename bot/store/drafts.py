"""What agents typed and did not send yet: on every machine that they sign in at, until it is sent."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import msgspec
import redis.asyncio as aioredis

from bot.store.connection import encode, translated_errors
from bot.store.keys import Keys

# An answer to the customer, or a note for colleagues.
DraftKind = Literal["reply", "note"]

# How many conversations with a draft of theirs an agent's lists know, those of the last days.
MAX_SHOWN = 200

# Keep the text, unless the conversation is gone or the message was sent: a save that comes late brings nothing back,
# and takes nothing of a newer one.
# The account's desks hear when it has a draft there for the first time, or none any more.
# KEYS: conversation, its drafts, its message ids, where the account has drafts
# ARGV: account, field of a reply, field of a note, the one to save, JSON ('' removes it), message id, lifetime in s,
#       conversation id, events, how many conversations the lists know
_SAVE = """
local is_kept = ARGV[5] ~= '' and redis.call('EXISTS', KEYS[1]) == 1 and redis.call('HEXISTS', KEYS[3], ARGV[6]) == 0
if is_kept then
  redis.call('HSET', KEYS[2], ARGV[4], ARGV[5])
  redis.call('EXPIRE', KEYS[2], ARGV[7])
else
  -- A save of what was sent is not about what was typed since.
  local known = ARGV[5] ~= '' and redis.call('HGET', KEYS[2], ARGV[4])
  if not known or cjson.decode(known).message_id == ARGV[6] then redis.call('HDEL', KEYS[2], ARGV[4]) end
end
local has_any = redis.call('HEXISTS', KEYS[2], ARGV[2]) + redis.call('HEXISTS', KEYS[2], ARGV[3]) > 0
local is_news
if has_any then
  is_news = redis.call('ZADD', KEYS[4], redis.call('TIME')[1], ARGV[8])
  redis.call('ZREMRANGEBYRANK', KEYS[4], 0, -1 - ARGV[10])
  redis.call('EXPIRE', KEYS[4], ARGV[7])
else
  is_news = redis.call('ZREM', KEYS[4], ARGV[8])
end
if is_news == 1 then
  redis.call('PUBLISH', ARGV[9], cjson.encode({
    type = 'draft', account_id = ARGV[1], conversation_id = ARGV[8], has_draft = has_any }))
end
return is_kept and 1 or 0
"""


@dataclass(frozen=True)
class Draft:
    """message_id: goes along with the text, so that sending it twice stores it once.

    seen_entry_id: place of the customer's last message that the agent had seen when typing began.
    """

    text: str
    message_id: str
    seen_entry_id: str = ""
    at_ms: int = 0


class DraftStore:
    """One draft of each kind for every agent in every conversation; they go with the conversation."""

    def __init__(self, client: aioredis.Redis, keys: Keys, *, retention_days: int) -> None:
        self._client = client
        self._keys = keys
        self._lifetime_s = retention_days * 86_400
        self._save = client.register_script(_SAVE)

    async def save(self, conversation_id: str, account_id: str, draft: Draft, kind: DraftKind = "reply") -> bool:
        """Keep it in the place of the one before; without a text, forget it. Returns whether one is kept now.

        None is kept for a message that was sent already, or without such a conversation.
        """
        return await self._put(conversation_id, account_id, kind, encode(draft) if draft.text else "", draft.message_id)

    async def get(self, conversation_id: str, account_id: str) -> dict[DraftKind, Draft]:
        """What the account typed there and did not send, by kind."""
        kinds: tuple[DraftKind, ...] = ("reply", "note")
        with translated_errors():
            records = await self._client.hmget(
                self._keys.drafts(conversation_id), [_field(account_id, kind) for kind in kinds]
            )
            found = {
                kind: msgspec.json.decode(one, type=Draft) for kind, one in zip(kinds, records, strict=True) if one
            }
            if not found:
                return {}
            ids = [draft.message_id for draft in found.values()]
            sent = await self._client.hmget(self._keys.message_ids(conversation_id), ids)
        # Sent, but whoever stored it did not come to forgetting its draft.
        return {kind: draft for (kind, draft), entry_id in zip(found.items(), sent, strict=True) if not entry_id}

    async def remove(self, conversation_id: str, account_id: str, kind: DraftKind = "reply") -> None:
        """It was sent, or is not wanted any more."""
        await self._put(conversation_id, account_id, kind)

    async def conversations(self, account_id: str) -> list[str]:
        """Where the account has a draft, the latest first, at most MAX_SHOWN."""
        drafted = self._keys.drafted(account_id)
        with translated_errors():
            ids = await self._client.zrange(drafted, 0, -1, desc=True)
            pipeline = self._client.pipeline(transaction=False)
            for conversation_id in ids:
                pipeline.exists(self._keys.drafts(conversation_id))
            is_there = await pipeline.execute() if ids else []
            # Drafts go with their conversation.
            if gone := [one for one, there in zip(ids, is_there, strict=True) if not there]:
                await self._client.zrem(drafted, *gone)
        return [one for one in ids if one not in gone]

    async def _put(
        self, conversation_id: str, account_id: str, kind: DraftKind, record: str = "", message_id: str = ""
    ) -> bool:
        keys = self._keys
        names = [
            keys.conversation(conversation_id),
            keys.drafts(conversation_id),
            keys.message_ids(conversation_id),
            keys.drafted(account_id),
        ]
        fields = [_field(account_id, "reply"), _field(account_id, "note"), _field(account_id, kind)]
        args = [account_id, *fields, record, message_id, self._lifetime_s, conversation_id, keys.events, MAX_SHOWN]
        with translated_errors():
            return bool(await self._save(keys=names, args=args))


def _field(account_id: str, kind: DraftKind) -> str:
    # No account's id has a space in it.
    return account_id if kind == "reply" else f"{account_id} {kind}"
