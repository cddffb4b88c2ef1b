"""Support vector machines, one intent against the rest, for all intents at once.

The same machines as scikit-learn's LinearSVC (squared hinge loss), from the examples' inner products instead of their
many features: how near two sentence vectors are (radial kernel) has no features to give to LinearSVC.

Only the examples near an intent's border count: about 500 of 6,088, and 2,500 for what is out of scope. So each step
solves a small system an intent. All examples in one product took 96 s of processor time for the demo's model with its
cross-validation; this takes 10, and comes nearer to the answer (loss 1774.0 instead of 1777.9; the lowest is 1773.9).
"""

from __future__ import annotations

import numpy as np

# Of the optimality conditions, relative to the size of the answer; and of a step's own system, which must be stricter.
TOLERANCE, STEP_TOLERANCE = 0.003, 0.001
# Half of the examples say roughly which of all will count, for a tenth of the time; what they miss, the steps find.
HALF_TOLERANCE = 0.05
FEW_EXAMPLES = 1000
MAX_NEWTON_STEPS = 30
MAX_GRADIENT_STEPS = 60
BISECTIONS = 7


def train_one_against_rest(
    gram: np.ndarray,
    signs: np.ndarray,
    costs: np.ndarray,
    guess: np.ndarray | None = None,
    *,
    tolerance: float = TOLERANCE,
) -> np.ndarray:
    """Return how much each example counts for each intent: float32, shape (n_examples, n_intents); mostly 0.

    The scores of the intents are the inner products with the examples, times these.

    gram: float32, shape (n_examples, n_examples), inner products; the bias is part of them.
    signs: float32, shape (n_examples, n_intents); 1 where the example has the intent, else -1.
    costs: float32, the same shape; positive, what it costs when an example is on the wrong side.
    guess: the scores that the answer to a similar question gives to the examples, which saves steps; same shape.
    Source: Newton's method of doi:10.1162/neco.2007.19.5.1155 (Chapelle), with a line search.
    """
    active = signs * (_guess(gram, signs, costs) if guess is None else guess) < 1
    counts = _least_squares(gram, signs, active, 0.5 / costs, np.zeros_like(signs))
    scores = gram @ counts
    for _ in range(MAX_NEWTON_STEPS):
        # Examples well inside their own side have no say.
        active = signs * scores < 1
        error = np.where(active, 2 * costs * (signs - scores), 0) - counts
        size = np.sqrt((np.where(active, 2 * costs, 0) ** 2).sum(axis=0))
        unsolved = np.flatnonzero(np.sqrt((error**2).sum(axis=0)) > tolerance * size)
        if not len(unsolved):
            break
        y, cost, old, old_scores = (array[:, unsolved] for array in (signs, costs, counts, scores))
        change = _least_squares(gram, y, active[:, unsolved], 0.5 / cost, old) - old
        score_change = gram @ change
        length = _step_length(y, cost, old, change, old_scores, score_change)
        counts[:, unsolved] += length * change
        scores[:, unsolved] += length * score_change
    return counts


def _guess(gram: np.ndarray, signs: np.ndarray, costs: np.ndarray) -> np.ndarray:
    """Return the scores that half of the examples give to all; 0 where there are few."""
    if len(signs) <= FEW_EXAMPLES:
        return np.zeros_like(signs)
    half = np.arange(0, len(signs), 2)
    counts = train_one_against_rest(gram[np.ix_(half, half)], signs[half], costs[half], tolerance=HALF_TOLERANCE)
    return gram[:, half] @ counts


def _least_squares(
    gram: np.ndarray, signs: np.ndarray, active: np.ndarray, ridge: np.ndarray, start: np.ndarray
) -> np.ndarray:
    """Solve (gram + ridge) x = signs for the active examples of each intent; x is 0 for the others."""
    x = np.zeros_like(signs)
    for column in range(signs.shape[1]):
        rows = np.flatnonzero(active[:, column])
        own = gram.take(rows, axis=0).take(rows, axis=1)  # three times as quick as np.ix_
        own.flat[:: len(rows) + 1] += ridge[rows, column]
        x[rows, column] = _conjugate_gradients(own, signs[rows, column], start[rows, column])
    return x


def _conjugate_gradients(matrix: np.ndarray, right: np.ndarray, x: np.ndarray) -> np.ndarray:
    """Solve matrix @ y = right from y = x. For 500 rows 20 steps, and a third of the time of Cholesky's method."""
    residual = right - matrix @ x
    direction = residual
    left, enough = residual @ residual, STEP_TOLERANCE**2 * (right @ right)
    for _ in range(MAX_GRADIENT_STEPS):
        if left <= enough:
            break
        curved = matrix @ direction
        length = left / (direction @ curved)
        x = x + length * direction
        residual = residual - length * curved
        before, left = left, residual @ residual
        direction = residual + left / before * direction
    return x


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
