"""The trained model behind the assistant, and the stories that it must follow."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from bot.assistant.rasa_import import import_rasa
from tools.trained_model import ASSISTANT_PYTHON, ROOT, trained_model

import_rasa()

from bot.assistant.rasa_agent import REMEMBERED_TURNS, RasaAgent  # noqa: E402
from bot.assistant.turn import TurnResult  # noqa: E402
from bot.errors import ModelError  # noqa: E402

pytestmark = pytest.mark.train


async def talk(agent: RasaAgent, *said: str) -> list[TurnResult]:
    """A conversation; what starts with a slash is a pressed button."""
    results: list[TurnResult] = []
    for text in said:
        dialogue = results[-1].dialogue if results else ""
        payload = text if text.startswith("/") else ""
        results.append(await agent.turn("conversation", text.strip("/") or "x", payload, dialogue))
    return results


def names(result: TurnResult) -> list[str]:
    return [utterance.template for utterance in result.utterances]


def test_rasas_own_story_tests_pass(tmp_path: Path) -> None:
    command = [ASSISTANT_PYTHON, "-m", "rasa", "test", "core", "--e2e", "--stories", "tests/test_stories.yml"]
    command += ["--model", trained_model(), "--out", tmp_path]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    failed = tmp_path / "failed_test_stories.yml"
    assert done.returncode == 0, done.stderr[-3000:]
    assert "# predicted" not in failed.read_text()


async def test_a_question_gets_its_answer_with_the_ranking(agent: RasaAgent) -> None:
    (result,) = await talk(agent, "hoe laat zijn jullie open op zondag?")
    assert [(one.template, one.intent) for one in result.utterances] == [
        ("utter_faq_openingstijden", "faq_openingstijden")
    ]
    assert result.handoff is None
    assert (result.nlu.outcome, result.nlu.intent) == ("answer", "faq_openingstijden")
    assert result.nlu.ranking[0].name == "faq_openingstijden"
    assert result.nlu.threshold is not None and result.nlu.confidence >= result.nlu.threshold


async def test_what_a_human_has_is_understood_without_a_dialogue(agent: RasaAgent) -> None:
    nlu = await agent.understand("hoe laat zijn jullie open op zondag?")
    assert (nlu.outcome, nlu.intent, nlu.ranking[0].name) == ("answer", *["faq_openingstijden"] * 2)


async def test_entities_come_along_and_the_rule_still_fires(agent: RasaAgent) -> None:
    (result,) = await talk(agent, "hoe laat zijn jullie open op zondag 12 maart? mail maar naar a@example.nl")
    assert {(one["entity"], one["value"]) for one in result.nlu.entities} == {
        ("date", "zondag 12 maart"),
        ("email", "a@example.nl"),
    }
    # That of the intent, whichever a model of today takes it for.
    assert names(result) or result.handoff
    assert all(not intent["used_entities"] for intent in agent._domain.intent_properties.values())


@pytest.mark.parametrize(
    ("said", "reason", "priority"),
    [
        (["mijn kat zit vast in jullie lift"], "not_confident", "normal"),
        (["ik wil een medewerker spreken"], "asked_for_human", "normal"),
        (["/klacht"], "complaint", "high"),
        (["wat kost terugsturen?", "/ontkennen"], "not_helped", "normal"),
        (["/afscheid", "nee"], "not_helped", "normal"),
        (["/nlu_fallback"], "not_confident", "normal"),
    ],
)
async def test_a_human_is_asked_for_with_the_reason(
    agent: RasaAgent, said: list[str], reason: str, priority: str
) -> None:
    result = (await talk(agent, *said))[-1]
    assert result.handoff == {"reason": reason, "priority": priority}


async def test_a_loose_yes_or_no_asks_what_is_meant(agent: RasaAgent) -> None:
    for word in ("/bevestigen", "/ontkennen"):
        (result,) = await talk(agent, word)
        assert names(result) == ["utter_bevestigen"]
        assert result.handoff is None


async def test_yes_after_goodbye_means_helped(agent: RasaAgent) -> None:
    assert names((await talk(agent, "/afscheid", "ja"))[-1]) == ["utter_geholpen"]


async def test_an_answer_after_a_question_that_was_asked_back(agent: RasaAgent) -> None:
    unsure = await unsure_message(agent)
    asked, chosen = await talk(agent, unsure, "/faq_ruilen")
    assert [(one.template, one.intent) for one in asked.utterances] == [("utter_welke_vraag", "")]
    buttons = asked.utterances[0].buttons
    assert 2 <= len(buttons) <= 4
    assert (buttons[-1].title, buttons[-1].payload) == ("Iets anders", "/nlu_fallback")
    assert all(len(button.title) <= 20 for button in buttons)
    assert [(one.template, one.intent) for one in chosen.utterances] == [("utter_faq_ruilen", "faq_ruilen")]


async def test_each_answer_to_two_questions_says_what_it_answers(agent: RasaAgent) -> None:
    (result,) = await talk(agent, "hoe laat zijn jullie open op zondag? en wat kost terugsturen?")
    assert [one.intent for one in result.utterances] == ["faq_openingstijden", "faq_retourkosten"]


async def test_unclear_twice_brings_a_human(agent: RasaAgent) -> None:
    unsure = await unsure_message(agent)
    result = (await talk(agent, unsure, unsure))[-1]
    assert result.handoff == {"reason": "unclear_twice", "priority": "normal"}


async def unsure_message(agent: RasaAgent) -> str:
    """A message in the band between answering and asking a human, whatever the thresholds of today's model are."""
    for text in (
        "retour",
        "pakket",
        "bestelling",
        "betalen",
        "geld terug",
        "iets met mijn bestelling",
        "levering",
        "bon",
    ):
        if (await talk(agent, text))[0].nlu.outcome == "ask":
            return text
    raise AssertionError("none of the vague messages is asked back")


