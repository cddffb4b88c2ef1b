"""Reading what the Graph API answers, without trust in its shape."""

from __future__ import annotations

from typing import Any

from bot.web.channels.messenger.graph import GraphUnknown, Json

END_OF_TIME_S = 253_402_300_799


def listed(answer: Json) -> list[Json]:
    """The objects of `{"data": [...]}`. Raises GraphUnknown when there is no such list."""
    data = answer.get("data")
    if not isinstance(data, list):
        raise GraphUnknown("an answer without a list")
    return [each for each in data if isinstance(each, dict)]


def names(values: Any) -> set[str]:
    """Of a list of texts, or of objects with a name: Meta has both forms for fields."""
    found = (
        each.get("name") if isinstance(each, dict) else each for each in (values if isinstance(values, list) else ())
    )
    return {str(each) for each in found if each}


def number(value: Any) -> int:
    """0 for what is none, and never later than the year 9999 when it is seconds."""
    text = str(value)
    return min(int(text), END_OF_TIME_S) if text.isdecimal() and len(text) < 30 else 0


def inner(answer: Json, key: str) -> Json:
    """The object under a key, empty when there is none."""
    value = answer.get(key)
    return value if isinstance(value, dict) else {}
