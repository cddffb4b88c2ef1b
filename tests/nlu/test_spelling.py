from __future__ import annotations

import pytest
from rasa.engine.storage.local_model_storage import LocalModelStorage
from rasa.nlu.constants import TOKENS_NAMES
from rasa.shared.exceptions import InvalidConfigException
from rasa.shared.nlu.constants import TEXT
from rasa.shared.nlu.training_data.message import Message
from rasa.shared.nlu.training_data.training_data import TrainingData

from bot.nlu.sentence_vectors import SentenceVectors
from bot.nlu.spelling import SPELLED, Spelling
from bot.nlu.svm_classifier import words_of
from tests.nlu.component_checks import train
from tests.nlu.conftest import Pipeline


def spelled(pipeline: Pipeline, text: str) -> str:
    message = pipeline.before(SentenceVectors, text)
    return str(message.get(SPELLED, message.get(TEXT)))


@pytest.mark.parametrize(
    ("typed", "read"),
    [
        ("wachtwooord vergetten", "wachtwoord vergeten"),
        ("WACHTWORD vergeten!!", "wachtwoord vergeten!!"),
        ("hoe laat is de wnikel oepn?", "hoe laat is de winkel open?"),
        ("ik ben mijn wachtwoord vergteen", "ik ben mijn wachtwoord vergeten"),
        ("rtourkosten", "retourkosten"),
    ],
)
def test_mistakes_are_put_right(pipeline: Pipeline, typed: str, read: str) -> None:
    assert spelled(pipeline, typed) == read


@pytest.mark.parametrize(
    "text",
    [
        "mijn huis is te koop",  # words of no example, but words
        "WS-1048221 en a@example.nl",
        "xqzvwkjhgf",
        "",
        "😀 👍🏽",
        "wat kost dat",
        "hebben jullie de Winkle Lamp van Koopavont",  # names
        "I forgot something",
        "жшщч ةيبرع",
    ],
)
def test_what_is_no_mistake_stays(pipeline: Pipeline, text: str) -> None:
    assert spelled(pipeline, text) == text


def test_classifier_and_encoder_read_the_same_and_people_what_was_typed(pipeline: Pipeline) -> None:
    message = pipeline.before(SentenceVectors, "wachtwooord kwijt")
    assert words_of(message) == ["wachtwoord", "kwijt"]
    assert message.get(TEXT) == "wachtwooord kwijt"
    assert [(token.start, token.end) for token in message.get(TOKENS_NAMES[TEXT])] == [(0, 11), (12, 17)]


def test_parts_are_put_right_too(pipeline: Pipeline) -> None:
    message = pipeline.before(SentenceVectors, "Hoe laat oepn? En is er kopavond?")
    assert [part.get(SPELLED) for part in message.get("parts").values()] == ["Hoe laat open?", "En is er koopavond?"]


def test_huge_message_of_nonsense_costs_little(pipeline: Pipeline) -> None:
    message = pipeline.before(Spelling, " ".join(f"qzx{letter}wkjv" for letter in "abcdefghij" * 20))
    pipeline.components[[type(c) for c in pipeline.components].index(Spelling)].process([message])
    assert message.get(SPELLED) is None


def test_can_be_turned_off_and_says_what_is_wrong(storage: LocalModelStorage, pipeline: Pipeline) -> None:
    off = train(Spelling, storage, _no_examples(), max_mistakes=0)
    message = pipeline.before(Spelling, "wachtwooord vergetten")
    assert off.process([message])[0].get(SPELLED) is None
    with pytest.raises(InvalidConfigException, match="max_mistakes"):
        train(Spelling, storage, _no_examples(), max_mistakes=7)


def _no_examples() -> TrainingData:
    return TrainingData([Message(data={TEXT: "wachtwoord vergeten"})])
