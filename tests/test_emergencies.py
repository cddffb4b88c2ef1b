"""What is taken for a threat of self-harm or an emergency, and what is not."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from bot.emergencies import PART_CHARS, kind_of
from tests.costs import growth
from tests.sources import data

ROOT = Path(__file__).resolve().parents[1]
EVALUATION = ROOT / "tests" / "evaluation"

Examples = list[tuple[str, str]]


def written_with() -> Examples:
    """(message, kind) that the patterns were written with."""
    kinds = data(ROOT / "bot" / "nlu" / "emergency_examples.yml")
    return [(text, kind) for kind, themes in kinds.items() for texts in themes.values() for text in texts]


def held_out() -> Examples:
    """(message, kind) that somebody else wrote, and nobody looked at while writing the patterns."""
    lines = (EVALUATION / "emergencies.jsonl").read_text(encoding="utf-8").splitlines()
    rows = [json.loads(line) for line in lines]
    return [(row["text"], row["kind"]) for row in rows if row["split"] == "test"]


def recall(examples: Examples) -> float:
    real = [text for text, kind in examples if kind in ("self_harm", "emergency")]
    return sum(kind_of(text) is not None for text in real) / len(real)


def false_alarms(examples: Examples) -> float:
    harmless = [text for text, kind in examples if kind in ("none", "harmless")]
    return sum(kind_of(text) is not None for text in harmless) / len(harmless)


def test_the_examples_are_told_apart() -> None:
    assert recall(written_with()) >= 0.98
    assert false_alarms(written_with()) <= 0.01


def test_ordinary_messages_give_no_alarm() -> None:
    nlu = data(ROOT / "data" / "nlu.yml")["nlu"]
    lines = [line.removeprefix("- ") for item in nlu if "intent" in item for line in item["examples"].splitlines()]
    # A child that is lost in the shop is one that should.
    assert len([line for line in lines if kind_of(line)]) <= 3


@pytest.mark.parametrize(
    "text",
    [
        "ik wil dood",
        "IK WIL DOOD!!!",
        "ik wil doooood",
        "ikwildood",
        "ik wíl dóód",
        "kwil dood",
        "ik... wil... dood...",
        "ik wil echt gewoon dood",
        "hoi, waar blijft mijn pakket? ach laat ook maar, ik wil toch dood",
        "ik wil zelfmoord plegen",
        "ik wil zlefmoord plegen, sorry zelfmood",
        "ik ga kms",
        "haha ik wil dood",
    ],
)
def test_however_it_is_typed(text: str) -> None:
    assert kind_of(text) == "self_harm"


@pytest.mark.parametrize(
    ("harmless", "real"),
    [
        ("hoeveel kms haalt de accu", "kms ik meen het"),
        ("mijn telefoon is dood", "mijn baby is dood aan het gaan, mijn baby gaat dood"),
        ("ik wil mijn abonnement niet meer", "ik wil niet meer leven"),
        ("ik maak een eind aan mijn abonnement", "ik maak een eind aan mijn leven"),
        ("is het gordijn brandwerend", "het gordijn staat in brand"),
        ("wij hebben een gaskachel", "wij ruiken gas"),
        ("mijn pas is ingeslikt door de automaat", "de knoopcel is ingeslikt door mijn kind"),
        ("mijn tv reageert niet meer", "mijn man reageert niet meer"),
        ("ik zoek een mes", "hij staat hier met een mes"),
        ("ik kreeg een schok toen ik de rekening zag", "ik kreeg een schok van de wasmachine"),
    ],
)
def test_words_alone_do_not_decide(harmless: str, real: str) -> None:
    assert kind_of(harmless) is None
    assert kind_of(real) is not None


@pytest.mark.parametrize("text", ["", " ", "😀", "\x00", "?!", "a" * 100_000])
def test_any_text_can_be_read(text: str) -> None:
    assert kind_of(text) is None


@pytest.mark.parametrize("words", ["ik wil ", "een rook brand "])
def test_the_work_grows_with_the_text_up_to_a_limit(words: str) -> None:
    short, long = words * (PART_CHARS // 8 // len(words)), words * (3 * PART_CHARS // len(words))
    assert growth(kind_of, short, 8) < 32  # linear: 8; quadratic: 64
    assert growth(kind_of, long, 10) < 3


def test_the_end_of_a_long_story_is_read_too() -> None:
    assert kind_of("en toen kwam de bezorger weer niet. " * 1_000 + "ik wil niet meer leven") == "self_harm"


def test_messages_that_nobody_looked_at() -> None:
    # What was measured is in docs/explanation/emergencies.md; here is room for chance.
    assert recall(held_out()) >= 0.65
    assert false_alarms(held_out()) <= 0.07
