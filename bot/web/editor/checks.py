"""What may stand in an answer, with the Dutch sentence for what may not."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from urllib.parse import urlsplit

from bot.answers import VARIABLES, unknown_variables

MAX_TITLE_CHARS = 20
MAX_TEXT_CHARS = 2_000
# Messenger takes no more beside buttons; a longer answer goes as several messages.
MESSENGER_CHARS = 640
# Instagram counts bytes; a longer answer goes as several messages.
INSTAGRAM_BYTES = 999
MAX_URL_CHARS = 500
_BRACES = re.compile(r"\{\w+\}")


def text_error(text: str, own: Collection[str], *, what: str = "Het antwoord") -> str:
    """What is wrong with a text that customers read, empty for nothing. own: the company's fields."""
    if len(text) > MAX_TEXT_CHARS:
        return f"{what} mag {limit(text, MAX_TEXT_CHARS)}."
    if unknown := unknown_variables(text, own):
        return f"{_braced(unknown)} bestaat niet. Je kunt kiezen uit {_braced([*VARIABLES, *own])}."
    if has_loose_braces(text):
        return "De tekens { en } mogen alleen om een variabele staan, zoals {wanneer}."
    return ""


def has_loose_braces(text: str) -> bool:
    """Whether a customer would read { or }, as they are around nothing that could be a variable."""
    return bool(set("{}") & set(_BRACES.sub("", text)))


def limit(text: str, most: int) -> str:
    return f"hoogstens {most} tekens lang zijn; het zijn er nu {len(text)}"


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


def _braced(names: Iterable[str]) -> str:
    return ", ".join(f"{{{name}}}" for name in names)
