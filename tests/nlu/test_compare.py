"""The comparison with Rasa's recommended configuration, tiny: few examples, and a classifier that learns at once."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from bot.nlu.examples import Example
from bot.nlu.metrics import OUT_OF_SCOPE
from tests.nlu.conftest import SMALL
from tests.nlu.test_evaluate import rows, write_lines
from tools.compare.__main__ import ROWS, main, markdown
from tools.compare.sides import FALLBACK_THRESHOLD, OURS, RASA, measure, verdict_of_rasa

FALLBACK = {"name": OUT_OF_SCOPE, "confidence": FALLBACK_THRESHOLD}
MESSAGE = Example("hoi", "faq_a")


def row(name: str, confidence: float) -> dict[str, Any]:
    return {"name": name, "confidence": confidence}


@pytest.mark.parametrize(
    ("ranking", "guess", "answer"),
    [
        ([row("faq_a", 0.9), row("faq_b", 0.1)], "faq_a", "faq_a"),
        ([FALLBACK, row("faq_a", 0.6), row("faq_b", 0.4)], "faq_a", ""),
        # Examples of what is out of scope have that intent too: then DIET itself says so.
        ([row(OUT_OF_SCOPE, 0.9), row("faq_a", 0.1)], OUT_OF_SCOPE, ""),
        ([FALLBACK, row(OUT_OF_SCOPE, 0.6), row("faq_a", 0.4)], OUT_OF_SCOPE, ""),
        ([FALLBACK], "", ""),
        ([], "", ""),
    ],
)
def test_what_the_fallback_classifier_leaves(ranking: list[dict[str, Any]], guess: str, answer: str) -> None:
    verdict = verdict_of_rasa(MESSAGE, {"intent_ranking": ranking})
    assert (verdict.guess, verdict.answer) == (guess, answer)


def test_threshold_is_that_of_the_configuration() -> None:
    pipeline = yaml.safe_load(RASA.config_file.read_text())["pipeline"]
    assert pipeline[-1] == {"name": "FallbackClassifier", "threshold": FALLBACK_THRESHOLD}


@pytest.mark.train
def test_both_sides_are_measured_alike(tmp_path: Path) -> None:
    train = write_lines(tmp_path / "train.jsonl", rows(SMALL))
    test = [Example("wat kost retour sturen", "faq_retourkosten"), Example("zondag open?", "faq_openingstijden")]
    config = yaml.safe_load(RASA.config_file.read_text())
    assert config["pipeline"][-2]["name"] == "DIETClassifier"  # its first epoch takes ten times as long as all else
    config["pipeline"][-2] = {"name": "LogisticRegressionClassifier"}
    (tmp_path / "rasa.yml").write_text(yaml.safe_dump(config))
    sides = (OURS, replace(RASA, config_file=tmp_path / "rasa.yml"))
    results = {side.name: measure(side, train, test, ["xqzvw"]) for side in sides}
    table = markdown(results, str(train))
    for measured in results.values():
        assert measured.keys() >= ROWS.keys()
        assert (measured["n"], measured["n_oos"]) == (2, 1)
    assert results[OURS.name]["accuracy"] == 1.0
    assert "| | Vraagbaak | Rasa's recommended |" in table
    assert table.count("\n| ") == len(ROWS) + 1


def test_bad_line_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--test", str(write_lines(tmp_path / "test.jsonl", [{"text": "hoi"}]))]) == 2
    assert "line 1: 'intent'" in capsys.readouterr().err
