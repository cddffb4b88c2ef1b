"""What cross-validation has to say: examples whose label it doubts, and intents that it takes for each other."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence

from bot.nlu.lint.findings import Finding, Severity
from bot.nlu.lint.pipeline import Seen
from bot.nlu.lint.sources import SourceExample

# Calibrated: of such guesses four in five and more are right, and still most labels are, because labels are checked.
DOUBTFUL_CONFIDENCE = 0.8
# Of two intents' examples, the share that goes to the other one; and how many must go in each direction.
CONFUSED_SHARE, MIN_EACH_WAY = 0.05, 2
TYPICAL_EACH_WAY = 2

DOUBT_ADVICE = (
    "Is the label right? A model that did not see these is sure of another intent. "
    "Move them, make them clearer, or accept what is hard but right."
)

Pair = tuple[str, str]


def check_labels(
    examples: Sequence[SourceExample], seen: Seen, *, min_confidence: float = DOUBTFUL_CONFIDENCE
) -> Iterator[Finding]:
    for row, (example, guess) in enumerate(zip(examples, seen.guesses, strict=True)):
        confidence = float(seen.confidences[row])
        if guess == example.intent or confidence < min_confidence:
            continue
        note = f"{guess} {confidence:.2f}"
        intents = example.intent, guess
        yield Finding(
            "doubtful-label", Severity.WARNING, intents, DOUBT_ADVICE, (example,), note=note, weight=confidence
        )


def check_confusions(examples: Sequence[SourceExample], seen: Seen) -> Iterator[Finding]:
    sizes: dict[str, int] = defaultdict(int)
    confused: dict[Pair, list[int]] = defaultdict(list)
    for row, (example, guess) in enumerate(zip(examples, seen.guesses, strict=True)):
        sizes[example.intent] += 1
        if guess != example.intent:
            confused[example.intent, guess].append(row)
    for one, other in sorted(pair for pair in confused if pair[0] < pair[1]):
        there, back = confused[one, other], confused.get((other, one), [])
        share = (len(there) + len(back)) / (sizes[one] + sizes[other])
        if min(len(there), len(back)) < MIN_EACH_WAY or share < CONFUSED_SHARE:
            continue
        advice = (
            f"Too close: {len(there)} of {sizes[one]} examples of {one} were taken for {other}, and {len(back)} of "
            f"{sizes[other]} the other way. Add examples that show the border, or make one intent of the two."
        )
        typical = tuple(examples[row] for rows in (there, back) for row in _most_confident(rows, seen))
        yield Finding(
            "close-intents", Severity.WARNING, (one, other), advice, typical, about_intents=True, weight=share
        )


def _most_confident(rows: list[int], seen: Seen) -> list[int]:
    return sorted(rows, key=lambda row: -seen.confidences[row])[:TYPICAL_EACH_WAY]
