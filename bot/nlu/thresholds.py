"""The confidence from which the assistant answers, and the lower one from which it asks. Learned, not guessed."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.optimize import minimize

NEVER = 1.0


@dataclass(frozen=True)
class Guesses:
    """What the model says of messages that it was not trained on. All arrays have shape (n_messages,)."""

    intents: np.ndarray  # str: the best in-scope intent
    confidences: np.ndarray  # float, 0 to 1
    right: np.ndarray  # bool: it is the message's intent
    weights: np.ndarray  # float: how many real messages this one stands for

    @classmethod
    def joined(cls, left: Guesses, right: Guesses) -> Guesses:
        return cls(
            np.concatenate([left.intents, right.intents]),
            np.concatenate([left.confidences, right.confidences]),
            np.concatenate([left.right, right.right]),
            np.concatenate([left.weights, right.weights]),
        )

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
    confidences, weights = guesses.confidences[order], guesses.weights[order]
    familiar = familiar_share / (1 - familiar_share) * weights.sum()
    right = np.cumsum(expected_right(guesses)[order] * weights)
    share_right = (right + familiar) / np.maximum(np.cumsum(weights) + familiar, 1e-9)
    # Of equal confidences either all are above the threshold or none.
    last_of_equals = np.append(confidences[1:] != confidences[:-1], [True])[: len(confidences)]
    holds = np.flatnonzero((share_right >= target) & last_of_equals)
    return float(confidences[holds[-1]]) if len(holds) else NEVER


def expected_right(guesses: Guesses) -> np.ndarray:
    """Return how probable it is that each guess is right, as a smooth curve of its confidence: float, (n_messages,).

    A curve, because with few examples one mistake with a high confidence would otherwise decide alone.
    Source: Platt, "Probabilistic outputs for support vector machines", 1999, with his targets for small samples.
    """
    certain = np.clip(guesses.confidences, 1e-4, 1 - 1e-4)
    log_odds = np.log(certain / (1 - certain))
    n_right = guesses.weights[guesses.right].sum()
    n_wrong = guesses.weights[~guesses.right].sum()
    targets = np.where(guesses.right, (n_right + 1) / (n_right + 2), 1 / (n_wrong + 2))

    def surprise(curve: np.ndarray) -> tuple[float, np.ndarray]:
        z = curve[0] + curve[1] * log_odds
        loss = guesses.weights * (np.logaddexp(0, z) - targets * z)
        slope = guesses.weights * (1 / (1 + np.exp(-z)) - targets)
        return float(loss.sum()), np.array([slope.sum(), (slope * log_odds).sum()])

    # More confident is never less right.
    fit = minimize(surprise, x0=np.array([0.0, 1.0]), jac=True, bounds=[(None, None), (0, None)], method="L-BFGS-B")
    return 1 / (1 + np.exp(-(fit.x[0] + fit.x[1] * log_odds)))


def lowest_that_leaks(confidences: np.ndarray, target: float) -> float:
    """Return the lowest threshold that at most the share `target` (0 to 1) of messages out of scope reaches.

    confidences: float, shape (n_messages,), of such messages; without any, the threshold is 0.
    """
    may_reach = int(target * len(confidences))
    if may_reach >= len(confidences):
        return 0.0
    first_that_may_not = np.sort(confidences)[::-1][may_reach]
    return float(np.nextafter(first_that_may_not, np.inf))


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
