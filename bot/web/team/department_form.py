"""The form of one department: what was filled in, what is wrong with it, what it becomes."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Literal, TypeVar

from sanic import Request

from bot.store.departments import Department, Target
from bot.web.editor.form import version_field
from bot.web.form_fields import fields, line_field, text_field
from bot.web.team.hours_text import canonical_days, canonical_hours, shown_days

MAX_NAME_CHARS = 60
# Control -> least and most minutes.
LIMITS = {"first": (0, 7 * 24 * 60), "resolve": (0, 30 * 24 * 60), "repeat": (1, 24 * 60)}
# In the order of the page; pages.py has their Dutch names.
CHANNELS = ("widget", "messenger", "instagram", "comment", "rest")
_MINUTES = re.compile(r"\d{1,6}")
Value = TypeVar("Value")


@dataclass(frozen=True)
class DepartmentForm:
    """As it was typed. channels: channel -> its minutes until an answer and an end, empty for those of `first`."""

    name: str = ""
    hours: str = ""
    closed_days: str = ""
    first: str = "10"
    resolve: str = "480"
    repeat: str = "15"
    assignment: str = "manual"
    members: tuple[str, ...] = ()
    managers: tuple[str, ...] = ()
    intents: tuple[str, ...] = ()
    reasons: tuple[str, ...] = ()
    channels: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    expected_version: int = 0

    @classmethod
    def of(cls, department: Department) -> DepartmentForm:
        """The form that shows it."""
        return cls(
            name=department.name,
            hours=department.hours,
            closed_days=shown_days(department.closed_days),
            first=str(department.target.first_minutes),
            resolve=str(department.target.resolve_minutes),
            repeat=str(department.repeat_minutes),
            assignment=department.assignment,
            members=department.members,
            managers=department.managers,
            intents=department.intents,
            reasons=department.reasons,
            channels={
                name: (str(target.first_minutes), str(target.resolve_minutes))
                for name, target in department.channels.items()
            },
            expected_version=department.version,
        )

    @classmethod
    def read(cls, request: Request) -> DepartmentForm:
        """From the fields of a request. Raises InvalidMessage if `expected_version` is no number."""
        typed = {
            name: (line_field(request, f"{name}-first"), line_field(request, f"{name}-resolve")) for name in CHANNELS
        }
        return cls(
            name=line_field(request, "name"),
            hours=text_field(request, "hours"),
            closed_days=text_field(request, "closed_days"),
            first=line_field(request, "first"),
            resolve=line_field(request, "resolve"),
            repeat=line_field(request, "repeat"),
            assignment=line_field(request, "assignment"),
            members=tuple(fields(request, "members")),
            managers=tuple(fields(request, "managers")),
            intents=tuple(fields(request, "intents")),
            reasons=tuple(fields(request, "reasons")),
            channels={name: pair for name, pair in typed.items() if any(pair)},
            expected_version=version_field(request, "expected_version"),
        )

    def errors(self, taken: Mapping[str, str], titles: Mapping[str, str]) -> dict[str, str]:
        """What is wrong: id of the control to Dutch sentence, in the order of the page.

        taken: intent or reason -> name of the department that has it. titles: their Dutch words.
        """
        errors = {}
        if not 1 <= len(self.name) <= MAX_NAME_CHARS:
            errors["name"] = f"Vul een naam in van hoogstens {MAX_NAME_CHARS} tekens."
        if self.hours:
            _try(errors, "hours", canonical_hours, self.hours)
        _try(errors, "closed_days", canonical_days, self.closed_days)
        self._check_topics(errors, taken, titles)
        self._check_minutes(errors)
        return errors

    def department(self, current: Department) -> Department:
        """`current` with what was filled in, which has no errors."""
        return replace(
            current,
            name=self.name,
            hours=canonical_hours(self.hours) if self.hours else "",
            closed_days=canonical_days(self.closed_days),
            target=Target(int(self.first), int(self.resolve)),
            repeat_minutes=int(self.repeat),
            assignment=self._assignment(),
            members=self.members,
            managers=self.managers,
            intents=self.intents,
            reasons=self.reasons,
            channels={name: self._target(*pair) for name, pair in self.channels.items()},
            version=self.expected_version,
        )

    def _assignment(self) -> Literal["manual", "automatic"]:
        return "automatic" if self.assignment == "automatic" else "manual"

    def _target(self, first: str, resolve: str) -> Target:
        """What is left empty is as for the other channels."""
        return Target(int(first or self.first), int(resolve or self.resolve))

    def _check_topics(self, errors: dict[str, str], taken: Mapping[str, str], titles: Mapping[str, str]) -> None:
        for topics, control in ((self.reasons, "reasons"), (self.intents, "intents")):
            for topic in topics:
                if topic in taken:
                    errors[control] = (
                        f"‘{titles.get(topic, topic)}’ gaat al naar {taken[topic]}. Haal het daar eerst weg."
                    )

    def _check_minutes(self, errors: dict[str, str]) -> None:
        self._check_number(errors, "first", self.first, "tot een antwoord")
        self._check_number(errors, "resolve", self.resolve, "tot het klaar is")
        for name, (first, resolve) in self.channels.items():
            self._check_number(errors, f"{name}-first", first or "0", "tot een antwoord")
            self._check_number(errors, f"{name}-resolve", resolve or "0", "tot het klaar is")
        self._check_number(errors, "repeat", self.repeat, "tot de volgende waarschuwing")

    @staticmethod
    def _check_number(errors: dict[str, str], control: str, text: str, what: str) -> None:
        least, most = LIMITS[control.rpartition("-")[2]]
        if not _MINUTES.fullmatch(text) or not least <= int(text) <= most:
            errors[control] = f"Hoeveel minuten {what}? Vul een getal in van {least} tot {most}."


def _try(errors: dict[str, str], control: str, read: Callable[[str], Value], text: str) -> None:
    try:
        read(text)
    except ValueError as exc:
        errors[control] = str(exc)
