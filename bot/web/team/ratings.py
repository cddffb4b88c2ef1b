"""What customers said in a week: of answers, whether they helped; of agents and departments, a mark."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timezone
from zoneinfo import ZoneInfo

from sanic import HTTPResponse, Request

from bot.model import Template
from bot.store.ratings import Rating
from bot.web.access import signed_in
from bot.web.clicks import LOW
from bot.web.links import page_url
from bot.web.pages import render
from bot.web.rights import MANAGERS
from bot.web.team.week import Week

# A few marks are no average.
LEAST = 5
PER_PAGE = 25


@dataclass(frozen=True)
class AnswerRow:
    """One answer. share: of those who said something, in whole percents; None when they are too few."""

    name: str
    title: str
    yes: int
    no: int

    @property
    def share(self) -> int | None:
        count = self.yes + self.no
        return round(100 * self.yes / count) if count >= LEAST else None


@dataclass(frozen=True)
class MarksRow:
    """One agent, or one department. average: as `4,2`, empty when there are too few."""

    name: str
    marks: tuple[int, ...]

    @property
    def average(self) -> str:
        if len(self.marks) < LEAST:
            return ""
        return f"{sum(self.marks) / len(self.marks):.1f}".replace(".", ",")

    @property
    def low(self) -> int:
        return sum(mark <= LOW for mark in self.marks)


@dataclass(frozen=True)
class LowRow:
    """One conversation that did not go well, by what the customer said."""

    url: str
    at_ms: int
    what: str


@dataclass(frozen=True)
class RatingsPage:
    """What ratings.html shows. low: one page of them, the latest first; pages: how many there are."""

    week: Week
    is_latest: bool
    answers: Sequence[AnswerRow]
    agents: Sequence[MarksRow]
    departments: Sequence[MarksRow]
    low: Sequence[LowRow]
    low_count: int
    page: int
    pages: int
    least: int = LEAST


@signed_in(*MANAGERS)
async def show_ratings(request: Request) -> HTTPResponse:
    """A week; `?week=2026-W48`, and `page` of the conversations that did not go well."""
    store, zone = request.app.ctx.store, ZoneInfo(request.app.ctx.settings.timezone)
    now = datetime.now(timezone.utc)
    week = Week.of(request.args.get("week", ""), zone, now)
    found = await store.ratings.between(week.from_ms, week.until_ms)
    templates = await store.templates.get_many({one.template for one in found if one.template})
    departments = {one.id: one.name for one in await store.departments.all()}
    low = [one for one in found if _is_low(one)]
    pages = max(1, -(-len(low) // PER_PAGE))
    number = min(_page_number(request.args.get("page", "")), pages)
    shown = low[(number - 1) * PER_PAGE : number * PER_PAGE]
    marks = [one for one in found if one.rating]
    page = RatingsPage(
        week=week,
        is_latest=week.next.from_ms > now.timestamp() * 1000,
        answers=_answers(found, templates),
        agents=_marks((one.agent_id, one.agent_name or one.agent_id, one.rating) for one in marks),
        departments=_marks(
            (one.department, departments.get(one.department, one.department), one.rating) for one in marks
        ),
        low=[LowRow(page_url(one.conversation_id), one.at_ms, _what(one, templates, departments)) for one in shown],
        low_count=len(low),
        page=number,
        pages=pages,
    )
    return render(request, "team/ratings.html", page=page)


def _is_low(rating: Rating) -> bool:
    return rating.rating <= LOW if rating.rating else not rating.helped


def _answers(ratings: Iterable[Rating], templates: dict[str, Template]) -> list[AnswerRow]:
    """What helped fewest first: most who said no, then the smallest share that said yes."""
    counts: defaultdict[str, list[int]] = defaultdict(lambda: [0, 0])
    for one in ratings:
        if one.template:
            counts[one.template][one.helped] += 1
    rows = [AnswerRow(name, _title(name, templates), yes, no) for name, (no, yes) in counts.items()]
    return sorted(rows, key=lambda row: (-row.no, row.yes, row.title))


def _marks(given: Iterable[tuple[str, str, int]]) -> list[MarksRow]:
    """given: id, name, mark. Two of the same name have a row each."""
    names: dict[str, str] = {}
    marks: defaultdict[str, list[int]] = defaultdict(list)
    for key, name, mark in given:
        names.setdefault(key, name or "Onbekend")
        marks[key].append(mark)
    rows = [MarksRow(names[key], tuple(found)) for key, found in marks.items()]
    return sorted(rows, key=lambda row: row.name.lower())


def _what(rating: Rating, templates: dict[str, Template], departments: dict[str, str]) -> str:
    if rating.template:
        return f"Antwoord hielp niet: {_title(rating.template, templates)}"
    whose = [rating.agent_name or rating.agent_id, departments.get(rating.department, "")]
    return f"{rating.rating} van 5 voor {', '.join(filter(None, whose))}"


def _title(name: str, templates: dict[str, Template]) -> str:
    return templates[name].title or name if name in templates else name


def _page_number(text: str) -> int:
    return max(1, int(text)) if text.isascii() and text.isdigit() and len(text) < 6 else 1
