"""The list of answers, with what becomes of each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from bot.store import Store
from bot.store.work import now_ms
from bot.web.editor.list_query import FILTERS, SORTS, ListQuery
from bot.web.editor.list_rows import (
    DAY_MS,
    HELPED_DAYS,
    LOW_SHARE,
    SENT_DAYS,
    SOON_DAYS,
    UNUSED_DAYS,
    Row,
    finds,
    in_order,
    make_rows,
)
from bot.web.editor.people import load_names

PER_PAGE = 200


@dataclass(frozen=True)
class Section:
    """A part of the list with a heading of its own."""

    id: str
    title: str
    rows: Sequence[Row]


@dataclass(frozen=True)
class Choice:
    """A link above the list. direction: of the column that the list is sorted by, as aria-sort has it; else empty."""

    title: str
    url: str
    is_chosen: bool = False
    count: int = 0
    direction: str = ""


@dataclass(frozen=True)
class ListPage:
    """What list.html shows. count: of all that was found, on all pages; counted_since_ms: 0 for longer than matters.

    has_questions: whether there is any answer to a question yet.
    """

    asked: ListQuery
    sections: Sequence[Section]
    count: int
    filters: Sequence[Choice]
    sorts: dict[str, Choice]
    pages: int
    csv_url: str
    counted_since_ms: int
    has_questions: bool
    sent_days: int = SENT_DAYS
    helped_days: int = HELPED_DAYS
    unused_days: int = UNUSED_DAYS
    soon_days: int = SOON_DAYS
    low_share: int = LOW_SHARE


async def load_list_page(store: Store, asked: ListQuery) -> ListPage:
    """The answers of one filter with the words of the query: those to questions, then the others."""
    at_ms = now_ms()
    rows, since_ms = await load_rows(store, at_ms)
    found = chosen_rows(rows, asked, at_ms)
    pages = max(1, -(-len(found) // PER_PAGE))
    asked = asked.on_page(min(asked.page, pages))
    shown = found[(asked.page - 1) * PER_PAGE : asked.page * PER_PAGE]
    return ListPage(
        asked=asked,
        sections=_sections(shown, removed=asked.filter == "removed"),
        count=len(found),
        filters=[
            Choice(title, asked.filtered(id).url(), id == asked.filter, sum(row.is_in(id, at_ms) for row in rows))
            for id, title in FILTERS.items()
        ],
        sorts={id: _sort_link(asked, id) for id in SORTS},
        pages=pages,
        csv_url=asked.on_page(1).url("/editor.csv"),
        counted_since_ms=since_ms if since_ms > at_ms - UNUSED_DAYS * DAY_MS else 0,
        has_questions=any(row.is_question for row in rows),
    )


async def load_rows(store: Store, at_ms: int) -> tuple[list[Row], int]:
    """Every answer, also those that were removed; and since when (ms) it is counted how often they are sent."""
    sent, helped = await store.answer_figures.over(SENT_DAYS, HELPED_DAYS)
    last_use = await store.answer_figures.last_use()
    rows = make_rows(
        await store.templates.all_published(removed=True),
        names=await load_names(store),
        drafts=await store.answer_drafts.all(),
        plans=await store.plans.all(),
        sent=sent,
        helped=helped,
        last_use=last_use,
        now_ms=at_ms,
    )
    return rows, last_use.since_ms


def chosen_rows(rows: Sequence[Row], asked: ListQuery, at_ms: int) -> list[Row]:
    """Of the filter and with the words, in the order asked for, answers to questions first."""
    found = [row for row in rows if row.is_in(asked.filter, at_ms) and finds(row, asked.query)]
    ordered = in_order(found, asked.sort, descending=asked.descending)
    return sorted(ordered, key=lambda row: not row.is_question)


def _sections(rows: Sequence[Row], *, removed: bool) -> list[Section]:
    if removed:
        return [Section("removed", "Verwijderd", rows)] if rows else []
    sections = [
        Section("faq", "Antwoorden op vragen", [row for row in rows if row.is_question]),
        Section("other", "Andere berichten", [row for row in rows if not row.is_question]),
    ]
    return [section for section in sections if section.rows]


def _sort_link(asked: ListQuery, sort: str) -> Choice:
    is_chosen = sort == asked.sort
    direction = ("descending" if asked.descending else "ascending") if is_chosen else ""
    return Choice(SORTS[sort][0], asked.sorted_by(sort).url(), is_chosen, direction=direction)
