from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from rasa.engine.storage.local_model_storage import LocalModelStorage
from rasa.shared.exceptions import InvalidConfigException
from rasa.shared.nlu.constants import INTENT, INTENT_RANKING_KEY, TEXT
from rasa.shared.nlu.training_data.message import Message
from rasa.shared.nlu.training_data.training_data import TrainingData

from bot.nlu.conclusions import ANSWER, ASK, HUMAN
from bot.nlu.decision import Decision
from bot.nlu.metrics import answerable_intents, coverage, leak, precision
from bot.nlu.svm_classifier import RANKING_AS_STRANGER
from bot.nlu.thresholds import (
    NEVER,
    Guesses,
    choose_thresholds,
    expected_right,
    lowest_that_holds,
    lowest_that_leaks,
    traffic_weights,
)
from tests.nlu.component_checks import train
from tests.nlu.conftest import SMALL, Pipeline, train_pipeline


def ranked(best: str, confidence: float, *, label: str | None = None, known_share: float = 1.0) -> Message:
    """A message as SvmClassifier leaves it; what is not given to the best goes to another intent."""
    other = "faq_b" if best != "faq_b" else "faq_a"
    ranking = [{"name": best, "confidence": confidence}, {"name": other, "confidence": 1 - confidence}]
    return Message(data={TEXT: "x", INTENT: label, INTENT_RANKING_KEY: ranking, "known_share": known_share})


@pytest.fixture
def decision(storage: LocalModelStorage) -> Decision:
    """Learned from guesses that are right from 0.8, half right from 0.6 and wrong below."""
    data = [ranked("faq_a", 0.8 + i / 1000, label="faq_a") for i in range(200)]
    data += [ranked("faq_a", 0.6 + i / 1000, label="faq_c" if i % 2 else "faq_a") for i in range(100)]
    data += [ranked("faq_a", 0.5 + i / 1000, label="faq_c") for i in range(100)]
    return train(Decision, storage, TrainingData(data), target_suggestion=0.5, familiar_share=0)


def decide(decision: Decision, message: Message) -> dict[str, Any]:
    decision.process([message])
    return message.data


@pytest.mark.parametrize(
    ("message", "outcome", "intent"),
    [
        (ranked("faq_a", 0.85), ANSWER, "faq_a"),
        (ranked("faq_a", 0.65), ASK, "nlu_ask"),
        (ranked("faq_a", 0.51), HUMAN, "nlu_fallback"),
        (ranked("nlu_fallback", 0.95), HUMAN, "nlu_fallback"),
        (ranked("faq_a", 0.99, known_share=0.1), HUMAN, "nlu_fallback"),
        (Message(data={TEXT: ""}), HUMAN, "nlu_fallback"),
    ],
    ids=["sure", "unsure", "no idea", "out of scope", "gibberish", "empty"],
)
def test_answer_ask_or_human(decision: Decision, message: Message, outcome: str, intent: str) -> None:
    decided = decide(decision, message)
    assert decided["decision"]["outcome"] == outcome
    assert decided[INTENT]["name"] == intent


def test_decision_says_what_it_was_based_on(decision: Decision) -> None:
    assert decide(decision, ranked("nlu_fallback", 0.7))["decision"] == {
        "outcome": HUMAN,
        "intent": "faq_b",
        "confidence": pytest.approx(0.3),
        "threshold": pytest.approx(0.7, abs=0.1),
        "ask_threshold": pytest.approx(0.6, abs=0.1),
    }


def with_threshold(threshold: Any) -> TrainingData:
    """Guesses that are always right; the project's file gives faq_a a threshold."""
    sure = [ranked(intent, 0.5 + i / 1000, label=intent) for intent in ("faq_a", "faq_b") for i in range(400)]
    for message in sure[:400]:
        message.set("metadata", {"intent": {"threshold": threshold}})
    return TrainingData(sure)


