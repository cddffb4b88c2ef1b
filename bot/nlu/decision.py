"""Rasa intent classifier that comes last: answer the message, ask what is meant, or hand over to a human."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.engine.storage.resource import Resource
from rasa.engine.storage.storage import ModelStorage
from rasa.nlu.classifiers.classifier import IntentClassifier
from rasa.shared.exceptions import InvalidConfigException
from rasa.shared.nlu.constants import INTENT, INTENT_RANKING_KEY, METADATA, METADATA_INTENT
from rasa.shared.nlu.training_data.message import Message
from rasa.shared.nlu.training_data.training_data import TrainingData

from bot.nlu.answers_importer import answer_text
from bot.nlu.component import StoredComponent
from bot.nlu.conclusions import ANSWER, ASK, HUMAN, Judgement, conclude
from bot.nlu.metrics import OUT_OF_SCOPE, answerable_intents, coverage, leak, precision
from bot.nlu.model_card import read_own_card, write_card
from bot.nlu.options import check_names, check_number, check_texts, check_whole_number
from bot.nlu.parts import PARTS, split_of
from bot.nlu.svm_classifier import KNOWN_SHARE, RANKING_AS_STRANGER, SvmClassifier, labelled_examples
from bot.nlu.thresholds import (
    NEVER,
    Guesses,
    choose_thresholds,
    lowest_that_holds,
    lowest_that_leaks,
    traffic_weights,
)

DECISION = "decision"
ASK_INTENT = "nlu_ask"
MAX_SUGGESTIONS = 3  # buttons under "Bedoel je ...?"


@dataclass(frozen=True)
class Thresholds:
    """From which confidence (0 to 1) to answer, of all intents and of those with their own; and to ask, alike."""

    threshold: float
    threshold_of_intent: dict[str, float]
    ask_threshold: float
    ask_threshold_of_intent: dict[str, float] = field(default_factory=dict)

    def of(self, intent: str) -> float:
        return self.threshold_of_intent.get(intent, self.threshold)

    def to_ask(self, intent: str) -> float:
        return self.ask_threshold_of_intent.get(intent, self.ask_threshold)


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.INTENT_CLASSIFIER, is_trainable=True)
class Decision(StoredComponent, IntentClassifier):
    """Sets `decision`, and `intent` to nlu_ask or nlu_fallback unless the answer is sure enough."""

    @classmethod
    def required_components(cls) -> list[type]:
        return [SvmClassifier]

    @staticmethod
    def get_default_config() -> dict[str, Any]:
        return {
            # Of the messages that are answered, the share that must be answered rightly.
            "target_precision": 0.97,
            # Of real messages, the share that is so like an example that it is answered rightly. Cross-validation can't
            # see those: it judges every example by a model that lacks its near duplicates. 0.3 is measured: of the
            # benchmark's 300 training messages, repeats included, parts kept apart were answered with a precision of
            # 0.976 (0.981 with 0, 0.964 with 0.4).
            "familiar_share": 0.3,
            # Of the messages that no intent is about, the share that may get an answer; only where there are examples
            # of such messages.
            "target_leak": 0.05,
            # Of real messages, the share that no intent is about, whatever their share of the examples.
            "out_of_scope_share": 0.1,
            # Of the messages that get "Bedoel je ...?", the share where the right one must be among the suggestions.
            "target_suggestion": 0.75,
            # An intent that cross-validation guessed at least this often gets a threshold of its own. With 50 messages
            # the choice follows chance: a promised precision of 0.97 was 0.94 on messages kept apart, and 0.97 with one
            # threshold for all.
            "min_messages": 200,
            # Of an intent with a handful of examples there is nothing to choose from, so these were chosen on other
            # companies (tests/evaluation/faqs); without an answer's text such an intent is only asked about.
            "few_examples_threshold": 0.9,
            "few_examples_ask_threshold": 0.25,
            # A message of which less than this share of the character pieces occurs in the examples is gibberish.
            "min_known_share": 0.25,
            # Intents that count when any sentence of a message has them, whatever else it asks: such as a complaint.
            "come_first": [],
        }

    def __init__(self, config: dict[str, Any], model_storage: ModelStorage, resource: Resource) -> None:
        check_names("Decision", config, self.get_default_config())
        for name in ("target_precision", "target_leak", "target_suggestion", "min_known_share"):
            check_number("Decision", config, name, low=0, high=1)
        for name in ("few_examples_threshold", "few_examples_ask_threshold"):
            check_number("Decision", config, name, low=0, high=1)
        for name in ("familiar_share", "out_of_scope_share"):
            check_number("Decision", config, name, low=0, high=0.9)
        check_whole_number("Decision", config, "min_messages", low=1, high=1_000_000)
        check_texts("Decision", config, "come_first")
        super().__init__(config, model_storage, resource)
        self._answerable: frozenset[str] = frozenset()
        self._thresholds = Thresholds(threshold=1.0, threshold_of_intent={}, ask_threshold=1.0)

    def _read(self, directory: Path) -> None:
        card = read_own_card(directory)
        self._thresholds = Thresholds(**{name: card[name] for name in asdict(self._thresholds) if name in card})
        self._answerable = frozenset(card["answerable"])

    def train(self, training_data: TrainingData) -> Resource:
        """Choose the thresholds from the rankings that SvmClassifier gave to examples it had not seen."""
        examples = labelled_examples(training_data)
        self._answerable = frozenset(answerable_intents(example.get(INTENT) for example in examples))
        own = own_thresholds(examples)
        judged = [example for example in examples if example.get(INTENT_RANKING_KEY)]
        chosen = self._with_few(self._choose(judged), examples)
        # What a team demands of a topic goes before what was chosen for it.
        self._thresholds = replace(chosen, threshold_of_intent={**chosen.threshold_of_intent, **own})
        with self._model_storage.write_to(self._resource) as directory:
            write_card(directory, {**self._card(own), "cross_validated_decisions": self._figures(judged)})
        return self._resource

    def process(self, messages: list[Message]) -> list[Message]:
        """Decide about every message, also one without text: nobody is left without an answer."""
        for message in messages:
            self._process_message(message)
        return messages

    def _process_message(self, message: Message) -> None:
        whole = self._judge(message)
        parts = {text: self._judge(part) for text, part in (message.get(PARTS) or {}).items()}
        conclusion = conclude(whole, split_of(message), parts, self._is_question, self._config["come_first"])
        in_scope = [intent for intent in (*conclusion.intents, *whole.intents) if intent != OUT_OF_SCOPE]
        intent = in_scope[0] if in_scope else ""
        confidence = max(judgement.confidence_of(intent) for judgement in (whole, *parts.values()))
        decision = {
            "outcome": conclusion.outcome,
            "intent": intent,
            "confidence": confidence,
            "threshold": self._thresholds.of(intent),
            "ask_threshold": self._thresholds.to_ask(intent),
        }
        # A second question to answer too; or what to offer first, when asking.
        others = {"also": list(conclusion.intents[1:])} if len(conclusion.intents) > 1 else {}
        message.set(DECISION, {**decision, **others}, add_to_output=True)
        name = {ANSWER: intent, ASK: ASK_INTENT, HUMAN: OUT_OF_SCOPE}[conclusion.outcome]
        message.set(INTENT, {"name": name, "confidence": confidence}, add_to_output=True)

    def _judge(self, message: Message) -> Judgement:
        """What to do if this were all; a message without a ranking has no best intent."""
        ranking = message.get(INTENT_RANKING_KEY) or []
        outcome = HUMAN if self._is_gibberish(message) else self._outcome(ranking)
        return Judgement(tuple((entry["name"], entry["confidence"]) for entry in ranking), outcome)

    def _is_question(self, intent: str) -> bool:
        return intent in self._answerable

    def _is_gibberish(self, message: Message) -> bool:
        return message.get(KNOWN_SHARE, 0.0) < self._config["min_known_share"]

    def _outcome(self, ranking: list[dict[str, Any]]) -> str:
        best = best_in_scope(ranking)
        is_first = bool(ranking) and ranking[0]["name"] == best["name"]
        if not is_first and best["name"] not in self._thresholds.ask_threshold_of_intent:
            return HUMAN
        if is_first and best["confidence"] >= self._thresholds.of(best["name"]):
            return ANSWER
        return ASK if best["confidence"] >= self._thresholds.to_ask(best["name"]) else HUMAN

    def _with_few(self, chosen: Thresholds, examples: list[Message]) -> Thresholds:
        """With those of the intents of which cross-validation knows nothing."""
        few = [example for example in examples if not example.get(INTENT_RANKING_KEY)]
        answered = {example.get(INTENT) for example in few if answer_text(example)}
        to_answer, to_ask = self._config["few_examples_threshold"], self._config["few_examples_ask_threshold"]
        return replace(
            chosen,
            threshold_of_intent={
                **chosen.threshold_of_intent,
                **{example.get(INTENT): to_answer if example.get(INTENT) in answered else NEVER for example in few},
            },
            ask_threshold_of_intent={example.get(INTENT): to_ask for example in few},
        )

    def _choose(self, examples: list[Message]) -> Thresholds:
        if not examples:
            return Thresholds(threshold=NEVER, threshold_of_intent={}, ask_threshold=NEVER)
        answerable = answerable_intents(example.get(INTENT) for example in examples)
        guesses = guesses_of(examples, self._config["out_of_scope_share"])
        strangers = guesses_of_strangers(examples, self._config["out_of_scope_share"])
        judged = Guesses.joined(guesses, strangers)
        threshold, of_intent = choose_thresholds(
            judged.where(np.isin(judged.intents, list(answerable)) & (judged.confidences > 0)),
            target_precision=self._config["target_precision"],
            min_messages=self._config["min_messages"],
            familiar_share=self._config["familiar_share"],
        )
        lowest = lowest_that_leaks(guesses_out_of_scope(examples), self._config["target_leak"])
        threshold = max(threshold, lowest)
        of_intent = {intent: max(own, lowest) for intent, own in of_intent.items()}
        return Thresholds(threshold, of_intent, self._choose_ask_threshold(examples, guesses, threshold))

    def _choose_ask_threshold(self, examples: list[Message], guesses: Guesses, threshold: float) -> float:
        """Return the lowest confidence at which asking still helps often enough; never above `threshold`."""
        helps = np.array([example.get(INTENT) in suggestions(example.get(INTENT_RANKING_KEY)) for example in examples])
        unsure = (guesses.confidences > 0) & (guesses.confidences < threshold)
        asked = replace(guesses, right=helps).where(unsure)
        return min(threshold, lowest_that_holds(asked, self._config["target_suggestion"]))

    def _card(self, own: dict[str, float]) -> dict[str, Any]:
        return {
            **asdict(self._thresholds),
            "own_thresholds": own,
            "target_precision": self._config["target_precision"],
            "answerable": sorted(self._answerable),
        }

    def _figures(self, examples: list[Message]) -> dict[str, float | None]:
        """What became of examples that the model had not seen; empty without any."""
        if not examples:
            return {}
        labels = np.array([example.get(INTENT) for example in examples])
        answerable = list(self._answerable)
        guesses = guesses_of(examples, self._config["out_of_scope_share"])
        outcomes = np.array([self._outcome(example.get(INTENT_RANKING_KEY)) for example in examples])
        answered = (outcomes == ANSWER) & np.isin(guesses.intents, answerable)
        return {
            "precision": precision(guesses.right, answered),
            "coverage": coverage(np.isin(labels, answerable), answered),
            "leak": leak(answered[labels == OUT_OF_SCOPE]),
            "asked": float((outcomes == ASK).mean()),
        }


def own_thresholds(examples: list[Message]) -> dict[str, float]:
    """Return the thresholds that data/nlu.yml gives to intents, as metadata. Raises InvalidConfigException."""
    own = {}
    for example in examples:
        about = (example.get(METADATA) or {}).get(METADATA_INTENT) or {}
        threshold = about.get("threshold") if isinstance(about, dict) else None
        if threshold is not None and example.get(INTENT) not in own:
            if not isinstance(threshold, (int, float)) or not 0 < threshold <= 1:
                intent = example.get(INTENT)
                raise InvalidConfigException(f"Threshold of {intent}: expected above 0, at most 1, got {threshold!r}.")
            own[example.get(INTENT)] = float(threshold)
    return own


def best_in_scope(ranking: list[dict[str, Any]]) -> dict[str, Any]:
    """Return the first of `ranking` that is in scope; without one, an empty name with confidence 0."""
    return next((entry for entry in ranking if entry["name"] != OUT_OF_SCOPE), {"name": "", "confidence": 0.0})


def suggestions(ranking: list[dict[str, Any]]) -> list[str]:
    """Return the intents that "Bedoel je ...?" can show."""
    return [entry["name"] for entry in ranking if entry["name"] != OUT_OF_SCOPE][:MAX_SUGGESTIONS]


def in_scope_confidence(ranking: list[dict[str, Any]]) -> float:
    """Return the confidence of the best intent, or 0 if that is out of scope."""
    return 0.0 if ranking[0]["name"] == OUT_OF_SCOPE else float(ranking[0]["confidence"])


def guesses_of(examples: list[Message], out_of_scope_share: float) -> Guesses:
    """Return the best in-scope intents of messages with a ranking; confidence 0 where out of scope is first."""
    intents = np.array([best_in_scope(example.get(INTENT_RANKING_KEY))["name"] for example in examples])
    labels = np.array([example.get(INTENT) for example in examples])
    return Guesses(
        intents=intents,
        confidences=np.array([in_scope_confidence(example.get(INTENT_RANKING_KEY)) for example in examples]),
        right=intents == labels,
        weights=traffic_weights(labels == OUT_OF_SCOPE, out_of_scope_share),
    )


def guesses_out_of_scope(examples: list[Message]) -> np.ndarray:
    """Return the confidence of the best intent of each example that no intent is about: float, shape (n,)."""
    strangers = [example for example in examples if example.get(INTENT) == OUT_OF_SCOPE]
    return np.array([in_scope_confidence(example.get(INTENT_RANKING_KEY)) for example in strangers], dtype=float)


def guesses_of_strangers(examples: list[Message], out_of_scope_share: float) -> Guesses:
    """Return what models say that don't know the message's intent: all wrong, and `out_of_scope_share` of the traffic.

    Empty where SvmClassifier learned from real examples what is out of scope.
    """
    rankings = [ranking for example in examples if (ranking := example.get(RANKING_AS_STRANGER))]
    weight = out_of_scope_share / (1 - out_of_scope_share) * len(examples) / max(len(rankings), 1)
    return Guesses(
        intents=np.array([best_in_scope(ranking)["name"] for ranking in rankings], dtype=str),
        confidences=np.array([in_scope_confidence(ranking) for ranking in rankings], dtype=float),
        right=np.zeros(len(rankings), dtype=bool),
        weights=np.full(len(rankings), weight),
    )
