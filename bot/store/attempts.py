"""How often somebody may try something: a password, a code, a link, a token. Counted in Redis, for all processes."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Sequence
from dataclasses import dataclass

import redis.asyncio as aioredis

from bot.errors import TooManyRequests
from bot.store.connection import Script, translated_errors
from bot.store.keys import Keys

# Attempts in a row without a right one: so many are free, then each waits twice as long as the one before.
FREE_IN_A_ROW = 10
FIRST_WAIT_S = 15
LONGEST_WAIT_S = 3600
ROW_REMEMBERED_S = 86_400


@dataclass(frozen=True)
class Limit:
    """At most `amount` in `seconds`, counted from the first."""

    name: str
    amount: int
    seconds: int


class TooManyAttempts(TooManyRequests):
    """`wait_s` seconds until the next attempt."""

    def __init__(self, wait_s: int) -> None:
        super().__init__(f"too many attempts, next one in {wait_s} s")
        self.wait_s = wait_s


@dataclass(frozen=True)
class Counted:
    """limits: each with whom it counts. row: whose attempts in a row slow them down."""

    limits: Sequence[tuple[Limit, tuple[str, ...]]]
    row: tuple[str, ...]


class AttemptStore:
    """Counts attempts before they are looked at, so that ten at once are ten."""

    def __init__(self, client: aioredis.Redis, keys: Keys) -> None:
        self._client = client
        self._keys = keys
        self._count = Script(client, "attempt", on_conversation=False)

    async def count(self, counted: Counted) -> None:
        """Raises TooManyAttempts; such an attempt doesn't count."""
        keys = [self._key(limit.name, who) for limit, who in counted.limits]
        amounts = [number for limit, _ in counted.limits for number in (limit.amount, limit.seconds)]
        wait_ms = await self._count(
            keys=[*keys, self._key("row", counted.row)],
            args=[*amounts, FREE_IN_A_ROW, FIRST_WAIT_S, LONGEST_WAIT_S, ROW_REMEMBERED_S],
        )
        if wait_ms:
            raise TooManyAttempts(max(1, math.ceil(int(wait_ms) / 1000)))

    async def forget(self, counted: Counted, *names: str) -> None:
        """It was right: the row is over, and what the limits of these names counted."""
        keys = [self._key(limit.name, who) for limit, who in counted.limits if limit.name in names]
        with translated_errors():
            await self._client.delete(*keys, self._key("row", counted.row))

    async def add(self, limit: Limit, *who: str) -> bool:
        """Count one, whatever came of it; False when it is beyond the limit."""
        key = self._key(limit.name, who)
        pipeline = self._client.pipeline(transaction=True)
        pipeline.set(key, 0, ex=limit.seconds, nx=True)
        pipeline.incr(key)
        with translated_errors():
            _, count = await pipeline.execute()
        return int(count) <= limit.amount

    async def is_reached(self, limit: Limit, *who: str) -> bool:
        """Whether a next one would be beyond the limit."""
        with translated_errors():
            return int(await self._client.get(self._key(limit.name, who)) or 0) >= limit.amount

    def _key(self, name: str, who: tuple[str, ...]) -> str:
        # Hashed, as it may be anything that a stranger typed, a password in the wrong field too.
        digest = hashlib.sha256("\0".join(who).encode(errors="surrogateescape")).hexdigest()
        return self._keys.attempts(name, digest[:32])
