from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from bot.nlu.conclusions import ANSWER, ASK, HUMAN
from bot.nlu.examples import ExamplesError
from bot.nlu.golden import GOLDEN_FILE, GoldenMessage, check_golden, failures_of, read_golden
from bot.nlu.rasa_model import PROJECT
from tools.trained_model import trained_model

INTENTS = {"faq_a", "faq_b", "nlu_fallback"}


def parsed(outcome: str, intent: str) -> dict[str, Any]:
    decision = {"outcome": outcome, "intent": intent, "confidence": 0.9, "threshold": 0.8}
    return {"decision": decision, "intent_ranking": [{"name": intent, "confidence": 0.9}]}


@pytest.mark.parametrize(
    ("intent", "must_answer", "outcome", "said", "passes"),
    [
        ("faq_a", True, ANSWER, "faq_a", True),
        ("faq_a", True, ANSWER, "faq_b", False),
        ("faq_a", True, ASK, "faq_a", False),
        ("faq_a", True, HUMAN, "faq_a", False),
        ("faq_a", False, ANSWER, "faq_a", True),
        ("faq_a", False, ANSWER, "faq_b", False),
        ("faq_a", False, ASK, "faq_b", True),
        ("faq_a", False, HUMAN, "faq_a", True),
        ("nlu_fallback", False, ANSWER, "faq_a", False),
        ("nlu_fallback", False, ASK, "faq_a", True),
        ("nlu_fallback", False, HUMAN, "faq_a", True),
    ],
)
def test_what_passes(intent: str, must_answer: bool, outcome: str, said: str, passes: bool) -> None:
    message = GoldenMessage(7, "hoi", intent, must_answer)
    failures = failures_of([message], [parsed(outcome, said)])
    assert (not failures) is passes


def test_failure_says_line_text_and_what_became_of_it() -> None:
    (failure,) = failures_of([GoldenMessage(7, "hoi", "faq_a", True)], [parsed(ANSWER, "faq_b")])
    assert str(failure) == ("line 7: 'hoi' must be answered as faq_a; answered as faq_b (faq_b 0.90; threshold 0.80)")


@pytest.mark.parametrize(
    ("line", "complaint"),
    [
        ("{", "line 2: not JSON"),
        ('{"text": "hoi"}', "line 2: 'intent'"),
        ('{"text": "", "intent": "faq_a"}', "line 2: 'text'"),
        ('{"text": "hoi", "intent": "faq_weg"}', "line 2: there is no intent 'faq_weg'"),
        ('{"text": "hoi", "intent": "faq_a", "must": "ask"}', "line 2: 'must'"),
        ('{"text": "hoi", "intent": "faq_a", "mst": "answer"}', "line 2: unknown field 'mst'"),
        ('{"text": "hoi", "intent": "nlu_fallback", "must": "answer"}', "line 2: nlu_fallback"),
    ],
)
def test_bad_line_is_named(tmp_path: Path, line: str, complaint: str) -> None:
    file = tmp_path / "golden.jsonl"
    file.write_text('{"text": "hoi", "intent": "faq_a", "must": "answer"}\n' + line)
    with pytest.raises(ExamplesError, match=complaint):
        read_golden(file, INTENTS)


def test_no_file_is_no_golden_set(tmp_path: Path) -> None:
    assert read_golden(tmp_path / "golden.jsonl", INTENTS) == []


def project_golden() -> list[GoldenMessage]:
    from rasa.shared.core.domain import Domain

    return read_golden(GOLDEN_FILE, Domain.from_file(str(PROJECT / "domain.yml")).intents)


def test_every_answer_is_demanded_by_the_projects_own_set() -> None:
    from rasa.shared.core.domain import Domain

    faq = {intent for intent in Domain.from_file(str(PROJECT / "domain.yml")).intents if intent.startswith("faq_")}
    assert {message.intent for message in project_golden() if message.must_answer} >= faq


@pytest.mark.train
def test_the_projects_own_model_passes_its_golden_set() -> None:
    assert [str(failure) for failure in check_golden(trained_model(), project_golden())] == []
