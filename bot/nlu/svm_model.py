"""One-against-the-rest support vector machine over words, character pieces and sentence vectors; no Rasa here.

Words and pieces count linearly, the sentence vector by its distance to the examples' vectors (radial kernel). Chosen on
messages of other writers and companies than the examples: docs/decisions/0007-e5-in-onnxruntime.md has the figures.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from scipy.sparse import csr_matrix

from bot.nlu.svm import train_one_against_rest

# How much each kind of feature counts beside the others; a message has length 1 in each of them before this.
WORD_WEIGHT, CHAR_WEIGHT = 0.5, 1.0
# What the same sentence vector counts; at right angles it counts exp(-2 * SHARPNESS) of that.
VECTOR_WEIGHT, SHARPNESS = 3.0, 0.5
BIAS = 1.0  # the feature that all messages share
FEW_MESSAGES = 8


@dataclass(frozen=True)
class Features:
    """Messages as numbers; one row a message in all three."""

    words: csr_matrix  # counts
    chars: csr_matrix  # counts
    vectors: np.ndarray  # float, shape (n_messages, dimension)

    def rows(self, index: np.ndarray) -> Features:
        return Features(self.words[index], self.chars[index], self.vectors[index])


@dataclass(frozen=True)
class Scaling:
    """Brings counts and vectors to comparable sizes; learned from the training messages."""

    word_idf: np.ndarray
    char_idf: np.ndarray
    mean_vector: np.ndarray

    @classmethod
    def of(cls, features: Features) -> Scaling:
        return cls(
            word_idf=inverse_document_frequency(features.words),
            char_idf=inverse_document_frequency(features.chars),
            # Vectors of e5 all point the same way (cosine 0.8 between any two); what is common tells nothing.
            mean_vector=features.vectors.mean(axis=0),
        )

    def apply(self, features: Features) -> tuple[csr_matrix, csr_matrix, np.ndarray]:
        """Return words and chars, weighted, and vectors of length 1; same shapes as given."""
        return (
            tf_idf(features.words, self.word_idf) * WORD_WEIGHT,
            tf_idf(features.chars, self.char_idf) * CHAR_WEIGHT,
            unit_length(features.vectors - self.mean_vector),
        )


@dataclass(frozen=True)
class Problem:
    """Examples and their intents, in the form that training and cross-validation share."""

    intents: list[str]
    scaling: Scaling
    words: csr_matrix  # weighted, as the next two
    chars: csr_matrix
    vectors: np.ndarray
    gram: np.ndarray  # float32, shape (n_examples, n_examples)
    is_intent: np.ndarray  # bool, shape (n_examples, n_intents)

    @classmethod
    def of(cls, features: Features, labels: np.ndarray) -> Problem:
        scaling = Scaling.of(features)
        words, chars, vectors = scaling.apply(features)
        gram = (words @ words.T).toarray() + (chars @ chars.T).toarray() + radial(vectors, vectors) + BIAS**2
        intents = sorted(set(labels.tolist()))
        is_intent = labels[:, None] == np.array(intents)
        return cls(intents, scaling, words, chars, vectors, gram.astype(np.float32), is_intent)

    def solve(self, rows: np.ndarray, *, regularization_c: float, guess: np.ndarray | None = None) -> np.ndarray:
        """Train on `rows` only; see train_one_against_rest. An intent that is in none of them gets the lowest scores.

        guess: the scores of all rows, by the answer for all.
        """
        is_intent = self.is_intent[rows]
        # Balanced: an intent with few examples must not lose from one with many. Worth 0.03 on data/nlu.yml.
        balance = len(rows) / len(self.intents) / np.maximum(is_intent.sum(axis=0), 1)
        return train_one_against_rest(
            self.gram[np.ix_(rows, rows)],
            np.where(is_intent, 1, -1).astype(np.float32),
            np.where(is_intent, balance, 1).astype(np.float32) * np.float32(regularization_c),
            None if guess is None else guess[rows],
        )

    def model(self, rows: np.ndarray, counts: np.ndarray) -> SvmModel:
        """Return the model that `solve` found for `rows`. N-grams that are in none of them it does not know."""
        words, chars = self.words[rows], self.chars[rows]
        known = Scaling(
            word_idf=np.where(occurs_in(words) > 0, self.scaling.word_idf, 0),
            char_idf=np.where(occurs_in(chars) > 0, self.scaling.char_idf, 0),
            mean_vector=self.scaling.mean_vector,
        )
        return SvmModel(
            intents=self.intents,
            scaling=known,
            word_weights=words.T @ counts,
            char_weights=chars.T @ counts,
            example_vectors=self.vectors[rows],
            example_counts=counts,
            bias=BIAS**2 * counts.sum(axis=0),
        )


@dataclass(frozen=True)
class SvmModel:
    intents: list[str]
    scaling: Scaling
    word_weights: np.ndarray  # float32, shape (n_words, n_intents); the next two alike
    char_weights: np.ndarray
    example_vectors: np.ndarray  # float32, shape (n_examples, dimension)
    example_counts: np.ndarray  # float32, shape (n_examples, n_intents)
    bias: np.ndarray  # shape (n_intents,)

    def scores(self, features: Features) -> np.ndarray:
        """Return on which side of each intent's border, positive inside: float, shape (n_messages, n_intents)."""
        near = radial(unit_length(features.vectors - self.scaling.mean_vector), self.example_vectors)
        words = weighted_sums(features.words, self.scaling.word_idf, self.word_weights) * WORD_WEIGHT
        chars = weighted_sums(features.chars, self.scaling.char_idf, self.char_weights) * CHAR_WEIGHT
        return words + chars + near @ self.example_counts + self.bias

    def save(self, file: Path) -> None:
        np.savez_compressed(
            file,
            intents=np.array(self.intents),
            word_idf=self.scaling.word_idf,
            char_idf=self.scaling.char_idf,
            mean_vector=self.scaling.mean_vector,
            word_weights=self.word_weights,
            char_weights=self.char_weights,
            example_vectors=self.example_vectors,
            example_counts=self.example_counts,
            bias=self.bias,
        )

    @classmethod
    def load(cls, file: Path) -> SvmModel:
        with np.load(file, allow_pickle=False) as arrays:
            return cls(
                intents=arrays["intents"].tolist(),
                scaling=Scaling(arrays["word_idf"], arrays["char_idf"], arrays["mean_vector"]),
                word_weights=arrays["word_weights"],
                char_weights=arrays["char_weights"],
                example_vectors=arrays["example_vectors"],
                example_counts=arrays["example_counts"],
                bias=arrays["bias"],
            )


