"""Conversations and their message log."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, fields, replace
from typing import Any, Literal, cast

import msgspec
import redis.asyncio as aioredis

from bot.errors import NotFound
from bot.model import ATTACHMENT_WORDS, Conversation, Episode, Handoff, Media, Message, Nlu, State, TranscriptLine
from bot.personal_data import masked
from bot.store.connection import Script, encode, translated_errors
from bot.store.departments import DepartmentStore
from bot.store.keys import Keys
from bot.store.marks import NO_MARKS, Edit, marks_by_message
from bot.store.priority import queue_score

# What lists show of a message.
PREVIEW_CHARS = 120
# Who writes again while waiting for a human hears at most so often that nobody forgot.
REMIND_AFTER_MS = 10 * 60_000
# How much of a conversation is read at once; those behind it are read page by page.
TRANSCRIPT_LINES = 5000
# A place in the log; nineteen digits always fit Redis's 64 bits.
ENTRY_ID = re.compile(r"[0-9]{1,19}-[0-9]{1,19}")
# What reading one raises whose record is no conversation of this version.
UNREADABLE = (msgspec.MsgspecError, ValueError)
# One command for many: the names of the fields, which cost more than their values, go over the line once.
_READ = """
local found = {}
for at, key in ipairs(KEYS) do found[at] = redis.call('HMGET', key, unpack(ARGV)) end
return found
"""
_READ_AT_ONCE = 250
# What `viewed` begins with for a conversation that is in all lists of this version: views.lua `layout`.
LAYOUT = "layout|4|"
# KEYS: viewed. ARGV: LAYOUT, ids. Returns those that are not in all lists.
_MISPLACED = """
local found = {}
for at, members in ipairs(redis.call('HMGET', KEYS[1], unpack(ARGV, 2))) do
  if not members or string.sub(members, 1, #ARGV[1]) ~= ARGV[1] then found[#found + 1] = ARGV[at + 1] end
end
return found
"""
_FIRST_TIME = "return redis.call('EXISTS', KEYS[1]) == 1 and redis.call('HSETNX', KEYS[1], ARGV[1], 1) or 0"
_SET_ALIAS = """
if redis.call('EXISTS', KEYS[1]) == 1 then return 0 end
redis.call('HSETNX', KEYS[2], ARGV[1], ARGV[2])
return redis.call('HGET', KEYS[2], ARGV[1]) == ARGV[2] and 1 or 0
"""
# Forget what nobody said anything in since then. Looked at in the same step: the customer may have written just now.
# KEYS: active, viewed, views, then the lists; then those of each conversation.
# ARGV: how many lists, since when (ms), ids.
_FORGET = """
local count, lists, own = 0, tonumber(ARGV[1]), (#KEYS - 3 - ARGV[1]) / (#ARGV - 2)
for at = 3, #ARGV do
  local id = ARGV[at]
  local last_ms = redis.call('ZSCORE', KEYS[1], id)
  if last_ms and tonumber(last_ms) <= tonumber(ARGV[2]) then
    for place = 1, own do redis.call('DEL', KEYS[3 + lists + (at - 3) * own + place]) end
    local places = redis.call('HGET', KEYS[2], id) or ''
    for member in string.gmatch(places, '[^%z]+') do redis.call('ZREM', KEYS[3], member) end
    redis.call('HDEL', KEYS[2], id)
    redis.call('ZREM', KEYS[1], id)
    for list = 4, 3 + lists do redis.call('ZREM', KEYS[list], id) end
    count = count + 1
  end
end
return count
"""
# Whether the customer's name should be asked of the platform now; then nobody else asks it for a while.
_MAY_ASK_NAME = """
local known = redis.call('HMGET', KEYS[1], 'owner', 'customer_name', 'name_asked_at_ms')
local time = redis.call('TIME')
local now_ms = time[1] * 1000 + math.floor(time[2] / 1000)
if not known[1] or (known[2] or '') ~= '' then return 0 end
if now_ms - tonumber(known[3] or '0') < tonumber(ARGV[1]) then return 0 end
redis.call('HSET', KEYS[1], 'name_asked_at_ms', now_ms)
return 1
"""
# What Conversation has of the hash.
_FIELDS = tuple(spec.name for spec in fields(Conversation) if spec.name != "id")
_OWNER = _FIELDS.index("owner")


@dataclass(frozen=True)
class Received:
    """What became of a customer's message.

    repeated: it was stored before, and nothing changed.
    remind: the customer waits for a human and heard nothing for REMIND_AFTER_MS.
    told: what `AtOnce` has for the customer was said. settled: nobody is to answer it.
    """

    entry_id: str
    repeated: bool
    owner: str
    remind: bool
    told: bool
    settled: bool = False


@dataclass(frozen=True)
class Contact:
    """What a platform says about a customer; empty is not known. Fields are those of Conversation.

    Times only go forward. `page_id` makes the conversation one of a platform: what is said waits to be sent.
    """

    channel: str
    customer_id: str
    page_id: str = ""
    opened_at_ms: int = 0
    wrote_at_ms: int = 0
    customer_name: str = ""
    comment_id: str = ""


@dataclass(frozen=True)
class AtOnce:
    """That a message is for a human at once, and what the customer hears about it.

    to_queue: said when a human is called for this. to_agent: said when an agent has the conversation already, for an
    emergency; without it, whoever has a human, or waits for one, only sends a message. note: what agents read about it;
    the caller stores it. about: what lists show instead of the message.
    """

    handoff: Handoff
    to_queue: Message
    to_agent: Message | None = None
    note: Message | None = None
    about: str = ""


class ConversationStore:
    """Reads conversations and takes customers' messages in."""

    def __init__(
        self,
        client: aioredis.Redis,
        keys: Keys,
        departments: DepartmentStore,
        *,
        retention_days: int,
        replicas: int = 0,
    ) -> None:
        """replicas: what somebody is told to be stored is on so many of them."""
        self.replicas = replicas
        self._departments = departments
        self._client = client
        self._keys = keys
        self._lifetime_s = retention_days * 86_400
        self.lifetime_ms = self._lifetime_s * 1000
        self._receive = Script(client, "receive", replicas=replicas)
        self._mark = Script(client, "mark")
        self._contact = Script(client, "contact")
        self._edit = Script(client, "edit")
        self._delete = Script(client, "delete")
        self._react = Script(client, "react")
        self._control = Script(client, "control")
        self._note = Script(client, "note")
        self._comment_gone = Script(client, "comment_gone")
        self._place = Script(client, "place")
        self._misplaced = client.register_script(_MISPLACED)
        self._read = client.register_script(_READ)
        self._first_time = client.register_script(_FIRST_TIME)
        self._set_media = Script(client, "media_settle")
        self._set_alias = client.register_script(_SET_ALIAS)
        self._forget = client.register_script(_FORGET)
        self._may_ask_name = client.register_script(_MAY_ASK_NAME)

    def script_keys(self, conversation_id: str) -> list[str]:
        """KEYS of every script, in the order that lua/conversation/keys.lua names them."""
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
            keys.sending,
            keys.media,
            keys.views,
            keys.viewed,
            keys.happenings,
            keys.unread,
            keys.asks,
            keys.ratings,
            keys.answers_used,
        ]

    def script_args(self, conversation_id: str) -> list[Any]:
        """The arguments that every script starts with."""
        return [conversation_id, self._lifetime_s, self._keys.events]

    async def receive(
        self,
        message: Message,
        *,
        channel: str,
        customer_id: str,
        at_once: AtOnce | None = None,
        answerable: bool = True,
    ) -> Received:
        """Store a customer's message once, whatever happens, and hand it to the assistant if that has the floor.

        answerable: False for what was said to somebody else. at_once: hand it to a human instead, with what the
        customer hears about that, in the same step.
        Raises StoreUnavailable if nothing was stored; the sender must then try again with the same id.
        """
        group = message_group(message)
        shown = (at_once and at_once.about) or group[3]
        args = [group[0], group[1], shown, channel, customer_id, REMIND_AFTER_MS, int(answerable)]
        if at_once:
            handoff = await self._departments.plan(at_once.handoff, channel)
            args += [encode(handoff), queue_score(handoff), handoff.reason]
            args += message_group(at_once.to_queue)
            args += message_group(at_once.to_agent) if at_once.to_agent else []
        entry_id, repeated, owner, remind, told = await self._receive(
            self.script_keys(message.conversation_id), [*self.script_args(message.conversation_id), *args]
        )
        return Received(entry_id, bool(repeated), owner, bool(remind), bool(told))

    async def note_contact(self, conversation_id: str, contact: Contact) -> str:
        """What a platform says about a customer; begins the conversation if there is none. Returns its owner.

        Whatever the customer did shows that they can be reached: what could not be sent is tried again.
        """
        facts = {name: value for name, value in asdict(contact).items() if value}
        args = [*self.script_args(conversation_id), *(part for fact in facts.items() for part in fact)]
        return str(await self._contact(self.script_keys(conversation_id), args))

    async def get(self, conversation_id: str) -> Conversation:
        """Raises NotFound."""
        found = await self.get_many([conversation_id])
        if not found:
            raise NotFound(f"no conversation {conversation_id!r}")
        return found[0]

    async def get_many(self, conversation_ids: Sequence[str]) -> list[Conversation]:
        """Those that (still) exist, in the order given."""
        found: list[Conversation] = []
        for start in range(0, len(conversation_ids), _READ_AT_ONCE):
            part = conversation_ids[start : start + _READ_AT_ONCE]
            with translated_errors():
                values = await self._read(keys=[self._keys.conversation(one) for one in part], args=_FIELDS)
            pairs = zip(part, values, strict=True)
            found += [_conversation(conversation_id, one) for conversation_id, one in pairs if one[_OWNER]]
        return found

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

    async def message_at(self, conversation_id: str, entry_id: str) -> Message | None:
        """The message at this place in the log, a note too; None if there is none (any more)."""
        with translated_errors():
            entries = await self._client.xrange(self._keys.log(conversation_id), min=entry_id, max=entry_id)
        return stored_message(entry_id, entries[0][1]["message"]) if entries else None

    async def transcript(
        self, conversation_id: str, *, limit: int = TRANSCRIPT_LINES, before: str = ""
    ) -> list[TranscriptLine]:
        """The conversation as agents see it, oldest first, each message with its NLU or its delivery state.

        Of a longer one the last `limit` lines; before: the last that come before this place in the log.
        """
        pipeline = self._client.pipeline(transaction=False)
        pipeline.xrevrange(self._keys.log(conversation_id), max=f"({before}" if before else "+", count=limit)
        pipeline.hgetall(self._keys.nlu(conversation_id))
        pipeline.hgetall(self._keys.states(conversation_id))
        pipeline.hgetall(self._keys.marks(conversation_id))
        with translated_errors():
            entries, nlu, states, raw_marks = await pipeline.execute()
        messages = [stored_message(entry_id, entry["message"]) for entry_id, entry in reversed(entries)]
        marks = marks_by_message(raw_marks)
        return [
            TranscriptLine(
                message,
                nlu=msgspec.json.decode(nlu[message.id], type=Nlu) if message.id in nlu else None,
                state=cast(State | None, states.get(message.id)),
                marks=marks.get(message.id, NO_MARKS),
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

    async def has_message(self, conversation_id: str, message_id: str) -> bool:
        """Whether a message with this id was stored, also one that is gone by now."""
        with translated_errors():
            return bool(await self._client.hexists(self._keys.message_ids(conversation_id), message_id))

    async def any_before(self, conversation_id: str, message_ids: Sequence[str], entry_id: str) -> bool:
        """Whether one of these messages has its place before `entry_id`; unknown ones have none."""
        if not message_ids:
            return False
        with translated_errors():
            found = await self._client.hmget(self._keys.message_ids(conversation_id), message_ids)
        return any(entry_order(place) < entry_order(entry_id) for place in found if place)

    async def mark(self, conversation_id: str, message_ids: Sequence[str], state: State) -> int:
        """Note that messages to the customer were delivered, read or failed; returns how many that changed."""
        if not message_ids:
            return 0
        args = [*self.script_args(conversation_id), state, *message_ids]
        return int(await self._mark(self.script_keys(conversation_id), args))

    async def edit(self, conversation_id: str, message_id: str, text: str, *, number: int) -> bool:
        """The customer changed a message; number: of the edit. False for an older one, or while it is unknown.

        Should it come later, it is read as it was edited.
        """
        record = encode(Edit(number, text))
        return bool(await self._run(self._edit, conversation_id, message_id, number, record, preview(text)))

    async def delete(self, conversation_id: str, message_id: str, note: Message) -> bool:
        """The customer took a message back: its words go, `note` says so to agents.

        False if it is not there; should it come later, it is not stored.
        """
        return bool(await self._run(self._delete, conversation_id, message_id, *message_group(note)))

    async def react(self, conversation_id: str, message_id: str, reaction: str, *, at_ms: int) -> bool:
        """The customer reacted to a message; an empty reaction takes it back. False for an unknown message.

        message_id: ours, or the platform's of what we sent.
        """
        return bool(await self._run(self._react, conversation_id, message_id, at_ms, reaction))

    async def set_control(self, conversation_id: str, app_id: str, *, at_ms: int) -> bool:
        """Another app has the thread; an empty id: we may send. False when later news is known.

        at_ms: when, by the platform's clock.
        """
        return bool(await self._run(self._control, conversation_id, at_ms, app_id))

    async def set_media(self, conversation_id: str, message_id: str, place: int, media: Media) -> bool:
        """What became of the attachment at `place` of a message. False if the message is gone: nothing was noted."""
        args = (message_id, place, encode(media), int(bool(media.key)))
        return bool(await self._run(self._set_media, conversation_id, *args))

    async def media(self, conversation_id: str, message_id: str, places: Sequence[int]) -> list[Media | None]:
        """What became of these attachments of a message, None for what is not known yet, or any more."""
        if not places:
            return []
        names = [f"media {message_id} {place}" for place in places]
        with translated_errors():
            found = await self._client.hmget(self._keys.marks(conversation_id), names)
        return [msgspec.json.decode(one, type=Media) if one else None for one in found]

    async def set_field(self, conversation_id: str, field: Literal["private_reply", "unreachable"], value: str) -> None:
        """Note a fact about a conversation that exists."""
        with translated_errors():
            await self._client.hset(self._keys.conversation(conversation_id), field, value)

    async def note(self, note: Message) -> bool:
        """Tell agents something; False for a repeat of its id, or without such a conversation."""
        return bool(await self._run(self._note, note.conversation_id, *message_group(note)))

    async def comment_gone(self, conversation_id: str) -> bool:
        """Nothing is sent under a public comment that was removed. False if our private reply went before."""
        return bool(await self._run(self._comment_gone, conversation_id))

    async def first_time(self, conversation_id: str, what: Literal["public_reply"]) -> bool:
        """Whether nobody asked this before; noted at once, so that what is done next is done at most once."""
        with translated_errors():
            return bool(await self._first_time(keys=[self._keys.conversation(conversation_id)], args=[what]))

    async def may_ask_name(self, conversation_id: str, *, every_ms: int) -> bool:
        """Whether to ask the platform for the customer's name: True once in `every_ms`, while it is unknown."""
        with translated_errors():
            return bool(await self._may_ask_name(keys=[self._keys.conversation(conversation_id)], args=[every_ms]))

    async def alias(self, conversation_id: str) -> str:
        """The conversation that goes by this id: itself, unless it was begun as another one."""
        with translated_errors():
            return str(await self._client.hget(self._keys.aliases, conversation_id) or conversation_id)

    async def set_alias(self, alias: str, conversation_id: str) -> bool:
        """What comes for `alias` belongs to `conversation_id`; False if there is another conversation by that name."""
        keys = [self._keys.conversation(alias), self._keys.aliases]
        with translated_errors():
            return bool(await self._set_alias(keys=keys, args=[alias, conversation_id]))

    async def _run(self, script: Script, conversation_id: str, *args: object) -> Any:
        return await script(self.script_keys(conversation_id), [*self.script_args(conversation_id), *args])

    async def episodes(self, conversation_id: str) -> list[Episode]:
        """Each time that humans had it and were done, oldest first, at most the last hundred."""
        with translated_errors():
            found = await self._client.lrange(self._keys.episodes(conversation_id), 0, -1)
        return [msgspec.json.decode(one, type=Episode) for one in found]

    async def place_all(self) -> int:
        """Put conversations in the lists that have no place there: those of a version before. Returns how many.

        Also what a process of that version changed while this one ran already. Who waits is promised what the
        department promises, so that somebody is warned.
        """
        with translated_errors():
            ids = await self._client.zrange(self._keys.active, 0, -1)
        count = 0
        for start in range(0, len(ids), _READ_AT_ONCE):
            with translated_errors():
                args = [LAYOUT, *ids[start : start + _READ_AT_ONCE]]
                misplaced = await self._misplaced(keys=[self._keys.viewed], args=args)
            for conversation_id in misplaced:
                with suppress(*UNREADABLE):  # one that can't be read would break a list
                    await self._place_anew(conversation_id)
                    count += 1
        return count

    async def _place_anew(self, conversation_id: str) -> None:
        found = await self.get_many([conversation_id])
        handoff = found[0].handoff if found else None
        if handoff and not handoff.department:
            handoff = await self._departments.plan(handoff, found[0].channel)
        await self._run(self._place, conversation_id, encode(handoff) if handoff else "")

    async def remove_expired(self) -> int:
        """Forget conversations whose lifetime ended, whatever agents did with them since; returns how many."""
        oldest_ms = int((time.time() - self._lifetime_s) * 1000)
        keys = self._keys
        with translated_errors():
            expired = await self._client.zrangebyscore(keys.active, "-inf", oldest_ms)
            await self._client.zremrangebyscore(keys.outbox, "-inf", oldest_ms)
        count = 0
        for start in range(0, len(expired), _READ_AT_ONCE):
            part = expired[start : start + _READ_AT_ONCE]
            lists = [keys.queue, keys.claimed, keys.due, keys.sending]
            own = [key for one in part for key in keys.of_conversation(one)]
            names = [keys.active, keys.viewed, keys.views, *lists, *own]
            with translated_errors():
                count += int(await self._forget(keys=names, args=[len(lists), oldest_ms, *part]))
        with translated_errors():
            if expired:
                scores = await self._client.zmscore(keys.active, expired)
                forgotten = {one for one, score in zip(expired, scores, strict=True) if score is None}
                aliases = await self._client.hgetall(keys.aliases)
                if gone := [alias for alias, conversation_id in aliases.items() if conversation_id in forgotten]:
                    await self._client.hdel(keys.aliases, *gone)
        return count


def entry_order(entry_id: str) -> tuple[int, int]:
    """An entry id as something to compare; the empty one comes first."""
    ms, _, number = (entry_id or "0-0").partition("-")
    return int(ms), int(number or 0)


def message_group(message: Message) -> list[str]:
    """A message as the scripts take it: id, JSON, sender, text for lists, which needs no numbers of a customer."""
    return [message.id, encode(message), message.sender, preview(message.text or _attachment_words(message))]


def _attachment_words(message: Message) -> str:
    """What lists show of a message without a text: `[foto, bestand]`."""
    words = dict.fromkeys(ATTACHMENT_WORDS[attachment.kind] for attachment in message.attachments)
    return f"[{', '.join(words)}]" if words else ""


def preview(text: str) -> str:
    """What lists show of it."""
    return masked(text)[:PREVIEW_CHARS]


def stored_message(entry_id: str, record: str) -> Message:
    """A message of the log with its place in it."""
    return replace(msgspec.json.decode(record, type=Message), entry_id=entry_id)


def _without_notes(entries: Sequence[tuple[str, dict[str, str]]]) -> list[Message]:
    messages = [stored_message(entry_id, entry["message"]) for entry_id, entry in entries]
    return [message for message in messages if message.sender != "note"]


def _number(value: str | None) -> int:
    return int(value) if value else 0


def _text(value: str | None) -> str:
    return value or ""


def _handoff(value: str | None) -> Handoff | None:
    return _HANDOFF.decode(value) if value else None


def _labels(value: str | None) -> tuple[str, ...]:
    return tuple(_LABELS.decode(value)) if value else ()


_HANDOFF = msgspec.json.Decoder(Handoff)
_LABELS = msgspec.json.Decoder(list[str])
_NAMED: dict[str, Callable[[str | None], Any]] = {"handoff": _handoff, "labels": _labels}
# How each of _FIELDS is read, in their order, which is that of Conversation.
_READERS = [
    _NAMED.get(spec.name, _number if spec.type == "int" else _text)
    for spec in fields(Conversation)
    if spec.name != "id"
]


def _conversation(conversation_id: str, values: Sequence[str | None]) -> Conversation:
    """A conversation from the fields of its hash; the dialogue's memory stays where it is."""
    return Conversation(conversation_id, *[read(value) for read, value in zip(_READERS, values, strict=True)])
