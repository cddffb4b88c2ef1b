"""Rasa intent classifier on words, character pieces and the sentence vector, with calibrated confidences."""

from __future__ import annotations

import json
import logging
from pathlib import Path
from typing import Any

import numpy as np
from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.engine.storage.resource import Resource
from rasa.engine.storage.storage import ModelStorage
from rasa.nlu.classifiers.classifier import IntentClassifier
from rasa.nlu.constants import TOKENS_NAMES
from rasa.nlu.featurizers.featurizer import Featurizer
from rasa.shared.exceptions import InvalidConfigException
from rasa.shared.nlu.constants import INTENT, INTENT_RANKING_KEY, TEXT
from rasa.shared.nlu.training_data.message import Message
from rasa.shared.nlu.training_data.training_data import TrainingData

from bot.nlu.calibration import calibrate, expected_calibration_error, fit_temperature
from bot.nlu.component import StoredComponent
from bot.nlu.confusions import mixed_up, write_confusions
from bot.nlu.cross_validation import assign_folds, assign_intents, near_duplicate_groups, out_of_fold_scores
from bot.nlu.metrics import OUT_OF_SCOPE
from bot.nlu.model_card import read_own_card, write_card
from bot.nlu.options import check_names, check_number, check_whole_number
from bot.nlu.parts import with_parts
from bot.nlu.svm_model import Features, Problem, SvmModel
from bot.nlu.text_features import Vocabulary, char_ngrams, known_share, word_ngrams

logger = logging.getLogger(__name__)

KNOWN_SHARE = "known_share"
# On an example: what a model says of it that does not know its intent.
RANKING_AS_STRANGER = "ranking_as_stranger"
INTENT_PARTS = 6
RANKING_LENGTH = 10
MODEL_FILE = "model.npz"
VOCABULARY_FILE = "vocabulary.json"
OUT_OF_FOLD_FILE = "out_of_fold.npy"
AS_STRANGERS_FILE = "as_strangers.npy"


