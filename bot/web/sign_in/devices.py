"""Browsers that somebody signed in with before. Each has its own count of attempts, so that a stranger who keeps
guessing an account's password slows down other strangers, but not its owner (OWASP: device cookies)."""

from __future__ import annotations

import secrets

from sanic import HTTPResponse, Request

from bot.web.access import is_https
from bot.web.sign_in.signed import sign, verified

DEVICE_COOKIE = "bot_device"
LIFETIME_S = 180 * 86_400
_PURPOSE = "device"


async def device_of(request: Request, account_id: str) -> str:
    """What names this browser, if the account signed in with it before; else an empty string."""
    parts = await verified(request, _PURPOSE, request.cookies.get(DEVICE_COOKIE))
    return parts[1] if parts and parts[0] == account_id else ""


async def remember_device(request: Request, response: HTTPResponse, account_id: str) -> None:
    """From now on this browser is one that the account signed in with."""
    device = await device_of(request, account_id) or secrets.token_urlsafe(12)
    value = await sign(request, _PURPOSE, [account_id, device], lifetime_s=LIFETIME_S)
    response.add_cookie(
        DEVICE_COOKIE,
        value,
        path="/",
        max_age=LIFETIME_S,
        secure=is_https(request),
        httponly=True,
        samesite="Lax",
    )
