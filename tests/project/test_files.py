"""The files of a Rasa project: read with clear errors, and written such that the same is read back."""

from __future__ import annotations

import shutil
import tempfile
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.errors import ConfigError
from bot.model import Button, Image, Template, Variant
from bot.project.files import DOMAIN, FILES, GOLDEN, NLU, RETIRED, STORIES
from bot.project.read import Project, read_project
from bot.project.scalars import as_line
from bot.project.write import write_files
from bot.store.topics import Example, TestMessage, Topic

SMALL = {
    DOMAIN: """version: "3.1"

intents:
  - faq_a  # first
  - groet:
      use_entities: []
  - nlu_ask

slots:
  previous_turn:
    type: categorical
    mappings:
      - type: from_intent
        value: answered
        intent:
          - faq_a
          - afscheid

# What is said.
responses:
  utter_faq_a:
  - text: 'Dat kan.'   # kort
    metadata: {title: Vraag A}

  # Niet van ons.
  utter_groet:
  - text: >-
      Hoi
      daar

session_config:
  session_expiration_time: 60
""",
    NLU: """version: "3.1"
nlu:
- intent: faq_a
  examples: |
    - kan dat
    - kan dat in [Gent](place)

- synonym: Gent
  examples: |
    - gand
- intent: groet
  examples: |-
    - hoi
""",
    STORIES: """rules:
  - rule: faq_a
    steps:
      - intent: faq_a
      - action: utter_faq_a
  - rule: van het team
    condition:
      - active_loop: formulier
    steps:
      - intent: groet
      - action: utter_groet
""",
    GOLDEN: '{"intent": "faq_a", "text": "kan dat?", "must": "answer"}\n\n{"text":"hoi","intent":"groet"}',
}


@pytest.fixture
def small(tmp_path: Path) -> Path:
    return written(SMALL, tmp_path / "small")


def written(files: dict[str, str], folder: Path) -> Path:
    (folder / "data").mkdir(parents=True)
    for name, text in files.items():
        (folder / name).write_bytes(text.encode())
    return folder


def test_what_is_read_and_nothing_else_is_written(small: Path) -> None:
    project = read_project(small)
    assert [(one.intent, one.title) for one in project.topics] == [("faq_a", "Vraag A"), ("groet", "Groet")]
    assert [one.text for one in project.topics[0].examples] == ["kan dat", "kan dat in Gent"]
    assert project.topics[0].tests == (TestMessage("kan dat?", must_answer=True),)
    assert {one.name: one.text for one in project.answers} == {"utter_faq_a": "Dat kan.", "utter_groet": "Hoi daar"}
    assert write_files(project, small) == []


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_only_the_lines_of_what_changed_are_others(tmp_path: Path, newline: str) -> None:
    folder = written({name: text.replace("\n", newline) for name, text in SMALL.items()}, tmp_path / "small")
    project = read_project(folder)
    topic = project.topics[0]
    changed = replace(topic, examples=(*topic.examples, Example("mag dat")), tests=(TestMessage("kan dat?"),))
    new = Topic("faq_b", "Vraag B", examples=(Example("en dat"),), tests=(TestMessage("b?"),), place=1)
    answer = Template(new.answer, "Vraag B", "Ja.\nNee.")
    edited = Project((changed, new, *project.topics[1:]), (*project.answers, answer))
    assert write_files(edited, folder) == [DOMAIN, NLU, STORIES, GOLDEN]
    texts = {name: (folder / name).read_bytes().decode() for name in SMALL}
    assert texts[DOMAIN] == SMALL[DOMAIN].replace("\n", newline).replace(
        f"# first{newline}", f"# first{newline}  - faq_b{newline}"
    ).replace(f"          - faq_a{newline}", f"          - faq_a{newline}          - faq_b{newline}").replace(
        f"Vraag A}}{newline}",
        newline.join(
            ["Vraag A}", "", "  utter_faq_b:", "  - text: |-", "      Ja.", "      Nee.", "    metadata:"]
            + ["      title: Vraag B", ""]
        ),
    )
    assert f"    - kan dat in [Gent](place){newline}    - mag dat{newline}" in texts[NLU]
    assert texts[NLU].count("version") == 1 and f"- synonym: Gent{newline}" in texts[NLU]
    assert f"      - intent: faq_b{newline}      - action: utter_faq_b{newline}" in texts[STORIES]
    assert texts[GOLDEN].splitlines()[:3] == [
        '{"text": "kan dat?", "intent": "faq_a"}',
        '{"text": "b?", "intent": "faq_b"}',
        "",
    ]


