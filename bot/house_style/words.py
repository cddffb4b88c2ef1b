"""Words that a company does not use, or would rather see otherwise."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from functools import lru_cache
from pathlib import Path

from bot.house_style.findings import Finding
from bot.house_style.text import Text, like

_TOKEN = re.compile(r"(?<![\w-])(?:\w+|[^\w\s])")
_PLAIN_WORDS = Path(__file__).with_name("plain_words.txt")


def check_forbidden(text: Text, forbidden: tuple[tuple[str, str], ...]) -> Iterator[Finding]:
    """forbidden: word or words, and the reason."""
    reasons = {word.lower(): reason for word, reason in forbidden}
    for match in _found(text, tuple(reasons)):
        reason = reasons[_key(match[0])] or "Dit gebruiken we niet."
        yield Finding("forbidden", match.start(), match.end(), f"“{match[0]}”: {reason}")


def check_preferred(text: Text, preferred: tuple[tuple[str, str], ...]) -> Iterator[Finding]:
    yield from _instead(text, {word.lower(): better for word, better in preferred}, "preferred", "We schrijven liever")


def check_plain(text: Text, address: str) -> Iterator[Finding]:
    """Officialese that has a plain Dutch word. address: `u` where that is who is spoken to."""
    yield from _instead(text, plain_words_for_u() if address == "u" else plain_words(), "plain", "Gewoner is")


def _instead(text: Text, words: Mapping[str, str], rule: str, says: str) -> Iterator[Finding]:
    for match in _found(text, tuple(words)):
        better = like(match[0], words[_key(match[0])])
        reason = f"{says} “{better}” in plaats van “{match[0]}”."
        yield Finding(rule, match.start(), match.end(), reason, better)


@lru_cache(maxsize=1)
def plain_words() -> dict[str, str]:
    """plain_words.txt: officialese to plain Dutch."""
    lines = _PLAIN_WORDS.read_text(encoding="utf-8").splitlines()
    pairs = [line.split(" = ") for line in lines if line and not line.startswith("#")]
    return {stiff: plain for stiff, plain in pairs}


@lru_cache(maxsize=1)
def plain_words_for_u() -> dict[str, str]:
    return {stiff: re.sub(r"\bje\b", "u", plain.replace("wil je", "wilt u")) for stiff, plain in plain_words().items()}


def _found(text: Text, words: tuple[str, ...]) -> Iterator[re.Match[str]]:
    """From left to right, none inside another."""
    patterns, beyond = _patterns(words), 0
    for token in _TOKEN.finditer(text.plain) if words else ():
        pattern = patterns.get(token[0].lower()) if token.start() >= beyond else None
        if pattern and (match := pattern.match(text.plain, token.start())):
            beyond = match.end()
            yield match


@lru_cache(maxsize=64)
def _patterns(words: tuple[str, ...]) -> dict[str, re.Pattern[str]]:
    """By the first token, as one pattern of hundreds of words is slow. Whole words, in any case, the longest first."""
    by_token: dict[str, list[str]] = defaultdict(list)
    for one in sorted(words, key=len, reverse=True):
        if token := _TOKEN.match(one):
            by_token[token[0].lower()].append(r"\s+".join(map(re.escape, one.split())))
    return {token: re.compile(rf"(?:{'|'.join(some)})(?![\w-])", re.IGNORECASE) for token, some in by_token.items()}


def _key(found: str) -> str:
    return " ".join(found.lower().split())
