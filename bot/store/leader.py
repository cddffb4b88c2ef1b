"""One process of many does a thing, as long as it gives signs of life."""

from __future__ import annotations

import redis.asyncio as aioredis

from bot.store.connection import translated_errors

_LEAD = """
local leader = redis.call('GET', KEYS[1])
if leader and leader ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
return 1
"""
_RESIGN = "if redis.call('GET', KEYS[1]) == ARGV[1] then redis.call('DEL', KEYS[1]) end"


class Leader:
    """Who leads, in one key. A leader that stood still and comes back may be a second one for a moment."""

    def __init__(self, client: aioredis.Redis, key: str) -> None:
        self._key = key
        self._lead = client.register_script(_LEAD)
        self._resign = client.register_script(_RESIGN)

    async def lead(self, name: str, lease_ms: int) -> bool:
        """Become the leader, or stay it, for `lease_ms`; False while another process is."""
        with translated_errors():
            return bool(await self._lead(keys=[self._key], args=[name, lease_ms]))

    async def resign(self, name: str) -> None:
        """Another may lead at once."""
        with translated_errors():
            await self._resign(keys=[self._key], args=[name])
