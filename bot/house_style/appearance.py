"""How a text looks: how it begins and ends, emoji, exclamation marks, capitals, links."""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import urlsplit

from bot.house_style.findings import Finding
from bot.house_style.text import LINK, Text

# One picture, also one of several characters: a flag, a skin, a family.
_ONE_EMOJI = "[\U0001f1e6-\U0001f1ff]{2}|[\u2600-\u27bf\u2b50\u2b55\U0001f300-\U0001faff][\ufe0f\U0001f3fb-\U0001f3ff]*"
EMOJI = re.compile(rf"(?:{_ONE_EMOJI})(?:\u200d(?:{_ONE_EMOJI}))*")
_EXCLAMATIONS = re.compile(r"!+")
_SHOUTED_LETTERS = 5


def check_emoji(text: Text, most: int) -> Iterator[Finding]:
    says = "Geen emoji." if most == 0 else f"Hoogstens {most} emoji in een antwoord."
    for match in list(EMOJI.finditer(text.plain))[most:]:
        yield Finding("emoji", match.start(), match.end(), says, "")


def check_exclamations(text: Text, most: int) -> Iterator[Finding]:
    """So many in a text, and one at a time."""
    for number, match in enumerate(_EXCLAMATIONS.finditer(text.plain), start=1):
        if number > most:
            reason = f"Hoogstens {most} {'uitroepteken' if most == 1 else 'uitroeptekens'} in een antwoord."
            yield Finding("exclamation", match.start(), match.end(), reason if most else "Geen uitroeptekens.", ".")
        elif len(match[0]) > 1:
            yield Finding("exclamation", match.start(), match.end(), "Eén uitroepteken is genoeg.", "!")


def check_capitals(text: Text) -> Iterator[Finding]:
    for word in text.words:
        if len(word.text) >= _SHOUTED_LETTERS and word.text.isupper() and word.text.isalpha():
            reason = f"“{word.text}” leest als schreeuwen."
            yield Finding("capitals", word.start, word.end, reason, word.lower)


def check_greeting(text: Text, place: str, greetings: tuple[str, ...]) -> Iterator[Finding]:
    """place: `must` or `must_not` begin with one of them."""
    found = _any_of(greetings, r"\s*(?:{})(?!\w)[^\S\n]*[,.!]?\s*").match(text.plain) if greetings else None
    if place == "must" and greetings and not found:
        reason = f"Begin met een begroeting, zoals “{greetings[0]}”."
        yield Finding("greeting", 0, 0, reason, f"{greetings[0]}!\n")
    if place == "must_not" and found:
        yield Finding("greeting", 0, found.end(), f"Begin zonder “{found[0].strip()}”.", "")


def check_sign_off(text: Text, place: str, sign_offs: tuple[str, ...]) -> Iterator[Finding]:
    """place: `must` or `must_not` have one of them in the last line."""
    end, last_line = len(text.plain.rstrip()), text.plain.rstrip().rfind("\n") + 1
    found = _any_of(sign_offs, r"(?<!\w)(?:{})(?!\w)").search(text.plain, last_line) if sign_offs else None
    if place == "must" and sign_offs and not found:
        yield Finding("sign_off", end, end, f"Sluit af, bijvoorbeeld met “{sign_offs[0]}”.", f"\n{sign_offs[0]}")
    if place == "must_not" and found:
        yield Finding("sign_off", found.start(), found.end(), f"Sluit af zonder “{found[0]}”.")


def check_links(text: Text, own_domains: tuple[str, ...]) -> Iterator[Finding]:
    for match in LINK.finditer(text.raw):
        if not is_own(match[0], own_domains):
            reason = f"Deze link gaat naar een andere site. Link alleen naar {', '.join(own_domains)}."
            yield Finding("link", match.start(), match.end(), reason)


def is_own(url: str, own_domains: tuple[str, ...]) -> bool:
    """Whether it goes to one of the domains, or to a name below it."""
    try:
        host = (urlsplit(url if "://" in url else f"https://{url}").hostname or "").rstrip(".")
    except ValueError:
        return False
    return any(host == domain or host.endswith(f".{domain}") for domain in own_domains)


def _any_of(words: tuple[str, ...], around: str) -> re.Pattern[str]:
    longest_first = sorted(words, key=len, reverse=True)
    return re.compile(around.format("|".join(map(re.escape, longest_first))), re.IGNORECASE)
