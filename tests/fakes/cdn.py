"""A place where a platform keeps what customers sent, with everything that can be wrong with such a place."""

from __future__ import annotations

import asyncio
import struct
import zlib
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from aiohttp import web


def _chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def png(width: int = 64, height: int = 48, colour: tuple[int, int, int] = (200, 120, 40)) -> bytes:
    """A picture of one colour."""
    lines = (b"\0" + bytes(colour) * width) * height
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + _chunk(b"IHDR", head) + _chunk(b"IDAT", zlib.compress(lines)) + _chunk(b"IEND", b"")


PNG = png()
PDF = b"%PDF-1.4\n1 0 obj <<>> endobj\ntrailer <<>>\n%%EOF\n"
MP4 = b"\x00\x00\x00\x18ftypmp42\x00\x00\x00\x00isommp42" + bytes(1000)
HTML = b"<!doctype html><script>parent.document.title = 'stolen'</script>"

Answer = Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass
class Cdn:
    """`files` by path; `answers` by path for what is no file. `asked` has every request: path and headers."""

    port: int
    files: dict[str, bytes] = field(default_factory=dict)
    answers: dict[str, Answer] = field(default_factory=dict)
    asked: list[tuple[str, dict[str, str]]] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def keeps(self, path: str, content: bytes) -> str:
        self.files[path] = content
        return self.url + path

    def answers_with(self, path: str, status: int, **headers: str) -> str:
        async def answer(_: web.Request) -> web.StreamResponse:
            return web.Response(status=status, headers=headers)

        self.answers[path] = answer
        return self.url + path

    def never_ends(self, path: str) -> str:
        """It says that it is short, and goes on."""

        async def answer(request: web.Request) -> web.StreamResponse:
            response = web.StreamResponse(headers={"content-type": "image/png"})
            await response.prepare(request)
            await response.write(PNG)
            while True:
                await response.write(bytes(256 * 1024))

        self.answers[path] = answer
        return self.url + path

    def hangs(self, path: str) -> str:
        async def answer(request: web.Request) -> web.StreamResponse:
            response = web.StreamResponse()
            await response.prepare(request)
            await response.write(PNG[:20])
            await asyncio.sleep(60)
            return response

        self.answers[path] = answer
        return self.url + path

    async def _respond(self, request: web.Request) -> web.StreamResponse:
        self.asked.append((request.path, dict(request.headers)))
        if request.path in self.answers:
            return await self.answers[request.path](request)
        if request.path in self.files:
            # It says of everything that it is a picture.
            return web.Response(body=self.files[request.path], content_type="image/png")
        return web.Response(status=403, text="URL signature expired")


@asynccontextmanager
async def running_cdn(port: int) -> AsyncIterator[Cdn]:
    cdn = Cdn(port)
    app = web.Application()
    app.router.add_get("/{path:.*}", cdn._respond)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    try:
        yield cdn
    finally:
        await runner.cleanup()
