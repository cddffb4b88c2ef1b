"""Keeps the sentence vectors of one training for the next: most of its time, and most examples stay as they are."""

from __future__ import annotations

import hashlib
import os
import zipfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np

DIGEST_BYTES = 16
Encode = Callable[[list[str]], np.ndarray]


class VectorCache:
    """Vectors by the encoder and the text. Only what was asked for since it was opened is kept for the next time."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._known = _read(file)
        self._used: dict[bytes, np.ndarray] = {}

    def encode(self, name: str, texts: Sequence[str], encode: Encode) -> np.ndarray:
        """As `encode(texts)`, of which only the unknown are encoded. name: of the encoder, with its weights."""
        digests = [_digest(name, text) for text in texts]
        unknown = {d: text for d, text in zip(digests, texts, strict=True) if d not in self._known}
        if unknown:
            self._known.update(zip(unknown, encode(list(unknown.values())), strict=True))
        self._used.update((digest, self._known[digest]) for digest in digests)
        return np.array([self._known[digest] for digest in digests], dtype=np.float32)

    def save(self) -> None:
        """Raises OSError. Another process finds the file of before, or all of this one."""
        if not self._used:
            return
        self._file.parent.mkdir(parents=True, exist_ok=True)
        new = self._file.with_suffix(f".{os.getpid()}")
        with new.open("wb") as file:
            np.savez(
                file, digests=np.frombuffer(b"".join(self._used), np.uint8), vectors=np.vstack([*self._used.values()])
            )
        new.replace(self._file)


_open: VectorCache | None = None


@contextmanager
def kept_vectors(file: Path) -> Iterator[None]:
    """Inside, `cached` takes vectors from this file; afterwards it has those that were needed."""
    global _open
    _open = VectorCache(file)
    try:
        yield
        _open.save()
    finally:
        _open = None


def cached(name: str, texts: Sequence[str], encode: Encode) -> np.ndarray:
    """`encode(texts)`; inside `kept_vectors` what is known is not encoded again. Shape (n_texts, dimension)."""
    return _open.encode(name, texts, encode) if _open and texts else encode(list(texts))


def _read(file: Path) -> dict[bytes, np.ndarray]:
    """Empty without a file, or with one that is broken: everything is then encoded anew."""
    try:
        with np.load(file, allow_pickle=False) as arrays:
            digests, vectors = arrays["digests"].tobytes(), arrays["vectors"]
    except (OSError, ValueError, KeyError, zipfile.BadZipFile):
        return {}
    found = [digests[at : at + DIGEST_BYTES] for at in range(0, len(digests), DIGEST_BYTES)]
    return dict(zip(found, vectors, strict=True)) if len(found) == len(vectors) else {}


def _digest(name: str, text: str) -> bytes:
    return hashlib.blake2b(f"{name}\0{text}".encode(), digest_size=DIGEST_BYTES).digest()
