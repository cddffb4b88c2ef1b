from __future__ import annotations

import json
import random
from pathlib import Path

import pytest

from bot.nlu.examples import Example
from bot.nlu.retraining import Retraining
from bot.nlu.robustness import TYPO_RUNS, leave_one_out, main, typo_runs
from bot.nlu.typos import neighbours_of, with_typos
from tests.nlu.conftest import SMALL
from tests.nlu.test_evaluate import rows, write_lines

LONG = "waar blijft mijn pakket van vorige week " * 100


def test_one_letter_in_twelve_is_mistyped() -> None:
    assert with_typos(LONG, random.Random(1)) == with_typos(LONG, random.Random(1)) != LONG
    doubled_or_dropped = abs(len(with_typos(LONG, random.Random(1))) - len(LONG))
    assert doubled_or_dropped < len(LONG) / 12 / 2
    assert with_typos("", random.Random(1)) == ""
    assert with_typos("1234 5678!? " * 20, random.Random(1)) == "1234 5678!? " * 20


@pytest.mark.parametrize(("letter", "keys"), [("q", "wa"), ("s", "adwezx"), ("P", "ol"), ("m", "njk"), ("é", "é")])
def test_a_slip_hits_the_key_beside(letter: str, keys: str) -> None:
    assert sorted(neighbours_of(letter)) == sorted(keys)


def test_every_run_has_other_mistakes() -> None:
    runs = typo_runs([Example(LONG, "faq_a")])
    assert len({run[0].text for run in runs}) == TYPO_RUNS
    assert runs == typo_runs([Example(LONG, "faq_a")])


def test_all_figures_of_a_small_set(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    train, out = write_lines(tmp_path / "train.jsonl", rows(SMALL)), tmp_path / "out.json"
    test = write_lines(tmp_path / "test.jsonl", [{"text": "is de winkel zondag open", "intent": "faq_openingstijden"}])
    arguments = ["--train", train, "--test", test, "--folds", 2, "--out", out]
    assert main([str(argument) for argument in arguments]) == 0
    measured = json.loads(out.read_text())
    assert measured["typos"]["accuracy"] == 1.0 and len(measured["typos"]["runs"]) == TYPO_RUNS
    assert set(measured["left_out"]["intents"]) == {"faq_openingstijden"}  # of the others the test has no messages
    assert measured["cross_validation"]["n"] == sum(map(len, SMALL.values()))
    assert measured["cross_validation"]["n_oos"] == len(SMALL["nlu_fallback"])
    assert "typing mistake" in capsys.readouterr().out


def test_left_out_intents_are_judged_by_their_own_examples(retraining: Retraining) -> None:
    every_second = leave_one_out(retraining, [], every=2)["intents"]
    assert {intent: of["n"] for intent, of in every_second.items()} == {"faq_openingstijden": 8, "faq_wachtwoord": 8}


def test_bad_line_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--test", str(write_lines(tmp_path / "test.jsonl", [{"text": "hoi"}]))]) == 2
    assert "line 1: 'intent'" in capsys.readouterr().err
