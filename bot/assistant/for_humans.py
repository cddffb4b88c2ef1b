"""Answers that the assistant knows and may not give, because only humans answer about their topic."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

from bot.assistant.turn import TurnResult, Utterance
from bot.model import Nlu


def withhold(result: TurnResult, for_humans: Collection[str]) -> TurnResult:
    """Without the answers about `for_humans`, and with a hand-over instead; another question keeps its answer."""
    withheld = [topic for said in result.utterances if (topic := _topic(said, for_humans))]
    if not withheld:
        return result
    return replace(
        result,
        utterances=[said for said in result.utterances if not _topic(said, for_humans)],
        # A complaint, or who asks for a human, stays that.
        handoff=result.handoff or {"reason": "topic_for_humans"},
        nlu=result.nlu if result.handoff else _about(result.nlu, withheld[0]),
    )


def _topic(said: Utterance, for_humans: Collection[str]) -> str:
    """Which of `for_humans` it is about, empty for none: as the customer asked it, or as a story came to its answer."""
    return next((intent for intent in for_humans if intent in (said.intent, said.template.removeprefix("utter_"))), "")


def _about(nlu: Nlu, intent: str) -> Nlu:
    """What the hand-over is about, which decides the department: of two questions that may be the second."""
    scores = {score.name: score.confidence for score in nlu.ranking}
    confidence = nlu.confidence if intent == nlu.intent else scores.get(intent, nlu.confidence)
    return replace(nlu, intent=intent, confidence=confidence)
