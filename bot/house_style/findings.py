"""What a check finds, and the rules that find it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Severity = Literal["error", "warning", "tip"]


@dataclass(frozen=True)
class Rule:
    """may_be_required: whether a manager may demand it. What only guesses (a passive sentence, a rare word) is never
    demanded: an editor would have no way out of a wrong guess."""

    id: str
    title: str
    severity: Severity
    may_be_required: bool = True


# In the order of the page.
RULES: dict[str, Rule] = {
    rule.id: rule
    for rule in (
        Rule("address", "Je of u", "warning"),
        Rule("forbidden", "Verboden woorden", "warning"),
        Rule("preferred", "Liever een ander woord", "warning"),
        Rule("sentence", "Lange zinnen", "warning"),
        Rule("plain", "Stijve woorden", "tip"),
        Rule("rare", "Moeilijke woorden", "tip", may_be_required=False),
        Rule("passive", "Lijdende vorm", "tip", may_be_required=False),
        Rule("reading", "Moeilijke tekst", "tip", may_be_required=False),
        Rule("greeting", "Begroeting", "warning"),
        Rule("sign_off", "Afsluiting", "warning"),
        Rule("emoji", "Emoji", "warning"),
        Rule("exclamation", "Uitroeptekens", "tip"),
        Rule("capitals", "Hoofdletters", "tip"),
        Rule("link", "Links naar andere sites", "warning"),
    )
}


@dataclass(frozen=True)
class Finding:
    """text[start:end] is what it is about; start == end: something is missing there.

    reason: in Dutch. suggestion: what to put there instead, None if that is for a person to find.
    """

    rule: str
    start: int
    end: int
    reason: str
    suggestion: str | None = None
    severity: Severity = "warning"
