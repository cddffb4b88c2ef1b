"""The rows of the list of answers: what is known of each, which belong to a filter, and their order."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from bot.model import Template
from bot.store.answer_drafts import AnswerDraft
from bot.store.answer_figures import NO_USE, AnswerUse, LastUse
from bot.store.plans import Plan
from bot.store.templates import same_answer
from bot.web.editor.people import Names
from bot.web.editor.topics import FAQ_PREFIX

DAY_MS = 86_400_000
# Over so many days: how often it was sent; whether it helped, as few customers say so; whether it is used at all.
SENT_DAYS = 30
HELPED_DAYS = 90
UNUSED_DAYS = 90
# Of those who said something, in percents: below it an answer often does not help.
LOW_SHARE = 60
# What is planned within so many days is worth a look.
SOON_DAYS = 14
# What NFD parts from a letter; a pattern, as there may be thousands of texts.
_ACCENTS = re.compile("[\u0300-\u036f]")


@dataclass(frozen=True)
class Change:
    """What customers read changes then: a plan begins, or it ends."""

    at_ms: int
    begins: bool


@dataclass(frozen=True)
class Row:
    """One answer in the list.

    edited_by: a name. sent: over SENT_DAYS; use: over HELPED_DAYS. last_used_ms: 0 for never since it is counted.
    draft: `draft` or `review`, if somebody works on it. change: what is planned next.
    """

    template: Template
    edited_by: str
    sent: int
    use: AnswerUse
    last_used_ms: int
    draft: str = ""
    change: Change | None = None

    @property
    def title(self) -> str:
        return self.template.title or self.template.name

    @property
    def first_line(self) -> str:
        return self.template.text.split("\n", 1)[0]

    @property
    def is_question(self) -> bool:
        return self.template.name.startswith(FAQ_PREFIX)

    @property
    def is_unhelpful(self) -> bool:
        return self.use.share is not None and self.use.share < LOW_SHARE

    def is_in(self, filter: str, now_ms: int) -> bool:
        """A removed answer is in no list but its own."""
        if filter == "removed" or self.template.is_removed:
            return filter == "removed" and self.template.is_removed
        if filter == "unused":
            # What the program says by itself has its own moments, and nobody can do without it.
            return self.is_question and self.last_used_ms <= now_ms - UNUSED_DAYS * DAY_MS
        if filter == "unhelpful":
            return self.is_unhelpful
        if filter == "planned":
            return self.change is not None and self.change.at_ms <= now_ms + SOON_DAYS * DAY_MS
        return not filter or self.draft == filter


def make_rows(
    templates: Iterable[Template],
    *,
    names: Names,
    drafts: Mapping[str, AnswerDraft],
    plans: Mapping[str, Sequence[Plan]],
    sent: Mapping[str, AnswerUse],
    helped: Mapping[str, AnswerUse],
    last_use: LastUse,
    now_ms: int,
) -> list[Row]:
    """All by the name of the answer."""
    return [
        Row(
            template=one,
            edited_by=names.of(one.edited_by),
            sent=sent.get(one.name, NO_USE).sent,
            use=helped.get(one.name, NO_USE),
            last_used_ms=last_use.at_ms.get(one.name, 0),
            draft=_draft_state(drafts.get(one.name), one),
            change=next_change(plans.get(one.name, ()), now_ms),
        )
        for one in templates
    ]


def _draft_state(draft: AnswerDraft | None, published: Template) -> str:
    return draft.state if draft and not same_answer(draft.template, published) else ""


def next_change(plans: Iterable[Plan], now_ms: int) -> Change | None:
    """The first of what is still to come."""
    changes = [Change(one.from_ms, True) for one in plans] + [Change(one.until_ms, False) for one in plans]
    return min((one for one in changes if one.at_ms > now_ms), key=lambda one: one.at_ms, default=None)


def in_order(rows: Iterable[Row], sort: str, *, descending: bool) -> list[Row]:
    """By one column; those alike by title, and those of which it is not known at the end, either way."""
    by_title = sorted(rows, key=lambda row: folded(row.title), reverse=descending and sort == "title")
    if sort == "title":
        return by_title
    known = [row for row in by_title if sort != "helped" or row.use.share is not None]
    unknown = [row for row in by_title if sort == "helped" and row.use.share is None]

    def worth(row: Row) -> int:
        return {"used": row.sent, "helped": row.use.share or 0}.get(sort, row.template.edited_at_ms)

    return [*sorted(known, key=lambda row: -worth(row) if descending else worth(row)), *unknown]


def folded(text: str) -> str:
    """Without capitals and accents, so that `cafe` finds `Café`."""
    if text.isascii():
        return text.casefold()
    return _ACCENTS.sub("", unicodedata.normalize("NFD", text.casefold()))


def matches(text: str, query: str) -> bool:
    """Whether every word of `query` occurs."""
    found = folded(text)
    return all(word in found for word in folded(query).split())


def finds(row: Row, query: str) -> bool:
    """In what an editor would look for."""
    one = row.template
    return not query or matches(" ".join((one.title, one.name, one.text, *(v.text for v in one.variants))), query)
