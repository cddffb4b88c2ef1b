"""Rasa component: a second net under the patterns of bot/emergencies.py, from the meaning of a message.

It learns from examples that come with the program, so it does not need a company's FAQ to have any. The company's own
examples are what ordinary customers write: it learns from those too, and they say how strict to be.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.engine.storage.resource import Resource
from rasa.engine.storage.storage import ModelStorage
from rasa.nlu.classifiers.classifier import IntentClassifier
from rasa.shared.exceptions import InvalidConfigException
from rasa.shared.nlu.constants import TEXT
from rasa.shared.nlu.training_data.message import Message
from rasa.shared.nlu.training_data.training_data import TrainingData
from rasa.shared.utils.io import read_yaml_file

from bot.nlu.component import StoredComponent
from bot.nlu.model_card import read_own_card, write_card
from bot.nlu.options import check_names, check_number, check_whole_number
from bot.nlu.parts import with_parts
from bot.nlu.sentence_vectors import ENCODED_BY, SentenceVectors, vectors_of
from bot.nlu.svm import train_one_against_rest
from bot.nlu.svm_classifier import labelled_examples, vector_of
from bot.nlu.svm_model import BIAS, radial, unit_length

logger = logging.getLogger(__name__)

EMERGENCY = "emergency"
EXAMPLES = Path(__file__).with_name("emergency_examples.yml")
# The first one counts when both do: its answer names 112 too.
KINDS = ("self_harm", "emergency")
MODEL_FILE = "emergencies.npz"
FOLDS = 5


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.INTENT_CLASSIFIER, is_trainable=True)
class EmergencyClassifier(StoredComponent, IntentClassifier):
    """Sets `emergency`, with its `kind` and `score`, on a message that may be one; the intent stays what it is.

    Also where the answer is certain: an ordinary question beside the emergency is enough for that.
    """

    @classmethod
    def required_components(cls) -> list[type]:
        return [SentenceVectors]

    @staticmethod
    def get_default_config() -> dict[str, Any]:
        return {
            # Of the company's own examples, the share that may be taken for an emergency when the model has not seen
            # them. One of them always may, or a company with few examples would have no net for the sake of one.
            "max_flagged_share": 0.002,
            # What the score must be at least, however little the company's examples look like an emergency. Of 1,079
            # messages to four other companies 2 score higher; with 0.1 it is 9, and of 30 emergencies 2 more are found.
            "min_threshold": 0.15,
            # Of the company's examples so many are learned from, spread evenly. More did not help.
            "company_examples": 400,
        }

    def __init__(self, config: dict[str, Any], model_storage: ModelStorage, resource: Resource) -> None:
        check_names("EmergencyClassifier", config, self.get_default_config())
        check_number("EmergencyClassifier", config, "max_flagged_share", low=0, high=0.1)
        check_number("EmergencyClassifier", config, "min_threshold", low=-1, high=10)
        check_whole_number("EmergencyClassifier", config, "company_examples", low=1, high=10_000)
        super().__init__(config, model_storage, resource)
        self._threshold = float("inf")
        self._model: EmergencyModel | None = None

    def _read(self, directory: Path) -> None:
        self._model = EmergencyModel.load(directory / MODEL_FILE)
        self._threshold = read_own_card(directory)["emergency_threshold"]

    def train(self, training_data: TrainingData) -> Resource:
        """Learn from the examples that come with the program, and choose the threshold by the company's own.

        Raises InvalidConfigException if there are fewer than two of those.
        """
        company = labelled_examples(training_data)
        if len(company) < 2:
            raise InvalidConfigException(f"Training needs at least two examples, and found {len(company)}.")
        texts, kinds = read_emergencies()
        vectors = np.vstack([vector_of(example) for example in company])
        shipped = vectors_of(tuple(texts), company[0].get(ENCODED_BY))
        problem = Problem(shipped, np.array(kinds), self._config["company_examples"])
        scores = cross_validated(problem, vectors)
        threshold = self._choose_threshold(scores)
        flagged = float((scores >= threshold).mean())
        logger.info(f"Emergencies: {flagged:.2%} of {len(company)} ordinary examples look like one.")
        with self._model_storage.write_to(self._resource) as directory:
            problem.solve(vectors).save(directory / MODEL_FILE)
            write_card(directory, {"emergency_threshold": threshold, "emergency_flagged": round(flagged, 4)})
        return self._resource

    def process(self, messages: list[Message]) -> list[Message]:
        """Flag every message of which the whole, or a part, may be an emergency."""
        for message in messages:
            if message.get(TEXT):
                self._process_message(message)
        return messages

    def _process_message(self, message: Message) -> None:
        assert self._model is not None, "train or load first"
        vectors = np.vstack([vector_of(text) for text in with_parts([message])])
        scores = self._model.scores(vectors).max(axis=0)
        for kind, score in zip(KINDS, scores, strict=True):
            if score >= self._threshold:
                message.set(EMERGENCY, {"kind": kind, "score": float(score)}, add_to_output=True)
                return

    def _choose_threshold(self, scores: np.ndarray) -> float:
        allowed = max(1, int(len(scores) * self._config["max_flagged_share"]))
        highest = np.sort(scores)[::-1]
        just_above = float(np.nextafter(highest[allowed], np.inf)) if allowed < len(scores) else -np.inf
        return max(self._config["min_threshold"], just_above)


@dataclass(frozen=True)
class EmergencyModel:
    mean_vector: np.ndarray  # float32, shape (dimension,)
    example_vectors: np.ndarray  # float32, shape (n_examples, dimension)
    example_counts: np.ndarray  # float32, shape (n_examples, n_kinds)

    def scores(self, vectors: np.ndarray) -> np.ndarray:
        """Return on which side of each kind's border, positive inside: float, shape (n_messages, n_kinds)."""
        near = radial(unit_length(vectors - self.mean_vector), self.example_vectors)
        return (near + BIAS**2) @ self.example_counts

    def save(self, file: Path) -> None:
        np.savez_compressed(
            file,
            mean_vector=self.mean_vector,
            example_vectors=self.example_vectors,
            example_counts=self.example_counts,
        )

    @classmethod
    def load(cls, file: Path) -> EmergencyModel:
        with np.load(file, allow_pickle=False) as arrays:
            return cls(**{name: arrays[name] for name in arrays.files})


