"""A small real web server with models, in the place of what BOT_MODEL_URL names; it can be bad in several ways."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from aiohttp import web


class ModelServer:
    """Serves `files` by name. `asked` has the names that were asked for."""

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}
        self.asked: list[str] = []
        self.url = ""
        self.breaks_off = False
        self.hangs = False
        self.says_compressed = False

    async def answer(self, request: web.Request) -> web.StreamResponse:
        name = request.match_info["name"]
        self.asked.append(name)
        if name not in self.files:
            raise web.HTTPNotFound
        body = self.files[name]
        response = web.StreamResponse(headers={"content-length": str(len(body))})
        if self.says_compressed:
            response.headers["content-encoding"] = "gzip"
        await response.prepare(request)
        await response.write(body[: len(body) // 2])
        if self.hangs:
            await asyncio.sleep(60)
        if self.breaks_off:
            assert request.transport is not None
            request.transport.abort()
        await response.write(body[len(body) // 2 :])
        return response


@asynccontextmanager
async def serving_models() -> AsyncIterator[ModelServer]:
    server = ModelServer()
    app = web.Application()
    app.router.add_get("/models/{name}", server.answer)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    server.url = f"http://127.0.0.1:{runner.addresses[0][1]}/models/"
    try:
        yield server
    finally:
        await runner.cleanup()
