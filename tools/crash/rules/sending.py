"""What is stored for a customer on Messenger reached Meta, once and in order; or it failed, for a reason that is true.

Meta's side is what the fake accepted. A message is recognised by the attempt in its metadata, which the store knows,
and once more by its text alone, so that an attempt that the store forgot is found out too.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from bot.answers import HANDOVER_TEMPLATES, LAST_RESORTS
from bot.model import Message
from bot.store.conversations import entry_order
from tools.crash.rules import Violation
from tools.crash.snapshot import Stored
from tools.crash.timeline import Entry, is_of_inbox, timeline
from tools.crash.witness import Arrived, OnPlatform

METADATA = "vb:"
# Between the moment that an attempt is noted and the moment that Meta has the request.
IN_THE_AIR_MS = 2_000
# Meta's words for: another app has the thread. And for: this message will never do.
OTHER_OWNER = {(10, 2018300), (2018300, None), (100, 2534037)}
REJECTED = {(100, None)}
# Who may be in danger reads where to find help, whoever has the thread (bot/web/channels/messenger/errand.py).
HELP = {HANDOVER_TEMPLATES[reason] for reason in LAST_RESORTS}
# So much of a text tells one message from another.
TEXT_CHARS = 100


@dataclass(frozen=True)
class Placed:
    """Something that arrived, with the part of the stored message that it is; part counts from 0."""

    arrived: Arrived
    message: Message
    part: int

    @property
    def order(self) -> tuple[int, int, int]:
        return (*entry_order(self.message.entry_id), self.part)


def sending(stored: Stored, platform: OnPlatform) -> Iterator[Violation]:
    """All rules about one customer of Messenger."""
    placed = list(_placed(stored, platform.arrived))
    yield from _is_stored(stored, platform.arrived, placed)
    yield from _once(stored, platform.arrived, placed)
    yield from _order(stored, placed)
    yield from _whole(stored, platform, placed)
    yield from _silent_after_takeover(stored, placed)
    yield from _said_elsewhere(stored, platform)
    yield from _leftovers(stored)


def said_by_us(stored: Stored) -> list[Message]:
    """What is ours to send, in the log's order."""
    return [message for message in stored.log if message.to_customer and not is_of_inbox(message)]


def _placed(stored: Stored, arrived: Sequence[Arrived]) -> Iterator[Placed]:
    messages = {message.id: message for message in stored.log}
    for one in arrived:
        noted = _attempt(stored, one)
        if noted and noted[0] in messages:
            yield Placed(one, messages[noted[0]], int(noted[1]))


def _attempt(stored: Stored, arrived: Arrived) -> list[str]:
    """What the store noted before it went out: message id, part, and perhaps more; empty if it noted nothing."""
    return stored.sends.get(f"attempt {arrived.metadata.removeprefix(METADATA)}", "").split()


def _is_stored(stored: Stored, arrived: Sequence[Arrived], placed: Sequence[Placed]) -> Iterator[Violation]:
    known = {id(one.arrived) for one in placed}
    for one in arrived:
        if id(one) not in known:
            yield Violation("lost", stored.id, f"the customer got what is not stored: {one.text[:60]!r}")


def _once(stored: Stored, arrived: Sequence[Arrived], placed: Sequence[Placed]) -> Iterator[Violation]:
    for metadata, count in Counter(one.metadata for one in arrived).items():
        if count > 1:
            yield Violation("twice", stored.id, f"Meta accepted {metadata} {count} times")
    for (message_id, part), count in Counter((one.message.id, one.part) for one in placed).items():
        if count > 1:
            what = f"part {part} of {message_id} was sent {count} times"
            yield Violation("twice", stored.id, what, stored.message_ids.get(message_id, ""))
    yield from _once_by_text(stored, arrived)


def _once_by_text(stored: Stored, arrived: Sequence[Arrived]) -> Iterator[Violation]:
    said = Counter(_squeezed(message.text)[:TEXT_CHARS] for message in said_by_us(stored))
    got = Counter(_which(_squeezed(one.text), said) for one in arrived)
    for text, count in got.items():
        if text and count > said[text]:
            what = f"it is stored {said[text]} times and arrived {count} times: {text[:60]!r}"
            yield Violation("twice", stored.id, what)


def _which(text: str, said: Counter[str]) -> str:
    """The stored text with which a message begins, the longest that fits; empty for a further part of one."""
    return max((one for one in said if one and text.startswith(one)), key=len, default="")


def _order(stored: Stored, placed: Sequence[Placed]) -> Iterator[Violation]:
    latest: tuple[int, int, int] = (0, 0, 0)
    for one in placed:
        if one.order < latest:
            what = f"part {one.part} of the {one.message.sender}'s {one.message.id} was sent after a later one"
            yield Violation("out of order", stored.id, what, one.message.entry_id)
        latest = max(latest, one.order)


