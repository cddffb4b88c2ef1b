"""The product's own pipeline over the examples: what it sees in each, and what it says of each unseen."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import yaml
from rasa.engine.graph import ExecutionContext, GraphComponent, GraphSchema
from rasa.engine.storage.local_model_storage import LocalModelStorage
from rasa.engine.storage.resource import Resource
from rasa.shared.nlu.constants import INTENT, INTENT_RANKING_KEY, TEXT
from rasa.shared.nlu.training_data.message import Message
from rasa.shared.nlu.training_data.training_data import TrainingData

from bot.nlu.dutch_spacy import DutchSpacy
from bot.nlu.lint.sources import SourceExample
from bot.nlu.sentence_vectors import SentenceVectors
from bot.nlu.svm_classifier import SvmClassifier, vector_of, words_of

# In this order; what comes behind the classifier has no say in which intent it is.
COMPONENTS: list[type[GraphComponent]] = [DutchSpacy, SentenceVectors, SvmClassifier]


@dataclass(frozen=True)
class Seen:
    """One row an example, in the order given."""

    words: list[list[str]]
    vectors: np.ndarray  # float, shape (n_examples, dimension)
    # By a model trained without the example and its near duplicates.
    guesses: list[str]
    confidences: np.ndarray  # float, of the guess, calibrated; shape (n_examples,)


def read_options(config_file: Path) -> dict[str, dict[str, Any]]:
    """Component class -> its options in config.yml, with defaults for the others."""
    pipeline = yaml.safe_load(config_file.read_text(encoding="utf-8"))["pipeline"]
    given = {item["name"].rpartition(".")[2]: {**item} for item in pipeline}
    for options in given.values():
        del options["name"]
    return {each.__name__: {**each.get_default_config(), **given.get(each.__name__, {})} for each in COMPONENTS}


def look_at(examples: Sequence[SourceExample], options: dict[str, dict[str, Any]]) -> Seen:
    """Read `examples` and, to guess their intents, train on them with cross-validation, which takes most of the time.

    They need two intents at least, and text in every example.
    """
    messages = read_words(examples, options)
    vectors = read_vectors(messages, options)
    _put_through(SvmClassifier, messages, options)
    best = [message.get(INTENT_RANKING_KEY)[0] for message in messages]
    return Seen(
        words=[words_of(message) for message in messages],
        vectors=vectors,
        guesses=[one["name"] for one in best],
        confidences=np.array([one["confidence"] for one in best]),
    )


def read_words(examples: Sequence[SourceExample], options: dict[str, dict[str, Any]]) -> list[Message]:
    """A message for each example, with its words."""
    messages = [Message(data={TEXT: example.text, INTENT: example.intent}) for example in examples]
    _put_through(DutchSpacy, messages, options)
    return messages


def read_vectors(messages: list[Message], options: dict[str, dict[str, Any]]) -> np.ndarray:
    """Give messages with words their vectors; shape (n_messages, dimension)."""
    _put_through(SentenceVectors, messages, options)
    return np.vstack([vector_of(message) for message in messages])


def _put_through(component_class: Any, messages: list[Message], options: dict[str, dict[str, Any]]) -> None:
    name, data = component_class.__name__, TrainingData(messages)
    with tempfile.TemporaryDirectory() as folder:
        storage = LocalModelStorage.create(Path(folder))
        context = ExecutionContext(GraphSchema({}), node_name=name)
        component = component_class.create(options[name], storage, Resource(name), context)
        component.train(data)
        component.process_training_data(data)