def test_a_topics_own_threshold_goes_before_the_chosen_one(storage: LocalModelStorage) -> None:
    decision = train(Decision, storage, with_threshold(0.9))
    assert decide(decision, ranked("faq_a", 0.89))["decision"]["outcome"] == ASK
    assert decide(decision, ranked("faq_b", 0.89))["decision"]["outcome"] == ANSWER
    assert decide(decision, ranked("faq_a", 0.9))["decision"] == pytest.approx(
        {"outcome": ANSWER, "intent": "faq_a", "confidence": 0.9, "threshold": 0.9, "ask_threshold": 0.5}, abs=0.1
    )


@pytest.mark.parametrize("threshold", [0, 1.5, "hoog"])
def test_a_threshold_that_is_none_is_refused(storage: LocalModelStorage, threshold: Any) -> None:
    with pytest.raises(InvalidConfigException, match="Threshold of faq_a"):
        train(Decision, storage, with_threshold(threshold))


@pytest.mark.parametrize("text", ["xqzvw kjhgf pqwxz", "😀😀😀", "!!!", "   ", "", "жшщч", "12"])
def test_gibberish_goes_to_a_human(pipeline: Pipeline, text: str) -> None:
    assert pipeline.parse(text)["decision"]["outcome"] == HUMAN


def test_gibberish_goes_to_a_human_without_out_of_scope_examples(storage: LocalModelStorage) -> None:
    in_scope = {intent: texts for intent, texts in SMALL.items() if intent != "nlu_fallback"}
    pipeline = train_pipeline(storage, in_scope)
    for text in ("xqzvw kjhgf pqwxz", "😀😀😀", ""):
        assert pipeline.parse(text)["decision"]["outcome"] == HUMAN, text


def test_clear_question_is_answered(pipeline: Pipeline) -> None:
    parsed = pipeline.parse("hoe laat gaan jullie open?")
    assert parsed["decision"]["outcome"] == ANSWER
    assert parsed[INTENT]["name"] == "faq_openingstijden"


def guesses(confidences: list[float], right: list[bool], *, weights: list[float] | None = None) -> Guesses:
    return Guesses(
        intents=np.array(["faq_a"] * len(right)),
        confidences=np.array(confidences),
        right=np.array(right, dtype=bool),
        weights=np.array(weights or [1.0] * len(right)),
    )


def honest_guesses(n: int = 2000) -> Guesses:
    """Right as often as their confidence says, from 0.5 to 1."""
    confidences = np.linspace(0.5, 0.999, n)
    return guesses(confidences.tolist(), (np.random.default_rng(1).random(n) < confidences).tolist())


def test_threshold_is_the_lowest_that_holds_the_precision() -> None:
    # From 0.8 to 1 an honest confidence is right in nine of ten.
    assert lowest_that_holds(honest_guesses(), 0.9) == pytest.approx(0.8, abs=0.03)
    assert lowest_that_holds(honest_guesses(), 0.7) == pytest.approx(0.5, abs=0.03)


def test_threshold_is_out_of_reach_when_guesses_are_wrong() -> None:
    assert lowest_that_holds(guesses([0.9, 0.8, 0.7], [False] * 3), 0.9) == NEVER
    assert lowest_that_holds(guesses([], []), 0.9) == NEVER


def test_one_confident_mistake_does_not_decide_alone() -> None:
    confidences = np.linspace(0.7, 0.99, 60).tolist()
    assert lowest_that_holds(guesses([0.995, *confidences], [False] + [True] * 60), 0.95) < 0.8


def test_more_confident_is_never_taken_for_less_right() -> None:
    upside_down = guesses([0.9, 0.8, 0.7, 0.6], [False, False, True, True])
    assert np.ptp(expected_right(upside_down)) == pytest.approx(0, abs=1e-3)


def test_equal_confidences_are_not_split_by_the_threshold() -> None:
    assert lowest_that_holds(guesses([0.9] * 40, [True, False] * 20), 0.9) == NEVER


def test_familiar_messages_count_as_right() -> None:
    without = lowest_that_holds(honest_guesses(), 0.9)
    assert lowest_that_holds(honest_guesses(), 0.9, familiar_share=0.3) < without - 0.05


