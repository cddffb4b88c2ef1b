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
    weights: np.ndarray  # float: how many real messages this one stands for

    def where(self, mask: np.ndarray) -> Guesses:
        return Guesses(self.intents[mask], self.confidences[mask], self.right[mask], self.weights[mask])


def traffic_weights(out_of_scope: np.ndarray, out_of_scope_share: float) -> np.ndarray:
    """Weigh examples such that those out of scope are `out_of_scope_share` (0 to 1, not 1) of all.

    out_of_scope: bool, shape (n_messages,). Returns float, the same shape; 1 for the others.
    """
    n_out = out_of_scope.sum()
    weight = out_of_scope_share / (1 - out_of_scope_share) * (len(out_of_scope) - n_out) / max(n_out, 1)
    return np.where(out_of_scope, weight, 1.0)


def lowest_that_holds(guesses: Guesses, target: float, *, familiar_share: float = 0.0) -> float:
    """Return the lowest confidence from which the share of right guesses is at least `target`; NEVER if there is none.

    familiar_share: of real messages, the share (0 to 1, not 1) that is so like an example that it is answered rightly
    for sure; `guesses` stand for the others.
    """
    order = np.argsort(-guesses.confidences, kind="stable")
    confidences, right, weights = guesses.confidences[order], guesses.right[order], guesses.weights[order]
    familiar = familiar_share / (1 - familiar_share) * weights.sum()
    share_right = (np.cumsum(right * weights) + familiar) / np.maximum(np.cumsum(weights) + familiar, 1e-9)
    # Of equal confidences either all are above the threshold or none.
    last_of_equals = np.append(confidences[1:] != confidences[:-1], [True])[: len(confidences)]
    holds = np.flatnonzero((share_right >= target) & last_of_equals)
    return float(confidences[holds[-1]]) if len(holds) else NEVER


def choose_thresholds(
    guesses: Guesses, *, target_precision: float, min_messages: int, familiar_share: float
) -> tuple[float, dict[str, float]]:
    """Return the threshold for all, and the own one of each intent that was guessed at least `min_messages` times."""
    of_intent = {}
    for intent in np.unique(guesses.intents):
        own = guesses.where(guesses.intents == intent)
        if len(own.right) >= min_messages:
            of_intent[str(intent)] = lowest_that_holds(own, target_precision, familiar_share=familiar_share)
    return lowest_that_holds(guesses, target_precision, familiar_share=familiar_share), of_intent
