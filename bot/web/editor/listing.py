"""The list of answers, and finding one in it."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass

from bot.model import Template
from bot.store import Store
from bot.store.answer_drafts import AnswerDraft
from bot.store.templates import same_answer
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
    draft: str = ""
    """`draft` or `review`, if somebody works on it."""


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
    names, drafts = await load_names(store), await store.answer_drafts.all()
    templates = await store.templates.all_published(removed=True)
    rows = [_row(template, query, names, drafts.get(template.name)) for template in templates]
    rows.sort(key=lambda row: folded(row.template.title or row.template.name))
    faq, other, removed = _split(rows)
    sections = [
        Section("faq", "Antwoorden op vragen", faq),
        Section("other", "Andere berichten", other),
        Section("removed", "Verwijderd", removed),
    ]
    return ListPage(query, [section for section in sections if section.rows])


def folded(text: str) -> str:
    """Without capitals and accents, so that `cafe` finds `Café`. editor.js does the same."""
    if text.isascii():
        return text.casefold()  # as nearly all are, and there may be thousands
    decomposed = unicodedata.normalize("NFD", text.casefold())
    return "".join(character for character in decomposed if not unicodedata.combining(character))


def matches(search_text: str, query: str) -> bool:
    """Whether every word of `query` occurs."""
    return all(word in search_text for word in folded(query).split())


def _row(template: Template, query: str, names: Names, draft: AnswerDraft | None) -> Row:
    search_text = folded(f"{template.title} {template.name} {template.text}")
    return Row(
        template=template,
        first_line=template.text.split("\n", 1)[0],
        edited_by=names.of(template.edited_by),
        search_text=search_text,
        shown=matches(search_text, query),
        draft=draft.state if draft and not same_answer(draft.template, template) else "",
    )


def _split(rows: Iterable[Row]) -> tuple[list[Row], list[Row], list[Row]]:
    """Answers to questions, the rest, and those that were removed."""
    faq: list[Row] = []
    other: list[Row] = []
    removed: list[Row] = []
    for row in rows:
        is_question = row.template.name.startswith(FAQ_PREFIX)
        (removed if row.template.is_removed else faq if is_question else other).append(row)
    return faq, other, removed
