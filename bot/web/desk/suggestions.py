"""Answers that the NLU's ranking suggests for what the customer wrote last."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from bot.model import Template, TranscriptLine
from bot.web.desk import words
from bot.web.desk.filling import Filling

MAX_SUGGESTIONS = 3
_WORDS_CHARS = 80
# What a customer says to keep a conversation going, or to get away from the assistant: an agent needs no text for it.
_META = frozenset(
    {
        "groet",
        "bedankt",
        "afscheid",
        "bevestigen",
        "ontkennen",
        "compliment",
        "schelden",
        "bot_challenge",
        "wat_kun_je",
        "medewerker_spreken",
        "klacht",
        "nlu_fallback",
        "nlu_ask",
    }
)


@dataclass(frozen=True)
class Suggestion:
    """number: of its key, from 1. preview: the first words of `text`, on one line."""

    number: int
    name: str
    title: str
    text: str
    preview: str


def suggested_names(lines: Sequence[TranscriptLine]) -> list[str]:
    """Names of the templates for the customer's last message, the likeliest first; none while it has no NLU."""
    last = next((line for line in reversed(lines) if line.message.sender == "customer"), None)
    if last is None or last.nlu is None or last.marks.deleted_at_ms:
        return []
    ranking = sorted(last.nlu.ranking, key=lambda score: -score.confidence)
    intents = [score.name for score in ranking] or [last.nlu.intent]
    return [words.template_name(intent) for intent in intents if intent not in _META]


def suggestions(
    lines: Sequence[TranscriptLine], templates: Mapping[str, Template], filling: Filling
) -> tuple[Suggestion, ...]:
    """At most three, each with another text."""
    found: dict[str, Suggestion] = {}
    for name in suggested_names(lines):
        template = templates.get(name)
        if len(found) == MAX_SUGGESTIONS or template is None or not template.text.strip():
            continue
        answer = filling.fill(template)
        found.setdefault(
            answer.text, Suggestion(len(found) + 1, name, answer.title, answer.text, _first_words(answer.text))
        )
    return tuple(found.values())


def _first_words(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= _WORDS_CHARS else line[:_WORDS_CHARS].rsplit(" ", 1)[0] + "…"