def test_topics_that_change_places_do_so_in_every_file(small: Path) -> None:
    project = read_project(small)
    first, second = project.topics
    write_files(replace(project, topics=(replace(second, place=0), replace(first, place=1))), small)
    moved = read_project(small)
    assert [one.intent for one in moved.topics] == ["groet", "faq_a"]
    assert (small / NLU).read_text().index("intent: groet") < (small / NLU).read_text().index("synonym")
    assert write_files(moved, small) == []


def test_an_intent_that_a_rule_of_the_team_speaks_of_stays_in_the_domain(small: Path) -> None:
    (small / STORIES).write_text(SMALL[STORIES].replace("- intent: groet", "- intent: faq_a"))
    project = read_project(small)
    first, second = project.topics
    write_files(replace(project, topics=(replace(first, is_retired=True), second)), small)
    assert "  - faq_a  # first\n" in (small / DOMAIN).read_text()
    assert "intent: faq_a" not in (small / NLU).read_text()
    assert [one.intent for one in read_project(small).topics if not one.is_retired] == ["groet"]


def test_what_a_rule_of_the_team_says_outlives_its_topic_and_comments_outlive_all(small: Path) -> None:
    project = read_project(small)
    first, second = project.topics
    write_files(replace(project, topics=(first, replace(second, is_retired=True))), small)
    assert "  utter_groet:\n" in (small / DOMAIN).read_text()
    assert "      use_entities: []\n" in (small / DOMAIN).read_text()
    assert read_project(small).answers == project.answers

    (small / STORIES).write_text(SMALL[STORIES].partition("  - rule: van het team")[0])
    write_files(read_project(small), small)
    domain = (small / DOMAIN).read_text()
    assert "utter_groet" not in domain and "  # Niet van ons.\n" in domain
    assert {one.name for one in read_project(small).answers} == {"utter_faq_a", "utter_groet"}


@pytest.mark.parametrize(
    ("name", "old", "new", "error"),
    [
        (DOMAIN, "intents:", "intents: [", "domain.yml, line 4: this is no YAML"),
        (DOMAIN, "  - nlu_ask", "  - faq_a", "domain.yml, line 7: intent 'faq_a' is twice there"),
        (DOMAIN, "  - nlu_ask", "  - Faq-A", "domain.yml, line 7: intent 'Faq-A': expected 1 to 60 of a-z"),
        (
            DOMAIN,
            "    metadata: {",
            "    condition: {",
            "domain.yml, line 22: utter_faq_a: 'condition' is not understood",
        ),
        (DOMAIN, "{title:", "{name:", "domain.yml, line 22: utter_faq_a: 'name' is not understood"),
        (DOMAIN, "  utter_groet:", "  utter_faq_a:", "domain.yml, line 26: 'utter_faq_a' is twice there"),
        (NLU, "- intent: groet", "- intent: faq_b", "nlu.yml, line 11: intent 'faq_b' is not among the intents"),
        (NLU, "- intent: groet", "- intent: faq_a", "nlu.yml, line 11: intent 'faq_a' is twice there"),
        (NLU, "    - kan dat\n", "    kan dat\n", "nlu.yml, line 5: expected a dash and an example"),
        (NLU, "    - kan dat\n", "    - \n", "nlu.yml, line 5: expected a dash and an example"),
        (NLU, "    - kan dat\n", f"    - {'x' * 501}\n", "nlu.yml, line 5: expected a dash and an example"),
        (NLU, "|-\n    - hoi", "\n  - text: hoi", "nlu.yml, line 13: examples with metadata are not understood"),
        (
            NLU,
            "  examples: |\n    - kan",
            "  metadata: {threshold: 2}\n  examples: |\n    - kan",
            "nlu.yml, line 4: threshold",
        ),
        (
            NLU,
            "  examples: |\n    - kan",
            "  metadata: {answering: no}\n  examples: |\n    - kan",
            "line 4: answering: exp",
        ),
        (
            NLU,
            "  examples: |\n    - kan",
            "  metadata: {mood: 2}\n  examples: |\n    - kan",
            "line 4: 'mood' is not underst",
        ),
        (GOLDEN, '"hoi"', '"hoi', "golden.jsonl, line 3: not JSON"),
        (GOLDEN, '"groet"', '"faq_b"', "golden.jsonl, line 3: there is no intent 'faq_b'"),
        (GOLDEN, '"answer"', '"reply"', "golden.jsonl, line 1: 'must' can only be \"answer\""),
        (GOLDEN, '"kan dat?"', '" "', "golden.jsonl, line 1: text: expected a line of 1 to 500 characters"),
    ],
)
def test_what_is_not_understood_is_said_with_its_line(small: Path, name: str, old: str, new: str, error: str) -> None:
    text = (small / name).read_text()
    assert old in text
    (small / name).write_text(text.replace(old, new, 1))
    with pytest.raises(ConfigError) as refused:
        read_project(small)
    assert error in str(refused.value)


