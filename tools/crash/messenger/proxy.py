"""The company's proxy, as Meta sees it: one address, behind which any of the web processes answers."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from random import Random

import aiohttp
from aiohttp import web

# Meta waits for five seconds, and the proxy is no more patient.
TIMEOUT_S = 5.0
NOT_PASSED_ON = frozenset({"host", "content-length", "connection", "transfer-encoding"})


class Proxy:
    """`async with Proxy(...) as proxy`: passes everything on, each request to one web process."""

    def __init__(self, client: aiohttp.ClientSession, targets: Sequence[str], random: Random) -> None:
        self.url = ""
        self._client = client
        self._targets = targets
        self._random = random
        self._runner: web.AppRunner | None = None

    async def __aenter__(self) -> Proxy:
        app = web.Application()
        app.router.add_route("*", "/{path:.*}", self._pass_on)
        self._runner = web.AppRunner(app, shutdown_timeout=0.1)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        self.url = f"http://127.0.0.1:{self._runner.addresses[0][1]}"
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._runner:
            await self._runner.cleanup()

    async def _pass_on(self, request: web.Request) -> web.Response:
        """One that is down, or dies meanwhile, is a 502: it may have done what was asked for."""
        headers = {name: value for name, value in request.headers.items() if name.lower() not in NOT_PASSED_ON}
        try:
            async with self._client.request(
                request.method,
                self._random.choice(self._targets) + request.path_qs,
                headers=headers,
                data=await request.read(),
                timeout=aiohttp.ClientTimeout(total=TIMEOUT_S),
                allow_redirects=False,
            ) as answer:
                return web.Response(status=answer.status, body=await answer.read(), content_type=answer.content_type)
        except (aiohttp.ClientError, asyncio.TimeoutError, OSError):
            return web.Response(status=502)
