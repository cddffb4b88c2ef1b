"""Labels: short words that agents put on conversations, from one list that managers keep tidy."""

from __future__ import annotations

import unicodedata
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal, get_args

import msgspec
import redis.asyncio as aioredis

from bot.errors import Conflict, InvalidMessage, NotFound
from bot.store.connection import Script, encode, translated_errors
from bot.store.conversations import ConversationStore
from bot.store.keys import Keys

Colour = Literal["grey", "blue", "green", "yellow", "red"]
COLOURS: tuple[Colour, ...] = get_args(Colour)
MAX_CHARS = 40
# On one conversation, and in the whole list.
MAX_LABELS = 20
MAX_KNOWN = 500
# How many conversations a change of the list looks at in one go.
_CHUNK = 500

# KEYS: labels. ARGV: field, JSON, how many there may be. Returns 1, or 0 if it is there, or -1 if the list is full
_CREATE = """
if redis.call('HEXISTS', KEYS[1], ARGV[1]) == 1 then return 0 end
if redis.call('HLEN', KEYS[1]) >= tonumber(ARGV[3]) then return -1 end
return redis.call('HSET', KEYS[1], ARGV[1], ARGV[2])
"""
# KEYS: labels. ARGV: old field, new field, JSON. Returns 1, or 0 if the old one is gone or the new one is another's
_CHANGE = """
if redis.call('HEXISTS', KEYS[1], ARGV[1]) == 0 then return 0 end
if ARGV[1] ~= ARGV[2] and redis.call('HEXISTS', KEYS[1], ARGV[2]) == 1 then return 0 end
redis.call('HDEL', KEYS[1], ARGV[1])
redis.call('HSET', KEYS[1], ARGV[2], ARGV[3])
return 1
"""


@dataclass(frozen=True)
class Label:
    """name: as people read it; two that differ in capitals only are the same label."""

    name: str
    colour: Colour = "grey"


