"""Who the shop's own site says that its customer is, and whether the site really said so; docs/how-to/identity.md."""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass

import msgspec

from bot.web.channels.intake import cleaned

MAX_ID_CHARS = 200
MAX_NAME_CHARS = 80
MAX_EMAIL_CHARS = 254


class CustomerClaim(msgspec.Struct):
    """What a page says. `hash` is of `id` alone: name and e-mail address are what the customer wants us to read."""

    id: str
    hash: str = ""
    name: str = ""
    email: str = ""


@dataclass(frozen=True)
class Identity:
    """A customer whose `id` our own site has signed; name and e-mail address may be empty."""

    id: str
    name: str
    email: str


def verified(claim: CustomerClaim, secret: str) -> Identity | None:
    """None unless the hash is HMAC-SHA256 of the id with `secret`, in hexadecimal. Without a secret nothing is."""
    signed = hmac.new(secret.encode(), claim.id.encode(errors="surrogatepass"), hashlib.sha256).hexdigest()
    given = claim.hash.strip().lower().encode(errors="surrogatepass")
    if not hmac.compare_digest(signed.encode(), given) or not secret:
        return None
    if not 1 <= len(claim.id) <= MAX_ID_CHARS or not claim.id.isprintable():
        return None
    return Identity(claim.id, _line(claim.name, MAX_NAME_CHARS), _line(claim.email, MAX_EMAIL_CHARS))


def _line(text: str, max_chars: int) -> str:
    one_line = " ".join(cleaned(text).split())
    return one_line[:max_chars] if one_line.isprintable() else ""
