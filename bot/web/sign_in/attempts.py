"""How often somebody may try a password. Counted in the memory of this process."""

from __future__ import annotations

import math
import time

from limits import RateLimitItem, parse
from limits.storage import MemoryStorage
from limits.strategies import FixedWindowRateLimiter
from sanic import Request

from bot.errors import TooManyRequests

# For one account from one address, and for all accounts from one address. Not for one account from everywhere: then a
# stranger could keep somebody out.
PER_ACCOUNT = parse("5 per 5 minutes")
PER_ADDRESS = parse("50 per 5 minutes")


class TooManyAttempts(TooManyRequests):
    """`wait_s` seconds until the next attempt."""

    def __init__(self, wait_s: int) -> None:
        super().__init__(f"too many attempts, next one in {wait_s} s")
        self.wait_s = wait_s


class Attempts:
    """Counts attempts before the password is looked at, so that ten at once are ten."""

    def __init__(self) -> None:
        self._limiter = FixedWindowRateLimiter(MemoryStorage())

    def count(self, account_id: str, address: str) -> None:
        """Raises TooManyAttempts; such an attempt doesn't count."""
        self._hit(PER_ADDRESS, address)
        self._hit(PER_ACCOUNT, address, account_id)

    def forget(self, account_id: str, address: str) -> None:
        """The password was right."""
        self._limiter.clear(PER_ACCOUNT, address, account_id)

    def _hit(self, limit: RateLimitItem, *who: str) -> None:
        if not self._limiter.hit(limit, *who):
            reset_at_s = self._limiter.get_window_stats(limit, *who).reset_time
            raise TooManyAttempts(max(1, math.ceil(reset_at_s - time.time())))


def attempts_of(request: Request) -> Attempts:
    """The counter of this app, made at the first use."""
    ctx = request.app.ctx
    if not hasattr(ctx, "attempts"):
        ctx.attempts = Attempts()
    attempts: Attempts = ctx.attempts
    return attempts


def wait_words(wait_s: int) -> str:
    """When to try again, as in `over 3 minuten`."""
    if wait_s <= 60:
        return "over een minuut"
    return f"over {math.ceil(wait_s / 60)} minuten"
