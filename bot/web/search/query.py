"""What somebody typed, as what the index is asked and what is marked in the results.

Nothing typed is an operator of the index: only letters and digits get there, in quotes.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

MAX_QUERY_CHARS = 200
MAX_TERMS = 8
# A part of a number that is shorter says nothing; what is longer is a made-up id, of which any part may be in another.
MIN_NUMBER_CHARS = 3
MAX_NUMBER_CHARS = 24
# As the index cuts words (unicode61): letters and digits.
WORD = re.compile(r"[^\W_]+")
_TERM = re.compile(r'"([^"]*)"|(\S+)')
# An order number, a phone, an e-mail address with a digit: what people write with or without signs in between.
_NUMBER = re.compile(r"[^\W_]+(?:[-./@:]?[^\W_]+)*")
_DIGIT = re.compile(r"\d")


@dataclass(frozen=True)
class Term:
    """One thing that a conversation must have. words: behind each other; the last may go on, unless `is_exact`."""

    words: tuple[str, ...]
    is_exact: bool = False

    @property
    def number(self) -> str:
        """What may also be a part of a number, without signs; empty if it can't."""
        joined = "".join(self.words)
        fits = MIN_NUMBER_CHARS <= len(joined) <= MAX_NUMBER_CHARS
        return joined if fits and not self.is_exact and _DIGIT.search(joined) else ""

    @property
    def match(self) -> str:
        """For FTS5."""
        goes_on = "" if self.is_exact or len(self.words[-1]) < 2 else "*"
        phrase = f'"{" ".join(self.words)}"{goes_on}'
        return f'({phrase} OR "{self.number}"*)' if self.number else phrase

    @property
    def pattern(self) -> re.Pattern[str]:
        """Finds it in a folded text."""
        phrase = r"[\W_]+".join(map(re.escape, self.words))
        word = rf"(?<![^\W_]){phrase}" + (r"(?![^\W_])" if self.is_exact else "")
        if not self.number:
            return re.compile(word)
        return re.compile(rf"{word}|{'[-./@: ]?'.join(map(re.escape, self.number))}")


def terms(text: str) -> tuple[Term, ...]:
    """What was typed: words, and between quotes words that stand behind each other. At most MAX_TERMS of them."""
    found = []
    for match in _TERM.finditer(fold(text[:MAX_QUERY_CHARS])):
        words = tuple(WORD.findall(match[1] if match[1] is not None else match[2]))
        if words:
            found.append(Term(words, is_exact=match[1] is not None))
    return tuple(dict.fromkeys(found))[:MAX_TERMS]


def number_parts(text: str) -> str:
    """The ends of each number in a text, so that any part of one is the beginning of something in the index."""
    if not _DIGIT.search(text):
        return ""
    found: dict[str, None] = {}
    for match in _NUMBER.finditer(fold(text)):
        number = "".join(WORD.findall(match[0]))
        if _DIGIT.search(number) and MIN_NUMBER_CHARS <= len(number) <= MAX_NUMBER_CHARS:
            found |= dict.fromkeys(number[at:] for at in range(len(number) - MIN_NUMBER_CHARS + 1))
    return " ".join(found)


def fold(text: str) -> str:
    """Without accents and capitals, as the index compares."""
    return folded(text)[0]


def folded(text: str) -> tuple[str, list[int] | None]:
    """The folded text, and where in `text` each of its characters comes from; None when that is the same place."""
    if text.isascii():
        return text.lower(), None
    found, places = [], []
    for place, char in enumerate(text):
        for part in unicodedata.normalize("NFD", char):
            if unicodedata.category(part) != "Mn":
                lower = part.lower()
                found.append(lower)
                places += [place] * len(lower)
    return "".join(found), places
