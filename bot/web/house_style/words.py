"""What differs between two house styles, in words."""

from __future__ import annotations

from dataclasses import dataclass

from bot.house_style import RULES
from bot.store.house_style import HouseStyle

# Field of HouseStyle to what the page calls it.
TITLES = {
    "address": "Je of u",
    "forbidden": "Verboden woorden",
    "preferred": "Liever een ander woord",
    "most_words": "Langste zin",
    "plain": "Gewone taal (B1)",
    "greeting": "Begroeting",
    "greetings": "Begroetingen",
    "sign_off": "Afsluiting",
    "sign_offs": "Afsluitingen",
    "most_emoji": "Emoji",
    "most_exclamations": "Uitroeptekens",
    "capitals": "Woorden in hoofdletters",
    "own_domains": "Eigen domeinen",
    "required": "Verplicht",
}
_PLACES = {"must": "moet", "must_not": "mag niet", "": "maakt niet uit"}


@dataclass(frozen=True)
class Difference:
    """One setting: what a colleague made of it, and what is in the form."""

    title: str
    theirs: str
    mine: str


def differences(theirs: HouseStyle, mine: HouseStyle) -> tuple[Difference, ...]:
    return tuple(
        Difference(title, _said(name, getattr(theirs, name)), _said(name, getattr(mine, name)))
        for name, title in TITLES.items()
        if getattr(theirs, name) != getattr(mine, name)
    )


def changes(before: HouseStyle, after: HouseStyle) -> str:
    """What the audit log says: what changed, and of a short setting into what."""
    said = []
    for name, title in TITLES.items():
        old, new = getattr(before, name), getattr(after, name)
        if old == new:
            continue
        is_long = isinstance(new, tuple) and name != "required"
        said.append(f"{title}: {len(old)} → {len(new)}" if is_long else f"{title}: {_said(name, new)}")
    return "; ".join(said)


def _said(name: str, value: object) -> str:
    if isinstance(value, bool):
        return "aan" if value else "uit"
    if name in ("greeting", "sign_off"):
        return _PLACES[str(value)]
    if name == "required" and isinstance(value, tuple):
        return ", ".join(RULES[rule].title for rule in value if rule in RULES) or "niets"
    if isinstance(value, tuple):
        return ", ".join(" = ".join(filter(None, one)) if isinstance(one, tuple) else one for one in value) or "geen"
    return "maakt niet uit" if value in (None, "") else str(value)
