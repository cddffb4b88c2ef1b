"""Each message that was acknowledged is in the log once, as it was sent, in the sender's order."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from bot.model import Message
from tools.crash.rules import Violation
from tools.crash.snapshot import Snapshot, Stored
from tools.crash.witness import AgentSaid, Sent, Witness


def customers_messages(stored: Stored, witness: Witness) -> Iterator[Violation]:
    logged = [message for message in stored.log if message.sender == "customer"]
    by_id = {message.id: message for message in reversed(logged)}
    for sent in witness.sent:
        yield from _as_sent(stored.id, sent, by_id.get(sent.id))
    known = {sent.id for sent in witness.sent}
    for message in logged:
        if message.id not in known:
            yield Violation("lost", stored.id, f"nobody sent {message.id}", message.entry_id)
    yield from _order(stored.id, [sent.id for sent in witness.sent if sent.id in by_id], list(by_id.values()))


def each_once(stored: Stored) -> Iterator[Violation]:
    """Whoever wrote it."""
    counts = Counter(message.id for message in stored.log)
    for message in stored.log:
        if counts.pop(message.id, 0) > 1:
            yield Violation("twice", stored.id, f"{message.sender}'s {message.id} is stored twice", message.entry_id)


def agents_replies(snapshot: Snapshot, said: Sequence[AgentSaid]) -> Iterator[Violation]:
    places = {
        (stored.id, message.id): message.entry_id
        for stored in snapshot.conversations.values()
        for message in stored.log
    }
    for reply in said:
        found = places.get((reply.conversation_id, reply.message_id))
        if found != reply.entry_id:
            what = f"the agent's {reply.message_id} was stored at {reply.entry_id}, and is at {found or 'no place'}"
            yield Violation("lost", reply.conversation_id, what, reply.entry_id)


def _as_sent(conversation_id: str, sent: Sent, message: Message | None) -> Iterator[Violation]:
    if not sent.acked:
        yield Violation(
            "lost", conversation_id, f"{sent.id} was never acknowledged", message.entry_id if message else ""
        )
    elif message is None:
        yield Violation("lost", conversation_id, f"{sent.id} was acknowledged and is not stored", sent.entry_id)
    elif sent.entry_id and message.entry_id != sent.entry_id:
        what = f"{sent.id} was acknowledged at {sent.entry_id} and is elsewhere"
        yield Violation("lost", conversation_id, what, message.entry_id)
    elif message.text != sent.text.strip():
        yield Violation("lost", conversation_id, f"the text of {sent.id} is not the one sent", message.entry_id)


def _order(conversation_id: str, sent: list[str], logged: list[Message]) -> Iterator[Violation]:
    in_log_order = sorted((message for message in logged if message.id in set(sent)), key=_place)
    for wanted, message in zip(sent, in_log_order, strict=True):
        if wanted != message.id:
            what = f"{message.id} is stored where {wanted} was to come"
            yield Violation("out of order", conversation_id, what, message.entry_id)
            return


def _place(message: Message) -> tuple[int, int]:
    ms, _, number = message.entry_id.partition("-")
    return int(ms), int(number)
