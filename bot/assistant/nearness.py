"""Which examples a message is most like, by the vectors that the model reads both as."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable

import numpy as np

from bot.nlu.sentence_vectors import Encoding, vectors_of

# Of 384 numbers each: some 6 MB.
KEPT_VECTORS = 4_000
# Texts that are made vectors of in one go, of some milliseconds each: whoever waits for an answer comes in between.
AT_ONCE = 2


class Nearness:
    """Remembers the vectors of the texts that it met last: the same examples are looked at again and again."""

    def __init__(self, kept: int = KEPT_VECTORS) -> None:
        self._kept = kept
        self._vectors: OrderedDict[tuple[Encoding, str], np.ndarray] = OrderedDict()

    def likeness(self, one: str, other: str, encoding: Encoding) -> float:
        """The cosine of the angle between the two; 1 is the same. Of sentences that differ it is seldom below 0.7."""
        return float(self._vector(one, encoding) @ self._vector(other, encoding))

    def learn(self, texts: Iterable[str], encoding: Encoding) -> bool:
        """Make the vectors of some texts that have none yet. Returns whether there were any."""
        unknown = [text for text in texts if (encoding, text) not in self._vectors][:AT_ONCE]
        for text in unknown:
            self._vector(text, encoding)
        return bool(unknown)

    def _vector(self, text: str, encoding: Encoding) -> np.ndarray:
        key = (encoding, text)
        if key not in self._vectors:
            self._vectors[key] = vectors_of((text,), encoding)[0]
            if len(self._vectors) > self._kept:
                self._vectors.popitem(last=False)
        self._vectors.move_to_end(key)
        return self._vectors[key]
