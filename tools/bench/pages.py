"""Many idle pages with the widget on them: `python -m tools.bench.pages URL COUNT [PING_EVERY_S]`.

A process of its own, so that its memory and its events are not those of what is measured. It opens the sockets, says
hello on each, prints a line when all were welcomed, and pings as the widget does until its standard input ends.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import resource
import subprocess
import sys
from pathlib import Path
from types import TracebackType

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed
from websockets.protocol import State

ROOT = Path(__file__).resolve().parents[2]
PING_EVERY_S = 25.0  # as bot/web/static/widget does
OPENING_AT_ONCE = 50
OPEN_TIMEOUT_S = 120.0
SPARE_FILES = 200
HELLO = json.dumps({"type": "hello", "token": None, "after": ""})
PING = json.dumps({"type": "ping"})


class Pages:
    """The program above, as a context manager: all sockets are welcomed when it has begun."""

    def __init__(self, port: int, count: int, *, ping_every_s: float = PING_EVERY_S) -> None:
        self.count = count
        # What it said at the end: sockets that were still open, and pings that were answered.
        self.still_open = 0
        self.pongs = 0
        url = f"ws://127.0.0.1:{port}/widget/socket"
        self._command = (sys.executable, "-m", "tools.bench.pages", url, str(count), str(ping_every_s))

    def __enter__(self) -> Pages:
        self._process = subprocess.Popen(
            self._command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        if not self._line().get("welcomed"):
            self._process.kill()
            self._process.wait()
            raise RuntimeError(f"{self.count} sockets could not be opened; what it said is above")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, exc: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        last = self._line()
        self._process.wait()
        self.still_open, self.pongs = last.get("open", 0), last.get("pongs", 0)

    def _line(self) -> dict[str, int]:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        found: dict[str, int] = json.loads(line) if line else {}
        return found


class IdlePage:
    """One page whose customer says nothing."""

    def __init__(self, ping_every_s: float) -> None:
        self.pongs = 0
        self._ping_every_s = ping_every_s
        self._socket: ClientConnection | None = None
        self._pings: asyncio.Task[None] | None = None

    @property
    def is_open(self) -> bool:
        return self._socket is not None and self._socket.state is State.OPEN

    async def open(self, url: str, gate: asyncio.Semaphore) -> None:
        """Return when it was welcomed; from then on it pings."""
        async with gate:
            # The widget pings by itself; a WebSocket's own ping would be a second one.
            self._socket = socket = await connect(url, ping_interval=None)
            await socket.send(HELLO)
            if json.loads(await socket.recv())["type"] != "welcome":
                raise RuntimeError("a page was not welcomed")
        self._pings = asyncio.create_task(self._ping(socket))

    async def close(self) -> None:
        if self._pings and self._socket:
            self._pings.cancel()
            await self._socket.close()

    async def _ping(self, socket: ClientConnection) -> None:
        with contextlib.suppress(ConnectionClosed):
            while True:
                await asyncio.sleep(self._ping_every_s)
                await socket.send(PING)
                while json.loads(await socket.recv())["type"] != "pong":
                    pass
                self.pongs += 1


def allow_files(count: int) -> None:
    """Raise the soft limit of open files to what is needed. Raises ValueError if the hard limit is lower."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != resource.RLIM_INFINITY and soft < count:
        resource.setrlimit(resource.RLIMIT_NOFILE, (count, hard))


async def hold(url: str, count: int, ping_every_s: float = PING_EVERY_S) -> None:
    """Open the sockets, say so, hold them until standard input ends, and say what became of them."""
    gate = asyncio.Semaphore(OPENING_AT_ONCE)
    pages = [IdlePage(ping_every_s) for _ in range(count)]
    await asyncio.wait_for(asyncio.gather(*(page.open(url, gate) for page in pages)), OPEN_TIMEOUT_S)
    print(json.dumps({"welcomed": count}), flush=True)
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
    print(json.dumps({"open": sum(page.is_open for page in pages), "pongs": sum(p.pongs for p in pages)}), flush=True)
    await asyncio.gather(*(page.close() for page in pages))


if __name__ == "__main__":
    allow_files(int(sys.argv[2]) + SPARE_FILES)
    asyncio.run(hold(sys.argv[1], int(sys.argv[2]), *(float(argument) for argument in sys.argv[3:])))
