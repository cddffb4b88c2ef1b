"""Who goes first in the human queue."""

from __future__ import annotations

from bot.model import Handoff, Priority

# Urgent came later: below zero, so that what waits during an update keeps its place.
_RANK: dict[Priority, int] = {"urgent": -1, "high": 0, "normal": 1, "low": 2}
# More than any time in ms: the rank decides first, then who waits longest.
_RANK_STEP = 10**13


def queue_score(handoff: Handoff) -> int:
    """Place in the queue: lower is earlier."""
    return _RANK[handoff.priority] * _RANK_STEP + handoff.at_ms


def waiting_order(handoff: Handoff) -> tuple[int, int, int]:
    """Place in the view `waiting`, as lua/conversation/views.lua has it: lower is earlier."""
    return _RANK[handoff.priority], handoff.first_due_ms or handoff.at_ms, handoff.at_ms


def score_range(priority: Priority) -> tuple[int, int]:
    """First and last score that `priority` can have."""
    first = _RANK[priority] * _RANK_STEP
    return first, first + _RANK_STEP - 1
