"""A tiny webhook: checks the signature over the raw bytes, keeps what it got, and misbehaves when told."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from aiohttp import web


class Receiver:
    """`bodies` has every body with a good signature, `raw` its bytes. `status` is what it answers to those."""

    def __init__(self, app_secret: str, verify_token: str) -> None:
        self._secret, self._token = app_secret, verify_token
        self.url = ""
        self.bodies: list[dict[str, Any]] = []
        self.raw: list[bytes] = []
        self.headers: list[dict[str, str]] = []
        self.status = 200
        self.waits_s = 0.0

    def events(self, array: str = "messaging") -> list[dict[str, Any]]:
        return [event for body in self.bodies for entry in body["entry"] for event in entry.get(array, [])]

    def texts(self, array: str = "messaging") -> list[str]:
        return [event["message"]["text"] for event in self.events(array) if "text" in event.get("message", {})]

    async def verify(self, request: web.Request) -> web.Response:
        if request.query.get("hub.verify_token") != self._token:
            return web.Response(status=403)
        return web.Response(text=request.query["hub.challenge"])

    async def receive(self, request: web.Request) -> web.Response:
        raw = await request.read()
        expected = f"sha256={hmac.new(self._secret.encode(), raw, hashlib.sha256).hexdigest()}"
        if not hmac.compare_digest(expected, request.headers.get("X-Hub-Signature-256", "")):
            return web.Response(status=403)
        await asyncio.sleep(self.waits_s)
        if self.status == 200:
            self.raw.append(raw)
            self.bodies.append(json.loads(raw))
            self.headers.append(dict(request.headers))
        return web.Response(status=self.status, text="EVENT_RECEIVED")


@asynccontextmanager
async def receiving(app_secret: str = "app-secret", verify_token: str = "verify-token") -> AsyncIterator[Receiver]:
    receiver = Receiver(app_secret, verify_token)
    app = web.Application()
    app.router.add_get("/webhook", receiver.verify)
    app.router.add_post("/webhook", receiver.receive)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    receiver.url = f"http://127.0.0.1:{runner.addresses[0][1]}/webhook"
    try:
        yield receiver
    finally:
        await runner.cleanup()
