"""The left side of the desk: every conversation that an agent may want to see."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from bot.model import ASSISTANT, CLOSED, QUEUE, Account, Conversation
from bot.store import Store
from bot.store.work import now_ms
from bot.web.channels.messenger.config import MessengerConfig
from bot.web.desk import words
from bot.web.desk.platform import page_troubles

# How far back the list looks, and how many of the collapsed sections it shows.
RECENT = 500
SHOWN = 50


@dataclass(frozen=True)
class Row:
    """One conversation in the list."""

    conversation: Conversation
    key: str  # unique among the rows and the same after a refresh, so that desk.js keeps focus where it is
    url: str  # of its page
    who: str  # the customer's name
    preview: str  # the last words
    preview_by: str  # who said them, empty for the customer
    since_ms: int  # what the time in the row counts from: the handoff while it waits, else the last message
    alarm: bool  # somebody may be in danger, and it is not closed or with the assistant
    urgent: bool  # waits with high priority
    mine: bool  # claimed by the agent who looks
    unread: bool  # mine, and the customer waits for my answer
    current: bool  # its page is open on the right


@dataclass(frozen=True)
class Section:
    """A heading with its rows."""

    key: str  # waiting, mine, colleagues, assistant or closed
    title: str
    empty: str  # what it says without rows
    rows: tuple[Row, ...]
    total: int  # rows, with those that are not shown
    folded: bool  # shows its rows on demand
    opened: bool  # the open conversation is in it


@dataclass(frozen=True)
class DeskList:
    """What the list's template gets."""

    sections: tuple[Section, ...]
    waiting: int  # conversations that wait for a human, for the title
    alarms: tuple[Row, ...]  # somebody may be in danger, and waits for a human or for this agent's answer
    troubles: tuple[str, ...]  # why nothing can be sent for a page, for everybody
    now_ms: int  # the server's clock, so that the browser's may be wrong
    url: str  # where desk.js gets this fragment again


async def load_list(
    store: Store, account: Account, open_id: str = "", *, timezone: str, messenger: MessengerConfig | None = None
) -> DeskList:
    """The list as `account` sees it, with the conversation `open_id` marked as the open one."""
    queued, claimed, recent, troubles = await asyncio.gather(
        store.queue.waiting(),
        store.queue.claimed(),
        store.conversations.recent(RECENT),
        page_troubles(store, messenger, ZoneInfo(timezone)),
    )
    # A conversation may move on between the reads; one of its records decides, so that it has one row.
    records = {one.id: one for one in [*queued, *claimed, *recent]}
    waiting = [records[one.id] for one in queued if records[one.id].owner == QUEUE]
    taken = [records[one.id] for one in claimed]
    mine = [conversation for conversation in taken if conversation.agent_id == account.id]
    colleagues = [one for one in taken if one.agent_id not in ("", account.id)]

    def rows(conversations: Iterable[Conversation]) -> tuple[Row, ...]:
        return tuple(_row(one, account, open_id) for one in conversations)

    sections = (
        _section("waiting", "Wacht op een medewerker", "Niemand wacht. Mooi zo.", rows(waiting)),
        _section("mine", "Van mij", "Je hebt geen gesprekken. Neem er een over.", rows(mine)),
        _section("colleagues", "Bij collega's", "Geen gesprekken bij collega's.", rows(colleagues)),
        _section("assistant", "Bij de assistent", "Nog geen gesprekken.", rows(_of(recent, ASSISTANT)), folded=True),
        _section("closed", "Gesloten", "Nog geen gesprekken.", rows(_of(recent, CLOSED)), folded=True),
    )
    url = f"/desk/list?open={words.url_part(open_id)}" if open_id else "/desk/list"
    alarms = tuple(row for row in (*sections[0].rows, *sections[1].rows) if row.alarm and (row.unread or not row.mine))
    return DeskList(sections, len(waiting), alarms, troubles, now_ms(), url)


def _of(conversations: Iterable[Conversation], owner: str) -> list[Conversation]:
    return [conversation for conversation in conversations if conversation.owner == owner]


def _section(key: str, title: str, empty: str, rows: tuple[Row, ...], *, folded: bool = False) -> Section:
    shown = rows[:SHOWN] if folded else rows
    return Section(key, title, empty, shown, len(rows), folded, any(row.current for row in shown))


def _row(conversation: Conversation, account: Account, open_id: str) -> Row:
    handoff = conversation.handoff if conversation.owner == QUEUE else None
    mine = conversation.agent_id == account.id
    # "Ik heb je vraag doorgestuurd" is what every waiting conversation ends with, and tells an agent nothing.
    show_question = bool(conversation.last_customer_text) and conversation.last_sender in ("assistant", "system")
    said_by = "customer" if show_question else conversation.last_sender
    return Row(
        conversation=conversation,
        key=words.url_part(conversation.id),
        url=words.page_url(conversation.id),
        who=words.customer_name(conversation),
        preview=conversation.last_customer_text if show_question else conversation.last_text,
        preview_by="Jij" if said_by == "agent" and mine else words.PREVIEW_BY.get(said_by, ""),
        since_ms=handoff.at_ms if handoff else conversation.last_at_ms,
        alarm=conversation.handoff is not None and conversation.handoff.priority == "urgent",
        urgent=handoff is not None and handoff.priority == "high",
        mine=mine,
        unread=mine and conversation.last_sender != "agent",
        current=conversation.id == open_id,
    )
