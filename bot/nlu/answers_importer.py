"""Gives the examples of small topics the text of their answer, which says what a single question can't."""

from __future__ import annotations

from collections import Counter
from functools import cached_property
from typing import Any

from rasa.shared.importers.rasa import RasaFileImporter
from rasa.shared.nlu.constants import INTENT, METADATA
from rasa.shared.nlu.training_data.message import Message
from rasa.shared.nlu.training_data.training_data import TrainingData

from bot.nlu.few_examples import ENOUGH_EXAMPLES

ANSWER_TEXT = "answer_text"


class AnswersImporter(RasaFileImporter):
    """Rasa's own reader of files; `importers` in config.yml names it."""

    @cached_property
    def _nlu_data(self) -> TrainingData:  # one training asks three times, and reading takes a second or two
        data = super().get_nlu_data("nl")
        add_answers(data, self.get_domain().responses)
        return data

    def get_nlu_data(self, language: str | None = "nl") -> TrainingData:
        """The same object each time; who merges it (Rasa does) copies it. Rasa's files say nothing of the language."""
        return self._nlu_data


def add_answers(data: TrainingData, responses: dict[str, list[dict[str, Any]]]) -> None:
    """Write in the metadata of every example of a small topic the text of `utter_` and its intent, if it has one."""
    counts = Counter(example.get(INTENT) for example in data.intent_examples)
    for example in data.intent_examples:
        variations = responses.get(f"utter_{example.get(INTENT)}", [])
        text = next((one["text"] for one in variations if one.get("text")), "")
        if text and counts[example.get(INTENT)] < ENOUGH_EXAMPLES:
            example.set(METADATA, {**(example.get(METADATA) or {}), ANSWER_TEXT: text})


def answer_text(example: Message) -> str:
    """What `add_answers` wrote; empty without an answer."""
    return str((example.get(METADATA) or {}).get(ANSWER_TEXT, ""))
