"""The duty roster: who is warned in the evening and the weekend."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field

import msgspec
import redis.asyncio as aioredis

from bot.errors import InvalidMessage, NotFound
from bot.store.connection import encode, translated_errors
from bot.store.keys import Keys
from bot.store.work import now_ms

KEPT_MS = 90 * 86_400_000
MAX_SHIFT_MS = 24 * 3_600_000
MAX_SHIFTS = 5_000


@dataclass(frozen=True)
class Shift:
    """account_id has duty from `from_ms` until before `until_ms`; department: empty for all of them."""

    account_id: str
    from_ms: int
    until_ms: int
    department: str = ""
    id: str = field(default_factory=lambda: uuid.uuid4().hex)

    def covers(self, department_id: str, at_ms: int) -> bool:
        """Whether it is for that department then."""
        return self.from_ms <= at_ms < self.until_ms and self.department in ("", department_id)


class DutyRoster:
    """Shifts; several people may have duty at once."""

    def __init__(self, client: aioredis.Redis, keys: Keys) -> None:
        self._client = client
        self._keys = keys

    async def add(self, shifts: Sequence[Shift]) -> None:
        """All or none. Raises InvalidMessage for one that ends before it begins, or too many."""
        if any(not 0 < one.until_ms - one.from_ms <= MAX_SHIFT_MS for one in shifts):
            raise InvalidMessage("shift: expected an end within 24 hours of its beginning")
        if not shifts:
            return
        await self._forget_old()
        with translated_errors():
            if await self._client.hlen(self._keys.duty) + len(shifts) > MAX_SHIFTS:
                raise InvalidMessage(f"shifts: expected at most {MAX_SHIFTS} in all")
            pipeline = self._client.pipeline(transaction=True)
            pipeline.hset(self._keys.duty, mapping={one.id: encode(one) for one in shifts})
            pipeline.zadd(self._keys.duty_ends, {one.id: one.until_ms for one in shifts})
            await pipeline.execute()

    async def get(self, shift_id: str) -> Shift:
        """Raises NotFound."""
        with translated_errors():
            record = await self._client.hget(self._keys.duty, shift_id)
        if not record:
            raise NotFound(f"no shift {shift_id!r}")
        return msgspec.json.decode(record, type=Shift)

    async def remove(self, shift_id: str) -> None:
        """Raises NotFound."""
        if not await self._remove([shift_id]):
            raise NotFound(f"no shift {shift_id!r}")

    async def between(self, from_ms: int, until_ms: int) -> list[Shift]:
        """Those with any time in it, by when they begin."""
        with translated_errors():
            ids = await self._client.zrangebyscore(self._keys.duty_ends, f"({from_ms}", "+inf")
            found = await self._client.hmget(self._keys.duty, ids) if ids else []
        shifts = [msgspec.json.decode(record, type=Shift) for record in found if record]
        return sorted(
            (one for one in shifts if one.from_ms < until_ms), key=lambda one: (one.from_ms, one.until_ms, one.id)
        )

    async def on_duty(self, department_id: str, at_ms: int) -> list[str]:
        """Ids of the accounts that have duty for a department then, each once."""
        shifts = await self.between(at_ms, at_ms + 1)
        return list(dict.fromkeys(one.account_id for one in shifts if one.covers(department_id, at_ms)))

    async def _forget_old(self) -> None:
        with translated_errors():
            old = await self._client.zrangebyscore(self._keys.duty_ends, "-inf", now_ms() - KEPT_MS)
        if old:
            await self._remove(old)

    async def _remove(self, shift_ids: Sequence[str]) -> int:
        pipeline = self._client.pipeline(transaction=True)
        pipeline.hdel(self._keys.duty, *shift_ids)
        pipeline.zrem(self._keys.duty_ends, *shift_ids)
        with translated_errors():
            removed, _ = await pipeline.execute()
        return int(removed)
