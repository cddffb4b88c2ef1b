from __future__ import annotations

import numpy as np
import pytest
from sklearn.svm import LinearSVC

from bot.nlu.svm import train_one_against_rest

N_INTENTS = 4


@pytest.fixture
def points() -> tuple[np.ndarray, np.ndarray]:
    """Four overlapping clouds, and the cloud of each point; the last column is the bias."""
    rng = np.random.default_rng(1)
    clouds = rng.integers(0, N_INTENTS, 300)
    points = rng.normal(size=(300, 20)) + rng.normal(size=(N_INTENTS, 20))[clouds]
    return np.hstack([points, np.ones((300, 1))]).astype(np.float32) / 4, clouds


def train(points: np.ndarray, clouds: np.ndarray, guess: np.ndarray | None = None) -> np.ndarray:
    signs = np.where(clouds[:, None] == np.arange(N_INTENTS), 1, -1).astype(np.float32)
    return train_one_against_rest(points @ points.T, signs, np.ones_like(signs), guess)


def test_same_machine_as_liblinear(points: tuple[np.ndarray, np.ndarray]) -> None:
    features, clouds = points
    expected = LinearSVC(tol=1e-6, max_iter=100_000, fit_intercept=False).fit(features, clouds)
    scores = features @ (features.T @ train(features, clouds))
    assert np.allclose(scores, expected.decision_function(features), atol=0.1)


def test_answer_does_not_depend_on_where_it_started(points: tuple[np.ndarray, np.ndarray]) -> None:
    features, clouds = points
    guess = np.random.default_rng(2).normal(size=(len(clouds), N_INTENTS))
    one, other = (features @ (features.T @ counts) for counts in (train(*points), train(*points, guess=guess)))
    assert np.allclose(one, other, atol=0.1)


def test_intent_without_examples_scores_lowest(points: tuple[np.ndarray, np.ndarray]) -> None:
    features, clouds = points
    scores = features @ (features.T @ train(features, np.minimum(clouds, N_INTENTS - 2)))
    assert scores[:, -1].max() < -0.5
