"""What the people outside saw, to be compared with what is stored."""

from __future__ import annotations

import time
from dataclasses import dataclass, field


@dataclass
class Sent:
    """What a customer sent. `entry_id` is that of the ack; the REST channel acknowledges without one.

    ack_s, reply_s: from sending to the ack, and to the assistant's first words after it, if there were any.
    """

    id: str
    text: str
    acked: bool = False
    entry_id: str = ""
    sent_at_s: float = field(default_factory=time.monotonic)
    ack_s: float | None = None
    reply_s: float | None = None


@dataclass(frozen=True)
class Seen:
    """A message of the log as its customer got it. The REST channel does not say the id."""

    entry_id: str
    sender: str
    text: str
    id: str = ""


@dataclass(frozen=True)
class Arrived:
    """A message that the platform accepted from us. asked_at_ms: when the request came that brought it."""

    metadata: str
    text: str
    asked_at_ms: int


@dataclass(frozen=True)
class Refused:
    """An attempt that the platform answered with an error."""

    metadata: str
    code: int
    subcode: int | None


@dataclass
class OnPlatform:
    """What the platform knows of one customer, in its order.

    said_elsewhere: what people in the platform's own inbox said, message id to text. overheard: ids of the customer's
    messages that we got only to listen along, because somebody else had the thread. taken_back: when an agent of ours
    took the thread, in ms.
    """

    arrived: list[Arrived] = field(default_factory=list)
    refused: list[Refused] = field(default_factory=list)
    said_elsewhere: dict[str, str] = field(default_factory=dict)
    overheard: set[str] = field(default_factory=set)
    taken_back: list[int] = field(default_factory=list)

    def is_overtaken(self, said_at_ms: int, told_at_ms: int) -> bool:
        """Whether we took the thread after something was said elsewhere, and before we heard of that."""
        return any(said_at_ms < at_ms <= told_at_ms for at_ms in self.taken_back)


@dataclass
class Witness:
    """One customer's side of one conversation.

    seen: what was said to the customer, in the order of coming; a repeat is left out, as the widget does.
    answers: of the REST channel, message id to the texts that came as its answer.
    troubles: what the protocol does not allow, in words. platform: of Messenger only, in the place of `seen`.
    """

    channel: str
    conversation_id: str = ""
    sent: list[Sent] = field(default_factory=list)
    seen: list[Seen] = field(default_factory=list)
    answers: dict[str, list[str]] = field(default_factory=dict)
    troubles: list[str] = field(default_factory=list)
    reconnections: int = 0
    platform: OnPlatform | None = None

    def saw(self, message: Seen) -> bool:
        """Note it; whether it is new."""
        if any(known.entry_id == message.entry_id for known in self.seen):
            return False
        self.seen.append(message)
        return True

    def acknowledged(self, message_id: str, entry_id: str = "") -> None:
        """Note that a message is stored; two different places for one message are a trouble."""
        for sent in self.sent:
            if sent.id == message_id:
                if sent.entry_id and entry_id and sent.entry_id != entry_id:
                    self.troubles.append(f"{message_id} was acknowledged at {sent.entry_id} and at {entry_id}")
                if not sent.acked:
                    sent.ack_s = time.monotonic() - sent.sent_at_s
                sent.acked, sent.entry_id = True, entry_id or sent.entry_id

    def replied(self) -> None:
        """Note that the assistant said something: the first words after a message count as its answer."""
        if self.sent and self.sent[-1].reply_s is None:
            self.sent[-1].reply_s = time.monotonic() - self.sent[-1].sent_at_s


@dataclass(frozen=True)
class AgentSaid:
    """A reply that the API said was stored."""

    conversation_id: str
    message_id: str
    entry_id: str
