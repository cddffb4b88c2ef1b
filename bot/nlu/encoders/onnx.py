"""A sentence-transformers model exported to ONNX, from a local folder.

The folder holds model.onnx (input_ids, attention_mask and perhaps token_type_ids in; the tokens' vectors as its first
output) and tokenizer.json (Hugging Face `tokenizers`). The mean over a text's tokens is its vector.
"""

import hashlib
from pathlib import Path

import numpy as np
from onnxruntime import InferenceSession
from rasa.shared.exceptions import InvalidConfigException
from tokenizers import Tokenizer

from bot.nlu.svm_model import unit_length

MAX_TOKENS = 512  # what models of this family were trained for
BATCH_SIZE = 32


class OnnxEncoder:
    def __init__(self, folder: str, *, prefix: str) -> None:
        model_file, tokenizer_file = Path(folder) / "model.onnx", Path(folder) / "tokenizer.json"
        for file in (model_file, tokenizer_file):
            if not file.is_file():
                raise InvalidConfigException(f"option 'path' must be a folder with {file.name}; there is no {file}.")
        self._prefix = prefix
        self._session = InferenceSession(str(model_file), providers=["CPUExecutionProvider"])
        self._inputs = {model_input.name for model_input in self._session.get_inputs()}
        self._tokenizer = Tokenizer.from_file(str(tokenizer_file))
        self._tokenizer.enable_truncation(MAX_TOKENS)
        self._tokenizer.enable_padding()
        self.name = f"onnx {hashlib.sha256(model_file.read_bytes()).hexdigest()[:12]}"
        self.dimension = self._encode_batch(["x"]).shape[1]

    def encode(self, texts: list[str]) -> np.ndarray:
        """See Encoder."""
        batches = [self._encode_batch(texts[start : start + BATCH_SIZE]) for start in range(0, len(texts), BATCH_SIZE)]
        return np.concatenate(batches) if batches else np.zeros((0, self.dimension), dtype=np.float32)

    def _encode_batch(self, texts: list[str]) -> np.ndarray:
        encodings = self._tokenizer.encode_batch([self._prefix + text for text in texts])
        mask = np.array([encoding.attention_mask for encoding in encodings], dtype=np.int64)
        feeds = {
            "input_ids": np.array([encoding.ids for encoding in encodings], dtype=np.int64),
            "attention_mask": mask,
            "token_type_ids": np.array([encoding.type_ids for encoding in encodings], dtype=np.int64),
        }
        token_vectors = self._session.run(None, {name: feeds[name] for name in self._inputs})[0]
        return unit_length(mean_of_tokens(token_vectors, mask)).astype(np.float32)


def mean_of_tokens(token_vectors: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """Average the vectors of real tokens.

    token_vectors: float, shape (n_texts, n_tokens, dimension).
    mask: int, shape (n_texts, n_tokens); 0 is padding.
    Returns float, shape (n_texts, dimension).
    """
    weights = mask[:, :, None]
    return (token_vectors * weights).sum(axis=1) / np.maximum(weights.sum(axis=1), 1)
