"""One message on its way: what is known about it, whether it may go, and the request that brings it."""

from __future__ import annotations

from dataclasses import dataclass, field

from bot.answers import LAST_RESORTS
from bot.model import META_INBOX, Conversation, Message
from bot.store.sending import Claim, ToSend
from bot.web.channels.messenger.config import Page
from bot.web.channels.messenger.recipients import Recipient, recipient_of
from bot.web.channels.messenger.rendering import Json
from bot.web.channels.messenger.window import window_of


@dataclass
class Errand:
    """The next part of the next message, and how it goes out.

    begun_s: when the lease began, on the steady clock. with_it: further messages that this one brings.
    attempt_at_ms: when this process noted the attempt; 0 for one of before. is_late: Meta says that the customer's 24
    hours are over, by its clock and its rules.
    """

    claim: Claim
    to_send: ToSend
    begun_s: float
    conversation: Conversation
    page: Page
    recipient: Recipient
    whole: Message
    parts: list[Json]
    with_it: list[Message] = field(default_factory=list)
    attempt: str = ""
    attempt_at_ms: int = 0
    page_is_in_trouble: bool = False
    persona_id: str = ""
    took_control: bool = False
    checked_persona: bool = False
    is_late: bool = False

    @property
    def message(self) -> Message:
        return self.to_send.message

    @property
    def part(self) -> int:
        return self.to_send.parts_sent

    @property
    def is_by_agent(self) -> bool:
        return self.message.sender == "agent"

    def body(self, *, human_agent: bool, now_ms: int) -> Json:
        """The request. human_agent: the app may use the tag."""
        needs_tag = self.is_late or self._needs_tag(human_agent=human_agent, now_ms=now_ms)
        body: Json = {
            "recipient": self.recipient.wire,
            "messaging_type": "MESSAGE_TAG" if needs_tag else "RESPONSE",
            "message": {**self.parts[self.part], "metadata": f"vb:{self.attempt}"},
        }
        if needs_tag:
            body["tag"] = "HUMAN_AGENT"
        if self.persona_id:
            body["persona_id"] = self.persona_id
        return body

    def may_be_late(self, *, human_agent: bool, now_ms: int) -> bool:
        """Whether it went without the tag, and may go with it: a human's, within the seven days."""
        window = window_of(self.conversation, human_agent=human_agent)
        has_tag = self.is_late or self._needs_tag(human_agent=human_agent, now_ms=now_ms)
        is_allowed = self.message.is_by_human and human_agent and window.anybody_until_ms < window.agent_until_ms
        return is_allowed and not has_tag and now_ms <= window.agent_until_ms

    def _needs_tag(self, *, human_agent: bool, now_ms: int) -> bool:
        window = window_of(self.conversation, human_agent=human_agent)
        return window.needs_tag(by_agent=self.message.is_by_human, now_ms=now_ms)


def is_urgent(conversation: Conversation, message: Message) -> bool:
    """Whether somebody in danger must read it, whoever answers them."""
    return message.notice == "emergency" or (
        conversation.handoff is not None and conversation.handoff.reason in LAST_RESORTS
    )


def problem_of(conversation: Conversation, message: Message, *, human_agent: bool, now_ms: int) -> str:
    """Why it can't be sent, as far as we know ourselves; a key of PROBLEMS, or empty."""
    if conversation.private_reply and not conversation.wrote_at_ms:
        return "comment_gone" if conversation.private_reply == "gone" else "private_reply"
    if conversation.unreachable:
        return conversation.unreachable
    if conversation.owner == META_INBOX and message.sender != "agent" and not is_urgent(conversation, message):
        # What waited failed when they took over; this was in the air, and did not arrive.
        return "other_owner"
    window = window_of(conversation, human_agent=human_agent)
    if not window.is_open(by_agent=message.is_by_human, now_ms=now_ms):
        return "comment_gone" if recipient_of(conversation).is_private_reply else "window"
    return ""
