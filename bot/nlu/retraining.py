"""Train the learning part of the pipeline again and again, on messages that were read once.

What costs most, the sentence vectors, does not depend on the training. The classes are those of config.yml, made,
trained and loaded as Rasa's graph does; tests/nlu/test_retraining.py holds that the result is the same.
"""

from __future__ import annotations

import copy
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import yaml
from rasa.engine.graph import ExecutionContext, GraphComponent, GraphSchema
from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.engine.storage.local_model_storage import LocalModelStorage
from rasa.engine.storage.resource import Resource
from rasa.engine.storage.storage import ModelStorage
from rasa.nlu.classifiers.classifier import IntentClassifier
from rasa.shared.nlu.constants import INTENT, METADATA, TEXT
from rasa.shared.nlu.training_data.message import Message
from rasa.shared.nlu.training_data.training_data import TrainingData

from bot.nlu.examples import Example
from bot.nlu.rasa_model import CONFIG_FILE, as_typed


class Step:
    """One component of the pipeline, in a storage."""

    def __init__(self, number: int, config: dict[str, Any]) -> None:
        options = dict(config)
        self.component_class: type[GraphComponent] = DefaultV1Recipe._from_registry(options.pop("name")).clazz
        self.learns = issubclass(self.component_class, IntentClassifier)
        self._options = {**self.component_class.get_default_config(), **options}
        self._name = f"{self.component_class.__name__}{number}"

    def train(self, data: TrainingData, storage: ModelStorage) -> Any:
        """Return the component, trained and back from the storage."""
        place = storage, Resource(self._name), ExecutionContext(GraphSchema({}), node_name=self._name)
        self.component_class.create(self._options, *place).train(data)
        return self.component_class.load(self._options, *place)


class Trained:
    """The learning part, trained."""

    def __init__(self, components: list[Any]) -> None:
        self._components = components

    def parse(self, message: Message) -> dict[str, Any]:
        """Return what the pipeline says of a message that was read."""
        parsed = _copy(message)
        for component in self._components:
            component.process([parsed])
        return dict(parsed.data)


class Retraining:
    """The pipeline of `config_file`, of which the part before the first classifier is made once."""

    def __init__(self, data: TrainingData, config_file: Path = CONFIG_FILE) -> None:
        pipeline = yaml.safe_load(config_file.read_text(encoding="utf-8"))["pipeline"]
        steps = [Step(number, config) for number, config in enumerate(pipeline)]
        first = next(number for number, step in enumerate(steps) if step.learns)
        self._learning = steps[first:]
        with tempfile.TemporaryDirectory() as folder:
            storage = LocalModelStorage.create(Path(folder))
            self._reading = [step.train(data, storage) for step in steps[:first]]
        self.examples = self._read([_example(example) for example in data.intent_examples])

    def read(self, examples: Iterable[Example]) -> list[Message]:
        """Give messages what the classifiers need: tokens and a sentence vector."""
        return self._read([_message(as_typed(example.text), example.intent) for example in examples])

    def _read(self, messages: list[Message]) -> list[Message]:
        for component in self._reading:
            component.process(messages)
        return messages

    def train(self, examples: Iterable[Message]) -> Trained:
        """Train on messages that were read; they stay as they are."""
        data = TrainingData([_copy(example) for example in examples])
        components = []
        with tempfile.TemporaryDirectory() as folder:
            storage = LocalModelStorage.create(Path(folder))
            for step in self._learning:
                component = step.train(data, storage)
                if hasattr(component, "process_training_data"):
                    component.process_training_data(data)
                components.append(component)
        return Trained(components)


def _message(text: str, intent: str) -> Message:
    return Message(data={TEXT: text, INTENT: intent})


def _example(example: Message) -> Message:
    return Message(data={key: value for key in (TEXT, INTENT, METADATA) if (value := example.get(key)) is not None})


def _copy(message: Message) -> Message:
    """A message that a component can write to, also where messages hold messages (its sentences)."""
    return copy.deepcopy(message)
