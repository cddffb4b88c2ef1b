"""A piece of a text around what was searched for, with that marked. Parts, not markup: the page escapes them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from bot.web.search.query import Term, folded

MAX_CHARS = 220
_BEFORE_CHARS = 70


@dataclass(frozen=True)
class Part:
    """Some characters; `is_hit`: these were searched for."""

    text: str
    is_hit: bool = False


def hits(text: str, terms: Iterable[Term]) -> tuple[int, list[tuple[int, int]]]:
    """How many of the terms are in a text, and all places where one is, in order and apart from each other."""
    plain, places = folded(text)
    count, found = 0, []
    for term in terms:
        spans = [match.span() for match in term.pattern.finditer(plain)]
        count += bool(spans)
        found += spans
    if places is not None:
        found = [(places[start], places[end - 1] + 1) for start, end in found]
    return count, _apart(sorted(found))


def excerpt(text: str, spans: Sequence[tuple[int, int]]) -> tuple[Part, ...]:
    """At most about MAX_CHARS of the text, around the first of the places."""
    start = _start(text, spans[0][0] if spans else 0)
    end = _end(text, start)
    parts = [Part("… ")] if start else []
    at = start
    for hit_start, hit_end in spans:
        if hit_start >= end:
            break
        parts += [Part(text[at:hit_start]), Part(text[hit_start : min(hit_end, end)], is_hit=True)]
        at = min(hit_end, end)
    parts += [Part(text[at:end]), Part(" …" if end < len(text) else "")]
    return tuple(part for part in parts if part.text)


def _apart(spans: list[tuple[int, int]]) -> list[tuple[int, int]]:
    found: list[tuple[int, int]] = []
    for start, end in spans:
        if found and start < found[-1][1]:
            found[-1] = (found[-1][0], max(end, found[-1][1]))
        elif end > start:
            found.append((start, end))
    return found


def _start(text: str, hit: int) -> int:
    """A little before the hit, at the beginning of a word."""
    if hit <= _BEFORE_CHARS:
        return 0
    return text.find(" ", hit - _BEFORE_CHARS, hit) + 1 or hit


def _end(text: str, start: int) -> int:
    if len(text) <= start + MAX_CHARS:
        return len(text)
    space = text.rfind(" ", start + MAX_CHARS // 2, start + MAX_CHARS)
    return space if space > 0 else start + MAX_CHARS
