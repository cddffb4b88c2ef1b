"""Conversations and their message log."""

from __future__ import annotations

import re
import time
from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from typing import Any, cast

import msgspec
import redis.asyncio as aioredis

from bot.errors import NotFound
from bot.model import Conversation, Handoff, Message, Nlu, State, TranscriptLine
from bot.personal_data import masked
from bot.store.connection import Script, encode, translated_errors
from bot.store.keys import Keys
from bot.store.priority import queue_score

# What lists show of a message.
PREVIEW_CHARS = 120
# Who writes again while waiting for a human hears at most so often that nobody forgot.
REMIND_AFTER_MS = 10 * 60_000
# A place in the log; nineteen digits always fit Redis's 64 bits.
ENTRY_ID = re.compile(r"[0-9]{1,19}-[0-9]{1,19}")
# What Conversation has of the hash.
_NUMBERS = ("version", "created_at_ms", "last_at_ms")
_FIELDS = tuple(spec.name for spec in fields(Conversation) if spec.name != "id")


@dataclass(frozen=True)
class Received:
    """What became of a customer's message.

    repeated: it was stored before, and nothing changed.
    remind: the customer waits for a human and heard nothing for REMIND_AFTER_MS.
    told: what `Urgent` has for the customer was said.
    """

    entry_id: str
    repeated: bool
    owner: str
    remind: bool
    told: bool


@dataclass(frozen=True)
class Urgent:
    """That a message can't wait for the assistant, and what the customer hears at once.

    to_queue: said when a human is called for this, to_agent: when an agent has the conversation already.
    """

    handoff: Handoff
    to_queue: Message
    to_agent: Message


