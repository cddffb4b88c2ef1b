"""Cuts a long text into parts that a platform takes, where a reader would pause."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import dataclass

_ZERO_WIDTH_JOINER = "\u200d"
_SKIN_TONES = range(0x1F3FB, 0x1F400)
_TAGS = range(0xE0020, 0xE0080)
_FLAG_LETTERS = range(0x1F1E6, 0x1F200)
_HANGUL_VOWELS_AND_FINALS = range(0x1160, 0x1200)

# Where to cut, best first, each with how much of what fits the first half must have at least: a part of three words
# is worse than one that ends between sentences.
_PARAGRAPH = re.compile(r"\n\s*\n\s*")
_SENTENCE = re.compile(r"(?<=[.!?…:;。！？؟])[\"'”’)\]]*\s+|\n\s*")
_WORD = re.compile(r"\s+")
_CUTS = ((_PARAGRAPH, 0.35), (_SENTENCE, 0.35), (_WORD, 0.0))


@dataclass(frozen=True)
class Limit:
    """So much text goes in one part; `count` says how the platform counts it."""

    size: int
    count: Callable[[str], int]

    def fits(self, text: str) -> bool:
        return self.count(text) <= self.size


def utf16_units(text: str) -> int:
    """How JavaScript and Java count: an emoji is two or more. Never less than a platform that counts characters."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def utf8_bytes(text: str) -> int:
    return len(text.encode("utf-8", "surrogatepass"))


def split(text: str, limit: Limit) -> list[str]:
    """The text in order, in parts within the limit; only white space between them is gone. Empty for no text."""
    parts, rest = [], text.strip()
    while not limit.fits(rest):
        end = len(_longest(rest, limit))
        cut = _cut_before(rest, end)
        parts.append(rest[:cut].rstrip())
        rest = rest[cut:].lstrip()
    return [part for part in (*parts, rest) if part]


def split_off_end(text: str, limit: Limit) -> tuple[str, str]:
    """The text in two: what goes before, and as much of its end as fits, beginning where a reader would."""
    text = text.strip()
    if limit.fits(text):
        return "", text
    nearest = max(0, len(text) - limit.size - 1)  # a sign counts as one or more
    for pattern, _ in _CUTS:
        for match in pattern.finditer(text, nearest):
            end = text[match.end() :]
            if end and limit.fits(end):
                return text[: match.start()] + match.group().rstrip(), end
    # One endless word: its last piece.
    pieces = split(text, limit)
    return "".join(pieces[:-1]), pieces[-1]


def shortened(text: str, limit: Limit) -> str:
    """The beginning of the text, with … when something is missing."""
    if limit.fits(text):
        return text
    room = Limit(limit.size - limit.count("…"), limit.count)
    return _longest(text, room).rstrip() + "…"


def graphemes(text: str) -> Iterator[str]:
    """What a reader sees as one sign: a letter with its accents, an emoji with its skin tone, a flag, a family.

    Simpler than Unicode's own rules, and where they differ it keeps more together.
    """
    sign = ""
    for character in text:
        if sign and not _belongs_to(sign, character):
            yield sign
            sign = ""
        sign += character
    if sign:
        yield sign


def _belongs_to(sign: str, character: str) -> bool:
    code = ord(character)
    if sign[-1] == _ZERO_WIDTH_JOINER or character == _ZERO_WIDTH_JOINER:
        return True
    if code in _FLAG_LETTERS:
        return len(sign) == 1 and ord(sign) in _FLAG_LETTERS
    if code in _SKIN_TONES or code in _TAGS or code in _HANGUL_VOWELS_AND_FINALS:
        return True
    return sign + character == "\r\n" or unicodedata.category(character) in ("Mn", "Me", "Mc")


def _longest(text: str, limit: Limit) -> str:
    """As many whole signs as fit; of a sign that is too long alone, as many characters as fit, at least one."""
    taken, used = 0, 0
    for sign in graphemes(text):
        used += limit.count(sign)
        if used > limit.size:
            break
        taken += len(sign)
    if taken:
        return text[:taken]
    while taken < len(text) and limit.fits(text[: taken + 1]):
        taken += 1
    return text[: max(taken, 1)]


def _cut_before(text: str, end: int) -> int:
    """The best place to cut at or before `end`, which is where it must be cut at the latest."""
    for pattern, least in _CUTS:
        # White space that begins right at the end may follow it, so one sign more is looked at.
        found = [match.start() + len(match.group().rstrip()) for match in pattern.finditer(text, 0, end + 1)]
        if fitting := [cut for cut in found if max(1, least * end) <= cut <= end]:
            return fitting[-1]
    return end
