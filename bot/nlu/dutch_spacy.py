"""Rasa tokenizer on a Dutch spaCy pipeline, with persons and places where that pipeline finds them."""

from __future__ import annotations

import os
from functools import lru_cache
from pathlib import Path
from typing import Any

import spacy
from rasa.engine.graph import ExecutionContext
from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.engine.storage.resource import Resource
from rasa.engine.storage.storage import ModelStorage
from rasa.nlu.constants import TOKENS_NAMES
from rasa.nlu.extractors.extractor import EntityExtractorMixin
from rasa.nlu.tokenizers.tokenizer import Token, Tokenizer
from rasa.shared.nlu.constants import ENTITIES, TEXT
from rasa.shared.nlu.training_data.message import Message
from rasa.shared.nlu.training_data.training_data import TrainingData
from spacy.language import Language
from spacy.tokens import Doc
from spacy.util import is_package

from bot.nlu.errors import ModelMismatchError
from bot.nlu.model_card import read_own_card, write_card
from bot.nlu.options import check_names, check_whole_number
from bot.nlu.parts import add_parts

PATH_VARIABLE = "BOT_SPACY_MODEL"
BLANK = "blank:nl"
# Dutch pipelines name the kinds in several ways: WikiNER's and OntoNotes'.
ENTITY_OF_LABEL = {"PER": "person", "PERSON": "person", "LOC": "place", "GPE": "place", "FAC": "place"}
# Not used by any component, and the slowest part of nl_core_news_sm.
UNUSED_PIPES = ["parser"]


@DefaultV1Recipe.register(
    [DefaultV1Recipe.ComponentType.MESSAGE_TOKENIZER, DefaultV1Recipe.ComponentType.ENTITY_EXTRACTOR],
    is_trainable=True,
)
class DutchSpacy(Tokenizer, EntityExtractorMixin):
    """Trainable only to remember which spaCy pipeline the model was trained with."""

    @staticmethod
    def get_default_config() -> dict[str, Any]:
        return {
            # Name of an installed spaCy pipeline. When it is not installed: the folder in BOT_SPACY_MODEL, else a
            # blank Dutch one, which knows tokens but no lemmas and no entities.
            "model": "nl_core_news_sm",
            # What comes after this many characters is not read.
            "max_text_chars": 2000,
            # Rasa's own, for every tokenizer: intents are not split into words.
            "intent_tokenization_flag": False,
            "intent_split_symbol": "_",
        }

    @staticmethod
    def required_packages() -> list[str]:
        return ["spacy"]

    def __init__(self, config: dict[str, Any], model_storage: ModelStorage, resource: Resource) -> None:
        super().__init__(config)
        check_names("DutchSpacy", config, self.get_default_config())
        check_whole_number("DutchSpacy", config, "max_text_chars", low=1, high=100_000)
        self._max_text_chars: int = config["max_text_chars"]
        self._model_storage = model_storage
        self._resource = resource
        self._nlp = load_pipeline(config["model"], os.environ.get(PATH_VARIABLE, ""))

    @classmethod
    def create(
        cls,
        config: dict[str, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
    ) -> DutchSpacy:
        return cls(config, model_storage, resource)

    @classmethod
    def load(
        cls,
        config: dict[str, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
        **kwargs: Any,
    ) -> DutchSpacy:
        """Raises ModelMismatchError if another spaCy pipeline is found than in training."""
        component = cls(config, model_storage, resource)
        with model_storage.read_from(resource) as directory:
            trained_with = read_own_card(directory)["spacy_model"]
        if trained_with != component.pipeline_name:
            raise ModelMismatchError("the spaCy pipeline", trained_with=trained_with, found=component.pipeline_name)
        return component

    @property
    def pipeline_name(self) -> str:
        return name_of(self._nlp)

    def train(self, training_data: TrainingData) -> Resource:
        """Write down which pipeline is used; there is nothing to learn."""
        with self._model_storage.write_to(self._resource) as directory:
            write_card(directory, {"spacy_model": self.pipeline_name})
        return self._resource

    def tokenize(self, message: Message, attribute: str) -> list[Token]:
        return tokens_of(self._read(message.get(attribute)))

    def process(self, messages: list[Message]) -> list[Message]:
        """Set the tokens of every message that has text, its parts, and its entities. From rasa Tokenizer."""
        for message in messages:
            if message.get(TEXT):
                self._process_message(message)
        return messages

    def _process_message(self, message: Message) -> None:
        doc = self._read(message.get(TEXT))
        message.set(TOKENS_NAMES[TEXT], tokens_of(doc))
        for part in add_parts(message):
            part.set(TOKENS_NAMES[TEXT], tokens_of(self._read(part.get(TEXT))))
        entities = self.add_extractor_name(entities_of(doc))
        if entities:
            message.set(ENTITIES, message.get(ENTITIES, []) + entities, add_to_output=True)

    def _read(self, text: str) -> Doc:
        return self._nlp(text[: self._max_text_chars])


@lru_cache(maxsize=1)  # Rasa makes this component twice in one training
def load_pipeline(model: str, path: str) -> Language:
    """Load `model` if it is installed, else what is at `path`, else a blank Dutch pipeline.

    Raises OSError if `path` is set and used, and holds no spaCy pipeline.
    """
    if is_package(model):
        return spacy.load(model, exclude=UNUSED_PIPES)
    if path:
        return spacy.load(Path(path), exclude=UNUSED_PIPES)
    return blank_pipeline()


@lru_cache(maxsize=1)  # half of the time in which a model loads would go into making one more
def blank_pipeline() -> Language:
    """Dutch tokens and nothing else; shared, so leave it as it is."""
    return spacy.blank("nl")


def name_of(nlp: Language) -> str:
    """Name and version, such as `nl_core_news_sm 3.4.0`, or `blank:nl`."""
    if not nlp.pipe_names:
        return BLANK
    return f"{nlp.meta['lang']}_{nlp.meta['name']} {nlp.meta['version']}"


def tokens_of(doc: Doc) -> list[Token]:
    """Everything but white space, with its lemma where the pipeline gives one."""
    return [Token(token.text, token.idx, lemma=token.lemma_) for token in doc if not token.is_space]


def entities_of(doc: Doc) -> list[dict[str, Any]]:
    """Persons and places; Rasa's form, offsets in characters."""
    return [
        {
            "entity": ENTITY_OF_LABEL[span.label_],
            "value": span.text,
            "start": span.start_char,
            "end": span.end_char,
        }
        for span in doc.ents
        if span.label_ in ENTITY_OF_LABEL
    ]
