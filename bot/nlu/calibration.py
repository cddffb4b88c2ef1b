"""Scores become probabilities that match how often they are right."""

import numpy as np
from scipy.optimize import minimize_scalar

N_BINS = 10


def calibrate(scores: np.ndarray, temperature: float) -> np.ndarray:
    """Turn classifier scores into probabilities.

    scores: float, shape (n_messages, n_intents), any scale.
    temperature: > 0, no unit; 1 is a plain softmax, less is more certain.
    Returns the same shape; every row sums to 1.
    Raises ValueError if temperature is not positive.
    Source: temperature scaling, arXiv:1706.04599 section 4.2.
    """
    if not temperature > 0:
        raise ValueError(f"temperature must be positive, not {temperature}")
    exponentials = np.exp((scores - scores.max(axis=1, keepdims=True)) / temperature)
    return exponentials / exponentials.sum(axis=1, keepdims=True)


def fit_temperature(scores: np.ndarray, right_columns: np.ndarray) -> float:
    """Return the temperature under which the right intents are most likely.

    scores: float, shape (n_messages, n_intents), of messages that the model was not trained on.
    right_columns: int, shape (n_messages,).
    """
    rows = np.arange(len(scores))

    def surprise(log_temperature: float) -> float:
        probabilities = calibrate(scores, float(np.exp(log_temperature)))
        return -float(np.log(np.maximum(probabilities[rows, right_columns], 1e-12)).mean())

    return float(np.exp(minimize_scalar(surprise, bounds=(-6, 3), method="bounded").x))


def calibration_bins(confidences: np.ndarray, right: np.ndarray) -> list[tuple[float, float, int]]:
    """Return (mean confidence, share right, number of messages) of each of N_BINS equal bins that is not empty."""
    bins = np.minimum((confidences * N_BINS).astype(int), N_BINS - 1)
    return [
        (float(confidences[bins == i].mean()), float(right[bins == i].mean()), int((bins == i).sum()))
        for i in np.unique(bins)
    ]


def expected_calibration_error(confidences: np.ndarray, right: np.ndarray) -> float:
    """Return how far confidence and share right are apart, averaged over messages; 0 is best. ECE of arXiv:1706.04599.

    confidences: float, shape (n_messages,), 0 to 1. right: bool, the same shape.
    """
    bins = calibration_bins(confidences, right)
    return sum(n * abs(confidence - share) for confidence, share, n in bins) / max(len(confidences), 1)
