"""What a model made of test messages, and the figures of design.md that follow from it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np

from bot.nlu.calibration import expected_calibration_error
from bot.nlu.conclusions import ANSWER
from bot.nlu.decision import DECISION
from bot.nlu.examples import Example
from bot.nlu.metrics import OUT_OF_SCOPE, coverage, leak, precision


@dataclass(frozen=True)
class Verdict:
    """What became of one message."""

    text: str
    label: str  # the right intent; OUT_OF_SCOPE where no template is right
    outcome: str  # as Decision says it: answer, ask, human
    intent: str  # what an answer is, or would be, about
    threshold: float = 0.0  # from which confidence on that intent is answered
    ranking: Sequence[dict[str, Any]] = field(default_factory=tuple)  # {"name", "confidence"}, most likely first

    @classmethod
    def of(cls, example: Example, parsed: dict[str, Any]) -> Verdict:
        """Read what the project's pipeline says of a message."""
        decision = parsed[DECISION]
        return cls(
            text=example.text,
            label=example.intent,
            outcome=decision["outcome"],
            intent=decision["intent"],
            threshold=decision["threshold"],
            ranking=parsed.get("intent_ranking") or (),
        )

    @property
    def guess(self) -> str:
        """The most likely intent, whatever the threshold."""
        return str(self.ranking[0]["name"]) if self.ranking else ""

    @property
    def confidence(self) -> float:
        """Of the guess."""
        return float(self.ranking[0]["confidence"]) if self.ranking else 0.0

    @property
    def answer(self) -> str:
        """The intent whose answer the customer got; empty if the assistant asked or handed over."""
        return self.intent if self.outcome == ANSWER else ""


@dataclass(frozen=True)
class Verdicts:
    """The verdicts of a file of messages. All arrays have shape (n_messages,)."""

    each: Sequence[Verdict]
    answerable: frozenset[str]  # the intents that a template answers

    @cached_property
    def labels(self) -> np.ndarray:
        return self._array(lambda verdict: verdict.label, str)

    @cached_property
    def guesses(self) -> np.ndarray:
        return self._array(lambda verdict: verdict.guess, str)

    @cached_property
    def confidences(self) -> np.ndarray:
        return self._array(lambda verdict: verdict.confidence, float)

    @cached_property
    def answers(self) -> np.ndarray:
        return self._array(lambda verdict: verdict.answer, str)

    @property
    def right(self) -> np.ndarray:
        return self.guesses == self.labels

    @property
    def answered(self) -> np.ndarray:
        """Whether a template went out."""
        return np.isin(self.answers, list(self.answerable))

    @property
    def is_answerable(self) -> np.ndarray:
        return np.isin(self.labels, list(self.answerable))

    def _array(self, read: Callable[[Verdict], Any], kind: type) -> np.ndarray:
        return np.array([read(verdict) for verdict in self.each], dtype=kind)


def verdicts_of(examples: Iterable[Example], parsed: Iterable[dict[str, Any]], answerable: Iterable[str]) -> Verdicts:
    """Pair messages with what the project's pipeline says of them."""
    pairs = zip(examples, parsed, strict=True)
    return Verdicts([Verdict.of(example, message) for example, message in pairs], frozenset(answerable))


def out_of_scope_examples(texts: Iterable[str]) -> list[Example]:
    return [Example(text, OUT_OF_SCOPE) for text in texts]


def figures(test: Verdicts, out_of_scope: Verdicts) -> dict[str, Any]:
    """Return accuracy, precision, coverage, leak and ece, and of how many messages; None where there are none."""
    return {
        "accuracy": float(test.right.mean()) if len(test.each) else None,
        "precision": precision(test.answers == test.labels, test.answered),
        "coverage": coverage(test.is_answerable, test.answered),
        "leak": leak(out_of_scope.answered),
        "ece": expected_calibration_error(test.confidences, test.right),
        "n": len(test.each),
        "n_oos": len(out_of_scope.each),
    }


def figures_of_intents(test: Verdicts) -> dict[str, dict[str, Any]]:
    """Return for each intent: how many messages, precision, recall, and how often it was recognised.

    precision: of the messages that got its answer, the share rightly. recall: of its own messages, the share that got
    its answer. recognised: of its own messages, the share where it was the most likely intent, sure enough or not.
    """
    intents = sorted(({*test.labels.tolist(), *test.answers.tolist()}) - {"", OUT_OF_SCOPE})
    return {intent: _figures_of(test, intent) for intent in intents}


def _figures_of(test: Verdicts, intent: str) -> dict[str, Any]:
    own, answered = test.labels == intent, test.answers == intent
    return {
        "n": int(own.sum()),
        "answered": int(answered.sum()),
        "precision": precision(own, answered),
        "recall": coverage(own, answered),
        "recognised": coverage(own, test.right),
    }
