"""A text in words and sentences; variables and addresses are neither."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

# Stands for each character of what is no language, so that places stay the same.
MASK = "\ufffc"
LINK = re.compile(r"(?:https?://|www\.)[^\s<>\"]*[^\s<>\".,;:!?)\]'’]", re.IGNORECASE)
_NO_LANGUAGE = re.compile(rf"{LINK.pattern}|[\w.+-]{{1,64}}@[\w-]{{1,63}}[\w.-]{{0,190}}|\{{\w*\}}", re.IGNORECASE)
# Letters, with what holds parts of one word together: i.p.v, foto's, t/m, e-mail.
WORD = re.compile(r"(?:[^\W\d_]\.){1,6}[^\W\d_]\b|[^\W\d_]+(?:['’/&-][^\W\d_]+)*")
# A mark at the end of a sentence, with what closes it; a small letter behind it goes on with the sentence. So many of
# each at most, or a long row of marks takes long.
_END = re.compile(r"[.!?…]{1,6}['’\"”)\]]{0,3}(?=\s{1,9}[^a-zà-ÿ\s]|\s{0,9}$)|\n+|\ufffc(?=\s{1,9}[A-ZÀ-Ý])")
_ABBREVIATIONS = frozenset(
    "art bijv bv blz ca dhr dr d.w.z enz etc evt excl incl jl max mevr min mr m.u.v nl nr o.a st t.a.v tel vgl".split()
)


class Word(NamedTuple):
    text: str
    start: int
    end: int
    lower: str


@dataclass(frozen=True)
class Sentence:
    """words: without variables and addresses."""

    start: int
    end: int
    words: tuple[Word, ...]


class Text:
    """`plain` has the length of `raw`, with MASK for what is no language."""

    def __init__(self, raw: str) -> None:
        self.raw = raw
        self.plain = _NO_LANGUAGE.sub(lambda match: MASK * len(match[0]), raw)

    @cached_property
    def words(self) -> tuple[Word, ...]:
        return tuple(
            Word(match[0], match.start(), match.end(), match[0].lower()) for match in WORD.finditer(self.plain)
        )

    @cached_property
    def sentences(self) -> tuple[Sentence, ...]:
        return tuple(self._sentences())

    def _sentences(self) -> Iterator[Sentence]:
        first, starts = 0, [word.start for word in self.words]
        for end in (*self._ends(), len(self.plain)):
            beyond = bisect_left(starts, end)
            if words := self.words[first:beyond]:
                yield Sentence(words[0].start, self._trimmed(end), words)
            first = beyond

    def _ends(self) -> Iterator[int]:
        for match in _END.finditer(self.plain):
            before = self.plain[max(0, match.start() - 8) : match.start()].split()
            if match[0] != "." or not before or before[-1].lower().lstrip("('") not in _ABBREVIATIONS:
                yield match.end()

    def _trimmed(self, end: int) -> int:
        return len(self.plain[:end].rstrip())


def like(model: str, text: str) -> str:
    """`text` with a capital if `model` begins with one."""
    return text[:1].upper() + text[1:] if model[:1].isupper() else text
