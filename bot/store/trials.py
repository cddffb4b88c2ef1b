"""What editors try out: what models would make of a message. Nothing of it is a conversation, and it is soon gone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import msgspec
import redis.asyncio as aioredis

from bot.errors import NotFound
from bot.model import Handoff, Message, Nlu
from bot.store.connection import encode, translated_errors
from bot.store.keys import Keys

LIFETIME_S = 600
# More than that wait only if nobody answers; the oldest go first.
MOST_WAITING = 50
# A helper that gives no sign of life for so long is gone, and another may be started.
HELPER_S = 60

# Who answers: the assistants, with the model that is live; or a helper that loads another one for it.
Place = Literal["live", "other"]


@dataclass(frozen=True)
class Trial:
    """channel: where the customer would write it. before: what they would have written just before, or empty.

    other: the model to compare the live one with, or empty.
    """

    id: str
    text: str
    channel: str
    before: str = ""
    other: str = ""
    asked_at_ms: int = 0


@dataclass(frozen=True)
class Near:
    """An example of a topic, and how alike it is: 1 is the same."""

    text: str
    intent: str
    likeness: float


@dataclass(frozen=True)
class Tried:
    """What a model makes of it. spelled: as it is read, where that differs; empty otherwise.

    ask_threshold: from which confidence it asks what is meant. replies: what the customer would read.
    problem: why there is nothing of all this; empty if there is.
    """

    model: str
    nlu: Nlu = Nlu("human", "", 0.0)
    spelled: str = ""
    ask_threshold: float | None = None
    near: tuple[Near, ...] = ()
    replies: tuple[Message, ...] = ()
    handoff: Handoff | None = None
    problem: str = ""


class Trials:
    """Messages that wait for what models make of them, and what became of those."""

    def __init__(self, client: aioredis.Redis, keys: Keys) -> None:
        self._client = client
        self._keys = keys

    async def ask(self, trial: Trial) -> None:
        """Let it be answered by the live model, and by the other one if it names one."""
        key = self._keys.trial(trial.id)
        with translated_errors():
            async with self._client.pipeline() as change:
                change.hset(key, "trial", encode(trial))
                change.expire(key, LIFETIME_S)
                for waiting in (self._keys.trials, *([self._keys.trials_other] if trial.other else ())):
                    change.rpush(waiting, trial.id)
                    change.ltrim(waiting, -MOST_WAITING, -1)
                    change.expire(waiting, LIFETIME_S)
                await change.execute()

    async def get(self, trial_id: str) -> tuple[Trial, dict[Place, Tried]]:
        """The trial, and what is known of it so far. Raises NotFound."""
        with translated_errors():
            found = await self._client.hgetall(self._keys.trial(trial_id))
        if "trial" not in found:
            raise NotFound("no such trial (any more)")
        places: tuple[Place, ...] = ("live", "other")
        tried = {place: msgspec.json.decode(found[place], type=Tried) for place in places if place in found}
        return msgspec.json.decode(found["trial"], type=Trial), tried

    async def next(self, place: Place) -> Trial | None:
        """One that nobody answered yet, or None; each is given out once."""
        waiting = self._keys.trials if place == "live" else self._keys.trials_other
        with translated_errors():
            while trial_id := await self._client.lpop(waiting):
                if record := await self._client.hget(self._keys.trial(trial_id), "trial"):
                    return msgspec.json.decode(record, type=Trial)
        return None

    async def answer(self, trial: Trial, place: Place, tried: Tried) -> None:
        key = self._keys.trial(trial.id)
        with translated_errors():
            async with self._client.pipeline() as change:
                change.hset(key, place, encode(tried))
                change.expire(key, LIFETIME_S)
                await change.execute()

    async def wants_helper(self) -> bool:
        """Whether somebody must start a helper for other models: that is whoever hears True, and nobody else."""
        with translated_errors():
            if not await self._client.llen(self._keys.trials_other):
                return False
            return bool(await self._client.set(self._keys.trials_helper, "1", nx=True, ex=HELPER_S))

    async def helper_is_here(self) -> None:
        """A sign of life of the helper."""
        with translated_errors():
            await self._client.set(self._keys.trials_helper, "1", ex=HELPER_S)

    async def helper_stops(self) -> None:
        with translated_errors():
            await self._client.delete(self._keys.trials_helper)
