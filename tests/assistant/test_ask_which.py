"""What is offered under "Bedoel je ...?"."""

from __future__ import annotations

from typing import Any

import pytest
from rasa_sdk import Tracker
from rasa_sdk.executor import CollectingDispatcher

from actions.actions import AskWhich

DOMAIN: dict[str, Any] = {
    "responses": {
        "utter_faq_contact": [{"text": "Bel ons.", "metadata": {"title": "Contact"}}],
        "utter_faq_oud": [{"text": "Weg.", "metadata": {"title": "Oud", "removed": True}}],
        "utter_groet": [{"text": "Hallo!"}],
    }
}


def asked(*ranking: str) -> list[dict[str, Any]]:
    message = {"intent": {"name": "nlu_ask"}, "intent_ranking": [{"name": name} for name in ranking]}
    tracker = Tracker("c1", {}, message, [], False, None, {}, "action_listen")
    dispatcher = CollectingDispatcher()
    AskWhich().run(dispatcher, tracker, DOMAIN)
    return dispatcher.messages


def test_only_questions_with_an_answer_are_offered() -> None:
    (message,) = asked("groet", "faq_oud", "faq_contact")
    assert message["response"] == "utter_welke_vraag"
    assert [button["title"] for button in message["buttons"]] == ["Contact", "Iets anders"]


@pytest.mark.parametrize("ranking", [(), ("groet", "klacht"), ("faq_oud",)])
def test_without_a_choice_a_human_is_asked(ranking: tuple[str, ...]) -> None:
    said, handed_over = asked(*ranking)
    assert said["response"] == "utter_overdracht_onbekend"
    assert handed_over["custom"] == {"handoff": {"reason": "not_confident", "priority": "normal"}}
