"""Rasa intent classifier on words, character pieces and the sentence vector, with calibrated confidences."""

from __future__ import annotations

import json
import logging
import re
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

from bot.nlu.answers_importer import answer_text
from bot.nlu.calibration import calibrate, expected_calibration_error, fit_temperature
from bot.nlu.component import StoredComponent
from bot.nlu.confusions import mixed_up, write_confusions
from bot.nlu.cross_validation import assign_folds, assign_intents, near_duplicate_groups, out_of_fold_scores
from bot.nlu.few_examples import FewModel, FewTopic, Text, small_intents
from bot.nlu.metrics import OUT_OF_SCOPE
from bot.nlu.model_card import read_own_card, write_card
from bot.nlu.options import check_names, check_number, check_whole_number
from bot.nlu.parts import with_parts
from bot.nlu.sentence_vectors import ENCODED_BY, vectors_of
from bot.nlu.svm_model import Features, Problem, SvmModel
from bot.nlu.text_features import Vocabulary, char_ngrams, known_share, word_ngrams

logger = logging.getLogger(__name__)

KNOWN_SHARE = "known_share"
# On an example: what a model says of it that does not know its intent.
RANKING_AS_STRANGER = "ranking_as_stranger"
INTENT_PARTS = 6
RANKING_LENGTH = 10
MODEL_FILE = "model.npz"
FEW_FILE = "few.npz"
VOCABULARY_FILE = "vocabulary.json"
OUT_OF_FOLD_FILE = "out_of_fold.npy"
AS_STRANGERS_FILE = "as_strangers.npy"


_WORD = re.compile(r"\w+|[^\w\s]")


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
        self._few: FewModel | None = None
        self._out_of_fold = self._as_strangers = np.zeros((0, 0))

    def train(self, training_data: TrainingData) -> Resource:
        """Fit the model, calibrate it by cross-validation and persist it.

        Raises InvalidConfigException if there are fewer than two intents.
        """
        examples = labelled_examples(training_data)
        intents = sorted({example.get(INTENT) for example in examples})
        if len(intents) < 2:
            raise InvalidConfigException(f"Training needs examples of at least two intents, and found {intents}.")
        learned, few = by_size(examples)
        if few:
            self._few = few_model(few, learned)
        if len({example.get(INTENT) for example in learned}) > 1:
            self._learn(learned)
        with self._model_storage.write_to(self._resource) as directory:
            self._write(directory, examples)
        return self._resource

    def _learn(self, examples: list[Message]) -> None:
        labels = np.array([example.get(INTENT) for example in examples])
        self._words = Vocabulary.of(word_ngrams(words_of(example)) for example in examples)
        self._chars = Vocabulary.of(char_ngrams(words_of(example)) for example in examples)
        features = self._features(examples)
        problem = Problem.of(features, labels)
        everything = np.arange(len(labels))
        counts = problem.solve(everything, regularization_c=self._config["regularization_c"])
        self._model = problem.model(everything, counts)
        self._cross_validate(problem, features, labels, counts)

    def process_training_data(self, training_data: TrainingData) -> TrainingData:
        """Give examples the ranking that a model trained without them gives: what Decision learns from.

        Those of small intents get none: where there is one example there is nothing without it.
        """
        examples, _ = by_size(labelled_examples(training_data)) if self._model else ([], [])
        for example, probabilities in zip(examples, self._out_of_fold, strict=True):
            example.set(INTENT_RANKING_KEY, self._ranking(probabilities))
        for example, probabilities in zip(examples, self._as_strangers, strict=False):  # none if not needed
            example.set(RANKING_AS_STRANGER, self._ranking(probabilities))
        return training_data

    def process(self, messages: list[Message]) -> list[Message]:
        """Set the ranking of every message that has text, and of its parts."""
        with_text = with_parts(messages)
        if with_text:
            for message, of_message in zip(with_text, self._rankings(with_text), strict=True):
                self._set_ranking(message, of_message)
        return messages

    def _rankings(self, messages: list[Message]) -> list[list[dict[str, Any]]]:
        # Together: the examples, 10 MB of numbers, pass through the processor once and not for every part.
        if self._model is None:
            large: list[list[dict[str, Any]]] = [[{"name": OUT_OF_SCOPE, "confidence": 1.0}] for _ in messages]
        else:
            probabilities = calibrate(self._model.scores(self._features(messages)), self._temperature)
            large = [self._ranking(of_message) for of_message in probabilities]
        if self._few is None:
            return large
        of_few = self._few.probabilities([text_of(message) for message in messages])
        return [merged(ranking, self._few.intents, row) for ranking, row in zip(large, of_few, strict=True)]

    def _set_ranking(self, message: Message, ranking: list[dict[str, Any]]) -> None:
        pieces = char_ngrams(words_of(message))
        few = [self._few.vocabulary] if self._few else []
        message.set(KNOWN_SHARE, known_share(pieces, self._chars, *few), add_to_output=True)
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

    def _write(self, directory: Path, examples: list[Message]) -> None:
        if self._few:
            self._few.save(directory / FEW_FILE)
        card = {
            "n_examples": len(examples),
            "n_intents": len({example.get(INTENT) for example in examples}),
            "temperature": self._temperature,
            "cross_validated": {},
        }
        if self._model:
            card["cross_validated"] = self._write_learned(self._model, directory, by_size(examples)[0])
        write_card(directory, card)

    def _write_learned(self, model: SvmModel, directory: Path, examples: list[Message]) -> dict[str, float]:
        """Return the figures of the cross-validation."""
        model.save(directory / MODEL_FILE)
        np.save(directory / OUT_OF_FOLD_FILE, self._out_of_fold, allow_pickle=False)
        np.save(directory / AS_STRANGERS_FILE, self._as_strangers, allow_pickle=False)
        vocabulary = {"words": self._words.ngrams(), "chars": self._chars.ngrams()}
        (directory / VOCABULARY_FILE).write_text(json.dumps(vocabulary, ensure_ascii=False), encoding="utf-8")
        labels = np.array([example.get(INTENT) for example in examples])
        guesses = np.array(model.intents)[self._out_of_fold.argmax(axis=1)]
        texts = (example.get(TEXT) for example in examples)
        write_confusions(directory, mixed_up(zip(texts, labels.tolist(), guesses.tolist(), strict=True)))
        return {
            "accuracy": round(float((guesses == labels).mean()), 4),
            "ece": round(expected_calibration_error(self._out_of_fold.max(axis=1), guesses == labels), 4),
        }

    def _read(self, directory: Path) -> None:
        if (directory / FEW_FILE).exists():
            self._few = FewModel.load(directory / FEW_FILE)
        if not (directory / MODEL_FILE).exists():
            return
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


