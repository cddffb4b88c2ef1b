"""Each message that is the assistant's gets one turn, or goes to a human; and none after a human has it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence, Set

from bot.answers import HANDOVER_TEMPLATES
from bot.model import ASSISTANT, CLOSED, QUEUE
from tools.crash.rules import Violation
from tools.crash.snapshot import Stored
from tools.crash.timeline import AGENT, CHANGES, Entry, timeline

# What the assistant's side says beside a turn: that nobody forgot, the emergency numbers beside an agent.
BESIDE_A_TURN = frozenset({"still_waiting", "emergency"})
# Said instead of an answer, never beside one: the assistant did not come to it.
INSTEAD = {name for reason, name in HANDOVER_TEMPLATES.items() if reason.startswith("assistant_")}


def turns(stored: Stored, overheard: Set[str] = frozenset()) -> Iterator[Violation]:
    """One turn for each message that came while the assistant had the conversation, none for the others.

    overheard: ids of messages that were said to somebody else, who had the thread at that moment.
    """
    entries = timeline(stored.log, stored.overtaken)
    last_turn_at = -1
    for at, entry in enumerate(entries):
        if entry.message.sender != "customer":
            continue
        turn = _turn_of(entries, entry.message.id)
        if entry.at == ASSISTANT and entry.message.id not in overheard:
            yield from _one_turn(stored, entries, at, turn)
        else:
            # Of what a human got the assistant says one thing only, and perhaps later than others are answered: where
            # who is in danger finds help.
            yield from _no_turn(stored, entry, [entries[one] for one in turn])
            continue
        if turn and turn[0] < last_turn_at:
            what = f"{entry.message.id} is answered before one that was sent earlier"
            yield Violation("out of order", stored.id, what, entries[turn[0]].message.entry_id)
        last_turn_at = max([last_turn_at, *turn])


def silence_after_takeover(stored: Stored) -> Iterator[Violation]:
    """While a human has a conversation, or nobody, the assistant says nothing but BESIDE_A_TURN."""
    for entry in timeline(stored.log, stored.overtaken):
        message, allowed = entry.message, BESIDE_A_TURN
        if entry.before == QUEUE:
            allowed |= {"handed_over"}  # an emergency while waiting
        if entry.before == AGENT:
            allowed |= CHANGES.keys() - {"handed_over"}
        if message.sender == "assistant" and entry.before in (QUEUE, AGENT, CLOSED) and message.notice not in allowed:
            what = f"the assistant spoke although {_who(entry.before)} has the conversation"
            yield Violation("after takeover", stored.id, what, message.entry_id)


def _turn_of(entries: Sequence[Entry], message_id: str) -> list[int]:
    """Where in the log the assistant's replies to a message are."""
    return [
        at
        for at, entry in enumerate(entries)
        if entry.message.sender == "assistant"
        and entry.message.in_reply_to == message_id
        and entry.message.notice not in BESIDE_A_TURN
    ]


def _one_turn(stored: Stored, entries: Sequence[Entry], at: int, turn: list[int]) -> Iterator[Violation]:
    message = entries[at].message
    moved = next((n for n in range(at + 1, len(entries)) if _changes_owner(entries[n])), None)
    if not turn:
        yield from _without_turn(stored, entries, at, moved)
        return
    if turn != list(range(turn[0], turn[0] + len(turn))):
        yield Violation(
            "twice", stored.id, f"{message.id} is answered by two turns", entries[turn[-1]].message.entry_id
        )
    if moved is not None and moved < turn[0]:
        what = f"{message.id} is answered after a human got it"
        yield Violation("after takeover", stored.id, what, entries[turn[0]].message.entry_id)
    yield from _one_answer(stored, [entries[one] for one in turn], message.id)


def _one_answer(stored: Stored, turn: list[Entry], message_id: str) -> Iterator[Violation]:
    """One turn's replies: nothing is said twice, and no excuse comes beside an answer."""
    templates = [entry.message.template for entry in turn if entry.message.template]
    place = turn[-1].message.entry_id
    if len(templates) != len(set(templates)):
        yield Violation("twice", stored.id, f"{message_id} got the same answer twice", place)
    if len(turn) > 1 and INSTEAD & set(templates):
        yield Violation("twice", stored.id, f"{message_id} got an answer and the excuse that there is none", place)
    answered = any(not entry.message.notice for entry in turn)
    if answered and message_id not in stored.nlu:
        yield Violation("twice", stored.id, f"{message_id} is answered, and no turn of it is stored", place)


def _without_turn(stored: Stored, entries: Sequence[Entry], at: int, moved: int | None) -> Iterator[Violation]:
    """Then a human must have it: it was still waiting when the conversation changed hands."""
    message = entries[at].message
    if message.id in stored.nlu:
        yield Violation("lost", stored.id, f"{message.id} had its turn, and no reply is stored", message.entry_id)
    elif moved is None or entries[moved].after not in (QUEUE, AGENT):
        what = f"{message.id} has no answer, and no human has it; waiting: {', '.join(stored.pending) or 'nothing'}"
        yield Violation("not answered", stored.id, what, message.entry_id)


def _no_turn(stored: Stored, entry: Entry, turn: list[Entry]) -> Iterator[Violation]:
    """A human had it when the message came; who is in danger hears so all the same."""
    answers = [one for one in turn if one.message.notice != "handed_over"]
    if answers or entry.message.id in stored.nlu:
        who = _who(entry.at) if entry.at != ASSISTANT else "somebody else"
        what = f"{entry.message.id} came while {who} had the conversation, and had a turn"
        yield Violation("after takeover", stored.id, what, entry.message.entry_id)


def _changes_owner(entry: Entry) -> bool:
    return entry.message.sender != "customer" and entry.after != entry.before


def _who(owner: str) -> str:
    return {QUEUE: "the queue", AGENT: "an agent", CLOSED: "nobody"}[owner]
