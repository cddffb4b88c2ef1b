"""Whether somebody who answers elsewhere leaves the customer behind."""

from __future__ import annotations

from collections.abc import Sequence

from bot.model import Conversation, TranscriptLine
from bot.store import Store


async def is_left_waiting(store: Store, conversation: Conversation) -> bool:
    """Whether nobody answered what the customer wrote last, or the human came who was promised."""
    return _waits(conversation, await store.conversations.transcript(conversation.id))


def _waits(conversation: Conversation, lines: Sequence[TranscriptLine]) -> bool:
    """From the end back to what reached the customer last: a human is the end of waiting, also if they wrote since."""
    has_written = False
    for line in reversed(lines):
        if line.message.sender == "agent":
            return False
        if line.message.to_customer and line.state != "failed":
            return has_written or conversation.handoff is not None
        has_written = has_written or line.message.sender == "customer"
    return has_written