def radial(left: np.ndarray, right: np.ndarray) -> np.ndarray:
    """Return how near vectors of length 1 are to each other: VECTOR_WEIGHT where they are the same.

    left, right: float32, shapes (n_left, dimension) and (n_right, dimension). Returns shape (n_left, n_right).
    """
    # For one message and its parts, BLAS first copies `right` into another order, or reads it at half the speed.
    cosines = np.einsum("kd,nd->kn", left, right) if len(left) <= FEW_MESSAGES else left @ right.T
    return np.exp(SHARPNESS * 2 * (cosines - 1)) * np.float32(VECTOR_WEIGHT)


def inverse_document_frequency(counts: csr_matrix) -> np.ndarray:
    """Return float32, shape (n_columns,): rare n-grams weigh more; 0 for one that does not occur at all."""
    n_messages = occurs_in(counts)
    idf = np.log((1 + counts.shape[0]) / (1 + n_messages)) + 1
    return np.where(n_messages > 0, idf, 0).astype(np.float32)


def occurs_in(counts: csr_matrix) -> np.ndarray:
    """Return in how many messages each n-gram occurs: int, shape (n_columns,)."""
    return np.bincount(counts.indices, minlength=counts.shape[1])


def tf_idf(counts: csr_matrix, idf: np.ndarray) -> csr_matrix:
    """Weigh counts: the second occurrence in a message adds less than the first, and every row gets length 1."""
    return csr_matrix((tf_idf_values(counts, idf), counts.indices, counts.indptr), shape=counts.shape)


def weighted_sums(counts: csr_matrix, idf: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Return tf_idf(counts, idf) @ weights: float, shape (n_messages, n_intents).

    NumPy, not SciPy's sparse arithmetic: for one message that costs more than all the rest of the model.
    """
    values = tf_idf_values(counts, idf)
    rows = [slice(start, end) for start, end in zip(counts.indptr[:-1], counts.indptr[1:], strict=True)]
    return np.array([values[row] @ weights[counts.indices[row]] for row in rows])


def tf_idf_values(counts: csr_matrix, idf: np.ndarray) -> np.ndarray:
    """Return what stands in the places of `counts.data` in tf_idf: float32."""
    values = (1 + np.log(counts.data)) * idf[counts.indices]
    n_messages = counts.shape[0]
    row_of_value = np.repeat(np.arange(n_messages), np.diff(counts.indptr))
    lengths = np.sqrt(np.bincount(row_of_value, weights=values**2, minlength=n_messages))
    values /= np.maximum(lengths, 1e-9)[row_of_value]
    return values


def unit_length(vectors: np.ndarray) -> np.ndarray:
    """Scale every row to length 1; a row of zeros stays as it is."""
    return vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-9)
