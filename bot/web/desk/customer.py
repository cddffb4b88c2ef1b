"""The third column of the desk: who the customer of a conversation is, over all conversations and channels."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from bot.model import CLOSE_REASONS, REASONS, Account, Conversation, Entity, Episode
from bot.store import Store
from bot.store.people import MAX_NAME_CHARS, MAX_NOTE_CHARS, Join, Person, customers_of
from bot.web.desk import words
from bot.web.search.excerpts import Part
from bot.web.search.filler import Search
from bot.web.search.index import Query, SearchUnavailable, TooBroad
from bot.web.search.query import terms

# Who complains so often should not explain it all again.
REPEAT_COMPLAINTS = 2
# Earlier times that stand in the card, and those behind "meer".
SHOWN_EARLIER = 4
MAX_EARLIER = 30
# What an agent looks up in another system, whatever the conversation that it was named in.
_LOOKED_UP = ("order_number", "email", "phone")
_MAX_FACTS = 12
# Of a search for the same customer in another conversation.
_MAX_CANDIDATES = 6


@dataclass(frozen=True)
class Earlier:
    """One time that the customer was here: humans had it from then on, or the assistant did it alone."""

    url: str
    at_ms: int
    channel: str
    title: str  # why humans had it, in Dutch
    by: str  # who had it at the end, empty for none
    end: str  # how it ended or where it is, in Dutch
    rating: int  # 1 to 5, 0 for none
    is_complaint: bool


@dataclass(frozen=True)
class NoteLine:
    """What was noted about the customer. `mine`: may be taken back."""

    id: str
    by: str
    at_ms: int
    text: str
    mine: bool


@dataclass(frozen=True)
class ListChoice:
    """A stakeholder list, and whether the customer is on it."""

    id: str
    name: str
    chosen: bool


@dataclass(frozen=True)
class Fact:
    """Something that the customer named: an order number, a product."""

    label: str  # what it is, in Dutch
    value: str  # as the customer wrote it


@dataclass(frozen=True)
class JoinLine:
    """What was joined by hand, and can be undone."""

    id: str
    who: str
    by: str
    at_ms: int


@dataclass(frozen=True)
class Candidate:
    """A conversation that may be of the same customer."""

    conversation: Conversation
    url: str
    who: str
    parts: tuple[Part, ...]


@dataclass(frozen=True)
class Finding:
    """A search for the same customer. problem: in Dutch."""

    asked: str
    candidates: tuple[Candidate, ...]
    problem: str = ""


@dataclass(frozen=True)
class CustomerCard:
    """What the template gets."""

    url: str  # of the card alone; what can be done is below it
    page_url: str  # of the conversation
    name: str
    own_name: str  # what the team calls them, empty if it does not
    identity: str  # empty if nobody has verified it
    email: str  # as our own site says
    channels: tuple[str, ...]
    conversations: int
    complaints: int
    is_repeat_complainer: bool
    labels: tuple[str, ...]
    lists: tuple[ListChoice, ...]
    notes: tuple[NoteLine, ...]
    facts: tuple[Fact, ...]
    earlier: tuple[Earlier, ...]
    joins: tuple[JoinLine, ...]
    finding: Finding | None
    notice: str  # why something was not done
    note_draft: str
    shown_earlier: int = SHOWN_EARLIER
    max_note_chars: int = MAX_NOTE_CHARS
    max_name_chars: int = MAX_NAME_CHARS


@dataclass(frozen=True)
class Asked:
    """What the agent is busy with in the card. find: the same customer elsewhere. notice: why it was not done."""

    find: str = ""
    notice: str = ""
    note_draft: str = ""


async def load_card(
    store: Store, search: Search, account: Account, conversation_id: str, asked: Asked | None = None
) -> CustomerCard:
    """The card of a conversation's customer, as `account` sees it. Raises NotFound."""
    asked = asked or Asked()
    conversation = await store.conversations.get(conversation_id)
    person = await store.people.person_of(conversation)
    conversations = await store.people.conversations(person) or [conversation]
    ids = [one.id for one in conversations]
    episodes = await store.people.episodes(ids)
    complaints = sum(one.complaints for one in conversations)
    url = f"{words.page_url(conversation_id)}/customer"
    email = _first(one.customer_email for one in (conversation, *conversations))
    return CustomerCard(
        url=url,
        page_url=words.page_url(conversation_id),
        name=person.name or _known_name(conversation, conversations),
        own_name=person.name,
        identity=_first(one.identity for one in (conversation, *conversations)),
        email=email,
        channels=tuple(dict.fromkeys(one.channel for one in (conversation, *conversations))),
        conversations=len(conversations),
        complaints=complaints,
        is_repeat_complainer=complaints >= REPEAT_COMPLAINTS,
        labels=tuple(dict.fromkeys(label for one in conversations for label in one.labels)),
        lists=await _lists(store, person),
        notes=tuple(
            NoteLine(one.id, one.account_name, one.at_ms, one.text, one.account_id == account.id)
            for one in reversed(person.notes)
        ),
        facts=_facts(
            await store.people.entities(ids), await store.people.entities([conversation_id]), known_email=email
        ),
        earlier=_earlier(conversation, conversations, episodes),
        joins=tuple(_join_line(one, conversations) for one in person.joins if one.account_id),
        finding=await _find(store, search, asked.find, ids) if asked.find else None,
        notice=asked.notice,
        note_draft=asked.note_draft,
    )


