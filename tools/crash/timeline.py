"""Who had a conversation at every entry of its log: the notices say when it changed hands, in the log's own order."""

from __future__ import annotations

from collections.abc import Sequence, Set
from dataclasses import dataclass

from bot.model import ASSISTANT, CLOSED, META_INBOX_NAME, QUEUE, Message

AGENT = "agent"
# Notice -> who has the conversation after it.
CHANGES = {
    "handed_over": QUEUE,
    "claimed": AGENT,
    "handed_back": ASSISTANT,
    "put_back": QUEUE,
    "closed": CLOSED,
    "not_delivered": QUEUE,
}
# The beginning of a note's id -> who has the conversation after it: somebody answers in Meta's inbox, or no longer.
# What Meta refused takes it from the assistant alone.
ELSEWHERE = {"elsewhere-": AGENT, "back-": ASSISTANT}
REFUSED = "refused-"


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

    @property
    def is_taken_elsewhere(self) -> bool:
        """Whether somebody in Meta's inbox took it from us with this."""
        return is_of_inbox(self.message) and self.after == AGENT != self.before


def timeline(log: Sequence[Message], overtaken: Set[str] = frozenset()) -> list[Entry]:
    """overtaken: ids of what was said in Meta's inbox before we took the thread back, and came after that."""
    entries, owner = [], ASSISTANT
    for message in log:
        after = owner if message.id in overtaken else _after(owner, message)
        entries.append(Entry(message, owner, after))
        owner = after
    return entries


def is_of_inbox(message: Message) -> bool:
    """Whether somebody said it in Meta's inbox, or it is about who has the thread there."""
    return message.agent_name == META_INBOX_NAME


def _after(owner: str, message: Message) -> str:
    if message.sender == "customer":
        return ASSISTANT if owner == CLOSED else owner
    if is_of_inbox(message):
        return _after_inbox(owner, message)
    return CHANGES.get(message.notice, owner)


def _after_inbox(owner: str, message: Message) -> str:
    if message.sender == "agent" or (message.id.startswith(REFUSED) and owner == ASSISTANT):
        return AGENT
    return next((after for start, after in ELSEWHERE.items() if message.id.startswith(start)), owner)
