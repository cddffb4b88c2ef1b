"""The desk's event stream: what the board says, and that the line still works."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator

from bot.web.desk.board import Board

HEARTBEAT_S = 15.0
# Then the browser connects again. It shows its session again, as one that nobody used ends without a word, and it shows
# that it is there: a laptop that was closed leaves a line which looks open for a quarter of an hour.
LIFETIME_S = 60.0


async def event_stream(board: Board, account_id: str, last_id: str = "", *, session_id: str = "") -> AsyncIterator[str]:
    """Server-sent events. last_id: of the last one that this browser had; without it, it is told to read everything."""
    ends_at = time.monotonic() + LIFETIME_S
    with board.open(account_id, last_id, session_id=session_id) as desk:
        yield "retry: 1000\n\n"
        while time.monotonic() < ends_at and not desk.is_over:
            # The comment keeps proxies awake, the event tells the page that the line still works.
            yield await desk.next(HEARTBEAT_S) or ": heartbeat\nevent: alive\ndata: {}\n\n"
        if rest := desk.take():
            yield rest