def _whole(stored: Stored, platform: OnPlatform, placed: Sequence[Placed]) -> Iterator[Violation]:
    """Each message arrived with all its text, or says truly why not."""
    parts: defaultdict[str, list[Placed]] = defaultdict(list)
    for one in placed:
        parts[one.message.id].append(one)
    for message in said_by_us(stored):
        arrived = _squeezed("".join(one.arrived.text for one in sorted(parts[message.id], key=lambda one: one.part)))
        is_whole = bool(parts[message.id]) and _squeezed(message.text) in arrived
        yield from _outcome(stored, platform, message, is_whole=is_whole)


def _outcome(stored: Stored, platform: OnPlatform, message: Message, *, is_whole: bool) -> Iterator[Violation]:
    state, problem = stored.states.get(message.id, ""), stored.marks.get(f"problem {message.id}", "")
    if state == "failed":
        if is_whole:
            what = f"{message.id} failed ({problem}), and the customer has it"
            yield Violation("not delivered", stored.id, what, message.entry_id)
        elif not _is_true(stored, platform, message, problem):
            what = f"{message.id} failed, and {problem or 'no reason'} is not why"
            yield Violation("not delivered", stored.id, what, message.entry_id)
        return
    if not is_whole:
        what = f"the {message.sender}'s {message.id} is {state}, and never reached the customer"
        yield Violation("not delivered", stored.id, what, message.entry_id)
    if state != "read":
        yield Violation("not delivered", stored.id, f"{message.id} was read, and is {state}", message.entry_id)


def _is_true(stored: Stored, platform: OnPlatform, message: Message, problem: str) -> bool:
    """Meta refused it with that reason; or somebody else took the thread before it could be sent."""
    attempts = {
        METADATA + name.removeprefix("attempt ")
        for name, of in stored.sends.items()
        if name.startswith("attempt ") and of.partition(" ")[0] == message.id
    }
    refusals = {(one.code, one.subcode) for one in platform.refused if one.metadata in attempts}
    if problem == "rejected":
        return bool(refusals & REJECTED)
    if problem == "other_owner":
        later = (entry for entry in timeline(stored.log, stored.overtaken) if _is_after(entry, message))
        return bool(refusals & OTHER_OWNER) or any(entry.is_taken_elsewhere for entry in later)
    return False


def _silent_after_takeover(stored: Stored, placed: Sequence[Placed]) -> Iterator[Violation]:
    """What the assistant had to say when somebody took over in Meta's inbox is not said any more, but for HELP."""
    takeovers = [entry for entry in timeline(stored.log, stored.overtaken) if entry.is_taken_elsewhere]
    for one in placed:
        if one.message.sender != "assistant" or one.message.template in HELP:
            continue
        for entry in takeovers:
            at_ms = entry_order(entry.message.entry_id)[0]
            if _is_after(entry, one.message) and one.arrived.asked_at_ms > at_ms + IN_THE_AIR_MS:
                late_s = (one.arrived.asked_at_ms - at_ms) / 1000
                what = f"{one.message.id} was sent {late_s:.1f} s after somebody took over in Meta's inbox"
                yield Violation("after takeover", stored.id, what, one.message.entry_id)


def _said_elsewhere(stored: Stored, platform: OnPlatform) -> Iterator[Violation]:
    """What people said in Meta's inbox is in the log, as theirs."""
    logged = {message.id: message for message in stored.log if is_of_inbox(message) and message.sender == "agent"}
    for mid, text in platform.said_elsewhere.items():
        if mid not in logged or logged[mid].text != text:
            yield Violation("lost", stored.id, f"{mid[:12]}, said in Meta's inbox, is not stored")
    for mid in sorted(logged.keys() - platform.said_elsewhere.keys()):
        what = f"{mid[:12]} is stored as said in Meta's inbox, and nobody did"
        yield Violation("lost", stored.id, what, logged[mid].entry_id)


def _leftovers(stored: Stored) -> Iterator[Violation]:
    if stored.to_send:
        what = f"{len(stored.to_send)} messages wait to be sent"
        yield Violation("not delivered", stored.id, what, stored.message_ids.get(stored.to_send[0], ""))
    for name in ("claim", "attempt", "attempt_part", "parts", "tries"):
        if name in stored.sends:
            yield Violation("inconsistent", stored.id, f"{name} of sending is still {stored.sends[name]}")
    failed = {f"problem {message_id}" for message_id, state in stored.states.items() if state == "failed"}
    for name in sorted(stored.marks.keys() - failed):
        yield Violation("inconsistent", stored.id, f"there is a mark {name!r}, and nothing that left it")


def _is_after(entry: Entry, message: Message) -> bool:
    return entry_order(entry.message.entry_id) > entry_order(message.entry_id)


def _squeezed(text: str) -> str:
    return re.sub(r"\s+", "", text)
