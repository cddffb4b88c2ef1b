"""What a model makes of a message that an editor tries, a little at a time: customers go first."""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from dataclasses import replace
from typing import TYPE_CHECKING

import structlog

from bot.assistant.turn import TurnResult
from bot.errors import StoreUnavailable
from bot.logs import described
from bot.model import Handoff, Message
from bot.personal_data import masked
from bot.store import Store
from bot.store.topics import Topic
from bot.store.trials import Near, Place, Trial, Tried
from bot.store.work import Turn, now_ms

if TYPE_CHECKING:  # import Rasa, which takes seconds
    from bot.assistant.nearness import Nearness
    from bot.assistant.rasa_agent import RasaAgent
    from bot.nlu.sentence_vectors import Encoding

log = structlog.get_logger()

CONVERSATION_ID = "trial"
# Of so many topics, the likeliest, the examples are looked at, of each at most so many; so many of all are shown. With
# all examples of the demo's topics, at 9 ms a vector and two vectors at a time, an editor waited a minute.
NEAR_TOPICS = 5
MOST_EXAMPLES = 30
NEAREST = 8

# From one message to what is said: the worker's own, so that a trial says what a customer would read.
Decide = Callable[[Turn], Awaitable[tuple[TurnResult, Handoff | None, list[Message]]]]


class Trier:
    """Tries messages; `decide` is that of a worker with the same model."""

    def __init__(self, store: Store, place: Place, decide: Decide) -> None:
        self._store = store
        self._place = place
        self._decide = decide
        self._nearness: Nearness | None = None

    async def steps(self, trial: Trial, agent: RasaAgent, model: str) -> AsyncIterator[bool]:
        """Go from step to step, of some hundredths of a second each; at the end the store has what came of it.

        Yields True while there is more to do. Raises StoreUnavailable.
        """
        tried = Tried(model)
        try:
            async for so_far in self._tried(trial, agent, model):
                tried = so_far
                yield True
        except StoreUnavailable:
            raise
        except Exception as exc:
            log.error("trial.failed", model=model, error=described(exc))
            tried = Tried(model, problem="failed")
        await self._store.trials.answer(trial, self._place, tried)

    async def _tried(self, trial: Trial, agent: RasaAgent, model: str) -> AsyncIterator[Tried]:
        """What is known after each step; the last is all. Raises whatever goes wrong in Rasa."""
        tried, dialogue = Tried(model), ""
        if trial.before:
            dialogue = (await self._decide(_turn(trial, trial.before, "")))[0].dialogue
            yield tried
        said, handoff, replies = await self._decide(_turn(trial, trial.text, dialogue))
        handoff = handoff and await self._store.departments.plan(handoff, trial.channel)
        tried = replace(tried, nlu=said.nlu, replies=tuple(replies), handoff=handoff)
        yield tried
        text = masked(trial.text)
        examined = await agent.examine(text, dialogue)
        tried = replace(tried, spelled=examined.spelled, ask_threshold=examined.ask_threshold)
        yield tried
        if examined.encoding is not None:
            topics = await self._likeliest(tried)
            text = examined.spelled or text
            candidates = [(topic.intent, example) for topic in topics for example in _candidates(topic, text)]
            while self._learn([text, *(example for _, example in candidates)], examined.encoding):
                yield tried
            yield replace(tried, near=self._nearest(text, candidates, examined.encoding))

    async def _likeliest(self, tried: Tried) -> list[Topic]:
        wanted = {score.name for score in tried.nlu.ranking[:NEAR_TOPICS]}
        return [topic for topic in await self._store.topics.all() if topic.intent in wanted]

    def _learn(self, texts: Iterable[str], encoding: Encoding) -> bool:
        from bot.assistant.nearness import Nearness

        self._nearness = self._nearness or Nearness()
        return self._nearness.learn(texts, encoding)

    def _nearest(self, text: str, candidates: Iterable[tuple[str, str]], encoding: Encoding) -> tuple[Near, ...]:
        """candidates: intent and example."""
        assert self._nearness is not None
        found = [
            Near(example, intent, round(self._nearness.likeness(text, example, encoding), 3))
            for intent, example in candidates
        ]
        return tuple(sorted(found, key=lambda near: -near.likeness)[:NEAREST])


def _candidates(topic: Topic, text: str) -> list[str]:
    """The examples of which the likeness is measured: those that share most pieces of words with the message."""
    pieces = _pieces(text)

    def shared(example: str) -> float:
        own = _pieces(example)
        return len(own & pieces) / len(own | pieces)

    return sorted((example.text for example in topic.examples), key=shared, reverse=True)[:MOST_EXAMPLES]


def _pieces(text: str) -> frozenset[str]:
    padded = f" {' '.join(text.casefold().split())} "
    return frozenset(padded[at : at + 3] for at in range(len(padded) - 2)) or frozenset({padded})


def _turn(trial: Trial, text: str, dialogue: str) -> Turn:
    """As if a customer wrote it; of no conversation that is stored."""
    # The id decides which of several wordings is said: another one each time that somebody tries it.
    message = Message(uuid.uuid4().hex, CONVERSATION_ID, "customer", text, now_ms())
    return Turn(CONVERSATION_ID, message, dialogue, version=0, token="", attempts=1, channel=trial.channel)
