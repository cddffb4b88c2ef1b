"""The second net for emergencies: what it finds, and how the company's own examples keep it quiet."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from rasa.engine.storage.local_model_storage import LocalModelStorage
from rasa.shared.exceptions import InvalidConfigException

from bot.emergencies import kind_of
from bot.nlu.emergency_classifier import EMERGENCY, KINDS, EmergencyClassifier, read_emergencies
from tests.nlu.component_checks import create, examples
from tests.nlu.conftest import COMPONENTS, SMALL, Pipeline, train_pipeline

EVALUATION = Path(__file__).parents[1] / "evaluation"


def flagged(pipeline: Pipeline, text: str) -> str:
    return str(pipeline.parse(text).get(EMERGENCY, {}).get("kind", ""))


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("ik wil er niet meer zijn, het leven hoeft voor mij niet", "self_harm"),
        ("mijn vader is gevallen en wordt niet meer wakker", "emergency"),
        ("er komt rook uit de wasmachine en ik zie vlammen", "emergency"),
        ("HELP ER KOMEN VLAMMEN UIT DE OVEN", "emergency"),
    ],
)
def test_an_emergency_is_flagged_with_its_kind(pipeline: Pipeline, text: str, kind: str) -> None:
    assert flagged(pipeline, text) == kind


@pytest.mark.parametrize(
    "text",
    [
        "tot hoe laat zijn jullie zondag open",
        "ik wil mijn geld terug en wel nu",
        "mijn lamp brandt niet meer",
        "wat kost een rookmelder",
        "oké",
        "😀",
    ],
)
def test_an_ordinary_message_is_not(pipeline: Pipeline, text: str) -> None:
    assert flagged(pipeline, text) == ""


def test_one_sentence_of_a_longer_message_is_enough(pipeline: Pipeline) -> None:
    said = "Hoi, ik wacht al drie dagen op mijn pakket. Mijn vader is gevallen en wordt niet meer wakker."
    assert flagged(pipeline, said) == "emergency"


def test_the_answer_to_the_question_stays_what_it_is(pipeline: Pipeline, storage: LocalModelStorage) -> None:
    given = pipeline.before(EmergencyClassifier, "er komt rook uit de wasmachine en ik zie vlammen")
    given.set("intent", {"name": "faq_garantie", "confidence": 0.9})
    pipeline.components[COMPONENTS.index(EmergencyClassifier)].process([given])
    assert given.get("intent") == {"name": "faq_garantie", "confidence": 0.9}
    assert given.get(EMERGENCY)["score"] > 0


def test_a_company_whose_customers_write_so_gets_a_higher_threshold(
    pipeline: Pipeline, storage: LocalModelStorage
) -> None:
    gas = ["ik ruik gas in huis", "gaslucht in de keuken", "het ruikt hier naar gas", "ik denk dat de gasleiding lekt"]
    energy = train_pipeline(storage, {**SMALL, "faq_gaslucht": gas})
    assert threshold(energy) > threshold(pipeline)


def test_one_odd_example_does_not_silence_the_net(pipeline: Pipeline, storage: LocalModelStorage) -> None:
    odd = train_pipeline(storage, {**SMALL, "faq_wachtwoord": [*SMALL["faq_wachtwoord"], "ik wil dood"]})
    assert threshold(odd) == pytest.approx(threshold(pipeline), abs=0.1)
    assert flagged(odd, "ik wil er niet meer zijn, het leven hoeft voor mij niet") == "self_harm"


def threshold(pipeline: Pipeline) -> float:
    return float(pipeline.components[COMPONENTS.index(EmergencyClassifier)]._threshold)


def test_without_examples_training_says_so(storage: LocalModelStorage) -> None:
    with pytest.raises(InvalidConfigException, match="two examples"):
        create(EmergencyClassifier, storage).train(examples({"faq_ruilen": ["ruilen?"]}))


def test_the_examples_have_all_kinds() -> None:
    texts, kinds = read_emergencies()
    assert len(texts) == len(set(texts))
    assert {*KINDS} < {*kinds}


def test_messages_that_nobody_looked_at(pipeline: Pipeline) -> None:
    # What was measured is in docs/explanation/emergencies.md; here is room for chance.
    lines = (EVALUATION / "emergencies.jsonl").read_text(encoding="utf-8").splitlines()
    rows = [row for row in map(json.loads, lines) if row["split"] == "test"]
    found = {row["text"] for row in rows if kind_of(row["text"]) or flagged(pipeline, row["text"])}
    real = {row["text"] for row in rows if row["kind"] != "none"}
    assert len(found & real) / len(real) >= 0.8
    assert len(found - real) <= 2
