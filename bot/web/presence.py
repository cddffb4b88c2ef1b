"""Which agents this process hears of: an open desk, or anything asked while signed in."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from bot.store.agents import AgentPresence


class Presence:
    """Collects signs of life, and tells the store in one call every few seconds."""

    def __init__(self, agents: AgentPresence) -> None:
        self._agents = agents
        self._streams: Counter[str] = Counter()
        self._seen: set[str] = set()

    @contextmanager
    def here(self, account_id: str) -> Iterator[None]:
        """For as long as an account has the desk open."""
        self._streams[account_id] += 1
        try:
            yield
        finally:
            self._streams[account_id] -= 1
            self._streams += Counter()  # drops who has none left
            self._seen.add(account_id)

    def seen(self, account_id: str) -> None:
        """An account asked for something."""
        self._seen.add(account_id)

    async def tell(self) -> None:
        """Raises StoreUnavailable; what it could not tell is told next time."""
        here = self._seen | self._streams.keys()
        await self._agents.seen(here)
        self._seen -= here
