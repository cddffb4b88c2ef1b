"""The fake's own time, so that a test need not wait for a day."""

from __future__ import annotations

import asyncio
import time
from contextlib import suppress
from datetime import timedelta


class Clock:
    """Runs as fast as the real one, and jumps when told.

    The bot's own clock does not jump with it. Who needs a message that is old for both lets it be written in the past:
    `clock.advance(hours=-25)`, write, `clock.advance(hours=25)`.
    """

    def __init__(self) -> None:
        self.offset_ms = 0
        self._moved = asyncio.Event()

    def now_ms(self) -> int:
        return int(time.time() * 1000) + self.offset_ms

    def advance(self, **parts: float) -> None:
        """`hours=25`, `days=7`, `minutes=-5`: the words of timedelta. Who sleeps until then wakes up."""
        self.offset_ms += int(timedelta(**parts).total_seconds() * 1000)
        self._moved.set()
        self._moved = asyncio.Event()

    async def sleep_until(self, due_ms: float) -> None:
        while (left_ms := due_ms - self.now_ms()) > 0:
            with suppress(asyncio.TimeoutError):
                await asyncio.wait_for(self._moved.wait(), left_ms / 1000)
