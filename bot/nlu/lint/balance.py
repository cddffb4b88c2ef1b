"""Intents with too few examples, and intents much larger or smaller than the others."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from statistics import median

from bot.example_rules import ENOUGH_EXAMPLES, MIN_EXAMPLES
from bot.nlu.lint.findings import Finding, Severity
from bot.nlu.lint.sources import SourceExample
from bot.nlu.metrics import OUT_OF_SCOPE

# Times the median, in either direction.
UNEVEN = 3


def check_balance(examples: Sequence[SourceExample]) -> Iterator[Finding]:
    sizes = Counter(example.intent for example in examples if example.text)
    usual = median(sizes.values()) if sizes else 0
    for intent, size in sizes.items():
        if size < MIN_EXAMPLES:
            advice = f"{_count(size)}: too few to learn from. Write at least {MIN_EXAMPLES - size} more."
            yield _finding("too-few", Severity.ERROR, intent, advice)
        elif size < ENOUGH_EXAMPLES:
            advice = f"{_count(size)}: write {ENOUGH_EXAMPLES - size} more, as different as customers are."
            yield _finding("too-few", Severity.WARNING, intent, advice)
        yield from _uneven(intent, size, usual)


def _uneven(intent: str, size: int, usual: float) -> Iterator[Finding]:
    # Of what is out of scope there can't be too much: it is all the rest of the world.
    if size > UNEVEN * usual and intent != OUT_OF_SCOPE:
        advice = f"{_count(size)}, where {usual:g} is usual: others will lose from it. Remove repeats, or split it."
        yield _finding("uneven", Severity.WARNING, intent, advice)
    elif size * UNEVEN < usual:
        yield _finding("uneven", Severity.WARNING, intent, f"{_count(size)}, where {usual:g} is usual: write more.")


def _count(size: int) -> str:
    return f"{size} example{'' if size == 1 else 's'}"


def _finding(check: str, severity: Severity, intent: str, advice: str) -> Finding:
    return Finding(check, severity, (intent,), advice, about_intents=True)
