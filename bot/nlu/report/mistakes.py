"""The mistakes that a person should look at, the worst first."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from bot.nlu.conclusions import HUMAN
from bot.nlu.metrics import OUT_OF_SCOPE
from bot.nlu.verdicts import Verdict, Verdicts


@dataclass(frozen=True)
class Mistakes:
    """One kind of mistake; `kind` is a heading of the page."""

    kind: str
    verdicts: list[Verdict]  # the most confident first


def mistakes_of(test: Verdicts, out_of_scope: Verdicts) -> list[Mistakes]:
    """Sort what went wrong by how much harm it does: a wrong answer costs more than a human's minute."""
    everything = [*test.each, *out_of_scope.each]
    return [
        Mistakes("wrong", _where(everything, lambda v: v.label != OUT_OF_SCOPE and v.answer not in ("", v.label))),
        Mistakes("leaked", _where(everything, lambda v: v.label == OUT_OF_SCOPE and bool(v.answer))),
        Mistakes("handed_over", _where(everything, lambda v: v.label in test.answerable and v.outcome == HUMAN)),
    ]


def _where(verdicts: list[Verdict], is_mistake: Callable[[Verdict], bool]) -> list[Verdict]:
    return sorted(filter(is_mistake, verdicts), key=lambda verdict: -verdict.confidence)
