"""Rasa's own readers take the files that are written for what the store says."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.assistant.rasa_import import import_rasa
from bot.model import Button, Image, Template, Variant
from bot.project.examples import ENTITY, escaped
from bot.project.new_company import make_company
from bot.project.read import read_project
from bot.project.responses import template_of
from bot.project.scalars import as_line
from bot.project.sync import copy_project
from bot.project.write import write_files
from bot.store.topics import Example, Topic
from tests.conftest import ROOT

import_rasa()
from rasa.shared.core.domain import Domain  # noqa: E402
from rasa.shared.importers.importer import TrainingDataImporter  # noqa: E402
from rasa.shared.nlu.constants import TEXT  # noqa: E402
from rasa.shared.nlu.training_data import entities_parser  # noqa: E402
from rasa.shared.nlu.training_data.loading import load_data  # noqa: E402
from rasa.validator import Validator  # noqa: E402

HARD = (
    'een "vraag": ja of nee?',
    "- streepje",
    "[Gent](place) en [a][b] en [c]{d}",
    "[buiten [binnen](x)](y)",
    "{klant} | > # & * ! % @ `",
    r"een \u0041 en een \n",
    "🙈 ’s ochtends",
    "null",
    "${HOME}",
    "'",
)
MULTI = 'Regel: 1\n\n  - ingesprongen "zo"\n# geen commentaar\n${HOME} \\u0041 {wanneer}'


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("project")
    copy_project(ROOT, folder)
    project = read_project(folder)
    topic = Topic("faq_hard", "Moeilijk: ja", 'Zo "dus"', tuple(map(Example, HARD)), answering="human", threshold=0.75)
    answer = Template(
        topic.answer,
        "Yes",
        MULTI,
        (Button("Ja: [zo]", "/faq_contact"), Button("no", url="https://example.nl/#a")),
        image=Image("https://example.nl/a.png", "alt: ja"),
        variants=(Variant(" ".join(HARD)), Variant("- kort", "messenger")),
    )
    write_files(replace(project, topics=(*project.topics, topic), answers=(*project.answers, answer)), folder)
    return folder


def test_rasa_reads_every_example_as_it_is(written: Path) -> None:
    data = load_data(str(written / "data" / "nlu.yml"))
    examples = [one for one in data.intent_examples if one.get("intent") == "faq_hard"]
    assert [one.get(TEXT) for one in examples] == list(HARD)
    assert [one.get("entities") for one in examples if one.get("entities")] == []
    about = {"title": "Moeilijk: ja", "description": 'Zo "dus"', "threshold": 0.75, "answering": "human"}
    assert all(one.get("metadata")["intent"] == about for one in examples)


def test_rasa_reads_every_answer_as_it_is(written: Path) -> None:
    domain = Domain.from_file(str(written / "domain.yml"))
    ours = {one.name: one for one in read_project(written).answers}
    for name, variations in domain.responses.items():
        assert template_of(name, variations) == ours[name]
    assert ours["utter_faq_hard"].text == MULTI
    assert "faq_hard" in domain.intents


def test_a_file_of_plain_letters_alone_is_read_as_it_is_too(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "domain.yml").write_text("intents:\n- groet\nresponses:\n  utter_groet:\n  - text: Hoi\n")
    (tmp_path / "data" / "nlu.yml").write_text("nlu:\n- intent: groet\n  examples: |\n    - hoi\n")
    (tmp_path / "data" / "stories.yml").write_text(
        "rules:\n- rule: groet\n  steps:\n  - intent: groet\n  - action: utter_groet\n"
    )
    project = read_project(tmp_path)
    topic = replace(project.topics[0], examples=(Example(r"zo \u0041"), Example("hoi")))
    write_files(replace(project, topics=(topic,)), tmp_path)
    examples = load_data(str(tmp_path / "data" / "nlu.yml")).intent_examples
    assert [one.get(TEXT) for one in examples] == [r"zo \u0041", "hoi"]


def test_entities_are_those_of_rasa() -> None:
    assert ENTITY.pattern == entities_parser.ENTITY_REGEX.pattern


@given(st.text(alphabet=st.sampled_from('[](){}: ab"e\\'), max_size=30) | st.text(max_size=30))
@settings(deadline=None, suppress_health_check=list(HealthCheck))
def test_brackets_are_no_entities(text: str) -> None:
    line = escaped(text)
    assert entities_parser.replace_entities(line) == as_line(text)
    assert entities_parser.find_entities_in_training_example(line) == []


def test_rasa_reads_an_empty_project_without_a_complaint(tmp_path: Path) -> None:
    make_company(tmp_path / "bakker", "Bakker")
    importer = TrainingDataImporter.load_from_config(
        str(tmp_path / "bakker" / "config.yml"),
        str(tmp_path / "bakker" / "domain.yml"),
        [str(tmp_path / "bakker" / "data")],
    )
    validator = Validator.from_importer(importer)
    assert validator.verify_domain_validity()
    assert validator.verify_intents_in_stories(ignore_warnings=False)
    assert validator.verify_story_structure(ignore_warnings=False)
