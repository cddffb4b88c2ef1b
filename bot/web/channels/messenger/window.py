"""Until when Meta lets us write to a customer."""

from __future__ import annotations

from dataclasses import dataclass

from bot.model import Conversation
from bot.web.channels.messenger.config import COMMENT

HOUR_MS = 3_600_000
WINDOW_MS = 24 * HOUR_MS
HUMAN_AGENT_MS = 7 * 24 * HOUR_MS
PRIVATE_REPLY_MS = 7 * 24 * HOUR_MS


@dataclass(frozen=True)
class Window:
    """Times of Meta's clock in ms; 0 for never.

    anybody_until_ms: the assistant, programs and agents. agent_until_ms: agents alone, with the tag HUMAN_AGENT.
    """

    anybody_until_ms: int
    agent_until_ms: int

    def needs_tag(self, *, by_agent: bool, now_ms: int) -> bool:
        """Whether a message of now goes with HUMAN_AGENT."""
        return by_agent and self.anybody_until_ms < now_ms <= self.agent_until_ms

    def is_open(self, *, by_agent: bool, now_ms: int) -> bool:
        until_ms = max(self.anybody_until_ms, self.agent_until_ms) if by_agent else self.anybody_until_ms
        return now_ms <= until_ms


def window_of(conversation: Conversation, *, human_agent: bool) -> Window:
    """human_agent: the app may use the tag."""
    if conversation.channel == COMMENT:
        until_ms = conversation.opened_at_ms + PRIVATE_REPLY_MS
        return Window(until_ms, until_ms)
    anybody_until_ms = conversation.opened_at_ms + WINDOW_MS if conversation.opened_at_ms else 0
    tagged = human_agent and conversation.wrote_at_ms
    return Window(anybody_until_ms, conversation.wrote_at_ms + HUMAN_AGENT_MS if tagged else anybody_until_ms)