@pytest.mark.parametrize(
    "text",
    [
        "restart",
        "/restart",
        "/\u00a0/restart",
        " \u2003/restart",
        "/session_start",
        "/back",
        "/faq_ruilen{}",
        "//",
        "/",
    ],
)
async def test_no_text_is_a_command(agent: RasaAgent, text: str) -> None:
    before = (await talk(agent, "wat kost terugsturen?"))[0]
    result = await agent.turn("conversation", text, "", before.dialogue)
    assert result.utterances or result.handoff
    events = [event["event"] for event in json.loads(result.dialogue)]
    assert "restart" not in events and "rewind" not in events


@pytest.mark.parametrize("payload", ["/restart", "/nlu_ask", "/session_start", "/unknown"])
async def test_a_button_that_was_never_ours_counts_as_its_text(agent: RasaAgent, payload: str) -> None:
    result = await agent.turn("conversation", "wat kost terugsturen?", payload, "")
    assert names(result) == ["utter_faq_retourkosten"]


@pytest.mark.parametrize(
    "text",
    [
        "😀😀😀",
        "?",
        "x" * 4000,
        "\u202eomgekeerd",
        "<script>alert(1)</script>",
        "مرحبا",
        "12345",
        "a b " * 900,
        "[klik](evil)",
        "{wanneer}",
    ],
)
async def test_whatever_is_written_somebody_answers(agent: RasaAgent, text: str) -> None:
    (result,) = await talk(agent, text)
    assert result.utterances or result.handoff


async def test_what_a_turn_remembers_is_bounded(agent: RasaAgent) -> None:
    results = await talk(agent, *["/faq_ruilen", "/groet"] * 10)
    events = json.loads(results[-1].dialogue)
    assert sum(event["event"] == "user" for event in events) == REMEMBERED_TURNS
    assert len(results[-1].dialogue) <= 1.2 * len(results[6].dialogue)


async def test_forgotten_turns_leave_what_the_dialogue_knows(agent: RasaAgent) -> None:
    results = await talk(agent, "/faq_ruilen", *["/bevestigen"] * 6)
    assert names(results[-1]) == ["utter_geholpen"]


async def test_conversations_know_nothing_of_each_other(agent: RasaAgent) -> None:
    await talk(agent, "/afscheid")
    (result,) = await talk(agent, "/bevestigen")
    assert names(result) == ["utter_bevestigen"]


def test_a_file_that_is_no_model_is_refused(tmp_path: Path) -> None:
    broken = tmp_path / "broken.tar.gz"
    broken.write_bytes(b"no model")
    with pytest.raises(ModelError, match="broken.tar.gz"):
        RasaAgent(broken)
