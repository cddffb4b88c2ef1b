from __future__ import annotations

from collections.abc import Iterator

import pytest
import spacy
from rasa.engine.storage.local_model_storage import LocalModelStorage
from rasa.nlu.tokenizers.tokenizer import Token

from bot.nlu import dutch_spacy
from bot.nlu.dutch_spacy import BLANK, PATH_VARIABLE, DutchSpacy, entities_of
from bot.nlu.errors import ModelMismatchError
from tests.nlu.component_checks import create, examples, load, message, train
from tests.nlu.conftest import SHARED, needs_shared

TRAINED = SHARED / "models" / "nl_ud_sm"


@pytest.fixture(autouse=True)
def nothing_installed(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """These tests choose the pipeline themselves, whatever this machine has."""
    monkeypatch.setattr(dutch_spacy, "is_package", lambda name: False)
    monkeypatch.delenv(PATH_VARIABLE, raising=False)
    dutch_spacy.load_pipeline.cache_clear()
    yield
    dutch_spacy.load_pipeline.cache_clear()


def tokens(component: DutchSpacy, text: str) -> list[Token]:
    given = message(text)
    component.process([given])
    return given.get("text_tokens")


def test_without_any_model_a_blank_dutch_pipeline_is_used(storage: LocalModelStorage) -> None:
    component = create(DutchSpacy, storage)
    assert component.pipeline_name == BLANK
    assert [token.text for token in tokens(component, "zo'n  bon, a.u.b.")] == ["zo'n", "bon", ",", "a.u.b."]


@needs_shared
def test_path_in_environment_is_used_when_the_package_is_missing(
    storage: LocalModelStorage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(PATH_VARIABLE, str(TRAINED))
    component = create(DutchSpacy, storage)
    assert component.pipeline_name == "nl_ud_sm 0.1.0"
    assert [token.lemma for token in tokens(component, "de winkels gingen open")] != ["de", "winkels", "gingen", "open"]


@needs_shared
def test_installed_package_goes_before_the_path(storage: LocalModelStorage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dutch_spacy, "is_package", lambda name: name == "nl_core_news_sm")
    monkeypatch.setattr(spacy, "load", lambda name, **options: spacy.blank("nl", meta={"name": str(name)}))
    monkeypatch.setenv(PATH_VARIABLE, str(TRAINED))
    assert dutch_spacy.load_pipeline("nl_core_news_sm", str(TRAINED)).meta["name"] == "nl_core_news_sm"


def test_path_without_a_pipeline_is_an_error(storage: LocalModelStorage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(PATH_VARIABLE, "/no/such/folder")
    with pytest.raises(OSError, match="/no/such/folder"):
        create(DutchSpacy, storage)


@needs_shared
def test_model_trained_with_another_pipeline_is_refused(
    storage: LocalModelStorage, monkeypatch: pytest.MonkeyPatch
) -> None:
    train(DutchSpacy, storage, examples({}))
    monkeypatch.setenv(PATH_VARIABLE, str(TRAINED))
    with pytest.raises(ModelMismatchError, match="'blank:nl'.*'nl_ud_sm 0.1.0'"):
        load(DutchSpacy, storage)


def test_persons_and_places_become_entities() -> None:
    nlp = spacy.blank("nl")
    nlp.add_pipe("entity_ruler").add_patterns(
        [
            {"label": "PERSON", "pattern": "Sanne de Wit"},
            {"label": "GPE", "pattern": "Gent"},
            {"label": "DATE", "pattern": "maandag"},
        ]
    )
    assert entities_of(nlp("Sanne de Wit uit Gent, maandag")) == [
        {"entity": "person", "value": "Sanne de Wit", "start": 0, "end": 12},
        {"entity": "place", "value": "Gent", "start": 17, "end": 21},
    ]


def test_text_after_the_cap_is_not_read(storage: LocalModelStorage) -> None:
    assert [token.text for token in tokens(create(DutchSpacy, storage, max_text_chars=6), "hallo daar")] == ["hallo"]
