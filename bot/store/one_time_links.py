"""Links with which somebody chooses a password: an invitation, or because the old one is lost. Each works once."""

from __future__ import annotations

import secrets
import time
from collections.abc import Collection
from typing import Literal

import msgspec
import redis.asyncio as aioredis

from bot.errors import NotFound
from bot.store.connection import encode, translated_errors
from bot.store.keys import Keys
from bot.store.sessions import hash_token

Kind = Literal["invitation", "reset"]
LIFETIME_S: dict[Kind, int] = {"invitation": 7 * 86_400, "reset": 3600}


class OneTimeLink(msgspec.Struct, frozen=True):
    """ends_at_ms: when it stops working."""

    account_id: str
    kind: Kind
    ends_at_ms: int


class OneTimeLinks:
    """An account has one at most. Redis has the token's hash only, so a copy of the data opens nothing."""

    def __init__(self, client: aioredis.Redis, keys: Keys) -> None:
        self._client = client
        self._keys = keys

    async def make(self, account_id: str, kind: Kind, *, lifetime_s: int = 0) -> str:
        """The token of a new one; the one before stops working."""
        token = secrets.token_urlsafe(32)
        token_hash = hash_token(token)
        lifetime_s = lifetime_s or LIFETIME_S[kind]
        link = OneTimeLink(account_id, kind, int((time.time() + lifetime_s) * 1000))
        await self.revoke(account_id)
        pipeline = self._client.pipeline(transaction=True)
        pipeline.set(self._keys.link(token_hash), encode(link), ex=lifetime_s)
        pipeline.set(self._keys.account_link(account_id), token_hash, ex=lifetime_s)
        with translated_errors():
            await pipeline.execute()
        return token

    async def get(self, token: str) -> OneTimeLink:
        """Raises NotFound when it was used, replaced, or is too old."""
        with translated_errors():
            record = await self._client.get(self._keys.link(hash_token(token)))
        return _link(record)

    async def use(self, token: str) -> OneTimeLink:
        """As `get`, and nobody can use it again: of two at once one gets it."""
        with translated_errors():
            record = await self._client.getdel(self._keys.link(hash_token(token)))
        link = _link(record)
        with translated_errors():
            await self._client.delete(self._keys.account_link(link.account_id))
        return link

    async def revoke(self, account_id: str) -> None:
        """What the account has stops working; harmless without one."""
        with translated_errors():
            token_hash = await self._client.getdel(self._keys.account_link(account_id))
            if token_hash:
                await self._client.delete(self._keys.link(token_hash))

    async def of(self, account_ids: Collection[str]) -> dict[str, OneTimeLink]:
        """The link of each account that has one."""
        pipeline = self._client.pipeline(transaction=False)
        for account_id in account_ids:
            pipeline.get(self._keys.account_link(account_id))
        with translated_errors():
            hashes = [token_hash for token_hash in await pipeline.execute() if token_hash]
            records = await self._client.mget([self._keys.link(one) for one in hashes]) if hashes else []
        links = [_link(record) for record in records if record]
        return {link.account_id: link for link in links}


def _link(record: str | None) -> OneTimeLink:
    if not record:
        raise NotFound("no such link, or it was used, or it is too old")
    return msgspec.json.decode(record, type=OneTimeLink)
