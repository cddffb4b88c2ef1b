"""Labels: short words that agents put on conversations, from one list that managers keep tidy."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Literal, get_args

import msgspec
import redis.asyncio as aioredis

from bot.errors import Conflict, InvalidMessage, NotFound
from bot.store.connection import Script, encode, translated_errors
from bot.store.conversations import ConversationStore
from bot.store.keys import Keys
from bot.store.views import Views, label_view

Colour = Literal["grey", "blue", "green", "yellow", "red"]
COLOURS: tuple[Colour, ...] = get_args(Colour)
MAX_CHARS = 40
# On one conversation, and in the whole list.
MAX_LABELS = 20
MAX_KNOWN = 500
# How many conversations are changed in one go.
STEP = 200

# A name that conversations still have, and which is another label's by now or nobody's, is not given to a new one
# before the last of them has changed.
# KEYS: labels, changes. ARGV: field, JSON, how many there may be, name
# Returns 1, or 0 if it is there (or was a moment ago), or -1 if the list is full
_CREATE = """
if redis.call('HEXISTS', KEYS[1], ARGV[1]) == 1 or redis.call('HEXISTS', KEYS[2], ARGV[4]) == 1 then return 0 end
if redis.call('HLEN', KEYS[1]) >= tonumber(ARGV[3]) then return -1 end
return redis.call('HSET', KEYS[1], ARGV[1], ARGV[2])
"""
# Of conversations that have another old name of the same label, the newest counts too.
# KEYS: labels, changes. ARGV: old field, new field, JSON ('' for none), old name, new name ('' for none)
# Returns 1, or 0 if the old one is gone or the new one is another's (or was a moment ago)
_CHANGE = """
if redis.call('HEXISTS', KEYS[1], ARGV[1]) == 0 then return 0 end
if ARGV[1] ~= ARGV[2] and redis.call('HEXISTS', KEYS[1], ARGV[2]) == 1 then return 0 end
if redis.call('HEXISTS', KEYS[2], ARGV[5]) == 1 then return 0 end
redis.call('HDEL', KEYS[1], ARGV[1])
if ARGV[3] ~= '' then redis.call('HSET', KEYS[1], ARGV[2], ARGV[3]) end
if ARGV[4] == ARGV[5] then return 1 end
local changes = redis.call('HGETALL', KEYS[2])
for at = 1, #changes, 2 do
  if changes[at + 1] == ARGV[4] then redis.call('HSET', KEYS[2], changes[at], ARGV[5]) end
end
redis.call('HSET', KEYS[2], ARGV[4], ARGV[5])
return 1
"""


@dataclass(frozen=True)
class Label:
    """name: as people read it; two that differ in capitals only are the same label."""

    name: str
    colour: Colour = "grey"


@dataclass(frozen=True)
class LabelChange:
    """Conversations still have the name `old`, of a label that is `name` by now, or gone for an empty one.

    count: of so many.
    """

    old: str
    name: str
    count: int


class LabelStore:
    """The labels that there are, and those of each conversation."""

    def __init__(self, client: aioredis.Redis, keys: Keys, conversations: ConversationStore, views: Views) -> None:
        self._client = client
        self._keys = keys
        self._conversations = conversations
        self._views = views
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
        """Another name or colour. Raises as `create`, and NotFound.

        The conversations that have it follow: at once, and when there are many, with `carry_on`.
        """
        old, label = await self._get(name), Label(clean(new_name), checked_colour(colour))
        if not await self._changed(old, label):
            raise Conflict(f"label {label.name!r} exists")
        await self.carry_on()
        return label

    async def remove(self, name: str) -> int:
        """Take a label out of the list; returns how many conversations had it. They follow as with `change`.

        Raises NotFound.
        """
        label = await self._get(name)
        count = (await self._counts([label.name]))[0]
        if not await self._changed(label, None):
            raise NotFound(f"no label {name!r}")
        await self.carry_on()
        return count

    async def changes(self) -> list[LabelChange]:
        """What conversations have still to follow."""
        names = await self._names()
        counts = await self._counts(list(names))
        return [LabelChange(*change, count) for change, count in zip(names.items(), counts, strict=True) if count]

    async def carry_on(self) -> bool:
        """Let the next STEP conversations of every change follow; returns whether there are more. Safe to do twice."""
        for old in await self._names():
            ids = await self._views.ids([label_view(old)], limit=STEP)
            for conversation_id in ids:
                with suppress(NotFound):
                    await self._run(conversation_id, "change", old)
            if len(ids) < STEP:
                with translated_errors():
                    await self._client.hdel(self._keys.label_changes, old)
        return bool(await self._names())

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
        conversation, names = await self._conversations.get(conversation_id), await self._names()
        had = (one for one in conversation.labels if _field(label) in (_field(one), _field(names.get(one, one))))
        name = next(had, label)
        return await self._run(conversation_id, "remove", name)

    async def counts(self) -> dict[str, int]:
        """How many conversations have each label."""
        names = [one.name for one in await self.known()]
        return dict(zip(names, await self._counts(names), strict=True))

    async def names_now(self, names: Sequence[str]) -> tuple[str, ...]:
        """The names that a conversation's labels have by now; those that are gone are left out."""
        changes = await self._names() if names else {}
        return tuple(dict.fromkeys(filter(None, (changes.get(one, one) for one in names))))

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
        # Made just now, here or by somebody else; or it has another name since a moment ago.
        now = await self.names_now([name])
        if not now:
            raise Conflict(f"label {name!r} is being removed")
        return (await self._get(now[0])).name

    async def _created(self, label: Label) -> int:
        with translated_errors():
            args = [_field(label.name), encode(label), MAX_KNOWN, label.name]
            return int(await self._create(keys=[self._keys.labels, self._keys.label_changes], args=args))

    async def _changed(self, old: Label, label: Label | None) -> bool:
        name, record = (label.name, encode(label)) if label else ("", "")
        args = [_field(old.name), _field(name), record, old.name, name]
        with translated_errors():
            return bool(await self._change(keys=[self._keys.labels, self._keys.label_changes], args=args))

    async def _names(self) -> dict[str, str]:
        """Names that conversations still have -> what they are by now, empty for gone."""
        with translated_errors():
            return dict(await self._client.hgetall(self._keys.label_changes))

    async def _counts(self, names: Sequence[str]) -> list[int]:
        return list((await self._views.counts([label_view(one) for one in names])).values())

    async def _get(self, name: str) -> Label:
        with translated_errors():
            found = await self._client.hget(self._keys.labels, _field(name))
        if not found:
            raise NotFound(f"no label {name!r}")
        return msgspec.json.decode(found, type=Label)

    async def _run(self, conversation_id: str, what: str, *names: str) -> tuple[str, ...]:
        conversations = self._conversations
        args: list[Any] = [*conversations.script_args(conversation_id), what, MAX_LABELS, *names]
        keys = [*conversations.script_keys(conversation_id), self._keys.label_changes]
        answer = await self._labels(keys, args)
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
