"""Topics with one question and an answer: what a company has that imports its FAQ."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from rasa.engine.storage.local_model_storage import LocalModelStorage
from rasa.shared.core.domain import Domain
from rasa.shared.nlu.constants import INTENT, INTENT_RANKING_KEY, TEXT
from rasa.shared.nlu.training_data.message import Message
from rasa.shared.nlu.training_data.training_data import TrainingData

from bot.nlu.answers_importer import AnswersImporter, add_answers, answer_text
from bot.nlu.decision import DECISION
from bot.nlu.few_examples import ENOUGH_EXAMPLES, small_intents
from tests.nlu.component_checks import examples
from tests.nlu.conftest import SMALL, Pipeline, train_on

FAQ = {
    "faq_leenfiets": (
        "Krijg ik een leenfiets tijdens de reparatie?",
        "Duurt je reparatie langer dan een dag, dan krijg je gratis een gewone fiets te leen.",
    ),
    "faq_cadeaubon": ("Hebben jullie een cadeaubon?", "Ja, je koopt een cadeaubon in de winkel vanaf 10 euro."),
    "faq_maat": (
        "Welke maat fiets heb ik nodig?",
        "Dat hangt af van je lengte. Ben je 1,70 m, dan past meestal een frame van 53 cm.",
    ),
}
BIG = {"groet": ["hallo", "hoi", "goedemorgen", "dag", "hey daar", "goedenavond"], **SMALL}


def faq_data(others: dict[str, list[str]], *, with_answers: bool = True) -> TrainingData:
    data = examples({**others, **{intent: [question] for intent, (question, _) in FAQ.items()}})
    if with_answers:
        add_answers(data, {f"utter_{intent}": [{"text": answer}] for intent, (_, answer) in FAQ.items()})
    return data


@pytest.fixture(scope="module")
def pipeline(tmp_path_factory: pytest.TempPathFactory) -> Pipeline:
    return train_on(LocalModelStorage.create(tmp_path_factory.mktemp("few")), faq_data(BIG))


def decided(pipeline: Pipeline, text: str) -> tuple[str, str]:
    decision: dict[str, Any] = pipeline.parse(text)[DECISION]
    return decision["outcome"], decision["intent"]


@pytest.mark.parametrize(
    ("text", "intent"),
    [
        ("krijg ik een fiets te leen zolang de reparatie duurt", "faq_leenfiets"),
        ("verkopen jullie ook een cadeaubon", "faq_cadeaubon"),
        ("welke maat fiets past bij mij, ik ben 1,80 m", "faq_maat"),
    ],
)
def test_a_paraphrase_of_the_only_example_is_answered(pipeline: Pipeline, text: str, intent: str) -> None:
    assert decided(pipeline, text) == ("answer", intent)


def test_topics_with_enough_examples_beside_them_are_still_answered(pipeline: Pipeline) -> None:
    assert pipeline.parse("tot hoe laat is de winkel vanavond open")[INTENT_RANKING_KEY][0]["name"] == (
        "faq_openingstijden"
    )
    assert pipeline.parse("hallo")[INTENT_RANKING_KEY][0]["name"] == "groet"


def test_what_no_topic_is_about_is_not_answered(pipeline: Pipeline) -> None:
    for text in ("wat voor weer wordt het vandaag", "ken je een recept voor appeltaart", "qqqq xzxz"):
        assert decided(pipeline, text)[0] != "answer", text


def test_confidences_are_of_all_topics_together(pipeline: Pipeline) -> None:
    ranking = pipeline.parse("cadeaubon")[INTENT_RANKING_KEY]
    assert ranking == sorted(ranking, key=lambda entry: -entry["confidence"])
    assert sum(entry["confidence"] for entry in ranking) <= 1.0001


def test_small_topics_take_nothing_from_others_of_which_a_message_certainly_is(
    pipeline: Pipeline, storage: LocalModelStorage
) -> None:
    """Else an import of forty questions makes a complaint less certain than it has to be."""
    alone = train_on(storage, examples(BIG))
    for text in ("goedemorgen", "hallo", "hoi"):
        assert pipeline.parse(text)[DECISION]["confidence"] == pytest.approx(alone.parse(text)[DECISION]["confidence"])


def test_with_one_example_each_and_no_answers_customers_are_only_asked(storage: LocalModelStorage) -> None:
    without = train_on(storage, faq_data({}, with_answers=False))
    assert decided(without, "verkopen jullie ook een cadeaubon") == ("ask", "faq_cadeaubon")


def test_a_faq_with_one_example_each_and_nothing_else_is_enough(storage: LocalModelStorage) -> None:
    alone = train_on(storage, faq_data({}))
    assert decided(alone, "verkopen jullie ook een cadeaubon")[1] == "faq_cadeaubon"
    assert decided(alone, "qqqq xzxz")[0] == "human"


def test_a_company_without_a_faq_understands_what_every_assistant_must(storage: LocalModelStorage) -> None:
    special = {
        "groet": BIG["groet"],
        "klacht": ["ik heb een klacht", "dit is slecht", "belachelijk", "schande", "boos"],
    }
    assert decided(train_on(storage, examples(special)), "goedemorgen")[1] == "groet"


def test_what_small_is() -> None:
    few, enough = ["faq_a"] * (ENOUGH_EXAMPLES - 1), [*["faq_b"] * ENOUGH_EXAMPLES, *["faq_c"] * ENOUGH_EXAMPLES]
    assert small_intents([*few, *enough], {"faq_a", "faq_b", "faq_c"}) == ["faq_a"]
    assert small_intents([*few, *enough], set()) == []
    assert small_intents(enough, {"faq_b"}) == []
    assert small_intents([*few, *["faq_b"] * ENOUGH_EXAMPLES], {"faq_a"}) == ["faq_a", "faq_b"]
    assert small_intents(["faq_a", "faq_b", "nlu_fallback"], set()) == ["faq_a", "faq_b"]


def test_answers_are_given_to_small_topics_only(tmp_path: Path) -> None:
    (tmp_path / "nlu.yml").write_text(
        'version: "3.1"\nnlu:\n- intent: faq_a\n  examples: |\n    - wat kost het\n- intent: faq_b\n  examples: |\n'
        + "".join(f"    - vraag {number}\n" for number in range(ENOUGH_EXAMPLES)),
        encoding="utf-8",
    )
    domain = Domain.from_dict(
        {
            "intents": ["faq_a", "faq_b"],
            "responses": {"utter_faq_a": [{"text": "Tien euro."}], "utter_faq_b": [{"text": "Ja."}]},
        }
    )
    domain.persist(tmp_path / "domain.yml")
    importer = AnswersImporter(None, str(tmp_path / "domain.yml"), [str(tmp_path / "nlu.yml")])
    found = {(one.get(INTENT), answer_text(one)) for one in importer.get_nlu_data().intent_examples}
    assert found == {("faq_a", "Tien euro."), ("faq_b", "")}
    assert importer.get_nlu_data("en") is importer.get_nlu_data(), "Rasa asks again, and the files are read once"


def test_other_metadata_of_an_example_stays() -> None:
    example = Message(data={TEXT: "x", INTENT: "faq_a", "metadata": {"intent": {"title": "X"}}})
    add_answers(TrainingData([example]), {"utter_faq_a": [{"text": "Y"}]})
    assert example.get("metadata")["intent"] == {"title": "X"} and answer_text(example) == "Y"
