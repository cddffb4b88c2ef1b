"""Ends a process whose event loop stands still, so that it is started again.

The timer is a thread of the interpreter's own that needs no lock of Python's: it fires also when a library hangs in C.
What it prints before the end is where the code stood: files and lines, no values.
"""

from __future__ import annotations

import asyncio
import faulthandler

FEED_EVERY_S = 1.0


async def watch(limit_s: float) -> None:
    """For ever; exit code 1 once the event loop has stood still for `limit_s`."""
    try:
        while True:
            faulthandler.dump_traceback_later(limit_s, exit=True)
            await asyncio.sleep(FEED_EVERY_S)
    finally:
        faulthandler.cancel_dump_traceback_later()
