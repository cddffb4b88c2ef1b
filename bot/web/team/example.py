"""Departments to begin with, of a shop like that of the project's answers."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

from bot.store.departments import Department, Target

_EXAMPLE = (
    Department(
        "klantenservice",
        "de klantenservice",
        Target(10, 480),
        intents=("klacht", "medewerker_spreken"),
        reasons=("complaint",),
    ),
    Department("hr", "HR", Target(240, 2_400), hours="ma-vr 9:00-17:00", intents=("faq_vacatures",), place=1),
    Department(
        "zakelijk",
        "de afdeling Zakelijk",
        Target(60, 960),
        hours="ma-vr 8:30-17:30",
        intents=("faq_zakelijk",),
        place=2,
    ),
)


def example(intents: Collection[str]) -> list[Department]:
    """Three of them, with those topics that the installation has."""
    return [replace(one, intents=tuple(intent for intent in one.intents if intent in intents)) for one in _EXAMPLE]
