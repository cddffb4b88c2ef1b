"""What must hold when all is quiet again. Each rule says what is wrong, where, and in which conversation."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Violation:
    """One promise that was not kept. `entry_id` is where in the log to look, if there is such a place."""

    rule: str
    conversation_id: str
    what: str
    entry_id: str = ""
