"""Which agents are here: when each was last seen, by Redis's clock."""

from __future__ import annotations

from collections.abc import Collection

import redis.asyncio as aioredis

from bot.store.connection import translated_errors
from bot.store.keys import Keys

# One clock for all web processes, and one call however many agents.
_SEEN = """
local time = redis.call('TIME')
local now_ms = time[1] * 1000 + math.floor(time[2] / 1000)
for _, account_id in ipairs(ARGV) do redis.call('ZADD', KEYS[1], now_ms, account_id) end
"""


_HERE = """
local time = redis.call('TIME')
local now_ms = time[1] * 1000 + math.floor(time[2] / 1000)
return redis.call('ZRANGEBYSCORE', KEYS[1], now_ms - tonumber(ARGV[1]), '+inf')
"""

# Whoever comes back later than that is new.
KEPT_MS = 90 * 86_400_000
_EXPIRED = """
local time = redis.call('TIME')
local now_ms = time[1] * 1000 + math.floor(time[2] / 1000)
return redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now_ms - tonumber(ARGV[1]))
"""


class AgentPresence:
    """Signs of life of agents. A claim is one too: change_owner.lua."""

    def __init__(self, client: aioredis.Redis, keys: Keys) -> None:
        self._client = client
        self._keys = keys
        self._seen = client.register_script(_SEEN)
        self._here = client.register_script(_HERE)
        self._expired = client.register_script(_EXPIRED)

    async def seen(self, account_ids: Collection[str]) -> None:
        """They are here now."""
        if account_ids:
            with translated_errors():
                await self._seen(keys=[self._keys.agents], args=list(account_ids))

    async def last_seen(self, account_ids: Collection[str]) -> dict[str, int]:
        """When each was last seen, in ms of Redis's clock; 0 for never."""
        if not account_ids:
            return {}
        wanted = list(account_ids)
        with translated_errors():
            found = await self._client.zmscore(self._keys.agents, wanted)
        return {account_id: int(score or 0) for account_id, score in zip(wanted, found, strict=True)}

    async def here(self, within_s: float) -> set[str]:
        """Who gave a sign of life so short ago, by Redis's clock."""
        with translated_errors():
            return set(await self._here(keys=[self._keys.agents], args=[int(within_s * 1000)]))

    async def remove_expired(self) -> None:
        """Forget who gave none for so long: programs whose token is gone, too."""
        with translated_errors():
            await self._expired(keys=[self._keys.agents], args=[KEPT_MS])

    async def set_away(self, account_id: str, away: bool) -> None:
        """The agent says that they are not there for a while, or are back: who is away gets nothing by itself."""
        change = self._client.sadd if away else self._client.srem
        with translated_errors():
            await change(self._keys.agents_away, account_id)

    async def is_away(self, account_id: str) -> bool:
        """Whether this one said so."""
        with translated_errors():
            return bool(await self._client.sismember(self._keys.agents_away, account_id))

    async def away(self) -> set[str]:
        """Who said so."""
        with translated_errors():
            return set(await self._client.smembers(self._keys.agents_away))

    async def forget(self, account_id: str) -> None:
        """The account is gone."""
        with translated_errors():
            await self._client.zrem(self._keys.agents, account_id)
            await self._client.srem(self._keys.agents_away, account_id)
