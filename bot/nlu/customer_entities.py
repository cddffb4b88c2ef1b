"""Finds what an agent needs to act on: order number, e-mail, phone, postcode, amount, date and product."""

from __future__ import annotations

import json
import re
import warnings
from collections.abc import Iterable, Iterator
from typing import Any

from rasa.engine.graph import ExecutionContext, GraphComponent
from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.engine.storage.resource import Resource
from rasa.engine.storage.storage import ModelStorage
from rasa.nlu.extractors.extractor import EntityExtractorMixin
from rasa.shared.exceptions import InvalidConfigException
from rasa.shared.nlu.constants import ENTITIES, TEXT
from rasa.shared.nlu.training_data.message import Message
from rasa.shared.nlu.training_data.training_data import TrainingData
from spacy.matcher import PhraseMatcher
from spacy.util import filter_spans

from bot.nlu import entity_patterns as patterns
from bot.nlu.dutch_spacy import blank_pipeline
from bot.nlu.options import check_names, check_whole_number

# Rasa only knows its own readers of lookup tables, and says that nobody uses them.
warnings.filterwarnings("ignore", message="You have defined training data consisting of lookup tables")

LOOKUPS_FILE = "lookups.json"
# The phone library reads a region's rules at its first number: 2 ms that no customer need wait for.
_FIRST_PHONE = "+31 20 555 01 23"

# (kind, start, end)
Found = tuple[str, int, int]


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.ENTITY_EXTRACTOR, is_trainable=True)
class CustomerEntities(GraphComponent, EntityExtractorMixin):
    """Trainable only to remember the lookup tables of the training data: each is an entity of its name.

    The value is what the customer wrote. No dates as ISO: dateparser takes up to 1 ms for one, and doesn't understand
    "volgende week dinsdag".
    """

    @staticmethod
    def get_default_config() -> dict[str, Any]:
        return {
            # Regular expressions, small and capital letters alike. Where one has a group, that is the value.
            "order_numbers": patterns.ORDER_NUMBERS,
            # What else counts as an order number if nothing else explains it; empty: nothing does.
            "bare_order_number": patterns.BARE_ORDER_NUMBER,
            # Where a phone number without country code may be from.
            "phone_regions": ["NL", "BE"],
            # What comes after this many characters is not read.
            "max_text_chars": 2000,
        }

    @staticmethod
    def required_packages() -> list[str]:
        # Rasa wants one name for package and module; python-stdnum has two.
        return ["phonenumbers", "spacy"]

    def __init__(
        self, config: dict[str, Any], model_storage: ModelStorage, resource: Resource, lookups: dict[str, list[str]]
    ) -> None:
        check_names("CustomerEntities", config, self.get_default_config())
        check_whole_number("CustomerEntities", config, "max_text_chars", low=1, high=100_000)
        self._order_numbers = [_pattern("order_numbers", text) for text in _texts(config, "order_numbers")]
        bare = config["bare_order_number"]
        self._bare_order_number = _pattern("bare_order_number", bare) if bare else None
        self._phone_regions = _texts(config, "phone_regions")
        self._max_text_chars: int = config["max_text_chars"]
        self._model_storage = model_storage
        self._resource = resource
        self._nlp = blank_pipeline()
        self._matcher = PhraseMatcher(self._nlp.vocab, attr="LOWER")
        for name, words in lookups.items():
            self._matcher.add(name, [self._nlp.make_doc(word) for word in words])
        list(patterns.phones(_FIRST_PHONE, self._phone_regions))

    @classmethod
    def create(
        cls,
        config: dict[str, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
    ) -> CustomerEntities:
        return cls(config, model_storage, resource, {})

    @classmethod
    def load(
        cls,
        config: dict[str, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
        **kwargs: Any,
    ) -> CustomerEntities:
        with model_storage.read_from(resource) as directory:
            lookups = json.loads((directory / LOOKUPS_FILE).read_text(encoding="utf-8"))
        return cls(config, model_storage, resource, lookups)

    def train(self, training_data: TrainingData) -> Resource:
        """Keep the lookup tables with the model; there is nothing to learn."""
        lookups = {table["name"]: table["elements"] for table in training_data.lookup_tables}
        with self._model_storage.write_to(self._resource) as directory:
            (directory / LOOKUPS_FILE).write_text(json.dumps(lookups, ensure_ascii=False), encoding="utf-8")
        return self._resource

    def process(self, messages: list[Message]) -> list[Message]:
        for message in messages:
            if text := message.get(TEXT):
                self._process_message(message, text[: self._max_text_chars])
        return messages

    def _process_message(self, message: Message, text: str) -> None:
        found = sorted(_without_overlaps(self._all(text)), key=lambda one: one[1])
        entities = [
            {"entity": kind, "value": text[start:end], "start": start, "end": end} for kind, start, end in found
        ]
        if entities:
            # What is known by its form is more certain than what an earlier component guessed for the same words.
            others = [one for one in message.get(ENTITIES, []) if not any(_overlap(one, own) for own in entities)]
            message.set(ENTITIES, others + self.add_extractor_name(entities), add_to_output=True)

    def _all(self, text: str) -> Iterator[Found]:
        """Everything found, the most specific kinds first."""
        doc = self._nlp.make_doc(text)
        named = filter_spans(self._matcher(doc, as_spans=True))
        bare = self._bare_order_number
        yield from _as("email", patterns.emails(text))
        yield from _as("order_number", patterns.order_numbers(text, self._order_numbers))
        yield from _as("phone", patterns.phones(text, self._phone_regions))
        yield from _as("postcode", patterns.postcodes(text))
        yield from _as("amount", patterns.amounts(text))
        yield from _as("date", patterns.dates(text))
        yield from _as("product", patterns.article_codes(text))
        yield from _as("order_number", patterns.bare_order_numbers(text, bare) if bare else ())
        yield from ((span.label_, span.start_char, span.end_char) for span in named)


def _texts(config: dict[str, Any], name: str) -> list[str]:
    """Raises InvalidConfigException unless option `name` is a list of texts."""
    value = config[name]
    if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
        raise InvalidConfigException(f"CustomerEntities: option {name!r} must be a list of texts, not {value!r}.")
    return value


def _pattern(name: str, text: str) -> re.Pattern[str]:
    """Raises InvalidConfigException unless `text`, of option `name`, is a regular expression."""
    try:
        return re.compile(text, re.IGNORECASE)
    except (re.error, TypeError) as exc:
        raise InvalidConfigException(
            f"CustomerEntities: option {name!r} needs regular expressions, {text!r} is none: {exc}."
        ) from exc


def _as(kind: str, places: Iterable[patterns.Place]) -> Iterator[Found]:
    return ((kind, start, end) for start, end in places)


def _without_overlaps(found: Iterable[Found]) -> list[Found]:
    """What comes first stays."""
    kept: list[Found] = []
    for one in found:
        if all(one[2] <= other[1] or other[2] <= one[1] for other in kept):
            kept.append(one)
    return kept


def _overlap(one: dict[str, Any], other: dict[str, Any]) -> bool:
    return bool(one["start"] < other["end"] and other["start"] < one["end"])
