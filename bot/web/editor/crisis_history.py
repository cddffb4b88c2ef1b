"""How often the crisis switch was set, for people: who did what, and when it ended by itself."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from bot.store.crisis import Crisis
from bot.web.editor.crisis_form import Known, chosen_titles
from bot.web.editor.people import Names

SHOWN = 30


@dataclass(frozen=True)
class Line:
    """what: in Dutch. answers, topics: what they are called. ended_ms: when it ended by itself, 0 if it did not."""

    crisis: Crisis
    what: str
    by: str
    answers: list[str]
    topics: list[str]
    ended_ms: int = 0


def history(settings: Sequence[Crisis], names: Names, known: Known, at_ms: int) -> list[Line]:
    """settings: every time that it was set, newest first. at_ms: now."""
    lines = []
    next_at_ms = at_ms
    for crisis, before in zip(settings, [*settings[1:], Crisis()], strict=False):
        lines.append(
            Line(
                crisis,
                _what(crisis, before),
                names.of(crisis.by),
                chosen_titles(list(crisis.texts), known),
                [known.topics.get(intent, intent) for intent in crisis.intents],
                crisis.until_ms if crisis.is_on and crisis.until_ms <= next_at_ms else 0,
            )
        )
        next_at_ms = crisis.at_ms
    return lines[:SHOWN]


def _what(crisis: Crisis, before: Crisis) -> str:
    was_on = before.holds(crisis.at_ms)
    if crisis.is_on:
        return "Gewijzigd" if was_on else "Aangezet"
    return "Uitgezet" if was_on else "Voorbereid"
