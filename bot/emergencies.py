"""Threats of self-harm and emergencies in a customer's words, by patterns that know nothing of the company's FAQ.

Pure Python and quick, so that the web process looks at every message itself, with or without an assistant. The
patterns are in emergency_patterns.txt; docs/explanation/emergencies.md says how well they do, and what happens then.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from pathlib import Path
from typing import Literal

Kind = Literal["self_harm", "emergency"]

PATTERNS = Path(__file__).with_name("emergency_patterns.txt")
# The time is linear in the length, so of a longer text only the beginning and the end are read, so much of each.
PART_CHARS = 2_000
# Shorter words have too many neighbours.
_MIN_SLIP_CHARS = 7

_HELD_DOWN = re.compile(r"([a-z])\1{2,}")
_SMILE = re.compile(r"\b(?:(?:ha|he|hi){2,}h?|lol|lmao|xd|grapje|geintje|jk)\b|[😂🤣😅😆😉😜🙃😄]")


def kind_of(text: str) -> Kind | None:
    """What the message may be about; None is an ordinary message, as far as words can tell.

    Both at once is self-harm: its sentence names 112 too.
    """
    if len(text) > 2 * PART_CHARS:
        text = f"{text[:PART_CHARS]} {text[-PART_CHARS:]}"
    text = text.lower()
    smiles = _SMILE.search(text) is not None
    for reading in _readings(text):
        plain = _HARMLESS.sub(" ", reading)
        if smiles:
            plain = _IN_EARNEST.sub(" ", plain)
        if _SELF_HARM.search(plain):
            return "self_harm"
        if _EMERGENCY.search(plain):
            return "emergency"
    return None


def _readings(text: str) -> list[str]:
    """The text without accents and marks, one space between words; a letter held down counts double, or once."""
    decomposed = unicodedata.normalize("NFKD", text)
    bare = "".join(char for char in decomposed if not unicodedata.combining(char))
    words = " ".join(re.findall(r"[a-z0-9]+", bare))
    if not _HELD_DOWN.search(words):
        return [_usual_spelling(words)]
    return [_usual_spelling(_HELD_DOWN.sub(letters, words)) for letters in (r"\1\1", r"\1")]


def _usual_spelling(words: str) -> str:
    words = _PHRASES.sub(lambda match: _SPELLINGS[match[0]], words)
    return " ".join(_SPELLINGS.get(word) or _meant(word) for word in words.split())


def _meant(word: str) -> str:
    """The long word that this one is a slip away from (a letter more, less or other), else the word itself."""
    if len(word) < _MIN_SLIP_CHARS - 1 or word in _KNOWN:
        return word
    return next((_SLIPS[slip] for slip in _one_less(word) if slip in _SLIPS), word)


def _one_less(word: str) -> list[str]:
    """The word, and the word without each of its letters but the first."""
    return [word, *(word[:at] + word[at + 1 :] for at in range(1, len(word)))]


def _read(path: Path) -> dict[str, list[str]]:
    """The lines of each [section], without comments."""
    sections: dict[str, list[str]] = {}
    lines: list[str] = []
    for line in path.read_text(encoding="utf-8").splitlines():
        if title := re.fullmatch(r"\[(\w+)\]", line):
            lines = sections.setdefault(title[1], [])
        elif line and not line.startswith("#"):
            lines.append(line)
    return sections


def _pairs(lines: Iterable[str]) -> dict[str, str]:
    return dict(line.split(" = ", 1) for line in lines)


def _any_of(patterns: Iterable[str], words: dict[str, str]) -> re.Pattern[str]:
    """One regular expression of all: `<3>` is up to three words, `{name}` a line of [words]."""
    joined = "|".join(patterns)
    for name, pattern in words.items():
        joined = joined.replace(f"{{{name}}}", pattern)
    return re.compile(r"\b(?:" + re.sub(r"<(\d+)>", r"(?:\\w+ ){0,\1}", joined) + ")")


_FILE = _read(PATTERNS)
_SPELLINGS = _pairs(_FILE["spellings"])
_PHRASES = re.compile(r"\b(?:" + "|".join(typed for typed in _SPELLINGS if " " in typed) + r")\b")
_HARMLESS, _SELF_HARM, _EMERGENCY, _IN_EARNEST = (
    _any_of(_FILE[name], _pairs(_FILE["words"])) for name in ("harmless", "self_harm", "emergency", "in_earnest")
)
# A word that a pattern has is what it is.
_KNOWN = frozenset(
    re.findall("[a-z]+", " ".join(line for name in _FILE if name != "long_words" for line in _FILE[name]))
)
_SLIPS = {slip: word for line in _FILE["long_words"] for word in line.split() for slip in _one_less(word)}
