"""Meta's signature over a request: HMAC-SHA256 with the App Secret, of the bytes as they came."""

from __future__ import annotations

import hashlib
import hmac
import re

HEADER = "x-hub-signature-256"
_FORM = re.compile(r"sha256=([0-9a-f]{64})")


class Signature:
    """What a request's header promises. Feed it the body piece by piece: a large one then blocks nobody at its end."""

    def __init__(self, header: str | None, secret: str) -> None:
        """header: of HEADER. The older SHA-1 header is not looked at: on its own it proves too little."""
        match = _FORM.fullmatch(header or "")
        self._given = match[1] if match else ""
        self._body = hmac.new(secret.encode(), digestmod=hashlib.sha256)

    @property
    def is_there(self) -> bool:
        """Whether there is anything to compare with; without it the body needs no reading."""
        return bool(self._given)

    def update(self, piece: bytes) -> None:
        """The next bytes of the body."""
        self._body.update(piece)

    def is_right(self) -> bool:
        """Whether Meta signed all that `update` got; takes as long for a wrong one as for the right one."""
        return hmac.compare_digest(self._given, self._body.hexdigest())
