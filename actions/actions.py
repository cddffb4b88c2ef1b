"""The two custom actions: ask which question is meant, and hand over to a human."""

from __future__ import annotations

from typing import Any

from rasa_sdk import Action, Tracker
from rasa_sdk.events import SlotSet
from rasa_sdk.executor import CollectingDispatcher

from bot.answers import HANDOVER_TEMPLATES

MAX_CHOICES = 3
# "Iets anders": as if the question was not recognised, so that a human reads it.
SOMETHING_ELSE = {"title": "Iets anders", "payload": "/nlu_fallback"}

_REASONS = {
    "klacht": "complaint",
    "medewerker_spreken": "asked_for_human",
    "ontkennen": "not_helped",
    "nlu_ask": "unclear_twice",
}


class AskWhich(Action):
    """Offer the most likely questions as buttons."""

    def name(self) -> str:
        return "action_ask_which"

    def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]) -> list[dict[str, Any]]:
        titles = _titles(domain)
        likely = [intent for intent in _most_likely(tracker.latest_message) if intent in titles][:MAX_CHOICES]
        if not likely:  # no question is like it, and a choice of "Iets anders" alone is none
            _hand_over(dispatcher, "not_confident")
            return [SlotSet("previous_turn", "asked")]
        buttons = [{"title": titles[name], "payload": f"/{name}"} for name in likely]
        dispatcher.utter_message(response="utter_welke_vraag", buttons=[*buttons, SOMETHING_ELSE])
        return [SlotSet("previous_turn", "asked")]


class HandOver(Action):
    """Say what happens next, and tell the worker that a human is needed."""

    def name(self) -> str:
        return "action_hand_over"

    def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]) -> list[dict[str, Any]]:
        # Not get_intent_of_latest_message(): that passes nlu_fallback over for the next in the ranking.
        reason = _REASONS.get(tracker.latest_message["intent"]["name"], "not_confident")
        _hand_over(dispatcher, reason)
        return []


def _hand_over(dispatcher: CollectingDispatcher, reason: str) -> None:
    """reason: a key of REASONS in bot/model.py."""
    dispatcher.utter_message(response=HANDOVER_TEMPLATES.get(reason, "utter_overdracht"))
    priority = "high" if reason == "complaint" else "normal"
    dispatcher.utter_message(json_message={"handoff": {"reason": reason, "priority": priority}})


def _most_likely(message: dict[str, Any]) -> list[str]:
    """The intents that the message may be about: first what the decision is torn between, then the ranking."""
    decision = message.get("decision") or {}
    torn_between = [decision["intent"], *decision["also"]] if decision.get("also") else []
    return list(dict.fromkeys(torn_between + [row["name"] for row in message.get("intent_ranking", [])]))


def _titles(domain: dict[str, Any]) -> dict[str, str]:
    """intent -> the title of its answer, as short as a button; only questions have one that a customer may choose."""
    titles = {}
    for response, variants in domain.get("responses", {}).items():
        intent = response[len("utter_") :]
        metadata = variants[0].get("metadata") or {}
        if intent.startswith("faq_") and not metadata.get("removed"):
            titles[intent] = metadata.get("title", intent)
    return titles
