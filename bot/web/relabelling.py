"""Lets conversations follow when a label gets another name or is removed, step by step when there are many."""

from __future__ import annotations

from bot.store import Store
from bot.web.rescue import for_ever

# The desks show each conversation that changes: a step must not be more than they take in meanwhile.
EVERY_S = 1.0


class Relabelling:
    """Every web process runs one; a conversation that two of them change is changed once."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def run(self) -> None:
        """A step and a pause, for ever."""
        await for_ever(self._store.labels.carry_on, every_s=EVERY_S)
