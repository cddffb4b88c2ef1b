"""What a check hands over."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from bot.nlu.lint.sources import SourceExample


class Severity(str, Enum):
    """In the order of the report."""

    ERROR = "error"
    WARNING = "warning"
    HINT = "hint"


@dataclass(frozen=True)
class Finding:
    """`examples` are those concerned; where the finding is about whole intents, some that are typical."""

    check: str
    severity: Severity
    intents: tuple[str, ...]
    advice: str
    examples: tuple[SourceExample, ...] = ()
    note: str = ""  # what is special about this one, among others with the same advice
    about_intents: bool = False
    weight: float = 0.0  # the worst first, among those of one check

    @property
    def texts(self) -> frozenset[str]:
        return frozenset(example.text or example.written for example in self.examples)


def severity_order(finding: Finding) -> tuple[int, str, float]:
    return list(Severity).index(finding.severity), finding.check, -finding.weight
