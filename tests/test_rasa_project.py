"""The Rasa project fits together: intents = examples = rules = answers, in the order of the FAQ."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from bot.answers import HANDOVER_TEMPLATES, unknown_variables
from bot.web.desk.words import ENTITIES
from bot.web.editor.checks import MAX_TEXT_CHARS, MAX_TITLE_CHARS
from bot.web.editor.form_parts import MAX_BUTTONS
from tests.conftest import ROOT, SHARED
from tests.sources import data

# What the decision makes of a message that it is not sure of: no customer's intent.
DECISIONS = {"nlu_fallback", "nlu_ask"}
# Notices of web and assistant that no rule leads to.
NOTICES = {
    "utter_medewerker_neemt_over",
    "utter_klacht_overgenomen",
    "utter_doorverbonden",
    "utter_andere_afdeling",
    "utter_terug_naar_assistent",
    "utter_gesloten",
    "utter_geholpen_vraag",
    "utter_beoordeling_vraag",
    "utter_beoordeling_dank",
    "utter_in_wachtrij",
    "utter_medewerker_weg",
    "utter_overdracht_druk",
    "utter_even_geduld",
    "utter_overdracht_reactie",
    "utter_reactie_openbaar",
    "utter_weer_assistent",
}
MIN_FAQ_EXAMPLES, MIN_OTHER_EXAMPLES = 30, 15


def read(name: str) -> dict[str, Any]:
    found: dict[str, Any] = data(ROOT / name)
    return found


DOMAIN, NLU, STORIES = read("domain.yml"), read("data/nlu.yml"), read("data/stories.yml")
INTENTS = [intent for intent in DOMAIN["intents"] if intent not in DECISIONS]
FAQ = [intent for intent in INTENTS if intent.startswith("faq_")]
EXAMPLES = {
    item["intent"]: [line.removeprefix("- ") for line in item["examples"].strip().splitlines()]
    for item in NLU["nlu"]
    if "intent" in item
}
RESPONSES: dict[str, list[dict[str, Any]]] = DOMAIN["responses"]


def first_steps() -> dict[str, set[str]]:
    """intent -> the actions that rules answer it with."""
    found: dict[str, set[str]] = {}
    for rule in STORIES["rules"]:
        intent = next(step["intent"] for step in rule["steps"] if "intent" in step)
        found.setdefault(intent, set()).update(step["action"] for step in rule["steps"] if "action" in step)
    return found


RULES = first_steps()


@pytest.mark.skipif(not SHARED.is_dir(), reason="needs ../shared, which users don't have")
def test_intents_are_those_of_the_faq_in_its_order() -> None:
    rows = re.findall(r"^\| (\w+) \|", (SHARED / "faq" / "intents.md").read_text(), re.MULTILINE)
    assert [row for row in rows if row != "intent"] == INTENTS


def test_every_intent_has_examples_in_the_same_order() -> None:
    assert [intent for intent in EXAMPLES if intent not in DECISIONS] == INTENTS


@pytest.mark.parametrize("intent", INTENTS)
def test_there_are_enough_examples_and_none_twice(intent: str) -> None:
    wanted = MIN_FAQ_EXAMPLES if intent in FAQ else MIN_OTHER_EXAMPLES
    assert len(EXAMPLES[intent]) >= wanted
    assert len({example.casefold() for example in EXAMPLES[intent]}) == len(EXAMPLES[intent])


def test_no_example_stands_with_two_intents() -> None:
    seen: dict[str, str] = {}
    for intent, examples in EXAMPLES.items():
        for example in examples:
            assert seen.setdefault(example.casefold(), intent) == intent, example


HELD_OUT = [
    *(ROOT / "tests" / "evaluation").glob("*.jsonl"),
    *(ROOT / "tests" / "evaluation" / "special").glob("*.jsonl"),
]


@pytest.mark.parametrize("file", HELD_OUT, ids=lambda file: file.stem)
def test_no_test_message_is_an_example(file: Path) -> None:
    known = {_words(example) for examples in EXAMPLES.values() for example in examples}
    texts = [json.loads(line)["text"] for line in file.read_text().splitlines()]
    assert [text for text in texts if _words(text) in known] == []


def _words(text: str) -> str:
    """Without what makes no difference to a reader: case, punctuation, white space."""
    return " ".join(re.findall(r"\w+", text.casefold())) or text.strip()


@pytest.mark.parametrize("intent", [*INTENTS, *sorted(DECISIONS)])
def test_every_intent_has_a_rule(intent: str) -> None:
    assert intent in RULES


@pytest.mark.parametrize("intent", FAQ)
def test_a_question_is_answered_with_its_own_answer(intent: str) -> None:
    assert RULES[intent] == {f"utter_{intent}"}
    assert f"utter_{intent}" in RESPONSES


def test_every_action_of_a_rule_exists_and_every_answer_is_used() -> None:
    used = set().union(*RULES.values())
    assert used <= set(RESPONSES) | set(DOMAIN["actions"])
    said_by_actions = {*HANDOVER_TEMPLATES.values(), "utter_overdracht", "utter_welke_vraag"}
    assert set(RESPONSES) == {name for name in used if name.startswith("utter_")} | said_by_actions | NOTICES


def test_after_every_answer_a_no_can_bring_a_human() -> None:
    """An intent that is missing here would fail in silence: the slot would keep what the turn before left."""
    mappings = {mapping["value"]: mapping["intent"] for mapping in DOMAIN["slots"]["previous_turn"]["mappings"]}
    assert mappings["answered"] == [*FAQ, "afscheid"]
    unchanged = {"bevestigen", "ontkennen"}  # they ask what the turn before was
    assert set(mappings["other"]) == set(INTENTS) - set(mappings["answered"]) - unchanged | {"nlu_fallback"}


@pytest.mark.parametrize("name", sorted(RESPONSES))
def test_an_answer_can_be_sent_and_edited(name: str) -> None:
    assert len(RESPONSES[name]) == 1
    response = RESPONSES[name][0]
    assert 1 <= len(response["text"].strip()) <= MAX_TEXT_CHARS
    assert unknown_variables(response["text"]) == []
    assert 1 <= len(response["metadata"]["title"]) <= MAX_TITLE_CHARS
    buttons = response.get("buttons", [])
    assert len(buttons) <= MAX_BUTTONS
    for button in buttons:
        assert 1 <= len(button["title"]) <= MAX_TITLE_CHARS
        assert button["payload"].removeprefix("/") in INTENTS


def test_entities_are_known_to_the_desk_and_choose_no_answer() -> None:
    entities = {name: about for entity in DOMAIN["entities"] for name, about in entity.items()}
    assert set(entities) == set(ENTITIES)
    assert all(about == {"influence_conversation": False} for about in entities.values())


def test_products_are_a_lookup_table_without_repeats() -> None:
    (table,) = [item for item in NLU["nlu"] if item.get("lookup") == "product"]
    words = [line.removeprefix("- ").casefold() for line in table["examples"].strip().splitlines()]
    assert len(words) >= 100 and len(set(words)) == len(words)


def test_titles_tell_answers_apart() -> None:
    titles = [RESPONSES[f"utter_{intent}"][0]["metadata"]["title"] for intent in FAQ]
    assert len(set(titles)) == len(titles)