class ConversationStore:
    """Reads conversations and takes customers' messages in."""

    def __init__(self, client: aioredis.Redis, keys: Keys, *, retention_days: int, replicas: int = 0) -> None:
        """replicas: what somebody is told to be stored is on so many of them."""
        self.replicas = replicas
        self._client = client
        self._keys = keys
        self._lifetime_s = retention_days * 86_400
        self._receive = Script(client, "receive", replicas=replicas)
        self._mark = Script(client, "mark")

    def script_keys(self, conversation_id: str) -> list[str]:
        """KEYS of every script, in the order that conversation.lua names them."""
        keys = self._keys
        return [
            *keys.of_conversation(conversation_id),
            keys.work,
            keys.due,
            keys.queue,
            keys.claimed,
            keys.outbox,
            keys.active,
            keys.figures,
        ]

    def script_args(self, conversation_id: str) -> list[Any]:
        """The arguments that every script starts with."""
        return [conversation_id, self._lifetime_s, self._keys.events]

    async def receive(
        self, message: Message, *, channel: str, customer_id: str, urgent: Urgent | None = None
    ) -> Received:
        """Store a customer's message once, whatever happens, and hand it to the assistant if that has the floor.

        urgent: hand it to a human instead, with what the customer hears about that, in the same step.
        Raises StoreUnavailable if nothing was stored; the sender must then try again with the same id.
        """
        group = message_group(message)
        args = [group[0], group[1], group[3], channel, customer_id, REMIND_AFTER_MS]
        if urgent:
            args += [
                encode(urgent.handoff),
                queue_score(urgent.handoff),
                urgent.handoff.reason,
                *message_group(urgent.to_queue),
                *message_group(urgent.to_agent),
            ]
        entry_id, repeated, owner, remind, told = await self._receive(
            self.script_keys(message.conversation_id), [*self.script_args(message.conversation_id), *args]
        )
        return Received(entry_id, bool(repeated), owner, bool(remind), bool(told))

    async def get(self, conversation_id: str) -> Conversation:
        """Raises NotFound."""
        found = await self.get_many([conversation_id])
        if not found:
            raise NotFound(f"no conversation {conversation_id!r}")
        return found[0]

    async def get_many(self, conversation_ids: Sequence[str]) -> list[Conversation]:
        """Those that (still) exist, in the order given."""
        if not conversation_ids:
            return []
        pipeline = self._client.pipeline(transaction=False)
        for conversation_id in conversation_ids:
            pipeline.hmget(self._keys.conversation(conversation_id), _FIELDS)
        with translated_errors():
            found = await pipeline.execute()
        records = [dict(zip(_FIELDS, values, strict=True)) for values in found]
        pairs = zip(conversation_ids, records, strict=True)
        return [_conversation(conversation_id, record) for conversation_id, record in pairs if record["owner"]]

    async def recent(self, limit: int = 100) -> list[Conversation]:
        """The conversations with the latest message first."""
        with translated_errors():
            ids = await self._client.zrevrange(self._keys.active, 0, limit - 1)
        return await self.get_many(ids)

    async def messages(self, conversation_id: str, *, after: str = "", limit: int = 1000) -> list[Message]:
        """What customer and company said from just behind entry `after`, oldest first, at most `limit`.

        Without the notes for agents, which are in `transcript`. An unknown conversation has none.
        """
        found: list[Message] = []
        while len(found) < limit:
            start = f"({after}" if after else "-"
            with translated_errors():
                entries = await self._client.xrange(self._keys.log(conversation_id), min=start, count=limit)
            found += _without_notes(entries)
            if len(entries) < limit:
                break
            after = entries[-1][0]
        return found[:limit]

    async def latest_messages(self, conversation_id: str, limit: int) -> list[Message]:
        """The last `limit` of what customer and company said, oldest first; as in `messages`."""
        found: list[Message] = []
        end = "+"
        while len(found) < limit:
            with translated_errors():
                entries = await self._client.xrevrange(self._keys.log(conversation_id), max=end, count=limit)
            found += _without_notes(entries)
            if len(entries) < limit:
                break
            end = f"({entries[-1][0]}"
        return found[:limit][::-1]

    async def transcript(self, conversation_id: str, *, limit: int = 5000) -> list[TranscriptLine]:
        """The whole conversation as agents see it, each message with its NLU or its delivery state."""
        pipeline = self._client.pipeline(transaction=False)
        pipeline.xrange(self._keys.log(conversation_id), count=limit)
        pipeline.hgetall(self._keys.nlu(conversation_id))
        pipeline.hgetall(self._keys.states(conversation_id))
        with translated_errors():
            entries, nlu, states = await pipeline.execute()
        messages = [stored_message(entry_id, entry["message"]) for entry_id, entry in entries]
        return [
            TranscriptLine(
                message,
                nlu=msgspec.json.decode(nlu[message.id], type=Nlu) if message.id in nlu else None,
                state=cast(State | None, states.get(message.id)),
            )
            for message in messages
        ]

    async def unread(self, conversation_id: str) -> list[tuple[str, str]]:
        """(entry id, message id) of what was said to the customer and not read yet, in log order."""
        with translated_errors():
            states = await self._client.hgetall(self._keys.states(conversation_id))
            waiting = [message_id for message_id, state in states.items() if state != "read"]
            if not waiting:
                return []
            entry_ids = await self._client.hmget(self._keys.message_ids(conversation_id), waiting)
        return sorted(zip(entry_ids, waiting, strict=True), key=lambda pair: entry_order(pair[0]))

    async def mark(self, conversation_id: str, message_ids: Sequence[str], state: State) -> int:
        """Note that messages to the customer were delivered, read or failed; returns how many that changed."""
        if not message_ids:
            return 0
        args = [*self.script_args(conversation_id), state, *message_ids]
        return int(await self._mark(self.script_keys(conversation_id), args))

    async def remove_expired(self) -> int:
        """Take conversations whose lifetime ended out of the lists; returns how many."""
        oldest_ms = int((time.time() - self._lifetime_s) * 1000)
        keys = self._keys
        with translated_errors():
            expired = await self._client.zrangebyscore(keys.active, "-inf", oldest_ms)
            await self._client.zremrangebyscore(keys.outbox, "-inf", oldest_ms)
            if expired:
                for key in (keys.queue, keys.claimed, keys.due, keys.active):
                    await self._client.zrem(key, *expired)
        return len(expired)


def entry_order(entry_id: str) -> tuple[int, int]:
    """An entry id as something to compare; the empty one comes first."""
    ms, _, number = (entry_id or "0-0").partition("-")
    return int(ms), int(number or 0)


def message_group(message: Message) -> list[str]:
    """A message as the scripts take it: id, JSON, sender, text for lists, which needs no numbers of a customer."""
    return [message.id, encode(message), message.sender, masked(message.text)[:PREVIEW_CHARS]]


def stored_message(entry_id: str, record: str) -> Message:
    """A message of the log with its place in it."""
    return replace(msgspec.json.decode(record, type=Message), entry_id=entry_id)


def _without_notes(entries: Sequence[tuple[str, dict[str, str]]]) -> list[Message]:
    messages = [stored_message(entry_id, entry["message"]) for entry_id, entry in entries]
    return [message for message in messages if message.sender != "note"]


def _conversation(conversation_id: str, record: dict[str, str | None]) -> Conversation:
    """A conversation from the fields of its hash; the dialogue's memory stays where it is."""
    handoff = record.pop("handoff")
    numbers = {name: int(record.pop(name) or 0) for name in _NUMBERS}
    texts = {name: value or "" for name, value in record.items()}
    return Conversation(
        id=conversation_id,
        handoff=msgspec.json.decode(handoff, type=Handoff) if handoff else None,
        **numbers,  # type: ignore[arg-type]
        **texts,  # type: ignore[arg-type]
    )
