"""The first draft of an answer, from what agents answered: what fits most, without what is about one customer."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Sequence

from bot.example_rules import EMAIL
from bot.personal_data import masked

MAX_CHARS = 1_500
_WORD = re.compile(r"\w+")
_GREETING = re.compile(
    r"^\s*(?:hoi|hallo|hey|hi|beste|geachte|dag|goede\s?(?:morgen|middag|navond|dag)|goedenavond)\b[^.!?\n,]{0,40}[,.!\n]+\s*",
    re.IGNORECASE,
)
_SIGN_OFF = re.compile(
    r"[\s,]{0,9}\b(?:(?:met )?(?:vriendelijke|hartelijke) groet(?:en|jes)?|groet(?:en|jes)?|mvg|"
    r"(?:nog )?een fijne (?:dag|avond|middag|weekend)(?: verder| nog)?|fijne (?:dag|avond|middag)(?: verder| nog)?)\b"
    r"[^\n]{0,40}(?:\n[^\n]{0,60}){0,3}\s*$",
    re.IGNORECASE,
)
_NUMBER = re.compile(r"\b[A-Z]{0,3}-?\d(?:[\s.-]?\d){4,}\b")
_POSTCODE = re.compile(r"\b\d{4}\s?[A-Z]{2}\b")


def first_draft(replies: Sequence[str], names: Collection[str] = ()) -> str:
    """Empty without replies. names: of customers and agents, which go."""
    cleaned = [text for reply in replies if (text := without_persons(reply, names))]
    return _most_like_the_others(cleaned)[:MAX_CHARS]


def without_persons(reply: str, names: Collection[str] = ()) -> str:
    """The reply without greeting, sign-off, names and numbers. What stays may still be about one customer."""
    text = _SIGN_OFF.sub("", _GREETING.sub("", masked(reply).strip()))
    text = EMAIL.sub("[e-mailadres]", _POSTCODE.sub("[postcode]", _NUMBER.sub("[nummer]", text)))
    for name in sorted(_first_names(names), key=len, reverse=True):
        text = re.sub(rf"[,\s]{{0,9}}\b{re.escape(name)}\b", "", text)
    # Braces are variables in an answer.
    text = re.sub(r"[{}]", "", text).strip(" ,\n")
    return text[:1].upper() + text[1:]


def _first_names(names: Iterable[str]) -> set[str]:
    return {part for name in names for part in name.split() if len(part) > 2}


def _most_like_the_others(texts: Sequence[str]) -> str:
    """By the share of words that two have in common; the longest of equals."""
    if not texts:
        return ""
    words = [frozenset(_WORD.findall(text.casefold())) for text in texts]

    def likeness(at: int) -> tuple[float, int]:
        return sum(len(words[at] & other) / max(1, len(words[at] | other)) for other in words), len(texts[at])

    return texts[max(range(len(texts)), key=likeness)]