@dataclass(frozen=True)
class Problem:
    """The examples that come with the program."""

    vectors: np.ndarray  # float32, shape (n_examples, dimension)
    kinds: np.ndarray  # str, shape (n_examples,); KINDS and others
    company_examples: int

    def solve(self, company: np.ndarray) -> EmergencyModel:
        """Train with some of the `company` vectors (shape (n_messages, dimension)) as messages that are none.

        The same machine as the intents' (svm_model.py). Tried without gain: the character pieces beside the vector,
        one class for both kinds, more or less weight for either side.
        """
        mean_vector = company.mean(axis=0)
        spread = company[:: -(-len(company) // self.company_examples)]
        vectors = unit_length(np.vstack([self.vectors, spread]) - mean_vector).astype(np.float32)
        kinds = np.concatenate([self.kinds, np.full(len(spread), "none")])
        signs = np.where(kinds[:, None] == np.array(KINDS), 1, -1).astype(np.float32)
        counts = train_one_against_rest(radial(vectors, vectors) + np.float32(BIAS**2), signs, np.ones_like(signs))
        matters = counts.any(axis=1)
        return EmergencyModel(mean_vector, vectors[matters], counts[matters])


def cross_validated(problem: Problem, company: np.ndarray) -> np.ndarray:
    """Return the higher score of each of the company's examples, from a model that lacks it: shape (n_messages,)."""
    fold = np.arange(len(company)) % min(FOLDS, len(company))
    scores = np.zeros(len(company))
    for number in range(fold.max() + 1):
        held_out = fold == number
        model = problem.solve(company[~held_out])
        scores[held_out] = model.scores(company[held_out]).max(axis=1)
    return scores


def read_emergencies(file: Path = EXAMPLES) -> tuple[list[str], list[str]]:
    """Return the texts of the examples that come with the program, and their kinds."""
    of_kind = read_yaml_file(file)
    pairs = [(text, kind) for kind, themes in of_kind.items() for texts in themes.values() for text in texts]
    return [text for text, _ in pairs], [kind for _, kind in pairs]
