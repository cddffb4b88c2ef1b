"""Folds in which near duplicates stay together, and the scores that a model gives to messages it was not trained on."""

from __future__ import annotations

import numpy as np
from scipy.sparse import csr_matrix
from scipy.sparse.csgraph import connected_components

from bot.nlu.svm_model import Features, Problem, inverse_document_frequency, tf_idf

# Cosine between the character pieces of two messages: "wat kost verzenden" and "wat kost het verzenden?" have 0.86.
NEAR_DUPLICATE = 0.8


def near_duplicate_groups(char_counts: csr_matrix) -> np.ndarray:
    """Return a group number for each message; near duplicates, also by way of a third one, share theirs."""
    _, groups = connected_components(char_likeness(char_counts) >= NEAR_DUPLICATE, directed=False)
    return groups


def char_likeness(char_counts: csr_matrix) -> csr_matrix:
    """Return the cosine (0 to 1) between the character pieces of all messages: shape (n_messages, n_messages)."""
    weighted = tf_idf(char_counts, inverse_document_frequency(char_counts))
    return weighted @ weighted.T


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


def assign_intents(labels: np.ndarray, *, n_parts: int, seed: int) -> np.ndarray:
    """Return the part (0 to n_parts - 1) of each message: an intent's messages are all in the same.

    A model trained without its part does not know a message's intent: to that model it is out of scope.
    """
    intents = np.unique(labels)
    part_of_intent = np.random.default_rng(seed).permutation(len(intents)) % n_parts
    return part_of_intent[np.searchsorted(intents, labels)]


def out_of_fold_scores(
    problem: Problem, features: Features, folds: np.ndarray, *, regularization_c: float, start: np.ndarray
) -> np.ndarray:
    """Score every message with a model trained on the other folds: float, shape (n_messages, n_intents).

    start: the answer for all messages together, which says whereabouts that without one fold is.
    """
    scores, guess = np.zeros_like(start), problem.gram @ start
    for fold in np.unique(folds):
        inside, outside = np.flatnonzero(folds == fold), np.flatnonzero(folds != fold)
        counts = problem.solve(outside, regularization_c=regularization_c, guess=guess)
        scores[inside] = problem.model(outside, counts).scores(features.rows(inside))
    return scores