@pytest.mark.parametrize(
    ("line", "error"),
    [("{", "this is no retired topic"), ('{"topic": {"intent": "faq_c", "title": "C"}}', "with is_retired true")],
)
def test_a_retired_topic_that_is_none_is_said_with_its_line(small: Path, line: str, error: str) -> None:
    (small / RETIRED).write_text(line)
    with pytest.raises(ConfigError, match=f"retired.jsonl, line 1: .*{error}"):
        read_project(small)


def test_what_can_not_be_edited_is_left_as_it_is(small: Path) -> None:
    (small / DOMAIN).write_text(
        SMALL[DOMAIN].replace("          - faq_a\n          - afscheid\n", "         [faq_a]\n")
    )
    project = read_project(small)
    new = Topic("faq_b", "B", examples=(Example("b"),), place=1)
    before = {name: (small / name).read_bytes() for name in SMALL}
    with pytest.raises(ConfigError, match="domain.yml, line 16: expected each on a line of its own"):
        write_files(replace(project, topics=(*project.topics, new)), small)
    assert {name: (small / name).read_bytes() for name in SMALL} == before


LETTERS = "ab é:#-'\"[]{}()|>&*!%@`\\,?$~=🙈\u00a0\t"
TEXTS = st.one_of(
    st.text(alphabet=LETTERS, min_size=1, max_size=20), st.sampled_from(["null", "no", "~", "1", "- x", "[a](b)"])
)
LINES = TEXTS.map(as_line).filter(str.strip)
TITLES = st.text(alphabet="ab é:#'\"-", min_size=1, max_size=12).map(str.strip).filter(bool)
BODIES = st.lists(TEXTS, min_size=1, max_size=4).map("\n".join).map(str.strip).filter(bool)
BUTTONS = st.builds(Button, TITLES, st.just("/faq_a")) | st.builds(
    Button, TITLES, st.just(""), st.just("https://a.nl/#b")
)
TOPICS = st.builds(
    Topic,
    intent=st.sampled_from(["faq_a", "faq_b", "faq_c", "faq_d"]),
    title=TITLES,
    description=st.text(alphabet=LETTERS + "\n", max_size=20).map(str.strip),
    examples=st.lists(st.builds(Example, LINES), max_size=4).map(tuple),
    tests=st.lists(st.builds(TestMessage, LINES, st.booleans()), max_size=3).map(tuple),
    answering=st.sampled_from(["automatic", "human"]),
    threshold=st.none() | st.floats(0.01, 1),
    is_retired=st.booleans(),
)
ANSWERS = st.builds(
    Template,
    name=st.just(""),
    title=TITLES,
    text=BODIES,
    buttons=st.lists(BUTTONS, max_size=2).map(tuple),
    image=st.none() | st.builds(Image, st.just("https://a.nl/b.png"), TITLES),
    variants=st.lists(st.builds(Variant, BODIES, st.sampled_from(["", "messenger"])), max_size=2).map(tuple),
    is_removed=st.booleans(),
)


@given(st.lists(st.tuples(TOPICS, st.none() | ANSWERS), unique_by=lambda pair: pair[0].intent, max_size=4))
@settings(deadline=None, max_examples=60, suppress_health_check=list(HealthCheck))
def test_what_is_written_is_read_back(pairs: list[tuple[Topic, Template | None]]) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = written(SMALL, Path(name) / "small")
        before = read_project(folder)
        made = {topic.intent: (topic, answer) for topic, answer in pairs}
        topics = [*(topic for topic in before.topics if topic.intent not in made), *(topic for topic, _ in pairs)]
        ours = {one.name: one for one in before.answers}
        ours |= {topic.answer: replace(answer, name=topic.answer) for topic, answer in pairs if answer}
        project = Project(
            tuple(replace(topic, place=place) for place, topic in enumerate(topics)), tuple(ours.values())
        )
        write_files(project, folder)
        back = read_project(folder)
        assert as_compared(back.topics) == as_compared(project.topics)
        kept = {one.intent for one in project.topics}
        assert {one.name: one for one in back.answers} == ours, kept
        shutil.copytree(folder, folder.with_name("again"))
        assert write_files(back, folder) == []
        assert all((folder / one).exists() == (folder.with_name("again") / one).exists() for one in FILES)


def as_compared(topics: tuple[Topic, ...]) -> tuple[list[Topic], dict[str, Topic]]:
    """In order; of retired ones the order does not matter."""
    return (
        [replace(one, place=0) for one in topics if not one.is_retired],
        {one.intent: replace(one, place=0) for one in topics if one.is_retired},
    )
