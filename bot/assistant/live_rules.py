"""What managers and editors set that counts at once, whatever the model has learned."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

from bot.assistant.merged_topics import merges
from bot.store import Store
from bot.store.crisis import Crisis
from bot.store.topics import Standing
from bot.store.work import now_ms

# What was read this long ago is read again: a change counts within a second, and a turn rarely waits for it.
MAX_AGE_S = 0.5


class LiveRules:
    """Topics that only humans answer, those that were merged, and the crisis; MAX_AGE_S behind the store at most."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._read_at_s: float | None = None
        self._changes = -1
        self._for_humans: frozenset[str] = frozenset()
        self._merged: dict[str, str] = {}
        self._crisis = Crisis()

    async def for_humans(self) -> frozenset[str]:
        """The intents that are handed over instead of answered."""
        crisis = await self.crisis()
        return self._for_humans.union(crisis.intents) if crisis else self._for_humans

    async def merged(self) -> Mapping[str, str]:
        """The intents that another one answers for since they were merged, with that one."""
        await self._refresh()
        return self._merged

    async def crisis(self) -> Crisis | None:
        """The one that holds now."""
        await self._refresh()
        return self._crisis if self._crisis.holds(now_ms()) else None

    async def _refresh(self) -> None:
        # Not the clock on the wall, which may be set back.
        now_s = asyncio.get_running_loop().time()
        if self._read_at_s is not None and now_s - self._read_at_s < MAX_AGE_S:
            return
        self._crisis, changes = await asyncio.gather(self._store.crisis.get(), self._store.topics.changes())
        if changes != self._changes:  # thousands of examples are read only after somebody saved some
            topics = await self._store.topics.standings()
            self._merged = merges(topics)
            self._for_humans = frozenset(
                one.intent for one in topics if one.intent not in self._merged and _is_silent(one)
            )
            self._changes = changes
        self._read_at_s = now_s


def _is_silent(topic: Standing) -> bool:
    """Whether it is not answered, although the model may know it: one that is retired until the next training."""
    return topic.answering == "human" or topic.is_retired
