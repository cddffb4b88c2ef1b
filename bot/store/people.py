"""People: one card for a customer over channels, with what the team noted about them.

A customer is `<channel> <customer_id>`, or `identity <id>` when our own site has signed who it is. Every customer is a
person; one is stored only once something was noted, listed or joined, and goes with the last of its conversations.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

import msgspec
import redis.asyncio as aioredis

from bot.errors import Conflict, InvalidMessage, NotFound
from bot.model import Account, Conversation, Entity, Episode, Nlu
from bot.store.connection import Script, encode, translated_errors
from bot.store.conversations import ConversationStore
from bot.store.entities import unique_entities
from bot.store.events import Events
from bot.store.keys import Keys
from bot.store.views import Views, customer_view

MAX_NOTES = 100
MAX_NOTE_CHARS = 2000
MAX_NAME_CHARS = 80
MAX_LISTS = 20
MAX_CUSTOMERS = 100
# So many conversations of a person are looked at, and told that the card changed.
MAX_CONVERSATIONS = 50
# Others may change the same person at the same time; one of them gets through each time.
_TRIES = 50


@dataclass(frozen=True)
class PersonNote:
    """What an agent should know about a customer, whatever the conversation."""

    id: str
    at_ms: int
    account_id: str
    account_name: str
    text: str


@dataclass(frozen=True)
class Join:
    """Another person turned out to be the same one. `person` is that one as it was, so that it can be undone.

    account_id: who joined them; empty when a verified identity did, which can't be undone. lists, name: whether these
    came with it.
    """

    id: str
    at_ms: int
    account_id: str
    account_name: str
    person: Person
    lists: tuple[str, ...] = ()
    name: bool = False


@dataclass(frozen=True)
class Person:
    """A customer over channels. version: 0 while nothing is stored. lists: ids of stakeholder lists."""

    id: str
    name: str = ""
    notes: tuple[PersonNote, ...] = ()
    lists: tuple[str, ...] = ()
    customers: tuple[str, ...] = ()
    joins: tuple[Join, ...] = ()
    version: int = 0

    @property
    def is_plain(self) -> bool:
        """Nothing is known that the conversations do not say themselves."""
        return not (self.name or self.notes or self.lists or self.joins) and len(self.customers) < 2


@dataclass
class _Change:
    """What people_save.lua checks and writes.

    versions: of people as they are, 0 for none. owners: whose customers are now, empty for nobody's. empty_views: that
    must have nothing in them. people: their new record, empty to remove it. customers: whose they are from now on.
    """

    versions: dict[str, int] = field(default_factory=dict)
    owners: dict[str, str] = field(default_factory=dict)
    empty_views: list[str] = field(default_factory=list)
    people: dict[str, str] = field(default_factory=dict)
    customers: dict[str, str] = field(default_factory=dict)

    def seen(self, person: Person) -> None:
        self.versions[person.id] = person.version
        self.owners |= dict.fromkeys(person.customers, person.id if person.version else "")

    def store(self, person: Person) -> None:
        kept = bool(person.customers) and not person.is_plain
        self.people[person.id] = encode(replace(person, version=person.version + 1)) if kept else ""
        self.customers |= dict.fromkeys(person.customers, person.id if kept else "")


def customers_of(conversation: Conversation) -> tuple[str, ...]:
    """The customers that a conversation is of, the verified one first."""
    own = f"{conversation.channel} {conversation.customer_id}"
    return (f"identity {conversation.identity}", own) if conversation.identity else (own,)


class PeopleStore:
    """Who customers are, and what is known about them. Each change is one atomic step."""

    def __init__(
        self, client: aioredis.Redis, keys: Keys, conversations: ConversationStore, views: Views, events: Events
    ) -> None:
        self._client = client
        self._keys = keys
        self._conversations = conversations
        self._views = views
        self._events = events
        self._save = Script(client, "people_save", on_conversation=False)
        self._identify = Script(client, "identify")

    async def person_of(self, conversation: Conversation) -> Person:
        """Whose conversation it is; a person that is not stored has the customers of this conversation only."""
        customers = customers_of(conversation)
        with translated_errors():
            ids = await self._client.hmget(self._keys.person_of, customers)
        for person_id in filter(None, ids):
            if person := await self._get(person_id):
                return person
        return Person(uuid.uuid4().hex, customers=customers)

    async def conversations(self, person: Person) -> list[Conversation]:
        """All conversations of a person, at most MAX_CONVERSATIONS, the one with the latest message first."""
        views = [customer_view(customer) for customer in person.customers]
        found = await self._conversations.get_many(await self._views.ids(views, limit=MAX_CONVERSATIONS))
        return sorted(found, key=lambda one: one.last_at_ms, reverse=True)[:MAX_CONVERSATIONS]

    async def lists_of(self, conversations: Sequence[Conversation]) -> dict[str, tuple[str, ...]]:
        """Of each conversation whose customer is on a list: the ids of these lists."""
        owners = {one.id: customers_of(one) for one in conversations}
        customers = list({customer for of_one in owners.values() for customer in of_one})
        with translated_errors():
            ids = await self._client.hmget(self._keys.person_of, customers) if customers else []
            person_of = {customer: one for customer, one in zip(customers, ids, strict=True) if one}
            wanted = list(set(person_of.values()))
            records = await self._client.hmget(self._keys.people, wanted) if wanted else []
        lists = {
            one.id: one.lists for one in (msgspec.json.decode(record, type=Person) for record in records if record)
        }
        found = {
            conversation_id: next((lists[person_of[one]] for one in of_one if person_of.get(one) in lists), ())
            for conversation_id, of_one in owners.items()
        }
        return {conversation_id: of_one for conversation_id, of_one in found.items() if of_one}

    async def entities(self, conversation_ids: Sequence[str]) -> list[Entity]:
        """What the customer named in these conversations, the same once."""
        pipeline = self._client.pipeline(transaction=False)
        for conversation_id in conversation_ids:
            pipeline.hvals(self._keys.nlu(conversation_id))
        with translated_errors():
            found = await pipeline.execute() if conversation_ids else []
        return unique_entities(msgspec.json.decode(one, type=Nlu) for records in found for one in records)

    async def episodes(self, conversation_ids: Sequence[str]) -> list[list[Episode]]:
        """As `ConversationStore.episodes`, of each of these conversations."""
        pipeline = self._client.pipeline(transaction=False)
        for conversation_id in conversation_ids:
            pipeline.lrange(self._keys.episodes(conversation_id), 0, -1)
        with translated_errors():
            found = await pipeline.execute() if conversation_ids else []
        return [[msgspec.json.decode(one, type=Episode) for one in records] for records in found]

    async def all(self) -> list[Person]:
        """Everybody about whom something is stored."""
        with translated_errors():
            found = await self._client.hvals(self._keys.people)
        return [msgspec.json.decode(one, type=Person) for one in found]

    async def add_note(self, conversation: Conversation, account: Account, text: str) -> Person:
        """Raises InvalidMessage."""
        if not 1 <= len(text) <= MAX_NOTE_CHARS:
            raise InvalidMessage(f"note: expected 1 to {MAX_NOTE_CHARS} characters")
        note = PersonNote(uuid.uuid4().hex, _now_ms(), account.id, account.name, text)

        def add(person: Person) -> Person:
            if len(person.notes) >= MAX_NOTES:
                raise InvalidMessage(f"notes: expected at most {MAX_NOTES}")
            return replace(person, notes=(*person.notes, note))

        return await self._edit(conversation, add)

    async def remove_note(self, conversation: Conversation, account: Account, note_id: str) -> Person:
        """Take back a note of one's own. Raises NotFound."""

        def remove(person: Person) -> Person:
            left = tuple(one for one in person.notes if (one.id, one.account_id) != (note_id, account.id))
            if len(left) == len(person.notes):
                raise NotFound(f"no note {note_id!r} of {account.id!r}")
            return replace(person, notes=left)

        return await self._edit(conversation, remove)

    async def set_lists(self, conversation: Conversation, lists: Sequence[str]) -> Person:
        """The stakeholder lists that the person is on, all of them. Raises InvalidMessage."""
        wanted = tuple(dict.fromkeys(lists))
        if len(wanted) > MAX_LISTS:
            raise InvalidMessage(f"lists: expected at most {MAX_LISTS}")
        return await self._edit(conversation, lambda person: replace(person, lists=wanted))

    async def rename(self, conversation: Conversation, name: str) -> Person:
        """What agents call the person; empty: as the channel does. Raises InvalidMessage."""
        if len(name) > MAX_NAME_CHARS:
            raise InvalidMessage(f"name: expected at most {MAX_NAME_CHARS} characters")
        return await self._edit(conversation, lambda person: replace(person, name=name))

    async def join(self, conversation: Conversation, other: Conversation, account: Account) -> Person:
        """Both conversations are of the same person. Raises InvalidMessage if that is known already."""
        for _ in range(_TRIES):
            person, same = await self.person_of(conversation), await self.person_of(other)
            if person.id == same.id or set(person.customers) & set(same.customers):
                raise InvalidMessage("other: expected a conversation of another person")
            if person_is_saved := await self._join(person, same, account.id, account.name):
                return person_is_saved
        raise Conflict("others changed the same people all the time")

    async def part(self, conversation: Conversation, join_id: str) -> Person:
        """Undo a join: both are as if it had not been, with what was noted since on this one. Raises NotFound."""
        for _ in range(_TRIES):
            person = await self.person_of(conversation)
            join = next((one for one in person.joins if one.id == join_id and one.account_id), None)
            if join is None:
                raise NotFound(f"no join {join_id!r}")
            if parted := await self._part(person, join):
                return parted
        raise Conflict("others changed the same person all the time")

    async def identify(self, conversation_id: str, identity: str, *, name: str = "", email: str = "") -> bool:
        """Our own site has signed who the customer is: all of that customer's conversations are of one person.

        False, and nothing happens, if the conversation is of somebody else.
        """
        keys, args = self._conversations.script_keys(conversation_id), self._conversations.script_args(conversation_id)
        if int(await self._identify(keys, [*args, identity, name, email])) < 0:
            return False
        for conversation in await self._conversations.get_many([conversation_id]):
            await self._join_identity(conversation)
        return True

    async def remove_expired(self) -> int:
        """Forget customers without conversations, and people without customers; returns how many customers."""
        with translated_errors():
            owners = await self._client.hgetall(self._keys.person_of)
        counts = await self._views.counts([customer_view(customer) for customer in owners])
        gone: dict[str, list[str]] = {}
        for customer, person_id in owners.items():
            if not counts[customer_view(customer)]:
                gone.setdefault(person_id, []).append(customer)
        for person_id, customers in gone.items():
            await self._forget(person_id, customers)
        return sum(map(len, gone.values()))

    async def _get(self, person_id: str) -> Person | None:
        with translated_errors():
            record = await self._client.hget(self._keys.people, person_id)
        return msgspec.json.decode(record, type=Person) if record else None

    async def _edit(self, conversation: Conversation, edit: Callable[[Person], Person]) -> Person:
        for _ in range(_TRIES):
            person = await self.person_of(conversation)
            edited = edit(person)
            if edited == person:
                return person
            change = _Change()
            change.seen(person)
            change.store(edited)
            if await self._do(change):
                await self._tell(edited)
                return edited
        raise Conflict("others changed the same person all the time")

    async def _join(self, person: Person, same: Person, account_id: str, account_name: str) -> Person | None:
        if len(person.customers) + len(same.customers) > MAX_CUSTOMERS:
            raise InvalidMessage(f"customers: expected at most {MAX_CUSTOMERS}")
        new_lists = tuple(one for one in same.lists if one not in person.lists)
        takes_name = bool(same.name) and not person.name
        join = Join(uuid.uuid4().hex, _now_ms(), account_id, account_name, same, new_lists, takes_name)
        joined = replace(
            person,
            name=person.name or same.name,
            notes=tuple(sorted((*person.notes, *same.notes), key=lambda one: one.at_ms)),
            lists=(*person.lists, *new_lists),
            customers=(*person.customers, *same.customers),
            joins=(*person.joins, join),
        )
        change = _Change()
        change.seen(person)
        change.seen(same)
        change.people[same.id] = ""
        change.store(joined)
        return await self._done(change, joined)

    async def _part(self, person: Person, join: Join) -> Person | None:
        other = join.person
        noted = {one.id for one in other.notes}
        left = replace(
            person,
            name="" if join.name and person.name == other.name else person.name,
            notes=tuple(one for one in person.notes if one.id not in noted),
            lists=tuple(one for one in person.lists if one not in join.lists),
            customers=tuple(one for one in person.customers if one not in other.customers),
            joins=tuple(one for one in person.joins if one.id != join.id),
        )
        again = replace(
            other,
            notes=tuple(one for one in person.notes if one.id in noted),
            customers=tuple(one for one in other.customers if one in person.customers),
            version=0,
        )
        change = _Change()
        change.seen(person)
        change.versions[again.id] = 0
        change.store(left)
        change.store(again)
        if not await self._done(change, left):
            return None
        await self._tell(again)
        return left

    async def _join_identity(self, conversation: Conversation) -> None:
        identity, own = customers_of(conversation)
        for _ in range(_TRIES):
            with translated_errors():
                verified_id, own_id = await self._client.hmget(self._keys.person_of, [identity, own])
            before = await self._get(own_id) if own_id and own_id != verified_id else None
            if before is None:
                return
            verified = await self._get(verified_id) if verified_id else None
            verified = verified or Person(uuid.uuid4().hex, customers=(identity,))
            if len(verified.customers) + len(before.customers) > MAX_CUSTOMERS:
                return  # a customer who talks must not be refused for it
            if await self._join(verified, before, "", ""):
                return

    async def _forget(self, person_id: str, customers: Sequence[str]) -> None:
        person = await self._get(person_id)
        change = _Change(owners=dict.fromkeys(customers, person_id), empty_views=list(map(customer_view, customers)))
        if person:
            change.seen(person)
            change.store(_without(person, set(customers)))
        change.customers |= dict.fromkeys(customers, "")
        await self._do(change)  # a change in between: the next time

    async def _done(self, change: _Change, person: Person) -> Person | None:
        if not await self._do(change):
            return None
        await self._tell(person)
        return person

    async def _do(self, change: _Change) -> bool:
        keys = [self._keys.people, self._keys.person_of, self._keys.views]
        return bool(await self._save(keys, [encode(change)]))

    async def _tell(self, person: Person) -> None:
        """Every desk that shows one of the conversations, and the search."""
        for conversation in await self.conversations(person):
            await self._events.publish("mark", conversation_id=conversation.id, message_id="")


def _without(person: Person, customers: set[str]) -> Person:
    """The same without what is gone for ever, also from what an undo would bring back."""
    joins = [replace(join, person=_without(join.person, customers)) for join in person.joins]
    return replace(
        person,
        customers=tuple(one for one in person.customers if one not in customers),
        joins=tuple(join for join in joins if join.person.customers),
    )


def _now_ms() -> int:
    return int(time.time() * 1000)
