"""Keeps the messages of one connection in order while some of them can't be taken."""

from __future__ import annotations

from bot.errors import BotError

# More than a page sends between two answers; what is behind these is refused too, but not remembered.
MAX_REFUSED = 100


class InOrder:
    """What was refused for now on one connection, and so must come again before what was sent after it.

    A client that sends without waiting for each ack would otherwise have its second message stored and its first one
    refused, if Redis comes back just between them.
    """

    def __init__(self) -> None:
        # Message id to the kind of refusal, in the order that they were sent.
        self._refused: dict[str, type[BotError]] = {}

    def check(self, message_id: str) -> None:
        """Raise what the oldest refused message was refused with, unless this one is that message."""
        oldest = next(iter(self._refused), message_id)
        if oldest != message_id:
            raise self._refused[oldest](f"sent after message {oldest!r}, which was refused: send that one again first")

    def refused(self, message_id: str, reason: BotError) -> None:
        """It may come again, and nothing may come before it."""
        if message_id in self._refused or len(self._refused) < MAX_REFUSED:
            self._refused[message_id] = type(reason)

    def settled(self, message_id: str) -> None:
        """It is stored, perhaps by another connection, or refused for good."""
        self._refused.pop(message_id, None)
