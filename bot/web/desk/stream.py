"""The desk's event stream: says which conversation changed, never what was said in it."""

from __future__ import annotations

import json
import time
from collections.abc import AsyncIterator
from typing import Any

from bot.web.live import Live

HEARTBEAT_S = 15.0
# Then the browser connects again. It shows its session again, so that signing out ends the stream too, and it shows
# that it is there: a laptop that was closed leaves a line which looks open for a quarter of an hour.
LIFETIME_S = 60.0
_FIELDS = ("type", "conversation_id", "sender")
_KINDS = frozenset({"resync", "message", "turn", "owner", "state", "mark", "typing"})


async def event_stream(live: Live) -> AsyncIterator[str]:
    """Server-sent events, beginning with one that says to read everything again."""
    ends_at = time.monotonic() + LIFETIME_S
    with live.subscribe() as subscription:
        yield "retry: 1000\n" + _frame({"type": "resync"})
        while time.monotonic() < ends_at:
            event = await subscription.next(HEARTBEAT_S)
            if event is None:
                # The comment keeps proxies awake, the event tells the page that the line still works.
                yield ": heartbeat\nevent: alive\ndata: {}\n\n"
            elif event.get("type") in _KINDS:
                yield _frame({name: event[name] for name in _FIELDS if name in event})


def _frame(event: dict[str, Any]) -> str:
    return f"data: {json.dumps(event)}\n\n"
