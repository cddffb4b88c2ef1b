"""What is stored for a customer reached the customer, once, in the log's order, and its state says so."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from bot.store.conversations import entry_order
from tools.crash.rules import Violation
from tools.crash.snapshot import Stored
from tools.crash.witness import Witness


def seen(stored: Stored, witness: Witness) -> Iterator[Violation]:
    logged = {message.entry_id: message for message in stored.log}
    shown = {message.entry_id: message for message in witness.seen}
    for message in stored.log:
        if message.to_customer and message.entry_id not in shown:
            what = f"{message.sender}'s {message.id} was never seen"
            yield Violation("not delivered", stored.id, what, message.entry_id)
    for entry_id, message_seen in shown.items():
        if entry_id not in logged or logged[entry_id].text != message_seen.text:
            what = f"the customer saw something of the {message_seen.sender} that is not stored there"
            yield Violation("lost", stored.id, what, entry_id)
    yield from _order(stored, witness)


def states(stored: Stored) -> Iterator[Violation]:
    for message in stored.log:
        state = stored.states.get(message.id)
        if message.to_customer and state not in ("delivered", "read"):
            yield Violation("not delivered", stored.id, f"{message.id} is still {state}", message.entry_id)


def rest_answers(stored: Stored, witness: Witness) -> Iterator[Violation]:
    """What a request brought is what the log has as the answer, or that a human takes over."""
    for message_id, texts in witness.answers.items():
        said = Counter(
            message.text
            for message in stored.log
            if message.in_reply_to == message_id or message.notice == "handed_over"
        )
        for text, count in (Counter(texts) - said).items():
            what = f"the answer to {message_id} has {count} time(s) too often: {text[:60]!r}"
            yield Violation("twice", stored.id, what, stored.message_ids.get(message_id, ""))


def _order(stored: Stored, witness: Witness) -> Iterator[Violation]:
    latest = (0, 0)
    for message in witness.seen:
        if entry_order(message.entry_id) < latest:
            what = f"the {message.sender}'s message came after a later one"
            yield Violation("out of order", stored.id, what, message.entry_id)
        latest = max(latest, entry_order(message.entry_id))
