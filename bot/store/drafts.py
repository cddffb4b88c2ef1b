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

# Keep the text, unless the conversation is gone or the message was sent: a save that comes late brings nothing back.
# KEYS: conversation, its drafts, its message ids. ARGV: field, JSON ('' removes it), message id, lifetime in s
_SAVE = """
if redis.call('EXISTS', KEYS[1]) == 0 then return 0 end
if ARGV[2] == '' or redis.call('HEXISTS', KEYS[3], ARGV[3]) == 1 then
  redis.call('HDEL', KEYS[2], ARGV[1])
  return 0
end
redis.call('HSET', KEYS[2], ARGV[1], ARGV[2])
redis.call('EXPIRE', KEYS[2], ARGV[4])
return 1
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
        keys = self._keys
        names = [
            keys.conversation(conversation_id),
            keys.drafts(conversation_id),
            keys.message_ids(conversation_id),
        ]
        record = encode(draft) if draft.text else ""
        with translated_errors():
            args = [_field(account_id, kind), record, draft.message_id, self._lifetime_s]
            return bool(await self._save(keys=names, args=args))

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
        with translated_errors():
            await self._client.hdel(self._keys.drafts(conversation_id), _field(account_id, kind))


def _field(account_id: str, kind: DraftKind) -> str:
    # No account's id has a space in it.
    return account_id if kind == "reply" else f"{account_id} {kind}"
