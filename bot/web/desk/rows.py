"""One conversation as lists show it: the same for everybody but for three marks, so that it is made once for all."""

from __future__ import annotations

import asyncio
from collections.abc import Container, Sequence
from dataclasses import dataclass, replace

from bot.model import AGENT_PREFIX, QUEUE, Account, Conversation
from bot.store import Store
from bot.store.departments import Department
from bot.store.work import now_ms
from bot.web.desk import words
from bot.web.desk.promise import Promise, promise_of

# Whose complaints are not the first.
MANY_COMPLAINTS = 2
# The views that desks show; others are named after customers, who must not write what a row says.
_ON_DESK = frozenset({"waiting", "held", "snoozed", "open", "assistant", "closed"})


@dataclass(frozen=True)
class Row:
    """One conversation in the list. The browser sets the last three in the rows that all desks get."""

    conversation: Conversation
    key: str  # unique among the rows and the same after a refresh, so that focus stays where it is
    url: str  # of its page
    who: str  # the customer's name
    preview: str  # the last words
    preview_by: str  # who said them: customer, assistant, system or agent
    since_ms: int  # what the time in the row counts from: the handoff until a human answers, else the last message
    priority: str  # of a handoff, empty without one
    waits: bool  # an agent has it, and the customer waits for that agent's answer
    department: str  # its name, when there are several; else empty
    promise: Promise | None
    complains_often: bool
    lists: tuple[str, ...]  # names of the stakeholder lists that the customer is on
    places: str  # in which views of the desk it is, and where: `view|place`, with a space between
    mine: bool = False  # claimed by the agent who looks
    has_draft: bool = False  # who looks typed something there and did not send it
    current: bool = False  # its page is open on the right

    @property
    def pick(self) -> str:
        """What choosing it sends, see bulk.py: with the customer's last message that its agent has seen."""
        return f"{self.conversation.customer_entry_id} {self.conversation.id}".lstrip()

    @property
    def alarm(self) -> bool:
        """Somebody may be in danger, and waits for a human's answer."""
        return self.priority == "urgent" and (self.waits or self.conversation.owner == QUEUE)


def for_agent(row: Row, account: Account, open_id: str, drafts: Container[str] = ()) -> Row:
    """The row as `account` sees it, who has the conversation `open_id` open, and drafts in these."""
    one = row.conversation
    mine = one.owner == AGENT_PREFIX + account.id
    return replace(row, mine=mine, has_draft=one.id in drafts, current=one.id == open_id)


async def rows_of(store: Store, conversations: Sequence[Conversation]) -> tuple[Row, ...]:
    """A row for each."""
    places, departments, lists = await asyncio.gather(
        store.views.places([one.id for one in conversations]),
        store.departments.recent(),
        _lists_of(store, conversations),
    )
    return tuple(
        _row(one, at, departments, lists.get(one.id, ())) for one, at in zip(conversations, places, strict=True)
    )


async def _lists_of(store: Store, conversations: Sequence[Conversation]) -> dict[str, tuple[str, ...]]:
    """The names of the lists that customers are on, by conversation."""
    found = await store.people.lists_of(conversations)
    known = {one.id: one.name for one in await store.stakeholders.all()} if found else {}
    return {one: tuple(known[list_id] for list_id in ids if list_id in known) for one, ids in found.items()}


def _row(
    conversation: Conversation, places: dict[str, str], departments: Sequence[Department], lists: tuple[str, ...]
) -> Row:
    handoff = conversation.handoff
    waits = bool(conversation.agent_id) and conversation.last_sender != "agent" and not conversation.snoozed_until_ms
    unanswered = conversation.owner == QUEUE or (waits and not conversation.answered_at_ms)
    # "Ik heb je vraag doorgestuurd" is what every waiting conversation ends with, and tells an agent nothing.
    show_question = bool(conversation.last_customer_text) and conversation.last_sender in ("assistant", "system")
    return Row(
        conversation=conversation,
        key=words.url_part(conversation.id),
        url=words.page_url(conversation.id),
        who=words.customer_name(conversation),
        preview=conversation.last_customer_text if show_question else conversation.last_text,
        preview_by="customer" if show_question else conversation.last_sender,
        since_ms=handoff.at_ms if handoff and unanswered else conversation.last_at_ms,
        priority=handoff.priority if handoff else "",
        waits=waits,
        department=_department(handoff.department if handoff else "", departments),
        promise=promise_of(conversation, now_ms()),
        complains_often=conversation.complaints >= MANY_COMPLAINTS,
        lists=lists,
        places=" ".join(f"{view}|{place}" for view, place in places.items() if view.partition("/")[0] in _ON_DESK),
    )


def _department(department_id: str, departments: Sequence[Department]) -> str:
    if len(departments) < 2:
        return ""
    return next((words.department(one) for one in departments if one.id == department_id), "")
