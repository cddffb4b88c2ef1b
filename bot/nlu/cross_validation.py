"""Folds in which near duplicates stay together, and the scores that a model gives to messages it was not trained on."""

from __future__ import annotations

import numpy as np
from scipy.sparse import csr_matrix
from scipy.sparse.csgraph import connected_components

from bot.nlu.linear_model import Features, LinearModel, inverse_document_frequency, tf_idf

# Cosine between the character pieces of two messages: "wat kost verzenden" and "wat kost het verzenden?" have 0.86.
NEAR_DUPLICATE = 0.8


def near_duplicate_groups(char_counts: csr_matrix) -> np.ndarray:
    """Return a group number for each message; near duplicates, also by way of a third one, share theirs."""
    weighted = tf_idf(char_counts, inverse_document_frequency(char_counts))
    alike = (weighted @ weighted.T) >= NEAR_DUPLICATE
    _, groups = connected_components(alike, directed=False)
    return groups


def assign_folds(labels: np.ndarray, groups: np.ndarray, *, n_folds: int, seed: int) -> np.ndarray:
    """Return the fold (0 to n_folds - 1) of each message: groups stay whole, every intent is spread evenly."""
    order = np.random.default_rng(seed).permutation(len(labels))
    sizes: dict[str, np.ndarray] = {label: np.zeros(n_folds, dtype=int) for label in np.unique(labels)}
    fold_of_group: dict[int, int] = {}
    folds = np.zeros(len(labels), dtype=int)
    for row in order:
        fold = fold_of_group.setdefault(groups[row], int(sizes[labels[row]].argmin()))
        sizes[labels[row]][fold] += 1
        folds[row] = fold
    return folds


def out_of_fold_scores(
    features: Features, labels: np.ndarray, folds: np.ndarray, *, intents: list[str], regularization_c: float, seed: int
) -> np.ndarray:
    """Score every message with a model trained on the other folds.

    Returns float, shape (n_messages, len(intents)). An intent that lies in one fold only scores as low as the lowest.
    """
    scores = np.zeros((len(labels), len(intents)))
    for fold in np.unique(folds):
        inside, outside = np.flatnonzero(folds == fold), np.flatnonzero(folds != fold)
        if len(set(labels[outside])) < 2:
            continue  # nothing to tell apart: all scores stay equal
        # One after the other: liblinear's random numbers are global, so in threads the result differs from run to run.
        model = LinearModel.fit(features.rows(outside), labels[outside], regularization_c=regularization_c, seed=seed)
        scores[inside] = spread(model.scores(features.rows(inside)), model.intents, intents)
    return scores


def spread(scores: np.ndarray, from_intents: list[str], to_intents: list[str]) -> np.ndarray:
    """Move columns to where `to_intents` has them; an intent that `from_intents` lacks gets the row's lowest score."""
    column_of = {intent: column for column, intent in enumerate(to_intents)}
    result = np.repeat(scores.min(axis=1, keepdims=True), len(to_intents), axis=1)
    result[:, [column_of[intent] for intent in from_intents]] = scores
    return result
