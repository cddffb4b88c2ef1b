"""Who had a conversation at every entry of its log: the notices say when it changed hands, in the log's own order."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from bot.model import ASSISTANT, CLOSED, QUEUE, Message

AGENT = "agent"
# Notice -> who has the conversation after it.
CHANGES = {
    "handed_over": QUEUE,
    "claimed": AGENT,
    "handed_back": ASSISTANT,
    "put_back": QUEUE,
    "closed": CLOSED,
}


@dataclass(frozen=True)
class Entry:
    """A message with who had the conversation before it and after it."""

    message: Message
    before: str
    after: str

    @property
    def at(self) -> str:
        """Who had it when this was said: a customer who comes back after the end begins with the assistant."""
        return self.after if self.message.sender == "customer" else self.before


def timeline(log: Sequence[Message]) -> list[Entry]:
    entries, owner = [], ASSISTANT
    for message in log:
        after = _after(owner, message)
        entries.append(Entry(message, owner, after))
        owner = after
    return entries


def _after(owner: str, message: Message) -> str:
    if message.sender == "customer":
        return ASSISTANT if owner == CLOSED else owner
    return CHANGES.get(message.notice, owner)
