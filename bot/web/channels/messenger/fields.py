"""Reading JSON of any shape: what is not as expected counts as absent, and nothing here raises."""

from __future__ import annotations

import re
from typing import Any

from bot.web.channels.intake import cleaned

Json = dict[str, Any]

MAX_URL_CHARS = 2_000
MAX_TITLE_CHARS = 200
_ID = re.compile(r"[A-Za-z0-9_.:~-]{1,100}")
_WEB = re.compile(r"https?://[^\s\x00-\x1f\x7f]+", re.IGNORECASE)
# Meta's times are in milliseconds, and in seconds here and there: 10^12 ms is the year 2001.
_SECONDS_BELOW = 10**12
_NO_TIME_ABOVE = 10**14


def record(value: object, name: str) -> Json:
    """The object in a field."""
    found = value.get(name) if isinstance(value, dict) else None
    return found if isinstance(found, dict) else {}


def records(value: object, name: str) -> list[Json]:
    """The objects in a list in a field; others are left out."""
    found = value.get(name) if isinstance(value, dict) else None
    return [one for one in found if isinstance(one, dict)] if isinstance(found, list) else []


def has_list(value: object, name: str) -> bool:
    return isinstance(value, dict) and isinstance(value.get(name), list)


def words(value: object, name: str) -> str:
    """The text in a field, cleaned; a number counts as text."""
    found = value.get(name) if isinstance(value, dict) else None
    if isinstance(found, int) and not isinstance(found, bool):
        found = decimal(found)
    return cleaned(whole_characters(found)) if isinstance(found, str) else ""


def line(value: object, name: str, max_chars: int = MAX_TITLE_CHARS) -> str:
    """The text in a field as one short line."""
    return shortened(" ".join(words(value, name).split()), max_chars)


def ident(value: object, name: str) -> str:
    """An id, which may be a number or a text."""
    found = words(value, name)
    return found if _ID.fullmatch(found) else ""


def decimal(number: int) -> str:
    """Python refuses to write out a number of thousands of digits."""
    return str(number) if abs(number) < 10**40 else ""


def number(value: object, name: str) -> int:
    """A number at or above 0, which may be a text; else 0."""
    found = words(value, name)
    return int(found) if found.isascii() and found.isdecimal() and len(found) < 19 else 0


def time_ms(value: object, name: str) -> int:
    """A time in ms since 1970, whichever unit it came in; 0 for none."""
    found = number(value, name)
    found = found * 1000 if found < _SECONDS_BELOW else found
    return found if found < _NO_TIME_ABOVE else 0


def url(value: object, name: str) -> str:
    """A web address; anything else, such as a script, is none."""
    found = words(value, name)
    return found if len(found) <= MAX_URL_CHARS and _WEB.fullmatch(found) else ""


def shortened(text: str, max_chars: int) -> str:
    """At most so many characters; the last one says that there was more."""
    return text if len(text) <= max_chars else text[: max_chars - 1].rstrip() + "…"


def whole_characters(text: str) -> str:
    """Without halves of surrogate pairs: they can't be stored."""
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
