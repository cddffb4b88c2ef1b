"""The list of answers, and finding one in it."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass

from bot.model import Template
from bot.store import Store
from bot.web.editor.people import Names, load_names
from bot.web.editor.topics import FAQ_PREFIX


@dataclass(frozen=True)
class Row:
    """One answer in the list."""

    template: Template
    first_line: str
    edited_by: str
    """The editor's name, or that it came with the project."""
    search_text: str
    """All that is searched, as `folded` makes it."""
    shown: bool
    """Whether it matches the query."""


@dataclass(frozen=True)
class Section:
    """A part of the list with a heading of its own."""

    id: str
    title: str
    rows: list[Row]


@dataclass(frozen=True)
class ListPage:
    """What list.html shows. Rows that don't match are there too, hidden: the search field works on them live."""

    query: str
    sections: list[Section]

    @property
    def count(self) -> int:
        """How many answers match."""
        return sum(row.shown for section in self.sections for row in section.rows)


async def load_list_page(store: Store, query: str) -> ListPage:
    """Every answer, FAQ answers first, each part by title."""
    names = await load_names(store)
    rows = [_row(template, query, names) for template in await store.templates.all_published()]
    rows.sort(key=lambda row: folded(row.template.title or row.template.name))
    faq, other = _split(rows)
    sections = [Section("faq", "Antwoorden op vragen", faq), Section("other", "Andere berichten", other)]
    return ListPage(query, [section for section in sections if section.rows])


def folded(text: str) -> str:
    """Without capitals and accents, so that `cafe` finds `Café`. editor.js does the same."""
    decomposed = unicodedata.normalize("NFD", text.casefold())
    return "".join(character for character in decomposed if not unicodedata.combining(character))


def matches(search_text: str, query: str) -> bool:
    """Whether every word of `query` occurs."""
    return all(word in search_text for word in folded(query).split())


def _row(template: Template, query: str, names: Names) -> Row:
    search_text = folded(f"{template.title} {template.name} {template.text}")
    return Row(
        template=template,
        first_line=template.text.split("\n", 1)[0],
        edited_by=names.of(template.edited_by),
        search_text=search_text,
        shown=matches(search_text, query),
    )


def _split(rows: Iterable[Row]) -> tuple[list[Row], list[Row]]:
    faq: list[Row] = []
    other: list[Row] = []
    for row in rows:
        (faq if row.template.name.startswith(FAQ_PREFIX) else other).append(row)
    return faq, other
