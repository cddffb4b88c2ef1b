"""What a search finds conversations by, read so that it can be kept up to date without reading all of it again."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator, Iterable, Sequence
from dataclasses import dataclass

import msgspec
import redis.asyncio as aioredis

from bot.model import Conversation, Episode, Message, Sender
from bot.store.connection import translated_errors
from bot.store.conversations import ConversationStore, stored_message
from bot.store.keys import Keys
from bot.store.marks import edited_text
from bot.store.people import Person, customers_of

# So many messages of one conversation are read at once.
MAX_MESSAGES = 1000
_STAMPS_AT_ONCE = 200
_STAMP_FIELDS = ("changes", "channel", "customer_id", "identity")


@dataclass(frozen=True)
class Seen:
    """How far somebody has read a conversation. after: entry of the last message; marks: of what was marked since."""

    conversation_id: str
    after: str = ""
    marks: str = ""


@dataclass(frozen=True)
class Words:
    """A message as it reads now."""

    entry_id: str
    sender: Sender
    text: str


@dataclass(frozen=True)
class Content:
    """One conversation. stamp: changes whenever anything here does.

    is_whole: `words` are all from the first on, in the place of what was read before; else those behind `Seen.after`.
    has_more: there are others behind these. departments, agents: of now, and of every time that humans had it.
    """

    conversation: Conversation
    stamp: str
    marks: str
    words: tuple[Words, ...]
    is_whole: bool
    has_more: bool
    departments: frozenset[str]
    agents: frozenset[str]
    person: Person | None


@dataclass(frozen=True)
class _Parts:
    """As they are in Redis."""

    marks: dict[str, str]
    episodes: list[str]
    entries: list[tuple[str, dict[str, str]]]


class Contents:
    """Reads for the search."""

    def __init__(self, client: aioredis.Redis, keys: Keys, conversations: ConversationStore) -> None:
        self._client = client
        self._keys = keys
        self._conversations = conversations

    async def stamps(self) -> AsyncIterator[dict[str, str]]:
        """Every conversation with its stamp, the latest message first, some at a time."""
        with translated_errors():
            ids = await self._client.zrevrange(self._keys.active, 0, -1)
            owners = await self._client.hgetall(self._keys.person_of)
            records = await self._client.hgetall(self._keys.people)
        versions = {person_id: msgspec.json.decode(one, type=Person).version for person_id, one in records.items()}
        for at in range(0, len(ids), _STAMPS_AT_ONCE):
            some = ids[at : at + _STAMPS_AT_ONCE]
            pipeline = self._client.pipeline(transaction=False)
            for conversation_id in some:
                pipeline.hmget(self._keys.conversation(conversation_id), _STAMP_FIELDS)
            with translated_errors():
                found = await pipeline.execute()
            yield {
                conversation_id: _stamp(changes, *_owner(owners, versions, channel, customer_id, identity))
                for conversation_id, (changes, channel, customer_id, identity) in zip(some, found, strict=True)
                if channel is not None
            }

    async def read(self, wanted: Sequence[Seen]) -> list[Content]:
        """What is new of these conversations; those that are gone are left out."""
        # Before the rest: what changes in between has another stamp, and is read again.
        changes = await self._changes(wanted)
        conversations = {
            one.id: one for one in await self._conversations.get_many([one.conversation_id for one in wanted])
        }
        found = [seen for seen in wanted if seen.conversation_id in conversations]
        people = await self._people(conversations.values())
        contents = []
        for seen, parts in zip(found, await self._parts(found), strict=True):
            conversation = conversations[seen.conversation_id]
            if seen.after and _marks_stamp(parts.marks) != seen.marks:
                contents += await self.read([Seen(seen.conversation_id)])
            else:
                person = people.get(conversation.id)
                contents.append(_content(seen, conversation, changes[conversation.id], person, parts))
        return contents

    async def _changes(self, wanted: Sequence[Seen]) -> dict[str, str]:
        pipeline = self._client.pipeline(transaction=False)
        for seen in wanted:
            pipeline.hget(self._keys.conversation(seen.conversation_id), "changes")
        with translated_errors():
            found = await pipeline.execute() if wanted else []
        return {seen.conversation_id: value for seen, value in zip(wanted, found, strict=True)}

    async def _parts(self, found: Sequence[Seen]) -> list[_Parts]:
        pipeline = self._client.pipeline(transaction=False)
        for seen in found:
            pipeline.hgetall(self._keys.marks(seen.conversation_id))
            pipeline.lrange(self._keys.episodes(seen.conversation_id), 0, -1)
            after = f"({seen.after}" if seen.after else "-"
            pipeline.xrange(self._keys.log(seen.conversation_id), min=after, count=MAX_MESSAGES)
        with translated_errors():
            answers = await pipeline.execute() if found else []
        return [_Parts(*parts) for parts in zip(answers[::3], answers[1::3], answers[2::3], strict=True)]

    async def _people(self, conversations: Iterable[Conversation]) -> dict[str, Person]:
        """By conversation, of those about whom something is stored."""
        customers = {one.id: customers_of(one) for one in conversations}
        wanted = sorted({customer for some in customers.values() for customer in some})
        if not wanted:
            return {}
        with translated_errors():
            owners = dict(zip(wanted, await self._client.hmget(self._keys.person_of, wanted), strict=True))
            ids = sorted({person_id for person_id in owners.values() if person_id})
            records = await self._client.hmget(self._keys.people, ids) if ids else []
        people = {
            person_id: msgspec.json.decode(one, type=Person) for person_id, one in zip(ids, records, strict=True) if one
        }
        return {
            conversation_id: people[owner]
            for conversation_id, some in customers.items()
            if (owner := next((owners[one] for one in some if owners[one] in people), None))
        }


def _content(
    seen: Seen, conversation: Conversation, changes: str | None, person: Person | None, parts: _Parts
) -> Content:
    past = [msgspec.json.decode(one, type=Episode) for one in parts.episodes]
    departments = {one.department for one in past} | {conversation.handoff.department if conversation.handoff else ""}
    agents = {one.agent_id for one in past} | {conversation.agent_id, conversation.last_agent_id}
    return Content(
        conversation,
        _stamp(changes, *((person.id, person.version) if person else ("", 0))),
        _marks_stamp(parts.marks),
        tuple(_words(stored_message(entry_id, entry["message"]), parts.marks) for entry_id, entry in parts.entries),
        is_whole=not seen.after,
        has_more=len(parts.entries) == MAX_MESSAGES,
        departments=frozenset(departments - {""}),
        agents=frozenset(agents - {""}),
        person=person,
    )


def _owner(
    owners: dict[str, str], versions: dict[str, int], channel: str, customer_id: str, identity: str | None
) -> tuple[str, int]:
    """Id and version of the person, as `Contents.read` finds it; nothing and 0 for nobody."""
    customers = [f"identity {identity}"] if identity else []
    for customer in (*customers, f"{channel} {customer_id or ''}"):
        if owners.get(customer) in versions:
            return owners[customer], versions[owners[customer]]
    return "", 0


def _stamp(changes: str | None, person_id: str, version: int) -> str:
    return f"{changes or 0} {person_id} {version}"


def _marks_stamp(marks: dict[str, str]) -> str:
    """Of what changes how messages read."""
    changing = sorted(one for one in marks.items() if one[0].startswith(("edit ", "deleted ")))
    return hashlib.sha256(repr(changing).encode()).hexdigest() if changing else ""


def _words(message: Message, marks: dict[str, str]) -> Words:
    edit = marks.get(f"edit {message.id}")
    return Words(message.entry_id, message.sender, edited_text(edit) if edit else message.text)
