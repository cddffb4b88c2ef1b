"""Meta's side of the webhook: signed requests with events in them."""

from __future__ import annotations

import hashlib
import hmac
import itertools
import json
import time
from pathlib import Path
from typing import Any

import aiohttp

from tests.conftest import Site
from tests.fakes.platform import APP_SECRET, PAGE

INBOX_APP = "263902037430900"
FIXTURES = Path(__file__).parents[1] / "fixtures" / "messenger" / "events.jsonl"

_numbers = itertools.count(1)


def signature(body: bytes, secret: str = APP_SECRET) -> str:
    return "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


def now_ms() -> int:
    return int(time.time() * 1000)


def new_customer() -> str:
    """A PSID that no other test has."""
    return str(6_000_000_000 + next(_numbers) + time.time_ns() % 1_000_000_000 * 1000)


def new_mid() -> str:
    return f"m_{time.time_ns()}_{next(_numbers)}"


def event(customer: str, *, page: str = PAGE, at_ms: int | None = None, **parts: Any) -> dict[str, Any]:
    """An event of a customer, as `event("6001", message={...})`."""
    return {
        "sender": {"id": customer},
        "recipient": {"id": page},
        "timestamp": now_ms() if at_ms is None else at_ms,
        **parts,
    }


def text_event(customer: str, text: str, mid: str = "", **more: Any) -> dict[str, Any]:
    return event(customer, message={"mid": mid or new_mid(), "text": text}, **more)


def echo(customer: str, *, page: str = PAGE, at_ms: int | None = None, **message: Any) -> dict[str, Any]:
    """The page said something, whoever did."""
    message = {"mid": new_mid(), "is_echo": True, **message}
    at_ms = now_ms() if at_ms is None else at_ms
    return {"sender": {"id": page}, "recipient": {"id": customer}, "timestamp": at_ms, "message": message}


def envelope(*events: Any, array: str = "messaging", platform: str = "page", account: str = PAGE) -> dict[str, Any]:
    return {"object": platform, "entry": [{"id": account, "time": now_ms(), array: list(events)}]}


def escaped(body: Any) -> bytes:
    """JSON as Meta writes it: ASCII alone, and slashes escaped."""
    return json.dumps(body, separators=(",", ":")).replace("/", "\\/").encode()


async def post(site: Site, body: bytes, headers: dict[str, str] | None = None) -> tuple[int, str]:
    """Status and text of the answer; signed unless `headers` are given."""
    headers = {"x-hub-signature-256": signature(body)} if headers is None else headers
    async with aiohttp.ClientSession() as client:
        async with client.post(site.url + "/webhooks/messenger", data=body, headers=headers) as response:
            return response.status, await response.text()


async def deliver(site: Site, *events: Any, **options: Any) -> None:
    """Events in one request, which must be taken."""
    status, answer = await post(site, escaped(envelope(*events, **options)))
    assert (status, answer) == (200, "EVENT_RECEIVED")
