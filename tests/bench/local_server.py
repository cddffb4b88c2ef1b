"""A REST channel in a few lines, for tests of the load generator: it notes who asked what, and answers as told."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any

Replies = Callable[[str, str], list[dict[str, str]]]


def echo(sender: str, text: str) -> list[dict[str, str]]:
    return [{"recipient_id": sender, "text": text}]


@dataclass(frozen=True)
class Asked:
    connection: int
    sender: str
    text: str
    authorization: str


@dataclass
class LocalServer:
    """`async with LocalServer() as server`."""

    replies: Replies = echo
    delay_s: float = 0.0
    status: str = "200 OK"
    port: int = 0
    asked: list[Asked] = field(default_factory=list)
    connections: int = 0
    open_now: int = 0
    most_at_once: int = 0

    async def __aenter__(self) -> LocalServer:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, exc: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.close()
        await self._server.wait_closed()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self.open_now += 1
        self.most_at_once = max(self.most_at_once, self.open_now)
        number = self.connections
        try:
            while True:
                await self._answer(number, reader, writer)
        except asyncio.IncompleteReadError:
            pass
        finally:
            self.open_now -= 1
            writer.close()

    async def _answer(self, number: int, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        headers = dict(line.lower().split(": ", 1) for line in head.strip().splitlines()[1:])
        body: dict[str, Any] = json.loads(await reader.readexactly(int(headers["content-length"])))
        self.asked.append(Asked(number, body["sender"], body["message"], headers["authorization"]))
        await asyncio.sleep(self.delay_s)
        answer = json.dumps(self.replies(body["sender"], body["message"])).encode()
        writer.write(f"HTTP/1.1 {self.status}\r\nContent-Length: {len(answer)}\r\n\r\n".encode() + answer)
