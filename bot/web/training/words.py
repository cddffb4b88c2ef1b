"""What the pages about training say, in Dutch."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bot.store.topics import OUT_OF_SCOPE
from bot.store.trainings import Became

STATES = {
    "asked": "wacht op een trainer",
    "running": "bezig",
    "done": "klaar",
    "failed": "mislukt",
    "cancelled": "gestopt",
}
STEPS = {
    "": "Begint zo.",
    "read": "Leest de onderwerpen en de antwoorden.",
    "train": "Leert van de voorbeelden.",
    "golden": "Maakt de toetsvragen.",
    "compare": "Vergelijkt met het model van nu.",
    "keep": "Bewaart het model.",
}
REASONS = {
    "lost": "De trainer viel weg. Probeer het nog eens.",
    "stopped": "De training is onderbroken, omdat de trainer stopte. Probeer het nog eens.",
    "data": "De onderwerpen kunnen zo niet getraind worden.",
    "failed": "Er ging iets mis bij het trainen. Een beheerder kan in het logboek van de training zien wat.",
}
# Of the model's card: how often, of what was tried while it was trained.
FIGURES = {
    "precision": "Van de antwoorden is goed",
    "coverage": "Van de vragen krijgt antwoord",
    "asked": "Krijgt eerst “Bedoel je …?”",
    "leak": "Krijgt ten onrechte antwoord",
}
KINDS = {
    "gone": ("Krijgt geen antwoord meer", "zonder antwoord"),
    "other": ("Krijgt een ander antwoord", "met een ander antwoord"),
    "new": ("Krijgt nu wel antwoord", "nu wel met antwoord"),
}


def outcome(became: Became, titles: Mapping[str, str]) -> str:
    """What the customer gets."""
    title = titles.get(became.intent, became.intent)
    if became.outcome == "answer":
        return f"antwoord over “{title}”"
    return f"vraag terug (“Bedoel je {title}?”)" if became.outcome == "ask" else "naar een medewerker"


def expected(intent: str, must_answer: bool, titles: Mapping[str, str]) -> str:
    """What a test message asks for."""
    title = titles.get(intent, intent)
    if intent == OUT_OF_SCOPE:
        return "mag geen antwoord krijgen"
    if must_answer:
        return f"moet een antwoord krijgen over “{title}”"
    return f"mag alleen een antwoord krijgen over “{title}”"


UNMEASURED = "–"


def percent(share: float | None) -> str:
    """As `97,3%`."""
    return UNMEASURED if share is None else f"{100 * share:.1f}%".replace(".", ",")


def figures(card: Mapping[str, Any]) -> dict[str, str]:
    """What the card says, by the words for it."""
    decisions = card.get("cross_validated_decisions") or {}
    found = {words: percent(decisions.get(name)) for name, words in FIGURES.items()}
    threshold = card.get("threshold")
    found["Antwoordt vanaf een zekerheid van"] = percent(threshold)
    found["Onderwerpen"] = str(card.get("n_intents", UNMEASURED))
    found["Voorbeelden"] = str(card.get("n_examples", UNMEASURED))
    return found