# A featurizer too, for one reason: Rasa then lets the examples pass through `process_training_data`, and the next
# component (Decision) can learn from confidences in messages that the model has not seen.
@DefaultV1Recipe.register(
    [DefaultV1Recipe.ComponentType.INTENT_CLASSIFIER, DefaultV1Recipe.ComponentType.MESSAGE_FEATURIZER],
    is_trainable=True,
)
class SvmClassifier(StoredComponent, IntentClassifier):
    """Sets `intent`, `intent_ranking` and `known_share` (how much of the message looks like anything in training)."""

    @classmethod
    def required_components(cls) -> list[type]:
        return [Featurizer]

    @staticmethod
    def get_default_config() -> dict[str, Any]:
        return {
            # How closely the model follows the examples; more follows more closely.
            "regularization_c": 1.0,
            # Parts of the cross-validation that calibrates the confidences.
            "folds": 5,
            # Of the fold division; the same seed and data give the same model.
            "seed": 1,
        }

    def __init__(self, config: dict[str, Any], model_storage: ModelStorage, resource: Resource) -> None:
        check_names("SvmClassifier", config, self.get_default_config())
        check_number("SvmClassifier", config, "regularization_c", low=0.001, high=1000)
        check_whole_number("SvmClassifier", config, "folds", low=2, high=20)
        check_whole_number("SvmClassifier", config, "seed", low=0, high=2**31 - 1)
        super().__init__(config, model_storage, resource)
        self._words = self._chars = Vocabulary([])
        self._temperature = 1.0
        self._model: SvmModel | None = None
        self._out_of_fold = self._as_strangers = np.zeros((0, 0))

    def train(self, training_data: TrainingData) -> Resource:
        """Fit the model, calibrate it by cross-validation and persist it.

        Raises InvalidConfigException if there are fewer than two intents.
        """
        examples = labelled_examples(training_data)
        labels = np.array([example.get(INTENT) for example in examples])
        intents = sorted(set(labels))
        if len(intents) < 2:
            raise InvalidConfigException(f"Training needs examples of at least two intents, and found {intents}.")
        self._words = Vocabulary.of(word_ngrams(words_of(example)) for example in examples)
        self._chars = Vocabulary.of(char_ngrams(words_of(example)) for example in examples)
        features = self._features(examples)
        problem = Problem.of(features, labels)
        everything = np.arange(len(labels))
        counts = problem.solve(everything, regularization_c=self._config["regularization_c"])
        self._model = problem.model(everything, counts)
        self._cross_validate(problem, features, labels, counts)
        with self._model_storage.write_to(self._resource) as directory:
            self._write(directory, labels, intents)
            guesses = (intents[column] for column in self._out_of_fold.argmax(axis=1))
            texts = (example.get(TEXT) for example in examples)
            write_confusions(directory, mixed_up(zip(texts, labels.tolist(), guesses, strict=True)))
        return self._resource

    def process_training_data(self, training_data: TrainingData) -> TrainingData:
        """Give every example the ranking that a model trained without it gives: what Decision learns from."""
        examples = labelled_examples(training_data)
        for example, probabilities in zip(examples, self._out_of_fold, strict=True):
            example.set(INTENT_RANKING_KEY, self._ranking(probabilities))
        for example, probabilities in zip(examples, self._as_strangers, strict=False):  # none if not needed
            example.set(RANKING_AS_STRANGER, self._ranking(probabilities))
        return training_data

    def process(self, messages: list[Message]) -> list[Message]:
        """Set the ranking of every message that has text, and of its parts."""
        with_text = with_parts(messages)
        if with_text:
            # Together: the examples, 10 MB of numbers, pass through the processor once and not for every part.
            probabilities = calibrate(self._fitted.scores(self._features(with_text)), self._temperature)
            for message, of_message in zip(with_text, probabilities, strict=True):
                self._set_ranking(message, self._ranking(of_message))
        return messages

    def _set_ranking(self, message: Message, ranking: list[dict[str, Any]]) -> None:
        pieces = char_ngrams(words_of(message))
        message.set(KNOWN_SHARE, known_share(pieces, self._chars), add_to_output=True)
        message.set(INTENT, ranking[0], add_to_output=True)
        message.set(INTENT_RANKING_KEY, ranking, add_to_output=True)

    def _ranking(self, probabilities: np.ndarray) -> list[dict[str, Any]]:
        best = np.argsort(-probabilities, kind="stable")[:RANKING_LENGTH]
        intents = self._fitted.intents
        return [{"name": intents[column], "confidence": float(probabilities[column])} for column in best]

    def _features(self, messages: list[Message]) -> Features:
        words = [words_of(message) for message in messages]
        return Features(
            words=self._words.count([word_ngrams(message_words) for message_words in words]),
            chars=self._chars.count([char_ngrams(message_words) for message_words in words]),
            vectors=np.vstack([vector_of(message) for message in messages]),
        )

    def _cross_validate(self, problem: Problem, features: Features, labels: np.ndarray, counts: np.ndarray) -> None:
        regularization_c, seed = self._config["regularization_c"], self._config["seed"]
        groups = near_duplicate_groups(features.chars)
        folds = assign_folds(labels, groups, n_folds=self._config["folds"], seed=seed)
        scores = out_of_fold_scores(problem, features, folds, regularization_c=regularization_c, start=counts)
        self._temperature = fit_temperature(scores, problem.is_intent.argmax(axis=1))
        self._out_of_fold = calibrate(scores, self._temperature).astype(np.float32)
        logger.info(f"Cross-validated {len(labels)} examples of {len(problem.intents)} intents.")
        # Without examples of what is out of scope, each intent in turn plays that part for the others.
        if OUT_OF_SCOPE not in problem.intents and len(problem.intents) > 2:
            parts = assign_intents(labels, n_parts=min(INTENT_PARTS, len(problem.intents)), seed=seed)
            scores = out_of_fold_scores(problem, features, parts, regularization_c=regularization_c, start=counts)
            self._as_strangers = calibrate(scores, self._temperature).astype(np.float32)

    @property
    def _fitted(self) -> SvmModel:
        assert self._model is not None, "train or load first"
        return self._model

    def _write(self, directory: Path, labels: np.ndarray, intents: list[str]) -> None:
        self._fitted.save(directory / MODEL_FILE)
        np.save(directory / OUT_OF_FOLD_FILE, self._out_of_fold, allow_pickle=False)
        np.save(directory / AS_STRANGERS_FILE, self._as_strangers, allow_pickle=False)
        vocabulary = {"words": self._words.ngrams(), "chars": self._chars.ngrams()}
        (directory / VOCABULARY_FILE).write_text(json.dumps(vocabulary, ensure_ascii=False), encoding="utf-8")
        right = np.array(intents)[self._out_of_fold.argmax(axis=1)] == labels
        figures = {
            "accuracy": round(float(right.mean()), 4),
            "ece": round(expected_calibration_error(self._out_of_fold.max(axis=1), right), 4),
        }
        card = {
            "n_examples": len(labels),
            "n_intents": len(intents),
            "temperature": self._temperature,
            "cross_validated": figures,
        }
        write_card(directory, card)

    def _read(self, directory: Path) -> None:
        self._model = SvmModel.load(directory / MODEL_FILE)
        self._out_of_fold = np.load(directory / OUT_OF_FOLD_FILE, allow_pickle=False)
        self._as_strangers = np.load(directory / AS_STRANGERS_FILE, allow_pickle=False)
        vocabulary = json.loads((directory / VOCABULARY_FILE).read_text(encoding="utf-8"))
        self._words, self._chars = Vocabulary(vocabulary["words"]), Vocabulary(vocabulary["chars"])
        self._temperature = read_own_card(directory)["temperature"]


def labelled_examples(training_data: TrainingData) -> list[Message]:
    return [example for example in training_data.intent_examples if example.get(TEXT) and example.get(INTENT)]


def words_of(message: Message) -> list[str]:
    return [token.text.lower() for token in message.get(TOKENS_NAMES[TEXT], [])]


def vector_of(message: Message) -> np.ndarray:
    """Return the sentence vector, shape (dimension,)."""
    _, sentence = message.get_dense_features(TEXT)
    return sentence.features[0]
