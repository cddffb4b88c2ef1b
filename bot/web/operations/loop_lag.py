"""How long what is ready to run waits in this process: everything in it shares one event loop."""

from __future__ import annotations

import asyncio

from prometheus_client import Histogram

SAMPLE_EVERY_S = 0.5


async def sample_lag(lag: Histogram) -> None:
    """Note twice a second by how much a timer came late, for ever."""
    loop = asyncio.get_running_loop()
    while True:
        due_s = loop.time() + SAMPLE_EVERY_S
        await asyncio.sleep(SAMPLE_EVERY_S)
        lag.observe(max(0.0, loop.time() - due_s))
