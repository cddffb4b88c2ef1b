"""Whether a webhook is Chatwoot's: newer versions sign theirs (chatwoot/chatwoot#13573)."""

from __future__ import annotations

import hashlib
import hmac
import time
from collections.abc import Mapping

# A copy of an old call is no call. Its clock and ours may differ a little.
FRESH_S = 300


def is_signed(secret: str, headers: Mapping[str, str], body: bytes) -> bool:
    """Whether `X-Chatwoot-Signature` is `sha256=` and the hex HMAC of `<X-Chatwoot-Timestamp>.<body>`, and the time (in
    seconds) is now."""
    sent_at = headers.get("x-chatwoot-timestamp") or ""
    if not (sent_at.isascii() and sent_at.isdigit()) or abs(time.time() - int(sent_at[:12])) > FRESH_S:
        return False
    expected = hmac.new(secret.encode(), sent_at.encode() + b"." + body, hashlib.sha256).hexdigest()
    given = (headers.get("x-chatwoot-signature") or "").encode(errors="replace")
    return hmac.compare_digest(given, f"sha256={expected}".encode())
