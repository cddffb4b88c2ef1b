"""The topic that an answer is of, and the topics that a button can lead to."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from bot.errors import NotFound
from bot.model import Template
from bot.store import Store
from bot.store.topics import FAQ_PREFIX as TOPIC_PREFIX
from bot.store.topics import Topic

ANSWER_PREFIX = "utter_"
FAQ_PREFIX = ANSWER_PREFIX + TOPIC_PREFIX
# Intents that lead to an action instead of to an answer of their own.
_ACTIONS = {
    "/medewerker_spreken": "Een medewerker spreken",
    "/klacht": "Een klacht",
    "/bevestigen": "Ja zeggen",
    "/ontkennen": "Nee zeggen",
}


@dataclass(frozen=True)
class OwnTopic:
    """What an answer answers. is_trained: whether the model of now knows it."""

    intent: str
    title: str
    is_trained: bool
    is_retired: bool


async def load_topic(store: Store, name: str) -> OwnTopic | None:
    """None for an answer that is of no topic, such as one to whoever waits in the queue."""
    try:
        topic = await store.topics.get(name.removeprefix(ANSWER_PREFIX))
    except NotFound:
        return None
    model = await store.models.active()
    trained = await store.models.topics_of(model.name) if model else None
    return OwnTopic(topic.intent, topic.title, trained is None or topic.intent in trained, topic.is_retired)


def payload_of(intent: str) -> str:
    """The payload of a button that asks for this topic."""
    return "/" + intent


async def payload_choices(store: Store) -> dict[str, str]:
    """What a button can ask for: payload to Dutch words, in the order of the list that an editor picks from.

    Every question, the actions, and what a button asks for already: also a topic that was retired, or is not known.
    """
    templates = await store.templates.all_published()
    topics = await store.topics.all(retired=True)
    titles = _titles(topics, templates)
    questions = sorted(_questions(topics) or _answered(templates), key=lambda payload: titles[payload].casefold())
    used = sorted({button.payload for template in templates for button in template.buttons if button.payload})
    payloads = dict.fromkeys([*questions, *_ACTIONS, *used])
    return {payload: _ACTIONS.get(payload) or titles.get(payload, payload) for payload in payloads}


def _titles(topics: Iterable[Topic], templates: Iterable[Template]) -> dict[str, str]:
    """By payload: of the topic, or where none is stored yet, of the answer."""
    answers = {payload_of(one.name.removeprefix(ANSWER_PREFIX)): one.title or one.name for one in templates}
    return answers | {payload_of(one.intent): one.title for one in topics}


def _questions(topics: Iterable[Topic]) -> list[str]:
    return [payload_of(one.intent) for one in topics if one.is_question and not one.is_retired]


def _answered(templates: Iterable[Template]) -> list[str]:
    """As long as no topics are stored, the answers say which questions there are."""
    return [payload_of(one.name.removeprefix(ANSWER_PREFIX)) for one in templates if one.name.startswith(FAQ_PREFIX)]
