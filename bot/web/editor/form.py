"""The form of one answer: what was filled in, what is wrong with it, what it becomes."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from urllib.parse import urlsplit

from sanic import Request

from bot.answers import VARIABLES, unknown_variables
from bot.errors import InvalidMessage
from bot.model import Button, Template
from bot.web.form_fields import line_field, text_field

MAX_TITLE_CHARS = 20
MAX_TEXT_CHARS = 2_000
# Messenger takes no more beside buttons; a longer answer goes as several messages.
MESSENGER_CHARS = 640
MAX_BUTTONS = 3
# Read, so that a template with too many (the API can store one) isn't cut short in silence.
_MAX_ROWS_READ = 10
MAX_URL_CHARS = 500
# What the choice of a button holds when it opens a page instead of a topic.
URL_TARGET = "url"
_BRACES = re.compile(r"\{\w+\}")


@dataclass(frozen=True)
class ButtonRow:
    """One row of the buttons. `target` is a payload (`/faq_garantie`), URL_TARGET, which goes to `url`, or empty."""

    title: str = ""
    target: str = ""
    url: str = ""

    @classmethod
    def of(cls, button: Button) -> ButtonRow:
        return cls(button.title, URL_TARGET if button.url else button.payload, button.url)

    @property
    def is_empty(self) -> bool:
        return not (self.title or self.target or self.url)

    def errors(self, id: str, number: int, payloads: set[str]) -> dict[str, str]:
        """What is wrong with row `number`, whose controls' ids start with `id`."""
        errors = {}
        if not self.title:
            errors[f"{id}-title"] = f"Vul de tekst van knop {number} in, of maak de knop leeg."
        elif len(self.title) > MAX_TITLE_CHARS:
            errors[f"{id}-title"] = f"Knop {number} mag {_limit(self.title, MAX_TITLE_CHARS)}."
        if self.target == URL_TARGET:
            if not is_https_url(self.url):
                errors[f"{id}-url"] = f"Vul bij knop {number} een adres in dat begint met https://."
        elif self.target not in payloads:
            errors[f"{id}-target"] = f"Kies wat knop {number} doet."
        return errors

    def button(self) -> Button:
        if self.target == URL_TARGET:
            return Button(self.title, url=self.url)
        return Button(self.title, payload=self.target)


@dataclass(frozen=True)
class AnswerForm:
    """As it was filled in; `expected_version` is the version that the editor started from."""

    title: str
    text: str
    rows: tuple[ButtonRow, ...]
    expected_version: int

    @classmethod
    def of(cls, template: Template, *, expected_version: int | None = None) -> AnswerForm:
        """The form that shows `template`."""
        rows = tuple(ButtonRow.of(button) for button in template.buttons)
        version = template.version if expected_version is None else expected_version
        return cls(template.title, template.text, _padded(rows), version)

    @classmethod
    def read(cls, request: Request) -> AnswerForm:
        """From the fields of a request. Raises InvalidMessage if `expected_version` is no number."""
        rows = tuple(_read_row(request, number) for number in range(1, _MAX_ROWS_READ + 1))
        version = version_field(request, "expected_version")
        return cls(line_field(request, "title"), text_field(request, "text"), _padded(rows), version)

    def errors(self, payloads: set[str], own: Collection[str]) -> dict[str, str]:
        """What is wrong: id of the control to Dutch sentence, in the order of the page. own: the company's fields."""
        errors = {**self._title_errors(), **self._text_errors(own)}
        for number, row in enumerate(self.rows, start=1):
            if row.is_empty:
                continue
            if number > MAX_BUTTONS:
                errors[f"button-{number}-title"] = (
                    f"Een antwoord heeft hoogstens {MAX_BUTTONS} knoppen. Maak deze leeg."
                )
            else:
                errors.update(row.errors(f"button-{number}", number, payloads))
        return errors

    def template(self, current: Template) -> Template:
        """`current` with what was filled in."""
        buttons = tuple(row.button() for row in self.rows if not row.is_empty)
        return replace(current, title=self.title, text=self.text, buttons=buttons)

    def _title_errors(self) -> dict[str, str]:
        if not self.title:
            return {"title": "Vul een onderwerp in."}
        if len(self.title) > MAX_TITLE_CHARS:
            return {"title": f"Het onderwerp mag {_limit(self.title, MAX_TITLE_CHARS)}."}
        return {}

    def _text_errors(self, own: Collection[str]) -> dict[str, str]:
        if not self.text:
            return {"text": "Vul het antwoord in."}
        if len(self.text) > MAX_TEXT_CHARS:
            return {"text": f"Het antwoord mag {_limit(self.text, MAX_TEXT_CHARS)}."}
        unknown = unknown_variables(self.text, own)
        if unknown:
            return {"text": f"{_braced(unknown)} bestaat niet. Je kunt kiezen uit {_braced([*VARIABLES, *own])}."}
        if set("{}") & set(_BRACES.sub("", self.text)):
            return {"text": "De tekens { en } mogen alleen om een variabele staan, zoals {wanneer}."}
        return {}


def version_field(request: Request, name: str) -> int:
    """The number of a version. Raises InvalidMessage."""
    number = line_field(request, name)
    if not re.fullmatch(r"[0-9]{1,9}", number):
        raise InvalidMessage(f"{name}: expected a number")
    return int(number)


def is_https_url(url: str) -> bool:
    """Whether `url` is a whole https address without spaces or a password in it."""
    try:
        parts = urlsplit(url)
        return (
            parts.scheme == "https"
            and bool(parts.hostname)
            and parts.username is None
            and len(url) <= MAX_URL_CHARS
            and not re.search(r"[\s\\<>\"]", url)
        )
    except ValueError:
        return False


def _read_row(request: Request, number: int) -> ButtonRow:
    target = line_field(request, f"button-{number}-target")
    # An address left over from an earlier choice doesn't count.
    url = line_field(request, f"button-{number}-url") if target in ("", URL_TARGET) else ""
    return ButtonRow(line_field(request, f"button-{number}-title"), URL_TARGET if url else target, url)


def _padded(rows: tuple[ButtonRow, ...]) -> tuple[ButtonRow, ...]:
    """At least MAX_BUTTONS rows, and no more empty ones at the end than that takes."""
    filled = max((number for number, row in enumerate(rows, start=1) if not row.is_empty), default=0)
    return (*rows[:filled], *[ButtonRow()] * (MAX_BUTTONS - filled))


def _limit(text: str, most: int) -> str:
    return f"hoogstens {most} tekens lang zijn; het zijn er nu {len(text)}"


def _braced(names: Iterable[str]) -> str:
    return ", ".join(f"{{{name}}}" for name in names)
