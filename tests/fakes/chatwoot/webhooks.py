"""The fake's webhooks: each is tried once, for five seconds, and signed if there is a secret, as
lib/webhooks/trigger.rb does."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
import time
import uuid
from typing import Any

import aiohttp


class Webhooks:
    """url: where they go, empty for nowhere. secret: what they are signed with, empty for an older Chatwoot. sent: all
    of them, with the status that came back, 0 without one.

    twice: each goes two times. held: they wait here, until `release` sends them, the last one first.
    """

    def __init__(self) -> None:
        self.url = ""
        self.secret = ""
        self.twice = False
        self.is_holding = False
        self.held: list[dict[str, Any]] = []
        self.sent: list[tuple[str, int]] = []
        self._tasks: set[asyncio.Task[None]] = set()

    def put(self, payload: dict[str, Any]) -> None:
        if self.is_holding:
            self.held.append(payload)
        elif self.url:
            for _ in range(2 if self.twice else 1):
                self._send(payload)

    def release(self) -> None:
        self.is_holding = False
        held, self.held = self.held[::-1], []
        for payload in held:
            self.put(payload)

    async def close(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _send(self, payload: dict[str, Any]) -> None:
        task = asyncio.create_task(self._post(payload))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _post(self, payload: dict[str, Any]) -> None:
        status = 0
        try:
            async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=5)) as client:
                body = json.dumps(payload).encode()
                headers = {"content-type": "application/json", **signed(self.secret, body)}
                async with client.post(self.url, data=body, headers=headers) as response:
                    status = response.status
        except (aiohttp.ClientError, TimeoutError):
            pass
        self.sent.append((payload["event"], status))


def signed(secret: str, body: bytes, *, at_s: float | None = None) -> dict[str, str]:
    """The headers that come with a body; at_s: another time than now."""
    if not secret:
        return {}
    sent_at = str(int(time.time() if at_s is None else at_s))
    digest = hmac.digest(secret.encode(), f"{sent_at}.".encode() + body, hashlib.sha256).hex()
    return {
        "X-Chatwoot-Timestamp": sent_at,
        "X-Chatwoot-Signature": f"sha256={digest}",
        "X-Chatwoot-Delivery": str(uuid.uuid4()),
    }
