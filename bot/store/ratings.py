"""What customers make of answers and agents: the questions that we ask them, and what they say."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import msgspec
import redis.asyncio as aioredis

from bot.model import Message
from bot.store.connection import Script, translated_errors
from bot.store.conversations import ConversationStore, message_group
from bot.store.keys import Keys

# A changed mind counts for so long.
CHANGE_MS = 86_400_000


@dataclass(frozen=True)
class Answered:
    """A conversation whose customer got an answer of the assistant at `at_ms`, and to whom nobody spoke since."""

    conversation_id: str
    at_ms: int


@dataclass(frozen=True)
class Click:
    """A pressed button. kind: `helped` (said: `yes`, `no`), `rating` (`1` to `5`), or empty: it is stored only."""

    kind: Literal["helped", "rating", ""]
    said: str = ""


@dataclass(frozen=True)
class Clicked:
    """What became of it. rating: 1 to 5 if that is news, else 0; department: id of the one that it is about."""

    entry_id: str
    repeated: bool
    owner: str
    rating: int = 0
    department: str = ""


@dataclass(frozen=True)
class Rating:
    """What a customer said: of an answer `template` and `helped`; of an agent `rating`, 1 to 5, and the rest."""

    conversation_id: str
    at_ms: int
    template: str = ""
    helped: bool = False
    rating: int = 0
    agent_id: str = ""
    agent_name: str = ""
    department: str = ""


class Ratings:
    """Asks once, and keeps each answer once."""

    def __init__(
        self, client: aioredis.Redis, keys: Keys, conversations: ConversationStore, *, retention_days: int
    ) -> None:
        self._client = client
        self._keys = keys
        self._conversations = conversations
        self._lifetime_ms = retention_days * 86_400_000
        self._ask = Script(client, "ask")
        self._click = Script(client, "click", replicas=conversations.replicas)

    async def answered(self, until_ms: int, *, limit: int = 200) -> list[Answered]:
        """Customers who got an answer before then and have said nothing since, longest ago first."""
        with translated_errors():
            found = await self._client.zrangebyscore(
                self._keys.asks, "-inf", until_ms, start=0, num=limit, withscores=True
            )
        return [Answered(conversation_id, int(at_ms)) for conversation_id, at_ms in found]

    async def ask(self, answered: Answered, question: Message | None, *, again_ms: int) -> bool:
        """Ask the customer, if nobody has spoken since, and they were not asked within `again_ms`.

        Whatever happens, it is not asked about this answer again. question: None asks nothing.
        """
        args = [*self._conversations.script_args(answered.conversation_id), answered.at_ms, again_ms]
        args += message_group(question) if question else []
        return bool(await self._ask(self._conversations.script_keys(answered.conversation_id), args))

    async def click(self, message: Message, click: Click, thanks: Message | None) -> Clicked | None:
        """Store a customer's click once; None without such a conversation. It reopens nothing, and wakes nobody.

        thanks: what the customer hears the first time, unless a human has the conversation.
        """
        args = [*self._conversations.script_args(message.conversation_id), *message_group(message)]
        args += [click.kind, click.said, CHANGE_MS]
        args += message_group(thanks) if thanks else []
        found = await self._click(self._conversations.script_keys(message.conversation_id), args)
        if not found:
            return None
        entry_id, repeated, owner, rating, department = found
        return Clicked(entry_id, bool(repeated), owner, int(rating), department)

    async def between(self, from_ms: int, until_ms: int) -> Sequence[Rating]:
        """What customers said from `from_ms` on and before `until_ms`, the latest first."""
        with translated_errors():
            found = await self._client.zrevrangebyscore(self._keys.ratings, f"({until_ms}", from_ms)
        return [_RATING.decode(one) for one in found]

    async def remove_expired(self, at_ms: int) -> None:
        """Forget what is past its retention at `at_ms`, and answers that nobody was asked about for a day."""
        with translated_errors():
            await self._client.zremrangebyscore(self._keys.ratings, "-inf", at_ms - self._lifetime_ms)
            await self._client.zremrangebyscore(self._keys.asks, "-inf", at_ms - CHANGE_MS)


_RATING = msgspec.json.Decoder(Rating)