def _known_name(conversation: Conversation, others: Sequence[Conversation]) -> str:
    return _first(one.customer_name for one in (conversation, *others)) or words.customer_name(conversation)


def _first(texts: Iterable[str]) -> str:
    return next(filter(None, texts), "")


async def _lists(store: Store, person: Person) -> tuple[ListChoice, ...]:
    return tuple(ListChoice(one.id, one.name, one.id in person.lists) for one in await store.stakeholders.all())


def _facts(entities: Sequence[Entity], here: Sequence[Entity], *, known_email: str) -> tuple[Fact, ...]:
    """What was named, and in this conversation; without the e-mail address that the site has told already."""
    known = ("email", known_email.casefold())
    wanted = [one for one in entities if one.entity in _LOOKED_UP]
    wanted += [one for one in here if one.entity not in _LOOKED_UP]
    found = [one for one in wanted if (one.entity, one.value.casefold()) != known]
    found.sort(key=words.entity_order)
    return tuple(Fact(words.entity_kind(one), one.value) for one in found[:_MAX_FACTS])


def _earlier(
    current: Conversation, conversations: Sequence[Conversation], episodes: Sequence[Sequence[Episode]]
) -> tuple[Earlier, ...]:
    """The latest first, without what is going on in the current conversation."""
    found = []
    for conversation, past in zip(conversations, episodes, strict=True):
        found += [_ended(conversation, one) for one in past]
        if conversation.id != current.id and (conversation.handoff or not past):
            found.append(_going_on(conversation))
    return tuple(sorted(found, key=lambda one: one.at_ms, reverse=True)[:MAX_EARLIER])


def _ended(conversation: Conversation, episode: Episode) -> Earlier:
    back = "terug naar de assistent" if episode.how == "handed_back" else "gesloten"
    return Earlier(
        words.page_url(conversation.id),
        episode.handed_at_ms,
        conversation.channel,
        REASONS.get(episode.reason, episode.reason),
        episode.agent_name or episode.agent_id,
        CLOSE_REASONS.get(episode.close_reason, back).lower(),
        episode.rating,
        episode.reason == "complaint",
    )


def _going_on(conversation: Conversation) -> Earlier:
    handoff = conversation.handoff
    return Earlier(
        words.page_url(conversation.id),
        handoff.at_ms if handoff else conversation.last_at_ms,
        conversation.channel,
        REASONS.get(handoff.reason, handoff.reason) if handoff else "Door de assistent",
        conversation.agent_name,
        words.place(conversation, mine=False) if not conversation.agent_id else "loopt nog",
        conversation.rating,
        handoff is not None and handoff.reason == "complaint",
    )


def _join_line(join: Join, conversations: Sequence[Conversation]) -> JoinLine:
    """Named after the latest conversation that came with it."""
    came = (one for one in conversations if set(customers_of(one)) & set(join.person.customers))
    latest = next(came, None)
    name = join.person.name or (words.customer_name(latest) if latest else "een klant van langer geleden")
    return JoinLine(join.id, name, join.account_name, join.at_ms)


async def _find(store: Store, search: Search, typed: str, own_ids: Sequence[str]) -> Finding:
    """Conversations of others with what was typed: a name, an order number, an e-mail address, an id."""
    try:
        found = await search.ask(Query(terms(typed)), limit=_MAX_CANDIDATES + len(own_ids))
    except (SearchUnavailable, TooBroad):
        return Finding(typed, (), "Zoeken lukt nu niet. Probeer het zo opnieuw.")
    hits = {hit.id: hit for hit in found.hits if hit.id not in own_ids}
    others = await store.conversations.get_many(list(hits)[:_MAX_CANDIDATES])
    return Finding(
        typed,
        tuple(Candidate(one, words.page_url(one.id), words.customer_name(one), hits[one.id].parts) for one in others),
        "" if others else "Niets gevonden bij andere klanten. Probeer een naam, bestelnummer of e-mailadres.",
    )
