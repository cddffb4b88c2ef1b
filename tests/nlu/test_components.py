"""The promises that all components share; see component_checks."""

from __future__ import annotations

import pytest
from rasa.engine.storage.local_model_storage import LocalModelStorage
from rasa.shared.exceptions import InvalidConfigException

from bot.nlu.customer_entities import CustomerEntities
from bot.nlu.decision import Decision
from bot.nlu.dutch_spacy import DutchSpacy
from bot.nlu.emergency_classifier import EmergencyClassifier
from bot.nlu.sentence_vectors import SentenceVectors
from bot.nlu.spelling import Spelling
from bot.nlu.svm_classifier import SvmClassifier
from tests.nlu.component_checks import (
    check_changes_only,
    check_leaves_empty_message_alone,
    check_same_answer,
    create,
)
from tests.nlu.conftest import COMPONENTS, SMALL, Pipeline, train_pipeline

OWN = {
    DutchSpacy: {"text_tokens", "parts", "entities"},
    CustomerEntities: {"entities"},
    Spelling: {"text_tokens", "spelled", "parts"},
    SentenceVectors: {"features", "encoded_by", "parts"},
    EmergencyClassifier: {"emergency"},
    SvmClassifier: {"intent", "intent_ranking", "known_share", "parts"},
    Decision: {"intent", "decision"},
}
# What customers really send, apart from words.
ODD = {
    "question": "hoe laat open?",
    "white space": "  ",
    "emoji": "😀😀",
    "punctuation": "?!",
    "gibberish": "asdkjh qwpoei",
    "nul": "\0\0",
    "markup": "[markup](x)",
    "number": "1234",
    "huge": "a" * 5000,
    "combining accent": "ga\u0301",
}


@pytest.mark.parametrize("component_class", COMPONENTS)
def test_empty_message_is_left_alone(pipeline: Pipeline, component_class: type) -> None:
    # Decision is the exception: a message without text is decided about, so that nobody is left without an answer.
    except_for = OWN[Decision] if component_class is Decision else set()
    check_leaves_empty_message_alone(pipeline.components[COMPONENTS.index(component_class)], except_for=except_for)


@pytest.mark.parametrize("text", ODD.values(), ids=ODD.keys())
@pytest.mark.parametrize("component_class", COMPONENTS)
def test_only_its_own_attributes_change(pipeline: Pipeline, component_class: type, text: str) -> None:
    component = pipeline.components[COMPONENTS.index(component_class)]
    check_changes_only(component, pipeline.before(component_class, text), own=OWN[component_class])


@pytest.mark.parametrize("text", ODD.values(), ids=ODD.keys())
@pytest.mark.parametrize("component_class", COMPONENTS)
def test_same_message_gets_same_answer_twice(pipeline: Pipeline, component_class: type, text: str) -> None:
    component = pipeline.components[COMPONENTS.index(component_class)]
    check_same_answer(component, component, pipeline.before(component_class, text))


def test_same_examples_give_same_model(pipeline: Pipeline, storage: LocalModelStorage) -> None:
    again = train_pipeline(storage, SMALL)
    for component_class, one, other in zip(COMPONENTS, pipeline.components, again.components, strict=True):
        check_same_answer(one, other, pipeline.before(component_class, "tot hoe laat zijn jullie zondag open"))


@pytest.mark.parametrize("component_class", COMPONENTS)
def test_unknown_option_is_named(storage: LocalModelStorage, component_class: type) -> None:
    with pytest.raises(InvalidConfigException, match="'thresold'"):
        create(component_class, storage, thresold=0.5)


@pytest.mark.parametrize(
    ("component_class", "option", "wrong"),
    [
        (DutchSpacy, "max_text_chars", 0),
        (CustomerEntities, "max_text_chars", 0),
        (CustomerEntities, "order_numbers", r"WS-\d+"),
        (CustomerEntities, "order_numbers", ["WS-("]),
        (CustomerEntities, "bare_order_number", 8),
        (CustomerEntities, "phone_regions", "NL"),
        (SentenceVectors, "max_text_chars", "500"),
        (SentenceVectors, "encoder", "word2vec"),
        (EmergencyClassifier, "max_flagged_share", 0.2),
        (EmergencyClassifier, "min_threshold", "high"),
        (EmergencyClassifier, "company_examples", 0),
        (SvmClassifier, "regularization_c", -1),
        (SvmClassifier, "folds", 1),
        (SvmClassifier, "folds", 2.5),
        (SvmClassifier, "seed", None),
        (Decision, "target_precision", 97),
        (Decision, "target_suggestion", -0.1),
        (Decision, "familiar_share", 1),
        (Decision, "out_of_scope_share", -0.1),
        (Decision, "min_messages", 0),
        (Decision, "min_known_share", True),
    ],
)
def test_wrong_option_is_named(storage: LocalModelStorage, component_class: type, option: str, wrong: object) -> None:
    with pytest.raises(InvalidConfigException, match=f"'{option}'"):
        create(component_class, storage, **{option: wrong})
