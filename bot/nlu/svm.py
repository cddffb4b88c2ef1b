"""Support vector machines, one intent against the rest, for all intents at once.

The same machines as scikit-learn's LinearSVC (squared hinge loss), from the examples' inner products instead of their
many features: a step is one matrix product for all intents together, on all cores, and always gives the same result.
"""

from __future__ import annotations

import numpy as np

# Of the optimality conditions, relative to the size of the answer. With 0.001 cross-validation is right equally often.
TOLERANCE = 0.01
MAX_NEWTON_STEPS = 30
MAX_GRADIENT_STEPS = 40
BISECTIONS = 7


def train_one_against_rest(
    gram: np.ndarray, signs: np.ndarray, costs: np.ndarray, start: np.ndarray | None = None
) -> np.ndarray:
    """Return how much each example counts for each intent: float32, shape (n_examples, n_intents).

    The scores of the intents are the inner products with the examples, times these.

    gram: float32, shape (n_examples, n_examples), inner products; the bias is part of them.
    signs: float32, shape (n_examples, n_intents); 1 where the example has the intent, else -1.
    costs: float32, the same shape; positive, what it costs when an example is on the wrong side.
    start: an answer to a similar question, which saves steps.
    Source: Newton's method of doi:10.1162/neco.2007.19.5.1155 (Chapelle), with a line search.
    """
    counts = np.zeros_like(signs) if start is None else start.astype(np.float32)
    scores = gram @ counts
    unsolved = np.arange(signs.shape[1])
    for _ in range(MAX_NEWTON_STEPS):
        # Examples well inside their own side have no say.
        active = signs * scores < 1
        error = np.where(active, 2 * costs * (signs - scores), 0) - counts
        size = np.sqrt((np.where(active, 2 * costs, 0) ** 2).sum(axis=0))
        unsolved = np.flatnonzero(np.sqrt((error**2).sum(axis=0)) > TOLERANCE * size)
        if not len(unsolved):
            break
        y, cost, old, old_scores = (array[:, unsolved] for array in (signs, costs, counts, scores))
        new, new_scores = _least_squares(gram, y, active[:, unsolved], 0.5 / cost, old)
        change, score_change = new - old, new_scores - old_scores
        length = _step_length(y, cost, old, change, old_scores, score_change)
        counts[:, unsolved] += length * change
        scores[:, unsolved] += length * score_change
    return counts


def _least_squares(
    gram: np.ndarray, signs: np.ndarray, active: np.ndarray, ridge: np.ndarray, start: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Solve (gram + ridge) x = signs for the active examples of each intent, and return x and gram @ x.

    Conjugate gradients with the diagonal as preconditioner, to three digits.
    """
    x = np.where(active, start, 0)
    scores = gram @ x
    inverse_diagonal = np.where(active, 1 / (gram.diagonal()[:, None] + ridge), 0)
    residual = np.where(active, signs - scores - ridge * x, 0)
    direction = preconditioned = inverse_diagonal * residual
    left = first = (residual * preconditioned).sum(axis=0)
    for _ in range(MAX_GRADIENT_STEPS):
        if (left <= 1e-3 * first).all():
            break
        direction_scores = gram @ direction
        curved = np.where(active, direction_scores + ridge * direction, 0)
        length = left / np.maximum((direction * curved).sum(axis=0), 1e-20)
        x = x + length * direction
        scores = scores + length * direction_scores
        residual = residual - length * curved
        preconditioned = inverse_diagonal * residual
        before, left = left, (residual * preconditioned).sum(axis=0)
        direction = preconditioned + left / np.maximum(before, 1e-20) * direction
    return x, scores


def _step_length(
    signs: np.ndarray,
    costs: np.ndarray,
    counts: np.ndarray,
    change: np.ndarray,
    scores: np.ndarray,
    score_change: np.ndarray,
) -> np.ndarray:
    """Return for each intent how far to go (0 to 1) until the loss no longer falls: shape (n_intents,)."""
    slope_at_start = (counts * score_change).sum(axis=0)
    curvature = (change * score_change).sum(axis=0)

    def rises(length: np.ndarray) -> np.ndarray:
        inside = np.maximum(1 - signs * (scores + length * score_change), 0)
        return slope_at_start + length * curvature > (2 * costs * inside * signs * score_change).sum(axis=0)

    low = np.zeros_like(curvature)
    high = np.ones_like(curvature)
    whole_step = ~rises(high)
    for _ in range(BISECTIONS):
        middle = (low + high) / 2
        too_far = rises(middle)
        low, high = np.where(too_far, low, middle), np.where(too_far, middle, high)
    return np.where(whole_step, 1, (low + high) / 2).astype(np.float32)
