"""What every component of the pipeline promises, whatever it computes. The same checks run over all of them."""

from __future__ import annotations

import copy
from typing import Any

import numpy as np
from rasa.engine.graph import ExecutionContext, GraphComponent, GraphSchema
from rasa.engine.storage.resource import Resource
from rasa.engine.storage.storage import ModelStorage
from rasa.shared.nlu.constants import INTENT, TEXT
from rasa.shared.nlu.training_data.message import Message
from rasa.shared.nlu.training_data.training_data import TrainingData

from bot.nlu.parts import PARTS


def message(text: str) -> Message:
    """A message as Rasa hands it to the first component."""
    return Message(data={TEXT: text})


def examples(of_intent: dict[str, list[str]]) -> TrainingData:
    return TrainingData(
        [Message(data={TEXT: text, INTENT: intent}) for intent, texts in of_intent.items() for text in texts]
    )


def options(component_class: type[GraphComponent], **changed: Any) -> dict[str, Any]:
    """The defaults, as Rasa fills them in before it makes a component."""
    return {**component_class.get_default_config(), **changed}


def create(component_class: type[GraphComponent], storage: ModelStorage, **changed: Any) -> Any:
    return component_class.create(options(component_class, **changed), storage, *_place(component_class))


def load(component_class: type[GraphComponent], storage: ModelStorage, **changed: Any) -> Any:
    return component_class.load(options(component_class, **changed), storage, *_place(component_class))


def train(component_class: type[GraphComponent], storage: ModelStorage, data: TrainingData, **changed: Any) -> Any:
    """Train, and come back from the disk, as in Rasa. `data` has passed through the components before this one."""
    create(component_class, storage, **changed).train(data)
    return load(component_class, storage, **changed)


def _place(component_class: type[GraphComponent]) -> tuple[Resource, ExecutionContext]:
    name = component_class.__name__
    return Resource(name), ExecutionContext(GraphSchema({}), node_name=name)


def snapshot(checked: Message) -> dict[str, Any]:
    """Everything that is in a message, in a form that can be compared."""
    vectors = [np.round(feature.features, 6).tolist() for feature in checked.features]
    parts = {text: snapshot(part) for text, part in (checked.get(PARTS) or {}).items()}
    rest = {key: value for key, value in checked.data.items() if key != PARTS}
    return {**copy.deepcopy(rest), PARTS: parts, "features": vectors}


def check_leaves_empty_message_alone(component: Any, *, except_for: set[str]) -> None:
    for empty in (Message(data={}), message("")):
        before = snapshot(empty)
        component.process([empty])
        after = {key: value for key, value in snapshot(empty).items() if key not in except_for}
        assert after == before


def check_changes_only(component: Any, given: Message, *, own: set[str]) -> None:
    before = snapshot(given)
    component.process([given])
    after = snapshot(given)
    assert {key for key in after if after[key] != before.get(key)} <= own
    assert before.keys() <= after.keys()


def check_same_answer(one: Any, other: Any, given: Message) -> None:
    """`one` and `other` may be the same component, or one before and after it was saved."""
    first, second = copy.deepcopy(given), copy.deepcopy(given)
    one.process([first])
    other.process([second])
    assert snapshot(first) == snapshot(second)
