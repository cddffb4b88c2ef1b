"""The training examples that a message looks most like, in the eyes of the classifier."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from rasa.shared.nlu.constants import INTENT, TEXT
from rasa.shared.nlu.training_data.message import Message

from bot.nlu.svm_classifier import vector_of, words_of
from bot.nlu.svm_model import inverse_document_frequency, tf_idf, unit_length
from bot.nlu.text_features import Vocabulary, char_ngrams


@dataclass(frozen=True)
class Neighbour:
    text: str
    intent: str
    similarity: float  # -1 to 1; 1 is the same message


class Neighbours:
    """Compares by sentence vector and by character pieces, both for half."""

    def __init__(self, examples: list[Message]) -> None:
        """`examples` as `Retraining` reads them."""
        self._examples = examples
        pieces = [char_ngrams(words_of(example)) for example in examples]
        self._vocabulary = Vocabulary.of(pieces)
        counts = self._vocabulary.count(pieces)
        self._idf = inverse_document_frequency(counts)
        self._chars = tf_idf(counts, self._idf)
        vectors = np.vstack([vector_of(example) for example in examples])
        self._mean = vectors.mean(axis=0)
        self._vectors = unit_length(vectors - self._mean)

    def of(self, message: Message, n: int = 3) -> list[Neighbour]:
        """Return the `n` most similar examples, most similar first; none for a message without words."""
        if not words_of(message):
            return []
        counts = self._vocabulary.count([char_ngrams(words_of(message))])
        by_chars = (self._chars @ tf_idf(counts, self._idf).T).toarray()[:, 0]
        by_vector = self._vectors @ unit_length(vector_of(message)[np.newaxis] - self._mean)[0]
        similarity = (by_chars + by_vector) / 2
        best = np.argsort(-similarity, kind="stable")[:n]
        return [self._neighbour(row, float(similarity[row])) for row in best]

    def _neighbour(self, row: int, similarity: float) -> Neighbour:
        example = self._examples[row]
        return Neighbour(example.get(TEXT), example.get(INTENT), similarity)
