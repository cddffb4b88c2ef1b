"""A department as lines of text, to compare two versions of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from bot.store.departments import Department, Target
from bot.web.team.hours_text import shown_days


def as_text(department: Department, names: Mapping[str, str], titles: Mapping[str, str]) -> str:
    """All that a manager can change. names: of accounts, titles: of intents and reasons."""
    lines = {
        "Naam": department.name,
        "Openingstijden": department.hours or "die van het bedrijf",
        "Gesloten op": ", ".join(shown_days(department.closed_days).split("\n")),
        "Leden": _listed(department.members, names),
        "Leiding": _listed(department.managers, names),
        "Redenen": _listed(department.reasons, titles),
        "Vragen": _listed(department.intents, titles),
        "Beloften": _promise(department.target),
        **{f"Beloften {channel}": _promise(target) for channel, target in sorted(department.channels.items())},
        "Verdelen": "automatisch" if department.assignment == "automatic" else "met de hand",
        "Opnieuw waarschuwen": f"elke {department.repeat_minutes} minuten",
    }
    return "\n".join(f"{name}: {value or '–'}" for name, value in lines.items())


def _listed(ids: Iterable[str], words: Mapping[str, str]) -> str:
    return ", ".join(sorted(words.get(one, one) for one in ids))


def _promise(target: Target) -> str:
    return f"antwoord {target.first_minutes} minuten, klaar {target.resolve_minutes} minuten"
