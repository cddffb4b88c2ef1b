"""How Meta writes a body and signs it."""

from __future__ import annotations

import hashlib
import hmac
import json
from typing import Any, Literal

Signature = Literal["good", "wrong", "missing", "sha1"]


def escaped(body: Any) -> bytes:
    """ASCII only: `\\u00e4` in small letters, two of them for an emoji, and `\\/` for a slash.

    A slash can stand nowhere in JSON but inside a string, so that replacing it is safe.
    """
    return json.dumps(body, ensure_ascii=True, separators=(",", ":")).replace("/", "\\/").encode("ascii")


def signature_headers(raw: bytes, secret: str, signature: Signature = "good") -> dict[str, str]:
    """The headers for the bytes `raw`; those of the other kinds must be refused."""
    sha1 = {"X-Hub-Signature": f"sha1={hmac.new(secret.encode(), raw, hashlib.sha1).hexdigest()}"}
    if signature == "missing":
        return {}
    if signature == "sha1":
        return sha1
    key = secret if signature == "good" else secret + "?"
    return {**sha1, "X-Hub-Signature-256": f"sha256={hmac.new(key.encode(), raw, hashlib.sha256).hexdigest()}"}


def secret_proof(secret: str, token: str, seconds: str = "") -> str:
    """The appsecret_proof of a token: the older form, or the one that holds for five minutes."""
    signed = f"{token}|{seconds}" if seconds else token
    return hmac.new(secret.encode(), signed.encode(), hashlib.sha256).hexdigest()
