"""Delivers on time, whatever the other side does: an open loop, as Meta's customers don't wait for each other."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

from tools.bench.webhook.traffic import Delivery, now_ms

# Meta gives up after five seconds and sends the same once more; here it is waited for, and counted.
GIVES_UP_S = 5.0
ANSWER_TIMEOUT_S = 120.0
# Sleeping is as exact as the event loop; the rest of it is waited for in small steps.
STEP_S = 0.001


@dataclass
class Posted:
    """What was measured. Seconds of each 200 from the moment that it was due; begun_ms: the begin by the clock."""

    begun_ms: int = 0
    times_s: list[float] = field(default_factory=list)
    late_s: list[float] = field(default_factory=list)  # how late each was written, which is our own fault
    failures: list[str] = field(default_factory=list)
    took_s: float = 0.0


class Line:
    """Connections that stay open: as many as deliveries wait for their answer at the same time."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._free: list[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = []

    async def ask(self, request: bytes) -> int:
        """The status. Raises OSError, EOFError."""
        reader, writer = await self._connection()
        try:
            writer.write(request)
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower()
            length = int(head.partition("content-length:")[2].partition("\r\n")[0] or 0)
            await reader.readexactly(length)
        except BaseException:
            writer.close()
            raise
        if "connection: close" in head:
            writer.close()
        else:
            self._free.append((reader, writer))
        return int(head.split(maxsplit=2)[1])

    async def _connection(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        while self._free:
            reader, writer = self._free.pop()
            if not reader.at_eof():
                return reader, writer
            writer.close()
        return await asyncio.open_connection("127.0.0.1", self._port)

    def close(self) -> None:
        for _, writer in self._free:
            writer.close()


async def post(deliveries: Sequence[Delivery], *, port: int, path: str, secret: str) -> Posted:
    """Deliver all of them, each when it is due, and wait for every answer."""
    posted, line = Posted(begun_ms=now_ms()), Line(port)
    begun_s = time.perf_counter()
    under_way: set[asyncio.Task[None]] = set()
    for delivery in deliveries:
        # Written before, so that it leaves on time.
        request = delivery.request(path, secret, posted.begun_ms + round(delivery.due_s * 1000))
        while (left_s := begun_s + delivery.due_s - time.perf_counter()) > 0:
            await asyncio.sleep(min(left_s, max(STEP_S, left_s / 2)))
        task = asyncio.create_task(_one(line, request, begun_s + delivery.due_s, posted))
        under_way.add(task)
        task.add_done_callback(under_way.discard)
    await asyncio.gather(*under_way)
    posted.took_s = time.perf_counter() - begun_s
    line.close()
    return posted


async def _one(line: Line, request: bytes, due_s: float, posted: Posted) -> None:
    posted.late_s.append(time.perf_counter() - due_s)
    try:
        status = await asyncio.wait_for(line.ask(request), ANSWER_TIMEOUT_S)
    except (OSError, EOFError, asyncio.TimeoutError) as exc:
        posted.failures.append(type(exc).__name__)
        return
    if status == 200:
        posted.times_s.append(time.perf_counter() - due_s)
    else:
        posted.failures.append(str(status))
