"""Two texts side by side, with what differs."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from difflib import SequenceMatcher

from bot.model import Template
from bot.web.pages import CHANNELS


@dataclass(frozen=True)
class Piece:
    """A run of words; `differs` if the other text hasn't got it there."""

    text: str
    differs: bool


def compare(one: str, other: str) -> tuple[list[Piece], list[Piece]]:
    """Both texts in pieces; the pieces of each, put together, are the whole text."""
    words, other_words = _words(one), _words(other)
    pieces: list[Piece] = []
    other_pieces: list[Piece] = []
    for kind, start, end, other_start, other_end in SequenceMatcher(None, words, other_words, False).get_opcodes():
        differs = kind != "equal"
        pieces.append(Piece("".join(words[start:end]), differs))
        other_pieces.append(Piece("".join(other_words[other_start:other_end]), differs))
    return _filled(pieces), _filled(other_pieces)


def as_text(template: Template, choices: Mapping[str, str]) -> str:
    """All that an editor can change, as lines. choices: what a button can ask for, payload to Dutch words."""
    lines = [f"Titel: {template.title}", "", template.text]
    for variant in template.variants:
        who = f"alleen op {CHANNELS.get(variant.channel, variant.channel)}" if variant.channel else "om en om"
        lines += ["", f"Andere tekst ({who}):", variant.text]
    if template.image:
        lines += ["", f"Afbeelding: {template.image.url}", f"Te zien: {template.image.alt}"]
    buttons = [
        f"Knop: {button.title} → {button.url or choices.get(button.payload, button.payload)}"
        for button in template.buttons
    ]
    lines += ["", *buttons] if buttons else []
    lines += ["", "Verwijderd: klanten krijgen het niet."] if template.is_removed else []
    return "\n".join(lines)


def _words(text: str) -> list[str]:
    # With the space behind them: a text is mostly spaces, and all of those fit each other.
    return re.findall(r"\S+\s*|\s+", text)


def _filled(pieces: list[Piece]) -> list[Piece]:
    return [piece for piece in pieces if piece.text]
