from __future__ import annotations

import pytest

from bot.nlu.conclusions import ANSWER, ASK, HUMAN
from bot.nlu.verdicts import Verdict, Verdicts, figures, figures_of_intents

ANSWERABLE = frozenset({"faq_a", "faq_b"})


def verdict(label: str, outcome: str, guess: str, confidence: float = 0.9, *, text: str = "x") -> Verdict:
    ranking = [{"name": guess, "confidence": confidence}]
    return Verdict(text=text, label=label, outcome=outcome, intent=guess, threshold=0.8, ranking=ranking)


def verdicts(*each: Verdict) -> Verdicts:
    return Verdicts(each, ANSWERABLE)


TEST = verdicts(
    verdict("faq_a", ANSWER, "faq_a"),
    verdict("faq_a", ASK, "faq_a", 0.6),
    verdict("faq_b", ANSWER, "faq_a"),
    verdict("groet", ANSWER, "groet"),
)


def test_figures_are_those_of_the_design() -> None:
    out_of_scope = verdicts(*(verdict("nlu_fallback", outcome, "faq_a") for outcome in (ANSWER, ASK, HUMAN, HUMAN)))
    found = figures(TEST, out_of_scope)
    assert (found["accuracy"], found["precision"], found["leak"]) == (3 / 4, 1 / 2, 1 / 4)
    assert found["coverage"] == pytest.approx(2 / 3)  # a greeting needs no template of the FAQ
    assert (found["n"], found["n_oos"]) == (4, 4)


def test_figures_of_nothing_are_not_zero() -> None:
    found = figures(verdicts(verdict("faq_a", HUMAN, "faq_a")), verdicts())
    assert (found["precision"], found["leak"]) == (None, None)


def test_figures_of_an_intent() -> None:
    intents = figures_of_intents(TEST)
    assert intents["faq_a"] == {"n": 2, "answered": 2, "precision": 0.5, "recall": 0.5, "recognised": 1.0}
    assert intents["faq_b"] == {"n": 1, "answered": 0, "precision": None, "recall": 0.0, "recognised": 0.0}
    assert set(intents) == {"faq_a", "faq_b", "groet"}


def test_message_without_words_has_no_guess() -> None:
    nothing = Verdict(text="///", label="faq_a", outcome=HUMAN, intent="")
    assert (nothing.guess, nothing.confidence, nothing.answer) == ("", 0.0, "")
