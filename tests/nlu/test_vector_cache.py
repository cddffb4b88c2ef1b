"""Vectors of one training serve the next, and are the same as without."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from bot.nlu.vector_cache import cached, kept_vectors


class CountingEncoder:
    """Gives each text a vector of its own, and keeps what it was asked."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def encode(self, texts: list[str]) -> np.ndarray:
        self.asked += texts
        return np.array([[len(text), ord(text[0])] for text in texts], dtype=np.float32)


def test_what_is_known_is_not_encoded_again_and_what_is_not_asked_for_goes(tmp_path: Path) -> None:
    encoder, file = CountingEncoder(), tmp_path / "models" / "vectors.npz"
    with kept_vectors(file):
        first = cached("e5", ["een", "twee", "een"], encoder.encode)
    assert encoder.asked == ["een", "twee"]
    assert first.tolist() == CountingEncoder().encode(["een", "twee", "een"]).tolist()
    with kept_vectors(file):
        second = cached("e5", ["drie", "een"], encoder.encode)
    assert encoder.asked == ["een", "twee", "drie"]
    assert second.tolist() == CountingEncoder().encode(["drie", "een"]).tolist()
    with kept_vectors(file):
        cached("e5", ["twee"], encoder.encode)
    assert encoder.asked[-1] == "twee", "it was not kept: nothing asked for it"


def test_vectors_of_another_encoder_are_never_taken(tmp_path: Path) -> None:
    encoder = CountingEncoder()
    for name in ("e5", "use"):
        with kept_vectors(tmp_path / "vectors.npz"):
            cached(name, ["een"], encoder.encode)
    assert encoder.asked == ["een", "een"]


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 broken", b"no archive at all"])
def test_a_broken_file_costs_time_only(tmp_path: Path, content: bytes) -> None:
    file, encoder = tmp_path / "vectors.npz", CountingEncoder()
    file.write_bytes(content)
    with kept_vectors(file):
        assert cached("e5", ["een"], encoder.encode).shape == (1, 2)
    assert encoder.asked == ["een"]


def test_nothing_is_kept_outside(tmp_path: Path) -> None:
    encoder = CountingEncoder()
    cached("e5", ["een"], encoder.encode)
    cached("e5", ["een"], encoder.encode)
    assert encoder.asked == ["een", "een"] and not list(tmp_path.iterdir())
