"""One-against-the-rest linear support vector machine over words, character pieces and sentence vectors; no Rasa here.

Chosen by cross-validation on training data only (the benchmark's 300 messages without repeats, and data/nlu.yml with
one writer at a time kept apart); accuracy on the two:

    character pieces and words only         0.897  0.68
    sentence vectors only                   0.889  0.67
    both, this model                        0.920  0.80 (0.77 without class weights)
    both, logistic regression               0.906
    both, ridge                             0.900  0.71
    both, kernels of degree 2 and 3         0.920
    sum of a model for each kind            0.915
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from scipy.sparse import csr_matrix, hstack
from sklearn.svm import LinearSVC

# How much each kind of feature counts beside the others; a message has length 1 in each of them before this.
WORD_WEIGHT, CHAR_WEIGHT, VECTOR_WEIGHT = 0.5, 1.0, 1.0


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
        """Return words, chars and vectors, weighted; same shapes as given."""
        return (
            tf_idf(features.words, self.word_idf) * WORD_WEIGHT,
            tf_idf(features.chars, self.char_idf) * CHAR_WEIGHT,
            unit_length(features.vectors - self.mean_vector) * VECTOR_WEIGHT,
        )


@dataclass(frozen=True)
class LinearModel:
    intents: list[str]
    scaling: Scaling
    word_weights: np.ndarray  # float32, shape (n_words, n_intents); the next two alike
    char_weights: np.ndarray
    vector_weights: np.ndarray
    bias: np.ndarray  # shape (n_intents,)

    @classmethod
    def fit(cls, features: Features, labels: np.ndarray, *, regularization_c: float, seed: int) -> LinearModel:
        """Train on messages and the intent of each. Deterministic.

        Raises ValueError if all have the same intent.
        """
        scaling = Scaling.of(features)
        words, chars, vectors = scaling.apply(features)
        # Balanced: an intent with few examples must not lose from one with many. Worth 0.03 on data/nlu.yml.
        svm = LinearSVC(C=regularization_c, tol=0.01, random_state=seed, class_weight="balanced")
        svm.fit(hstack([words, chars, csr_matrix(vectors)], format="csr"), labels)
        # Of two intents scikit-learn keeps only the second one's row.
        weights = svm.coef_ if len(svm.classes_) > 2 else np.vstack([-svm.coef_, svm.coef_])
        bias = svm.intercept_ if len(svm.classes_) > 2 else np.hstack([-svm.intercept_, svm.intercept_])
        word_weights, char_weights, vector_weights = np.split(
            weights.T.astype(np.float32), [words.shape[1], words.shape[1] + chars.shape[1]]
        )
        return cls([str(label) for label in svm.classes_], scaling, word_weights, char_weights, vector_weights, bias)

    def scores(self, features: Features) -> np.ndarray:
        """Return the distance to each intent's border, positive inside: float, shape (n_messages, n_intents)."""
        words, chars, vectors = self.scaling.apply(features)
        return words @ self.word_weights + chars @ self.char_weights + vectors @ self.vector_weights + self.bias

    def save(self, file: Path) -> None:
        np.savez_compressed(
            file,
            intents=np.array(self.intents),
            word_idf=self.scaling.word_idf,
            char_idf=self.scaling.char_idf,
            mean_vector=self.scaling.mean_vector,
            word_weights=self.word_weights,
            char_weights=self.char_weights,
            vector_weights=self.vector_weights,
            bias=self.bias,
        )

    @classmethod
    def load(cls, file: Path) -> LinearModel:
        with np.load(file, allow_pickle=False) as arrays:
            return cls(
                intents=arrays["intents"].tolist(),
                scaling=Scaling(arrays["word_idf"], arrays["char_idf"], arrays["mean_vector"]),
                word_weights=arrays["word_weights"],
                char_weights=arrays["char_weights"],
                vector_weights=arrays["vector_weights"],
                bias=arrays["bias"],
            )


def inverse_document_frequency(counts: csr_matrix) -> np.ndarray:
    """Return float32, shape (n_columns,): rare n-grams weigh more; 0 for one that does not occur at all."""
    n_messages, n_columns = counts.shape
    occurs_in = np.bincount(counts.indices, minlength=n_columns)
    idf = np.log((1 + n_messages) / (1 + occurs_in)) + 1
    return np.where(occurs_in > 0, idf, 0).astype(np.float32)


def tf_idf(counts: csr_matrix, idf: np.ndarray) -> csr_matrix:
    """Weigh counts: the second occurrence in a message adds less than the first, and every row gets length 1."""
    values = (1 + np.log(counts.data)) * idf[counts.indices]
    # NumPy, not SciPy's sparse arithmetic: for one message that costs more than all the rest of the model.
    n_messages = counts.shape[0]
    row_of_value = np.repeat(np.arange(n_messages), np.diff(counts.indptr))
    lengths = np.sqrt(np.bincount(row_of_value, weights=values**2, minlength=n_messages))
    values /= np.maximum(lengths, 1e-9)[row_of_value]
    return csr_matrix((values, counts.indices, counts.indptr), shape=counts.shape)


def unit_length(vectors: np.ndarray) -> np.ndarray:
    """Scale every row to length 1; a row of zeros stays as it is."""
    return vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-9)
