"""Answers of the editors in an agent's reply: found, and filled in for one conversation."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from bot.answers import Answers, render
from bot.model import Conversation, Template, TranscriptLine
from bot.store.entities import customer_entities

# How many of the answers that fit a search are shown.
SHOWN = 20
MAX_QUERY_CHARS = 100
_FAQ = "utter_faq_"


@dataclass(frozen=True)
class FilledAnswer:
    """text: as the customer would read it, in this conversation and now."""

    name: str
    title: str
    text: str


class Filling:
    """Fills templates for one agent in one conversation."""

    def __init__(self, values: Mapping[str, str], channel: str = "") -> None:
        """values: what each variable stands for."""
        self._values = values
        self._channel = channel

    def fill(self, template: Template) -> FilledAnswer:
        """In the words for this channel; of those that take turns the first."""
        text = render(template.wordings(self._channel)[0], self._values)
        return FilledAnswer(template.name, template.title or template.name, text)


async def filling_of(
    answers: Answers, agent_name: str, conversation: Conversation | None = None, lines: Iterable[TranscriptLine] = ()
) -> Filling:
    """conversation: None leaves what is known of a customer empty."""
    if conversation is None:
        return Filling(await answers.values(agent_name))
    values = await answers.values(agent_name, conversation.handoff, conversation.channel)
    return Filling(values | customer_values(conversation, lines), conversation.channel)


def customer_values(conversation: Conversation, lines: Iterable[TranscriptLine]) -> dict[str, str]:
    """What templates may say of the customer: the variables that only an agent's answer fills."""
    entities = customer_entities(lines)
    orders = [one.value for one in entities if one.entity == "order_number"]
    names = [one.value for one in entities if one.entity == "person"]
    # The last order is what it is about; of a name, what the platform says.
    return {
        "klant": conversation.customer_name or (names[-1] if names else ""),
        "bestelnummer": orders[-1] if orders else "",
    }


def found_answers(templates: Iterable[Template], query: str) -> list[Template]:
    """The answers with a text that have every word of `query` in title, name or text, the best first."""
    words = _plain(query[:MAX_QUERY_CHARS]).split()
    ranked = []
    for template in templates:
        title, name, text = _plain(template.title), _plain(template.name), _plain(template.text)
        everything = f"{title} {name} {text}"
        if text.strip() and all(word in everything for word in words):
            ranked.append((_rank(words, title, name), not template.name.startswith(_FAQ), title or name, template))
    return [template for *_, template in sorted(ranked, key=lambda row: row[:3])]


def _rank(words: list[str], title: str, name: str) -> int:
    """0 for a title that begins with what is sought, then one that has it, then a name, then a text."""
    if not words or title.startswith(words[0]) and all(word in title for word in words):
        return 0
    if all(word in title for word in words):
        return 1
    return 2 if all(word in name for word in words) else 3


def _plain(text: str) -> str:
    """Without capitals, accents and underscores: `één` is found by `een`."""
    letters = unicodedata.normalize("NFD", text.casefold().replace("_", " "))
    return "".join(letter for letter in letters if not unicodedata.combining(letter))
