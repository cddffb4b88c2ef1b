"""Short texts that a browser keeps for us and can't change, as a ticket between two steps."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
import time

from sanic import Request


async def sign(request: Request, purpose: str, parts: list[str], *, lifetime_s: int) -> str:
    """`parts` with a signature; readable to who has it, so no place for secrets."""
    payload = _encode(json.dumps([int(time.time()) + lifetime_s, *parts]).encode())
    return f"{payload}.{_encode(await _mac(request, purpose, payload))}"


async def verified(request: Request, purpose: str, signed: str | None) -> list[str] | None:
    """The parts, or None when we did not sign it, not for this purpose, or too long ago."""
    payload, _, given = (signed or "").partition(".")
    if not hmac.compare_digest(_encode(await _mac(request, purpose, payload)).encode(), given.encode(errors="replace")):
        return None
    try:
        ends_at_s, *parts = json.loads(base64.urlsafe_b64decode(payload))
    except (ValueError, binascii.Error):
        return None
    return parts if time.time() < ends_at_s else None


async def _mac(request: Request, purpose: str, payload: str) -> bytes:
    secret: bytes = await request.app.ctx.store.secret()
    return hmac.digest(secret, f"{purpose}\0{payload}".encode(errors="replace"), hashlib.sha256)


def _encode(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode()