class LabelStore:
    """The labels that there are, and those of each conversation."""

    def __init__(self, client: aioredis.Redis, keys: Keys, conversations: ConversationStore) -> None:
        self._client = client
        self._keys = keys
        self._conversations = conversations
        self._labels = Script(client, "labels")
        self._create = client.register_script(_CREATE)
        self._change = client.register_script(_CHANGE)

    async def known(self) -> list[Label]:
        """Every label of the list, by name."""
        with translated_errors():
            found = await self._client.hvals(self._keys.labels)
        return sorted((msgspec.json.decode(one, type=Label) for one in found), key=lambda one: _field(one.name))

    async def create(self, name: str, colour: Colour = "grey") -> Label:
        """Put a label in the list. Raises InvalidMessage, Conflict if it is there or the list is full."""
        label = Label(clean(name), checked_colour(colour))
        done = await self._created(label)
        if done != 1:
            raise Conflict(f"label {label.name!r} exists" if done == 0 else f"there are {MAX_KNOWN} labels already")
        return label

    async def change(self, name: str, new_name: str, colour: Colour) -> Label:
        """Another name or colour, also on every conversation that has it. Raises as `create`, and NotFound."""
        old, label = await self._get(name), Label(clean(new_name), checked_colour(colour))
        with translated_errors():
            args = [_field(old.name), _field(label.name), encode(label)]
            if not await self._change(keys=[self._keys.labels], args=args):
                raise Conflict(f"label {label.name!r} exists")
        if label.name != old.name:
            async for conversation_id in self._with(old.name):
                await self._run(conversation_id, "rename", old.name, label.name)
        return label

    async def remove(self, name: str) -> int:
        """Take a label out of the list and off every conversation; returns how many had it. Raises NotFound."""
        label, count = await self._get(name), 0
        with translated_errors():
            await self._client.hdel(self._keys.labels, _field(label.name))
        async for conversation_id in self._with(label.name):
            await self._run(conversation_id, "remove", label.name)
            count += 1
        return count

    async def set(self, conversation_id: str, labels: Sequence[str]) -> tuple[str, ...]:
        """These labels and no others; new ones come into the list. Returns them, as the list writes them.

        Raises InvalidMessage, NotFound, and Conflict for a new one while the list is full.
        """
        if len(labels) > MAX_LABELS:
            raise InvalidMessage(f"labels: expected at most {MAX_LABELS}, got {len(labels)}")
        names = [await self._canonical(conversation_id, one) for one in labels]
        return await self._run(conversation_id, "set", *names)

    async def add(self, conversation_id: str, label: str) -> tuple[str, ...]:
        """As `set`, with one more than there are; at the same moment as others do."""
        return await self._run(conversation_id, "add", await self._canonical(conversation_id, label))

    async def take_off(self, conversation_id: str, label: str) -> tuple[str, ...]:
        """As `set`, with one less; one that it does not have changes nothing."""
        conversation = await self._conversations.get(conversation_id)
        name = next((one for one in conversation.labels if _field(one) == _field(label)), label)
        return await self._run(conversation_id, "remove", name)

    async def counts(self) -> dict[str, int]:
        """How many conversations have each label."""
        found: dict[str, int] = {}
        async for _, names in self._labelled():
            for name in names:
                found[name] = found.get(name, 0) + 1
        return found

    async def _canonical(self, conversation_id: str, label: str) -> str:
        """The label's name in the list, where it now is. Raises NotFound for want of a conversation."""
        name = clean(label)
        with translated_errors():
            if not await self._client.exists(self._keys.conversation(conversation_id)):
                raise NotFound(f"no conversation {conversation_id!r}")
            known = await self._client.hget(self._keys.labels, _field(name))
        if known:
            return msgspec.json.decode(known, type=Label).name
        if await self._created(Label(name)) == -1:
            raise Conflict(f"there are {MAX_KNOWN} labels already")
        return (await self._get(name)).name

    async def _created(self, label: Label) -> int:
        with translated_errors():
            args = [_field(label.name), encode(label), MAX_KNOWN]
            return int(await self._create(keys=[self._keys.labels], args=args))

    async def _get(self, name: str) -> Label:
        with translated_errors():
            found = await self._client.hget(self._keys.labels, _field(name))
        if not found:
            raise NotFound(f"no label {name!r}")
        return msgspec.json.decode(found, type=Label)

    async def _with(self, name: str) -> AsyncIterator[str]:
        async for conversation_id, names in self._labelled():
            if name in names:
                yield conversation_id

    async def _labelled(self) -> AsyncIterator[tuple[str, list[str]]]:
        """Every conversation that has labels."""
        with translated_errors():
            ids = await self._client.zrange(self._keys.active, 0, -1)
        for start in range(0, len(ids), _CHUNK):
            chunk = ids[start : start + _CHUNK]
            pipeline = self._client.pipeline(transaction=False)
            for conversation_id in chunk:
                pipeline.hget(self._keys.conversation(conversation_id), "labels")
            with translated_errors():
                records = await pipeline.execute()
            for conversation_id, record in zip(chunk, records, strict=True):
                if record:
                    yield conversation_id, msgspec.json.decode(record, type=list[str])

    async def _run(self, conversation_id: str, what: str, *names: str) -> tuple[str, ...]:
        conversations = self._conversations
        args: list[Any] = [*conversations.script_args(conversation_id), what, MAX_LABELS, *names]
        answer = await self._labels(conversations.script_keys(conversation_id), args)
        if answer is None:
            raise NotFound(f"no conversation {conversation_id!r}")
        if answer == 0:
            raise InvalidMessage(f"labels: expected at most {MAX_LABELS}")
        return tuple(msgspec.json.decode(answer, type=list[str]))


def clean(name: str) -> str:
    """A label's name as it is kept. Raises InvalidMessage."""
    name = " ".join(unicodedata.normalize("NFC", name).split())
    if not 1 <= len(name) <= MAX_CHARS or not name.isprintable():
        raise InvalidMessage(f"label: expected 1 to {MAX_CHARS} characters that can be seen")
    return name


def checked_colour(colour: str) -> Colour:
    """Raises InvalidMessage."""
    for known in COLOURS:
        if known == colour:
            return known
    raise InvalidMessage(f"colour: expected one of {', '.join(COLOURS)}")


def _field(name: str) -> str:
    return name.casefold()
