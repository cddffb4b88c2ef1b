"""What a customer was promised, and how much time is left of it: green, orange or red, and said in words."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from bot.model import Conversation
from bot.web.pages import duration

Level = Literal["good", "warn", "bad"]
# It gets tight in the last third of the time, and always in the last minutes. As static/desk/clock.js.
TIGHT_MS = 5 * 60_000
TIGHT_PART = 3


@dataclass(frozen=True)
class Promise:
    """An answer, or an end, before `due_ms`; the time for it began at `from_ms`. what, text: in Dutch."""

    what: str
    from_ms: int
    due_ms: int
    level: Level
    text: str  # the time that is left


def promise_of(conversation: Conversation, at_ms: int) -> Promise | None:
    """The one that counts now: of a first answer, then of an end. None without one, or while it is put aside."""
    handoff = conversation.handoff
    if handoff is None or conversation.snoozed_until_ms:
        return None
    if not conversation.answered_at_ms:
        return _promise("Antwoord", handoff.at_ms, handoff.first_due_ms, at_ms)
    return _promise("Oplossing", conversation.answered_at_ms, handoff.resolve_due_ms, at_ms)


def _promise(what: str, from_ms: int, due_ms: int, at_ms: int) -> Promise | None:
    if not due_ms:
        return None
    left_ms = due_ms - at_ms
    time = duration(abs(left_ms) // 1000)
    if left_ms <= 0:
        return Promise(what, from_ms, due_ms, "bad", f"{time} te laat")
    if left_ms < max(TIGHT_MS, (due_ms - from_ms) // TIGHT_PART):
        return Promise(what, from_ms, due_ms, "warn", f"nog maar {time}")
    return Promise(what, from_ms, due_ms, "good", f"nog {time}")
