"""The form of the house style."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import get_args

from sanic import Request

from bot.house_style import RULES
from bot.store.house_style import Address, HouseStyle, Place
from bot.web.editor.form import version_field
from bot.web.form_fields import field, fields, line_field, text_field

MAX_LINES = 300
MAX_WORD_CHARS = 60
MAX_REASON_CHARS = 200
# Of one list, so that all lists together are no larger than what a request may be.
MAX_LIST_CHARS = 8_000
MAX_SHOWN_WORDS = 60
_HOST = re.compile(r"(?:[^\W_](?:[\w-]{0,61}[^\W_])?\.)+[^\W\d_]{2,63}")
_NUMBERS = {"most_words": (5, 60), "most_emoji": (0, 20), "most_exclamations": (0, 20)}
_NUMBER_TITLES = {
    "most_words": "Vul bij zinnen een getal van 5 tot 60 in, of laat het leeg.",
    "most_emoji": "Vul bij emoji een getal van 0 tot 20 in, of laat het leeg.",
    "most_exclamations": "Vul bij uitroeptekens een getal van 0 tot 20 in, of laat het leeg.",
}
_LISTS = ("greetings", "sign_offs", "own_domains", "forbidden", "preferred")


@dataclass(frozen=True)
class StyleForm:
    """As it was filled in. Lists are text, a line each; numbers are text, empty for no limit."""

    address: str
    greeting: str
    sign_off: str
    most_words: str
    most_emoji: str
    most_exclamations: str
    greetings: str
    sign_offs: str
    own_domains: str
    forbidden: str
    preferred: str
    plain: bool
    capitals: bool
    required: tuple[str, ...]
    expected_version: int

    @classmethod
    def of(cls, style: HouseStyle) -> StyleForm:
        return cls(
            address=style.address,
            greeting=style.greeting,
            sign_off=style.sign_off,
            most_words=_number(style.most_words),
            most_emoji=_number(style.most_emoji),
            most_exclamations=_number(style.most_exclamations),
            greetings="\n".join(style.greetings),
            sign_offs="\n".join(style.sign_offs),
            own_domains="\n".join(style.own_domains),
            forbidden="\n".join(f"{word} = {reason}" if reason else word for word, reason in style.forbidden),
            preferred="\n".join(f"{word} = {better}" for word, better in style.preferred),
            plain=style.plain,
            capitals=style.capitals,
            required=style.required,
            expected_version=style.version,
        )

    @classmethod
    def read(cls, request: Request) -> StyleForm:
        """Raises InvalidMessage if the version is no number."""
        return cls(
            **{name: line_field(request, name) for name in ("address", "greeting", "sign_off", *_NUMBERS)},
            **{name: text_field(request, name) for name in _LISTS},
            plain=field(request, "plain") == "on",
            capitals=field(request, "capitals") == "on",
            required=tuple(rule for rule in RULES if rule in fields(request, "required")),
            expected_version=version_field(request, "version"),
        )

    def errors(self) -> dict[str, str]:
        """What is wrong: id of the control to Dutch sentence."""
        kinds = {"address": Address, "greeting": Place, "sign_off": Place}
        errors = {
            name: "Kies een van de mogelijkheden."
            for name, kind in kinds.items()
            if getattr(self, name) not in get_args(kind)
        }
        errors |= {
            name: _NUMBER_TITLES[name]
            for name, (least, most) in _NUMBERS.items()
            if not _is_number(getattr(self, name), least, most)
        }
        for name in _LISTS:
            if error := _list_error(name, getattr(self, name)):
                errors[name] = error
        for name, list_name in (("greeting", "greetings"), ("sign_off", "sign_offs")):
            if getattr(self, name) and not getattr(self, list_name):
                errors[list_name] = "Schrijf er minstens één op."
        return errors

    def style(self, before: HouseStyle) -> HouseStyle:
        """Only of a form without errors."""
        numbers = {name: int(text) if (text := getattr(self, name)) else None for name in _NUMBERS}
        return replace(
            before,
            address=self.address,  # type: ignore[arg-type]
            greeting=self.greeting,  # type: ignore[arg-type]
            sign_off=self.sign_off,  # type: ignore[arg-type]
            greetings=tuple(_lines(self.greetings)),
            sign_offs=tuple(_lines(self.sign_offs)),
            own_domains=tuple(dict.fromkeys(map(_host, _lines(self.own_domains)))),
            forbidden=tuple(map(_pair, _lines(self.forbidden))),
            preferred=tuple(map(_pair, _lines(self.preferred))),
            plain=self.plain,
            capitals=self.capitals,
            required=tuple(rule for rule in self.required if RULES[rule].may_be_required),
            **numbers,  # type: ignore[arg-type]
        )


def _is_number(text: str, least: int, most: int) -> bool:
    """Or nothing."""
    return not text or (re.fullmatch(r"[0-9]{1,3}", text) is not None and least <= int(text) <= most)


def _list_error(name: str, text: str) -> str:
    lines = _lines(text)
    if len(lines) > MAX_LINES:
        return f"Hoogstens {MAX_LINES} regels; het zijn er nu {len(lines)}."
    if len(text) > MAX_LIST_CHARS:
        return f"Hoogstens {MAX_LIST_CHARS} tekens; het zijn er nu {len(text)}."
    return next((error for line in lines if (error := _line_error(name, line))), "")


def _line_error(name: str, line: str) -> str:
    if name == "own_domains":
        return "" if _HOST.fullmatch(_host(line)) else f"“{_short(line)}” is geen domein. Schrijf het als winkel.nl."
    word, other = _pair(line) if name in ("forbidden", "preferred") else (line, "")
    if not any(letter.isalnum() for letter in word):
        return f"In de regel “{_short(line)}” staat geen woord."
    if len(word) > MAX_WORD_CHARS:
        return f"“{_short(word)}” is te lang: hoogstens {MAX_WORD_CHARS} tekens."
    if len(other) > MAX_REASON_CHARS:
        return f"De tekst achter “{_short(word)} =” is te lang: hoogstens {MAX_REASON_CHARS} tekens."
    if name == "preferred" and not other:
        return f"Schrijf achter “{_short(word)}” een = en het woord dat jullie liever gebruiken."
    return ""


def _pair(line: str) -> tuple[str, str]:
    word, _, other = line.partition("=")
    return word.strip(), other.strip()


def _host(line: str) -> str:
    """Of what somebody copied from their browser, too."""
    host = re.sub(r"^[a-z]+://", "", line.strip().lower()).partition("/")[0]
    return host.removeprefix("www.")


def _lines(text: str) -> list[str]:
    return [" ".join(line.split()) for line in text.splitlines() if line.strip()]


def _number(value: int | None) -> str:
    return "" if value is None else str(value)


def _short(text: str) -> str:
    return text if len(text) <= MAX_SHOWN_WORDS else f"{text[: MAX_SHOWN_WORDS - 1]}…"
