"""A program that gets webhooks: checks the signature as Standard Webhooks says, and misbehaves when told."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import json
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from aiohttp import web


class HookReceiver:
    """`got` has every message with its `id`; `statuses` are the answers to the next ones, then 200; `statuses_of` the
    same for those about one conversation."""

    def __init__(self) -> None:
        self.url = ""
        self.secret = ""
        self.got: list[dict[str, Any]] = []
        self.ids: list[str] = []
        self.signatures: list[list[str]] = []
        self.statuses: list[int] = []
        self.statuses_of: dict[str, list[int]] = {}
        self.waits_s = 0.0
        self.answer_headers: dict[str, str] = {}
        self.at_once = 0
        self.most_at_once = 0

    async def receive(self, request: web.Request) -> web.Response:
        body = await request.read()
        self._check(request, body)
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        try:
            self.ids.append(request.headers["webhook-id"])
            said = json.loads(body)
            self.got.append(said)
            await asyncio.sleep(self.waits_s)
        finally:
            self.at_once -= 1
        statuses = self.statuses_of.get(self._about(said)) or self.statuses
        status = statuses.pop(0) if statuses else 200
        return web.Response(status=status, headers=self.answer_headers, text="x" * 100_000)

    def types(self, conversation_id: str = "") -> list[str]:
        """Of all, or of those about one conversation."""
        return [one["type"] for one in self.got if conversation_id in ("", self._about(one))]

    def _about(self, one: dict[str, Any]) -> str:
        return str(one["data"].get("conversation", {}).get("id", ""))

    def _check(self, request: web.Request, body: bytes) -> None:
        message_id, at_s = request.headers["webhook-id"], request.headers["webhook-timestamp"]
        assert abs(time.time() - int(at_s)) < 300 and "." not in message_id
        given = request.headers["webhook-signature"].split(" ")
        self.signatures.append(given)
        if self.secret:
            assert signature(self.secret, message_id, at_s, body) in given


def signature(secret: str, message_id: str, at_s: str, body: bytes) -> str:
    """As the specification says, written apart from the code that is tested."""
    key = base64.b64decode(secret[len("whsec_") :])
    signed = b".".join((message_id.encode(), at_s.encode(), body))
    return "v1," + base64.b64encode(hmac.digest(key, signed, hashlib.sha256)).decode()


@asynccontextmanager
async def hook_receiver() -> AsyncIterator[HookReceiver]:
    receiver = HookReceiver()
    app = web.Application()
    app.router.add_post("/hook", receiver.receive)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    receiver.url = f"http://127.0.0.1:{runner.addresses[0][1]}/hook"
    try:
        yield receiver
    finally:
        await runner.cleanup()
