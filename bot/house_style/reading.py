"""How hard a text is to read: an indication, and no proof of level B1.

Rare words are those that `wordfreq` does not have among the 29,000 most used in Dutch (subtitles, Wikipedia, news and
social media, up to 2021), and that are not put together of such words. Flesch-Douma (W.H. Douma, 1960) is Flesch's
reading ease for Dutch; syllables are those of `pyphen`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from bot.house_style.findings import Finding
from bot.house_style.text import Text, Word

# Below it a text is hard; shorter texts say too little.
HARD_SCORE = 50
_FEWEST_WORDS = 15
_SHORT = 7
_FEWEST_LETTERS_OF_A_PART = 3
_MOST_LETTERS = 60
_BETWEEN_PARTS = ("", "s", "e", "n", "en", "-")
_ENDINGS = ("", "s", "e", "n", "en", "t", "d", "je", "tje", "jes", "tjes", "er", "ers", "de", "te")
_BEFORE_VERBS = frozenset(("af", "in", "na", "om", "op"))
_MOST_FOUND = 5


@dataclass(frozen=True)
class Readability:
    """score: Flesch-Douma, from 0 (very hard) to 100 (very easy)."""

    score: int

    @property
    def words(self) -> str:
        steps = ((80, "makkelijk"), (65, "gewoon"), (HARD_SCORE, "vrij moeilijk"))
        return next((words for least, words in steps if self.score >= least), "moeilijk")


def readability(raw: str) -> Readability | None:
    """None for a text that is too short to say."""
    return _readability(Text(raw))


def check_rare(text: Text) -> Iterator[Finding]:
    """Each word once."""
    rare: dict[str, Word] = {}
    for sentence in text.sentences:
        for word in sentence.words:
            # With a capital inside a sentence it is a name.
            is_name = word.text[:1].isupper() and (word is not sentence.words[0] or word.text.isupper())
            if not is_name and _is_rare(word.lower):
                rare.setdefault(word.lower, word)
    for word in list(rare.values())[:_MOST_FOUND]:
        reason = f"“{word.text}” komt weinig voor. Weet je een gewoner woord, of kun je het uitleggen?"
        yield Finding("rare", word.start, word.end, reason)


def check_reading(text: Text) -> Iterator[Finding]:
    found = _readability(text)
    if found and found.score < HARD_SCORE:
        reason = f"Deze tekst is moeilijk (leesbaarheid {found.score} van 100). Kortere zinnen en woorden helpen."
        yield Finding("reading", 0, 0, reason)


def _readability(text: Text) -> Readability | None:
    words = text.words
    if len(words) < _FEWEST_WORDS:
        return None
    syllables = sum(_syllables(word.lower) for word in words)
    score = 206.84 - 0.93 * len(words) / len(text.sentences) - 77 * syllables / len(words)
    return Readability(max(0, min(100, round(score))))


@lru_cache(maxsize=20_000)
def _syllables(word: str) -> int:
    return len(_hyphenation().positions(word[:_MOST_LETTERS])) + 1


@lru_cache(maxsize=20_000)
def _is_rare(word: str) -> bool:
    if len(word) <= _SHORT or len(word) > _MOST_LETTERS or not word.isalpha():
        return False
    return not _is_known(word)


def _is_known(word: str, parts: int = 3) -> bool:
    """Whether it is a common word, or put together of at most so many."""
    if any(word.endswith(ending) and _is_part(word.removesuffix(ending)) for ending in _ENDINGS):
        return True
    if parts == 1:
        return False
    longest = len(word) - _FEWEST_LETTERS_OF_A_PART
    return any(
        _is_known(word[at + len(between) :], parts - 1)
        for at in range(longest, 1, -1)
        if word[:at] in _BEFORE_VERBS or (at >= _FEWEST_LETTERS_OF_A_PART and _is_part(word[:at]))
        for between in _BETWEEN_PARTS
        if word.startswith(between, at) and len(word) - at - len(between) >= _FEWEST_LETTERS_OF_A_PART
    )


def _is_part(stem: str) -> bool:
    """Whether it is common, or a form of what is: maat of maten, afhaal of afhalen, was of wassen."""
    common = _common()
    if stem in common:
        return True
    if len(stem) < _FEWEST_LETTERS_OF_A_PART:
        return False
    doubled = stem[:-1] + stem[-2:] if stem[-2] in "aeou" else stem
    single = stem[:-2] + stem[-1] if stem[-2] == stem[-3] else stem + stem[-1]
    return doubled in common or f"{single}en" in common or f"{stem}en" in common


@lru_cache(maxsize=1)
def _common() -> frozenset[str]:
    # Imported here: a quarter of a second that only who checks a text needs.
    from wordfreq import get_frequency_list

    return frozenset(word for words in get_frequency_list("nl", "small") for word in words)


@lru_cache(maxsize=1)
def _hyphenation() -> Any:
    from pyphen import Pyphen

    return Pyphen(lang="nl_NL", left=1, right=1)
