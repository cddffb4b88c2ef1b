"""The form of a topic: what was filled in, what is wrong with it, what it becomes."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

from sanic import Request

from bot.errors import InvalidMessage
from bot.store.topics import (
    MAX_DESCRIPTION_CHARS,
    MAX_EXAMPLE_CHARS,
    MAX_EXAMPLES,
    MAX_TITLE_CHARS,
    Example,
    TestMessage,
    Topic,
    with_examples,
)
from bot.store.work import now_ms
from bot.web.editor.checks import limit
from bot.web.editor.form import version_field
from bot.web.form_fields import fields, line_field, text_field
from bot.web.topics.words import shown_threshold

MIN_THRESHOLD = 0.01
# What has one value, so that two can't both have their way.
_SETTINGS = ("title", "description", "must", "other", "answering", "threshold")
_THRESHOLD = re.compile(r"[01](?:[.,][0-9]{1,4})?|[.,][0-9]{1,4}", re.ASCII)


@dataclass(frozen=True)
class TopicForm:
    """As it was filled in. `added`, `must`, `other`: lines of text; the examples to add, and both kinds of tests.

    picked: places of examples, in the version that the editor started from, that a button is about. replaced: places of
    those whose text went to `added` to be put right. department_was: what the choice showed when the page was made.
    """

    title: str
    description: str
    added: str
    must: str
    other: str
    answering: str
    threshold: str
    department: str
    department_was: str
    expected_version: int
    picked: tuple[int, ...] = ()
    replaced: tuple[int, ...] = ()

    @classmethod
    def of(cls, topic: Topic, department: str) -> TopicForm:
        """The form that shows `topic`. department: id of the one that gets it, empty for none in particular."""
        return cls(
            title=topic.title,
            description=topic.description,
            added="",
            must="\n".join(one.text for one in topic.tests if one.must_answer),
            other="\n".join(one.text for one in topic.tests if not one.must_answer),
            answering=topic.answering,
            threshold=shown_threshold(topic.threshold),
            department=department,
            department_was=department,
            expected_version=topic.version,
        )

    @classmethod
    def read(cls, request: Request) -> TopicForm:
        """From the fields of a request. Raises InvalidMessage for what no person typed."""
        return cls(
            title=line_field(request, "title"),
            description=text_field(request, "description"),
            added=text_field(request, "added"),
            must=text_field(request, "must"),
            other=text_field(request, "other"),
            answering=line_field(request, "answering"),
            threshold=line_field(request, "threshold"),
            department=line_field(request, "department"),
            department_was=line_field(request, "department_was"),
            expected_version=version_field(request, "expected_version"),
            picked=_places(request, "picked"),
            replaced=_places(request, "replaced"),
        )

    def errors(self) -> dict[str, str]:
        """What is wrong: id of the control to Dutch sentence, in the order of the page."""
        errors = name_errors(self.title, self.description)
        for control in ("added", "must", "other"):
            if error := lines_error(getattr(self, control)):
                errors[control] = error
        if both := set(lines_of(self.must)) & set(lines_of(self.other)):
            errors["other"] = f"Deze toetsvraag staat er twee keer: “{min(both)}”. Haal er een weg."
        if self.answering not in ("automatic", "human"):
            errors["answering"] = "Kies wie er antwoordt."
        if self.threshold and self._threshold() is None:
            errors["threshold"] = "Vul een getal in van 0,01 tot en met 1, zoals 0,85. Of laat het leeg."
        return errors

    def topic(self, base: Topic, *, by: str) -> Topic:
        """`base` with what was filled in; its version stays. base: what the editor started from, or has seen since."""
        gone = set(self.replaced)
        kept = tuple(one for place, one in enumerate(base.examples) if place not in gone)
        return replace(
            with_examples(replace(base, examples=kept), examples_of(self.added, by=by)),
            title=self.title,
            description=self.description,
            tests=self._tests(base),
            answering=self._answering(),
            threshold=self._threshold(),
        )

    def taken_up(self, base: Topic) -> TopicForm:
        """With what is picked to be put right: its text is in `added`."""
        texts = [one.text for one in picked_examples(base, self.picked)]
        added = "\n".join([*texts, self.added]).strip()
        return replace(self, added=added, picked=(), replaced=tuple({*self.replaced, *self.picked}))

    def on(self, base: Topic, current: Topic) -> TopicForm:
        """The same form for `current`, which somebody saved in between.

        What the editor left as it was is what the other made of it; places are those of the same examples.
        """
        was, now = TopicForm.of(base, ""), TopicForm.of(current, "")
        untouched = {name: getattr(now, name) for name in _SETTINGS if getattr(self, name) == getattr(was, name)}
        places = {one.text: place for place, one in enumerate(current.examples)}

        def moved(picked: Sequence[int]) -> tuple[int, ...]:
            texts = (one.text for one in picked_examples(base, picked))
            return tuple(places[text] for text in texts if text in places)

        picked, replaced = moved(self.picked), moved(self.replaced)
        return replace(self, expected_version=current.version, picked=picked, replaced=replaced, **untouched)

    def _tests(self, base: Topic) -> tuple[TestMessage, ...]:
        """In the order that they had, the new ones behind them."""
        must = dict.fromkeys(lines_of(self.must), True) | dict.fromkeys(lines_of(self.other), False)
        order = dict.fromkeys([*(one.text for one in base.tests if one.text in must), *must])
        return tuple(TestMessage(text, must[text]) for text in order)

    def _answering(self) -> Literal["automatic", "human"]:
        return "human" if self.answering == "human" else "automatic"

    def _threshold(self) -> float | None:
        if not _THRESHOLD.fullmatch(self.threshold):
            return None
        threshold = float(self.threshold.replace(",", "."))
        return threshold if MIN_THRESHOLD <= threshold <= 1 and math.isfinite(threshold) else None


def name_errors(title: str, description: str) -> dict[str, str]:
    errors = {}
    if not title:
        errors["title"] = "Vul een naam in."
    elif len(title) > MAX_TITLE_CHARS:
        errors["title"] = f"De naam mag {limit(title, MAX_TITLE_CHARS)}."
    if len(description) > MAX_DESCRIPTION_CHARS:
        errors["description"] = f"De omschrijving mag {limit(description, MAX_DESCRIPTION_CHARS)}."
    return errors


def lines_error(text: str) -> str:
    """What is wrong with lines of examples or tests; empty for nothing."""
    lines = lines_of(text)
    if too_long := next((line for line in lines if len(line) > MAX_EXAMPLE_CHARS), ""):
        return f"Een regel mag hoogstens {MAX_EXAMPLE_CHARS} tekens lang zijn. Te lang is: “{too_long[:40]}…”"
    if len(lines) > MAX_EXAMPLES:
        return f"Er passen hoogstens {MAX_EXAMPLES} regels in; het zijn er nu {len(lines)}."
    return ""


def lines_of(text: str) -> list[str]:
    """The lines with something on them, single spaces, without repeats; a dash before them is not part of them."""
    cleaned = (" ".join(line.split()).removeprefix("- ") for line in text.split("\n"))
    return list(dict.fromkeys(line for line in cleaned if line))


def examples_of(text: str, *, by: str) -> tuple[Example, ...]:
    """The lines as examples that `by` adds now."""
    at_ms = now_ms()
    return tuple(Example(line, by, at_ms) for line in lines_of(text))


def picked_examples(topic: Topic, picked: Sequence[int]) -> list[Example]:
    """Those at the places `picked`; a place that there is not is none."""
    wanted = set(picked)
    return [one for place, one in enumerate(topic.examples) if place in wanted]


def _places(request: Request, name: str) -> tuple[int, ...]:
    values = fields(request, name)
    if len(values) > MAX_EXAMPLES or any(not re.fullmatch(r"[0-9]{1,5}", value) for value in values):
        raise InvalidMessage(f"{name}: expected places of examples")
    return tuple(sorted(set(map(int, values))))
