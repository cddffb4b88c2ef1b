"""Reading the fields of a posted form."""

from __future__ import annotations

import re
import unicodedata
import uuid

from sanic import Request

from bot.errors import InvalidMessage

# Control characters that no keyboard makes; they would break what shows the text later. Tab and line end stay.
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\x80-\x9f\u2028\u2029]")


def field(request: Request, name: str) -> str:
    """The field just as it was sent, or an empty string."""
    return str(request.form.get(name, "")) if request.form else ""


def fields(request: Request, name: str) -> list[str]:
    """Every value of a field that may be there more than once."""
    return list(request.form.getlist(name, [])) if request.form else []


def text_field(request: Request, name: str) -> str:
    """Lines of text, as we keep them: line ends are one character, composed accents, no space around."""
    return _clean(field(request, name))


def line_field(request: Request, name: str) -> str:
    """One line of text, with single spaces."""
    return clean_line(field(request, name))


def clean_line(text: str) -> str:
    """A line as we keep it: composed accents, single spaces, no characters that no keyboard makes."""
    return " ".join(_clean(text).split())


def uuid_field(request: Request, name: str) -> str:
    """An id that the form made by itself, as 32 letters and digits. Raises InvalidMessage."""
    try:
        return uuid.UUID(field(request, name)).hex
    except ValueError as exc:
        raise InvalidMessage(f"{name}: expected a UUID") from exc


def _clean(text: str) -> str:
    lines = text.replace("\r\n", "\n").replace("\r", "\n")
    return _CONTROL.sub("", unicodedata.normalize("NFC", lines)).strip()
