"""Was every promise kept? Compares what is stored with what the people outside saw."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from bot.store.conversations import entry_order
from tools.crash.rules import Violation, answering, bookkeeping, delivering, sending, storing
from tools.crash.snapshot import Snapshot, Stored
from tools.crash.timeline import is_of_inbox
from tools.crash.witness import AgentSaid, Witness


def violations(snapshot: Snapshot, witnesses: Sequence[Witness], said: Sequence[AgentSaid]) -> list[Violation]:
    """Of all conversations. An empty list is what we want."""
    return list(_violations(snapshot, witnesses, said))


def _violations(snapshot: Snapshot, witnesses: Sequence[Witness], said: Sequence[AgentSaid]) -> Iterator[Violation]:
    yield from bookkeeping.nothing_waits(snapshot)
    yield from bookkeeping.nothing_waits_for_meta(snapshot)
    yield from storing.agents_replies(snapshot, said)
    for witness in witnesses:
        stored = snapshot.conversations.get(witness.conversation_id) or Stored(witness.conversation_id, {}, [])
        stored = replace(stored, overtaken=_overtaken(stored, witness))
        yield from _of_conversation(stored, witness, snapshot)
    for conversation_id in sorted(snapshot.conversations.keys() - {one.conversation_id for one in witnesses}):
        yield Violation("inconsistent", conversation_id, "is of no customer")


def _overtaken(stored: Stored, witness: Witness) -> frozenset[str]:
    said = [message for message in stored.log if is_of_inbox(message) and message.sender == "agent"]
    if witness.platform is None:
        return frozenset()
    is_overtaken = witness.platform.is_overtaken
    return frozenset(one.id for one in said if is_overtaken(one.sent_at_ms, entry_order(one.entry_id)[0]))


def _of_conversation(stored: Stored, witness: Witness, snapshot: Snapshot) -> Iterator[Violation]:
    yield from storing.customers_messages(stored, witness)
    yield from storing.each_once(stored)
    yield from answering.turns(stored, witness.platform.overheard if witness.platform else frozenset())
    yield from answering.silence_after_takeover(stored)
    if witness.platform:
        yield from sending.sending(stored, witness.platform)
    else:
        yield from delivering.seen(stored, witness)
        yield from delivering.states(stored)
        yield from delivering.rest_answers(stored, witness)
    if stored.log:
        yield from bookkeeping.owner(stored, snapshot)
        yield from bookkeeping.leftovers(stored)
    for trouble in witness.troubles:
        yield Violation("protocol", stored.id, trouble)
