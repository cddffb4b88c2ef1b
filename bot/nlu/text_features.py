"""Words and character pieces of a message, counted: the input of the linear model beside the sentence vector."""

from collections import Counter
from collections.abc import Iterable

import numpy as np
from scipy.sparse import csr_matrix

WORD_NGRAMS = (1, 2)
CHAR_NGRAMS = (2, 5)
# Pieces this long tell known words from gibberish: nearly every pair of letters has been seen before.
TELLING_CHARS = 4


class Vocabulary:
    """Gives every n-gram of the training data a column."""

    def __init__(self, ngrams: Iterable[str]) -> None:
        """`ngrams` in the order of their columns, each once."""
        self._column_of = {ngram: column for column, ngram in enumerate(ngrams)}

    @classmethod
    def of(cls, documents: Iterable[list[str]]) -> "Vocabulary":
        """Collect the n-grams of `documents`, in the order of the alphabet so that it is always the same."""
        return cls(sorted({ngram for document in documents for ngram in document}))

    def __len__(self) -> int:
        return len(self._column_of)

    def __contains__(self, ngram: str) -> bool:
        return ngram in self._column_of

    def ngrams(self) -> list[str]:
        return list(self._column_of)

    def count(self, documents: list[list[str]]) -> csr_matrix:
        """Return how often each known n-gram occurs: float32, shape (len(documents), len(self)), indices sorted."""
        column_of = self._column_of
        columns: list[int] = []
        counts: list[int] = []
        row_ends = [0]
        for document in documents:
            known = Counter(column_of[ngram] for ngram in document if ngram in column_of)
            for column in sorted(known):
                columns.append(column)
                counts.append(known[column])
            row_ends.append(len(columns))
        return csr_matrix((np.array(counts, dtype=np.float32), columns, row_ends), shape=(len(documents), len(self)))


def word_ngrams(words: list[str]) -> list[str]:
    """Return words and pairs of neighbours; punctuation is left out."""
    words = [word for word in words if any(char.isalnum() for char in word)]
    return [
        " ".join(words[start : start + size]) for size in sizes(WORD_NGRAMS) for start in range(len(words) - size + 1)
    ]


def char_ngrams(words: list[str]) -> list[str]:
    """Return the pieces of each word, with a space before and after it. A word shorter than a piece counts as one."""
    pieces: list[str] = []
    for word in words:
        padded = f" {word} "
        for size in sizes(CHAR_NGRAMS):
            if len(padded) <= size:
                pieces.append(padded)
                break
            pieces.extend(padded[start : start + size] for start in range(len(padded) - size + 1))
    return pieces


def known_share(char_pieces: list[str], *vocabularies: Vocabulary) -> float:
    """Return the share (0 to 1) of a message's longer pieces that training has seen; 0 for a message without any."""
    telling = [piece for piece in char_pieces if len(piece) >= TELLING_CHARS]
    known = sum(any(piece in vocabulary for vocabulary in vocabularies) for piece in telling)
    return known / len(telling) if telling else 0.0


def sizes(bounds: tuple[int, int]) -> range:
    """Return the n-gram sizes from `bounds`, both included."""
    return range(bounds[0], bounds[1] + 1)