def test_example_counts_for_as_many_messages_as_it_stands_for() -> None:
    honest = honest_guesses()
    half_the_mistakes = replace(honest, weights=np.where(honest.right, 1, 0.5))
    assert lowest_that_holds(half_the_mistakes, 0.9) < lowest_that_holds(honest, 0.9) - 0.05
    assert traffic_weights(np.array([True, False, False, False]), 0.25).tolist() == [1, 1, 1, 1]
    assert traffic_weights(np.array([True, True, False]), 0.0).tolist() == [0, 0, 1]
    assert traffic_weights(np.array([False]), 0.5).tolist() == [1]


@pytest.mark.parametrize(("min_messages", "has_own"), [(1000, True), (1001, False)])
def test_intent_with_enough_messages_has_its_own_threshold(min_messages: int, has_own: bool) -> None:
    honest = honest_guesses()
    # faq_b is always right: alone it could be answered from 0.5.
    is_b = np.arange(2000) % 2 == 0
    guessed = replace(honest, intents=np.where(is_b, "faq_b", "faq_a"), right=honest.right | is_b)
    _, of_intent = choose_thresholds(guessed, target_precision=0.9, min_messages=min_messages, familiar_share=0)
    assert ("faq_b" in of_intent) == has_own
    if has_own:
        assert of_intent["faq_b"] < of_intent["faq_a"] - 0.1


def test_few_messages_out_of_scope_reach_the_threshold() -> None:
    confidences = np.array([0.9, 0.7, 0.5, 0.3, 0.1, 0.0, 0.0, 0.0, 0.0, 0.0])
    for target, n_answered in ((0.0, 0), (0.1, 1), (0.25, 2), (1.0, 10)):
        assert (confidences >= lowest_that_leaks(confidences, target)).sum() == n_answered
    assert lowest_that_leaks(np.array([]), 0.05) == 0


@pytest.mark.parametrize("min_messages", [200, 1000], ids=["the intent's own", "that of all"])
def test_answers_to_what_is_out_of_scope_raise_the_threshold(storage: LocalModelStorage, min_messages: int) -> None:
    data = [ranked("faq_a", 0.5 + i / 1000, label="faq_a") for i in range(490)]
    data += [ranked("faq_a", 0.6 + i / 100, label="nlu_fallback") for i in range(20)]
    options = {"out_of_scope_share": 0, "min_messages": min_messages}
    loose = train(Decision, storage, TrainingData(data), target_leak=1, **options)
    strict = train(Decision, storage, TrainingData(data), target_leak=0.05, **options)
    message = ranked("faq_a", 0.75)
    assert decide(loose, message)["decision"]["outcome"] == ANSWER
    assert decide(strict, message)["decision"]["outcome"] != ANSWER


def test_without_examples_of_what_is_out_of_scope_each_intent_plays_that_part(storage: LocalModelStorage) -> None:
    """Intents that are easy for each other and hard to tell from what is none of them."""
    data = [ranked("faq_a", 0.5 + i / 1000, label="faq_a") for i in range(490)]
    answers_all = train(Decision, storage, TrainingData(data), familiar_share=0)
    for example in data:
        example.set(RANKING_AS_STRANGER, [{"name": "faq_a", "confidence": 0.8}])
    careful = train(Decision, storage, TrainingData(data), familiar_share=0, out_of_scope_share=0.3)
    message = ranked("faq_a", 0.75)
    assert decide(answers_all, message)["decision"]["outcome"] == ANSWER
    assert decide(careful, message)["decision"]["outcome"] != ANSWER


def test_without_faq_names_every_intent_is_answerable() -> None:
    assert answerable_intents(["faq_a", "groet", "nlu_fallback"]) == {"faq_a"}
    assert answerable_intents(["alarm/set", "groet", "nlu_fallback"]) == {"alarm/set", "groet"}


def test_measures_are_those_of_the_design() -> None:
    right = np.array([True, True, False, True])
    answered = np.array([True, False, True, False])
    answerable = np.array([True, True, True, False])
    assert precision(right, answered) == 0.5
    assert coverage(answerable, answered) == pytest.approx(2 / 3)
    assert leak(answered) == 0.5
    assert precision(right, ~right & right) is None
    assert leak(np.array([], dtype=bool)) is None