def text_of(message: Message) -> Text:
    return Text(words_of(message), vector_of(message))


def by_size(examples: list[Message]) -> tuple[list[Message], list[Message]]:
    """Return the examples to learn from, and those of small intents."""
    answered = {example.get(INTENT) for example in examples if answer_text(example)}
    small = set(small_intents((example.get(INTENT) for example in examples), answered))
    return (
        [example for example in examples if example.get(INTENT) not in small],
        [example for example in examples if example.get(INTENT) in small],
    )


def few_model(few: list[Message], others: list[Message]) -> FewModel:
    """What knows the small intents; others: the examples of all other intents."""
    of_intent: dict[str, list[Message]] = {}
    for example in few:
        of_intent.setdefault(example.get(INTENT), []).append(example)
    answers = {intent: text for intent, own in of_intent.items() if (text := answer_text(own[0]))}
    texts = [one for intent, text in answers.items() for one in (text, f"{of_intent[intent][0].get(TEXT)} {text}")]
    vectors = iter(vectors_of(tuple(texts), few[0].get(ENCODED_BY)) if texts else ())
    read = {text: Text(_WORD.findall(text.lower()), next(vectors)) for text in texts}
    topics = []
    for intent, own in sorted(of_intent.items()):
        answer = answers.get(intent)
        both = read.get(f"{own[0].get(TEXT)} {answer}") if answer else None
        topics.append(FewTopic(intent, [text_of(one) for one in own], read.get(answer or ""), both))
    return FewModel.of(topics, [vector_of(other) for other in others])


def merged(ranking: list[dict[str, Any]], intents: list[str], probabilities: np.ndarray) -> list[dict[str, Any]]:
    """The other intents share the probability that it is none of `intents`, which comes last in `probabilities`."""
    none = float(probabilities[-1])
    both = [{**entry, "confidence": entry["confidence"] * none} for entry in ranking]
    both += [{"name": intent, "confidence": float(of)} for intent, of in zip(intents, probabilities, strict=False)]
    return sorted(both, key=lambda entry: -entry["confidence"])[:RANKING_LENGTH]
