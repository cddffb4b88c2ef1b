"""All rules of a house style held against one text."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import lru_cache

from bot.house_style.address import check_address
from bot.house_style.appearance import (
    check_capitals,
    check_emoji,
    check_exclamations,
    check_greeting,
    check_links,
    check_sign_off,
    is_own,
)
from bot.house_style.findings import RULES, Finding
from bot.house_style.reading import check_rare, check_reading
from bot.house_style.sentences import check_passive, check_sentences
from bot.house_style.text import Text
from bot.house_style.words import check_forbidden, check_plain, check_preferred
from bot.store.house_style import HouseStyle

# More than a thousand answers with their other texts: a report is made anew only of what changed.
_REMEMBERED = 8_192
_OF_WORDS = frozenset(("forbidden", "rare"))


@lru_cache(maxsize=_REMEMBERED)
def check(raw: str, style: HouseStyle) -> tuple[Finding, ...]:
    """In the order of the text. What two rules say of the same words is said once, by the first in RULES."""
    if not raw.strip():
        return ()
    by_rule = {rule: number for number, rule in enumerate(RULES)}
    found = sorted(_all(Text(raw), style), key=lambda one: (by_rule[one.rule], one.start))
    # Characters that a rule would write something else for, or that a person must.
    said = bytearray(len(raw))
    kept: list[Finding] = []
    for finding in found:
        is_of_words = finding.suggestion is not None or finding.rule in _OF_WORDS
        if is_of_words and any(said[finding.start : finding.end]):
            continue
        if is_of_words:
            said[finding.start : finding.end] = b"\x01" * (finding.end - finding.start)
        kept.append(_weighed(finding, style))
    return tuple(sorted(kept, key=lambda one: (one.start, one.end, by_rule[one.rule])))


def check_link(url: str, style: HouseStyle) -> tuple[Finding, ...]:
    """The address behind a button."""
    if not url or not style.own_domains or is_own(url, style.own_domains):
        return ()
    return check(url, replace(style, address="", most_words=None, plain=False, greeting="", sign_off=""))


def _all(text: Text, style: HouseStyle) -> Iterator[Finding]:
    if style.address:
        yield from check_address(text, style.address)
    yield from check_forbidden(text, style.forbidden)
    yield from check_preferred(text, style.preferred)
    if style.most_words is not None:
        yield from check_sentences(text, style.most_words)
    if style.plain:
        yield from _hard(text, style.address)
    yield from _appearance(text, style)


def _hard(text: Text, address: str) -> Iterator[Finding]:
    yield from check_plain(text, address)
    yield from check_rare(text)
    yield from check_passive(text)
    yield from check_reading(text)


def _appearance(text: Text, style: HouseStyle) -> Iterator[Finding]:
    yield from check_greeting(text, style.greeting, style.greetings)
    yield from check_sign_off(text, style.sign_off, style.sign_offs)
    if style.most_emoji is not None:
        yield from check_emoji(text, style.most_emoji)
    if style.most_exclamations is not None:
        yield from check_exclamations(text, style.most_exclamations)
    if style.capitals:
        yield from check_capitals(text)
    if style.own_domains:
        yield from check_links(text, style.own_domains)


def _weighed(finding: Finding, style: HouseStyle) -> Finding:
    rule = RULES[finding.rule]
    is_required = rule.may_be_required and rule.id in style.required
    return replace(finding, severity="error" if is_required else rule.severity)
