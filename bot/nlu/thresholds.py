"""The confidence from which the assistant answers, and the lower one from which it asks. Learned, not guessed."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

NEVER = 1.0


@dataclass(frozen=True)
class Guesses:
    """What the model says of messages that it was not trained on. All arrays have shape (n_messages,)."""

    intents: np.ndarray  # str: the best in-scope intent
    confidences: np.ndarray  # float, 0 to 1
    right: np.ndarray  # bool: it is the message's intent

    def where(self, mask: np.ndarray) -> Guesses:
        return Guesses(self.intents[mask], self.confidences[mask], self.right[mask])


def lowest_that_holds(confidences: np.ndarray, right: np.ndarray, target: float) -> float:
    """Return the lowest confidence from which the share of `right` is at least `target`; NEVER if there is none.

    confidences: float, shape (n_messages,), 0 to 1. right: bool, the same shape.
    """
    order = np.argsort(-confidences, kind="stable")
    confidences, right = confidences[order], right[order]
    share_right = np.cumsum(right) / np.arange(1, len(right) + 1)
    # Of equal confidences either all are above the threshold or none.
    last_of_equals = np.append(confidences[1:] != confidences[:-1], [True])[: len(confidences)]
    holds = np.flatnonzero((share_right >= target) & last_of_equals)
    return float(confidences[holds[-1]]) if len(holds) else NEVER


def choose_thresholds(
    guesses: Guesses, *, target_precision: float, min_messages: int
) -> tuple[float, dict[str, float]]:
    """Return the threshold for all, and the own one of each intent that was guessed at least `min_messages` times."""
    of_intent = {}
    for intent in np.unique(guesses.intents):
        own = guesses.where(guesses.intents == intent)
        if len(own.right) >= min_messages:
            of_intent[str(intent)] = lowest_that_holds(own.confidences, own.right, target_precision)
    return lowest_that_holds(guesses.confidences, guesses.right, target_precision), of_intent
