"""The left side of the desk: lists of conversations, one shown at a time, a page of it at a time."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from bot.model import Account, Conversation
from bot.store import Store
from bot.store.departments import Department
from bot.store.views import of_department
from bot.store.work import now_ms
from bot.web.channels.messenger.config import MessengerConfig
from bot.web.desk import words
from bot.web.desk.platform import page_troubles
from bot.web.desk.rows import Row, for_agent, rows_of

# How many rows a page has.
PAGE = 50
_DEPARTMENT_ID = re.compile(r"[a-z0-9-]{1,40}")


@dataclass(frozen=True)
class View:
    """A list that an agent can choose."""

    key: str  # in the address
    title: str
    empty: str  # what it says without rows
    has_departments: bool = True  # it can be of one department only


VIEWS = {
    view.key: view
    for view in (
        View("waiting", "Wacht", "Niemand wacht. Mooi zo."),
        View("mine", "Van mij", "Je hebt geen gesprekken. Neem er een over."),
        View("later", "Later", "Je hebt niets voor later bewaard."),
        View("open", "Alles", "Er is niets te doen."),
        View("colleagues", "Collega's", "Geen gesprekken bij collega's."),
        View("assistant", "Assistent", "Geen gesprekken bij de assistent.", has_departments=False),
        View("closed", "Gesloten", "Nog geen gesloten gesprekken."),
    )
}
# What each desk knows the size of. Those of one agent or one department come with it.
COUNTED = ("waiting", "open", "held", "assistant", "closed")


@dataclass(frozen=True)
class Choice:
    """Which list is asked for. Empty: the one that fits the conversation on the right; department: id, empty for all.

    after: the place in it that the page begins behind.
    """

    view: str = ""
    department: str = ""
    after: str = ""

    @classmethod
    def parse(cls, view: str, department: str = "", after: str = "") -> Choice:
        """What an address says; what is no view or no department counts as not said."""
        is_department = _DEPARTMENT_ID.fullmatch(department) is not None
        return cls(view if view in VIEWS else "", department if is_department else "", after[:1000])

    @property
    def query(self) -> str:
        """As the end of an address, empty when nothing was chosen."""
        chosen = {"view": self.view, "department": self.department}
        query = urlencode({name: value for name, value in chosen.items() if value})
        return f"?{query}" if query else ""


@dataclass(frozen=True)
class Tab:
    """A view with its size."""

    key: str
    title: str
    url: str
    count: int
    plus: str  # the stored view that the size is of, which is not that of all agents or departments ...
    minus: str  # ... less that of this one; empty for nothing
    current: bool


@dataclass(frozen=True)
class DeskList:
    """What the list's template gets."""

    account_id: str
    tabs: tuple[Tab, ...]
    title: str  # of the view that is shown
    empty: str
    view: str  # its key
    stored_view: str  # as store.views has it
    query: str  # the choice as the end of an address, empty when nothing was chosen
    departments: tuple[tuple[str, str], ...]  # id and name to choose from; none without a choice
    department: str  # id of the chosen one
    rows: tuple[Row, ...]
    is_first: bool  # nothing comes before these rows
    after: str  # the next page begins behind it, empty on the last one
    more_url: str  # the next page of the desk, empty on the last one
    waiting: int  # conversations that wait for a human, for the title
    counts: str  # JSON: the size of each stored view that the tabs have
    drafts: str  # JSON: the conversations in which the agent typed something and did not send it
    alarms: tuple[Row, ...]  # somebody may be in danger, and waits for a human or for this agent's answer
    troubles: tuple[str, ...]  # why nothing can be sent for a page, for everybody
    now_ms: int  # the server's clock, so that the browser's may be wrong
    url: str  # where the browser gets this fragment again


async def load_list(
    store: Store,
    account: Account,
    choice: Choice,
    opened: Conversation | None = None,
    *,
    timezone: str,
    messenger: MessengerConfig | None = None,
) -> DeskList:
    """A page of the chosen list as `account` sees it, with the conversation `opened` marked as the open one."""
    view = VIEWS[choice.view or _fitting(opened, account)]
    chosen = choice.department if view.has_departments else ""
    shown = _stored(view.key, account.id, chosen)
    tabs = {key: _stored(key, account.id, choice.department) for key in VIEWS}
    page, mine, urgent, counts, drafts, troubles = await asyncio.gather(
        store.views.page(shown, after=choice.after, limit=PAGE),
        store.views.page(f"held/{account.id}", limit=PAGE),
        store.views.urgent(limit=PAGE),
        store.views.counts([*COUNTED, *tabs.values()]),
        store.drafts.conversations(account.id),
        page_troubles(store, messenger, ZoneInfo(timezone)),
    )
    open_id = opened.id if opened else ""
    departments = await store.departments.recent()
    shared = await rows_of(store, page.conversations)
    rows = tuple(for_agent(row, account, open_id, drafts) for row in shared)
    called = await rows_of(store, [*urgent, *mine.conversations])
    alarms = [for_agent(row, account, open_id) for row in called if row.alarm]
    query = Choice(choice.view, choice.department).query
    return DeskList(
        account_id=account.id,
        tabs=tuple(_tab(one, tabs[one.key], account, choice, counts, view) for one in VIEWS.values()),
        title=view.title,
        empty=_empty(view, chosen, departments),
        view=view.key,
        stored_view=shown,
        query=query,
        departments=_choices(departments) if view.has_departments else (),
        department=chosen,
        rows=tuple(row for row in rows if not (view.key == "colleagues" and row.mine)),
        is_first=not choice.after,
        after=page.after,
        more_url=_url("/desk", view=view.key, department=chosen, after=page.after) if page.after else "",
        waiting=counts["waiting"],
        counts=json.dumps(counts),
        drafts=json.dumps(drafts),
        alarms=tuple(alarms),
        troubles=troubles,
        now_ms=now_ms(),
        url=_url("/desk/list", view=choice.view, department=choice.department, open=open_id),
    )


def _fitting(opened: Conversation | None, account: Account) -> str:
    """Without a choice: the agent's own list beside their own conversation, else who waits."""
    if opened is None or opened.agent_id != account.id:
        return "waiting"
    return "later" if opened.snoozed_until_ms else "mine"


def _stored(key: str, account_id: str, department: str) -> str:
    """The view's name in the store."""
    names = {"mine": f"held/{account_id}", "later": f"snoozed/{account_id}", "colleagues": "held"}
    return of_department(names.get(key, key), department if VIEWS[key].has_departments else "")


def _tab(view: View, stored: str, account: Account, choice: Choice, counts: dict[str, int], shown: View) -> Tab:
    minus = _stored("mine", account.id, choice.department) if view.key == "colleagues" else ""
    count = counts[stored] - counts.get(minus, 0)
    url = _url("/desk", view=view.key, department=choice.department)
    return Tab(view.key, view.title, url, max(0, count), stored, minus, view is shown)


def _empty(view: View, chosen: str, departments: Sequence[Department]) -> str:
    """That nothing is there at all is not known of a list of one department."""
    names = [words.department(one) for one in departments if one.id == chosen]
    return f"Geen gesprekken bij {names[0]}." if names else view.empty


def _choices(departments: Sequence[Department]) -> tuple[tuple[str, str], ...]:
    if len(departments) < 2:
        return ()
    return tuple((one.id, words.department(one)) for one in departments)


def _url(path: str, **query: str) -> str:
    said = urlencode({name: value for name, value in query.items() if value})
    return f"{path}?{said}" if said else path
