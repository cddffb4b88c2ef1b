"""Nothing is left over, and the sets agree with the conversations that they lead to."""

from __future__ import annotations

from collections.abc import Iterator

from bot.model import AGENT_PREFIX, ASSISTANT, CLOSED, META_INBOX, QUEUE
from tools.crash.rules import Violation
from tools.crash.snapshot import Snapshot, Stored
from tools.crash.timeline import AGENT, timeline

RULE = "inconsistent"


def nothing_waits(snapshot: Snapshot) -> Iterator[Violation]:
    for conversation_id in snapshot.work:
        yield Violation(RULE, conversation_id, "is still in the stream of work")
    if snapshot.work_taken > len(snapshot.work):
        yield Violation(RULE, "", f"{snapshot.work_taken} entries of the stream of work are taken and not acknowledged")
    for conversation_id in sorted(snapshot.due):
        yield Violation(RULE, conversation_id, "is still due")
    for conversation_id, message_id in sorted(snapshot.outbox):
        yield Violation("not delivered", conversation_id, f"{message_id} is still in the outbox")
    for conversation_id in sorted((snapshot.queue | snapshot.claimed) - snapshot.conversations.keys()):
        yield Violation(RULE, conversation_id, "is in the queue or claimed, and does not exist")


def nothing_waits_for_meta(snapshot: Snapshot) -> Iterator[Violation]:
    for conversation_id in sorted(snapshot.sending):
        yield Violation("not delivered", conversation_id, "is still in line to be sent")
    if snapshot.inbound:
        yield Violation("lost", "", f"{snapshot.inbound} events of Messenger had no effect yet")
    if snapshot.inbound_odd:
        yield Violation("lost", "", f"{snapshot.inbound_odd} events of Messenger were not understood")


def owner(stored: Stored, snapshot: Snapshot) -> Iterator[Violation]:
    """The owner is the one that the log's notices lead to, and no other set has the conversation."""
    owner = AGENT if stored.owner.startswith(AGENT_PREFIX) else stored.owner
    entries = timeline(stored.log, stored.overtaken)
    said = entries[-1].after if entries else ASSISTANT
    if owner != said:
        yield Violation(RULE, stored.id, f"belongs to {owner}, and the last notice leads to {said}")
    for name, members, wanted in (("queue", snapshot.queue, QUEUE), ("claimed", snapshot.claimed, AGENT)):
        if (stored.id in members) != (owner == wanted):
            yield Violation(
                RULE, stored.id, f"belongs to {owner}, and is {'' if stored.id in members else 'not '}in {name}"
            )
    # Whoever answers in Meta's inbox may have taken it from the assistant.
    if stored.owner != META_INBOX and ("handoff" in stored.fields) != (owner in (QUEUE, AGENT)):
        yield Violation(
            RULE, stored.id, f"belongs to {owner}, and has {'a' if owner in (ASSISTANT, CLOSED) else 'no'} handoff"
        )


def leftovers(stored: Stored) -> Iterator[Violation]:
    """No message waits, no work is begun, and what is known by message id is what is in the log."""
    if stored.pending:
        yield Violation(RULE, stored.id, f"{len(stored.pending)} messages wait for the assistant", stored.pending[0])
    for name in ("work_id", "worker"):
        if name in stored.fields:
            yield Violation(RULE, stored.id, f"{name} is still {stored.fields[name]}")
    places = {message.id: message.entry_id for message in stored.log}
    for message_id, entry_id in sorted(places.items() ^ stored.message_ids.items()):
        yield Violation(RULE, stored.id, f"log and message-ids differ in {message_id}", entry_id)
    to_customer = {message.id for message in stored.log if message.to_customer}
    for message_id in sorted(to_customer ^ stored.states.keys()):
        yield Violation(RULE, stored.id, f"log and states differ in {message_id}", places.get(message_id, ""))
    for message_id in sorted(stored.nlu.keys() - (places.keys() - to_customer)):
        yield Violation(RULE, stored.id, f"there is NLU of {message_id}, which no customer sent")
