"""The page to search on, and its results alone."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from sanic import HTTPResponse, Request

from bot.model import Account, Conversation
from bot.store.departments import Department
from bot.web.access import wants_fragment
from bot.web.desk import words
from bot.web.desk.asked import agents_only
from bot.web.pages import render
from bot.web.rights import AGENTS
from bot.web.search.excerpts import Part
from bot.web.search.index import ABOUT, Found, Hit, Query, SearchUnavailable, TooBroad
from bot.web.search.query import MAX_QUERY_CHARS, terms

PAGE_ROWS = 20
MAX_PAGES = 500
CHANNELS = ("widget", "messenger", "instagram", "comment", "rest")
_FILTERS = ("channel", "department", "agent", "label", "since", "until")
_SPEAKERS: dict[str, str] = {**dict(words.SPEAKERS.items()), ABOUT: "Over de klant"}
_TOO_BROAD = "Dat duurde te lang. Zoek op een langer woord, of kies ook een periode."
_UNAVAILABLE = (
    "Zoeken lukt nu niet. De rest van de desk werkt gewoon. Vraag de beheerder om naar /health/ready te kijken."
)
_DATE = "Vul een datum in als 2026-11-26."


@dataclass(frozen=True)
class Form:
    """What was asked, as it was typed."""

    q: str
    channel: str
    department: str
    agent: str
    label: str
    since: str
    until: str

    @property
    def has_filters(self) -> bool:
        return any(getattr(self, name) for name in _FILTERS)

    @property
    def is_empty(self) -> bool:
        return not self.q and not self.has_filters


@dataclass(frozen=True)
class Row:
    """One conversation that was found."""

    conversation: Conversation
    url: str  # of its page, at the message that fits
    who: str
    place: str  # who has it, as the end of a sentence
    by: str  # who said what is shown; empty when nothing is
    parts: tuple[Part, ...]


@dataclass(frozen=True)
class Choices:
    """What the filters can be."""

    channels: tuple[str, ...]
    departments: tuple[Department, ...]
    agents: tuple[Account, ...]
    labels: tuple[str, ...]


@dataclass(frozen=True)
class SearchPage:
    """What the templates get."""

    form: Form
    errors: dict[str, str]  # id of the control -> what was expected
    rows: tuple[Row, ...]
    total: int
    percent: int  # how much of all conversations is in the index
    problem: str  # why nothing was found that could be, in Dutch
    previous_url: str
    next_url: str
    max_chars: int = MAX_QUERY_CHARS


@agents_only
async def show_search(request: Request) -> HTTPResponse:
    form = Form(*(_argument(request, name) for name in ("q", *_FILTERS)))
    page = await _search(request, form)
    if wants_fragment(request):
        return render(request, "desk/_results.html", page=page)
    return render(request, "desk/search.html", page=page, choices=await _choices(request))


async def _search(request: Request, form: Form) -> SearchPage:
    search, number = request.app.ctx.search, _page_number(request)
    query, errors = _query(form, ZoneInfo(request.app.ctx.settings.timezone))
    found, problem = Found((), 0), ""
    if not form.is_empty and not errors and (query.terms or form.has_filters):
        try:
            found = await search.ask(query, offset=(number - 1) * PAGE_ROWS, limit=PAGE_ROWS)
        except TooBroad:
            problem = _TOO_BROAD
        except SearchUnavailable:
            problem = _UNAVAILABLE
    rows = await _rows(request, found.hits)
    more = found.total > number * PAGE_ROWS and number < MAX_PAGES
    return SearchPage(
        form,
        errors,
        rows,
        found.total,
        search.percent,
        problem,
        previous_url=_url(form, number - 1) if number > 1 else "",
        next_url=_url(form, number + 1) if more else "",
    )


async def _rows(request: Request, hits: tuple[Hit, ...]) -> tuple[Row, ...]:
    """Of those that are still there."""
    by_id = {hit.id: hit for hit in hits}
    conversations = await request.app.ctx.store.conversations.get_many(list(by_id))
    return tuple(_row(one, by_id[one.id], request.ctx.account) for one in conversations)


def _row(conversation: Conversation, hit: Hit, account: Account) -> Row:
    place = words.place(conversation, mine=conversation.agent_id == account.id)
    anchor = f"#message-{hit.entry_id}" if hit.entry_id else ""
    return Row(
        conversation,
        url=words.page_url(conversation.id) + anchor,
        who=words.customer_name(conversation),
        place=place,
        by=_SPEAKERS.get(hit.sender, ""),
        parts=hit.parts,
    )


async def _choices(request: Request) -> Choices:
    store = request.app.ctx.store
    agents = [one for one in await store.accounts.all() if set(one.roles) & set(AGENTS)]
    labels = tuple(label.name for label in await store.labels.known())
    return Choices(CHANNELS, await store.departments.recent(), tuple(agents), labels)


def _query(form: Form, zone: ZoneInfo) -> tuple[Query, dict[str, str]]:
    query = Query(terms(form.q), form.channel, form.department, form.agent, form.label)
    errors = {}
    for name, days in (("since", 0), ("until", 1)):
        if text := getattr(form, name):
            try:
                day = datetime.strptime(text, "%Y-%m-%d").replace(tzinfo=zone) + timedelta(days=days)
                query = replace(query, **{f"{name}_ms": int(day.timestamp() * 1000)})  # type: ignore[arg-type]
            except (ValueError, OverflowError):
                errors[name] = _DATE
    return query, errors


def _argument(request: Request, name: str) -> str:
    return " ".join(str(request.args.get(name, "")).split())[:MAX_QUERY_CHARS]


def _page_number(request: Request) -> int:
    text = request.args.get("p", "1")
    return min(max(int(text), 1), MAX_PAGES) if text.isascii() and text.isdigit() and len(text) < 6 else 1


def _url(form: Form, number: int) -> str:
    given = {name: getattr(form, name) for name in ("q", *_FILTERS)}
    return "/desk/search?" + urlencode({**{name: value for name, value in given.items() if value}, "p": number})
