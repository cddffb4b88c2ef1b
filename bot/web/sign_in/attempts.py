"""How often somebody may try a password, a code, or ask for a link."""

from __future__ import annotations

import math

from sanic import Request

from bot.store.attempts import Counted, Limit, TooManyAttempts
from bot.web.sign_in.devices import device_of

__all__ = ["TooManyAttempts", "code_attempts", "link_attempts", "password_attempts", "wait_words"]

PER_ACCOUNT = Limit("account", 5, 300)
PER_ADDRESS = Limit("address", 50, 300)
CODES = Limit("codes", 5, 300)
LINKS = Limit("links", 3, 3600)
LINKS_PER_ADDRESS = Limit("links-address", 20, 3600)
MAX_NAME_CHARS = 80


async def password_attempts(request: Request, account_id: str) -> Counted:
    """For all accounts from one address, and for one account from one address or one known device.

    Attempts in a row slow down the device, or everybody who has no known device: so an account can be guessed at from
    many addresses no faster than from one, and its owner still gets in.
    """
    account_id, address = account_id[:MAX_NAME_CHARS], request.client_ip
    device = await device_of(request, account_id)
    who = (account_id, "device", device) if device else (account_id, "address", address)
    row = (account_id, "device", device) if device else (account_id,)
    return Counted([(PER_ADDRESS, (address,)), (PER_ACCOUNT, who)], row)


async def code_attempts(request: Request, account_id: str) -> Counted:
    """Codes of the second factor. Whoever gets here knows the password."""
    return Counted([(PER_ADDRESS, (request.client_ip,)), (CODES, (account_id,))], (account_id, "codes"))


def link_attempts(request: Request, name: str) -> Counted:
    """Asking for a link to choose a new password."""
    name = name[:MAX_NAME_CHARS]
    return Counted([(LINKS_PER_ADDRESS, (request.client_ip,)), (LINKS, (name,))], (name, request.client_ip, "links"))


def wait_words(wait_s: int) -> str:
    """When to try again, as in `over 3 minuten`."""
    if wait_s <= 60:
        return "over een minuut"
    return f"over {math.ceil(wait_s / 60)} minuten"
