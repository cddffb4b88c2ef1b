"""Who is signed in, with which browsers."""

from __future__ import annotations

import hashlib
import secrets
import time
from dataclasses import dataclass

import redis.asyncio as aioredis

from bot.errors import NotFound
from bot.store.connection import Script, translated_errors
from bot.store.events import Events
from bot.store.keys import Keys

_ID_CHARS = 16


@dataclass(frozen=True)
class Session:
    """A signed-in browser. id: names it to its owner, and signs nobody in. browser, address: as at signing in."""

    id: str
    started_at_ms: int
    seen_at_ms: int
    browser: str
    address: str


class SessionStore:
    """Signed-in browsers. Redis has the token's hash only, so a copy of the data signs nobody in."""

    def __init__(
        self, client: aioredis.Redis, keys: Keys, events: Events, *, session_hours: int, idle_minutes: int
    ) -> None:
        self._client = client
        self._keys = keys
        self._events = events
        self._seen = Script(client, "session_seen", on_conversation=False)
        self.lifetime_s = session_hours * 3600
        self.idle_s = min(idle_minutes * 60, self.lifetime_s)

    async def start(self, account_id: str, *, browser: str = "", address: str = "") -> str:
        """A new token for the browser's cookie."""
        await self._forget_over(account_id)
        token = secrets.token_urlsafe(32)
        token_hash = hash_token(token)
        now_ms = int(time.time() * 1000)
        record = {
            "account_id": account_id,
            "started_at_ms": now_ms,
            "seen_at_ms": now_ms,
            "ends_at_ms": now_ms + self.lifetime_s * 1000,
            "browser": browser,
            "address": address,
        }
        pipeline = self._client.pipeline(transaction=True)
        pipeline.hset(self._keys.session(token_hash), mapping=record)
        pipeline.expire(self._keys.session(token_hash), self.idle_s)
        pipeline.sadd(self._keys.account_sessions(account_id), token_hash)
        pipeline.expire(self._keys.account_sessions(account_id), self.lifetime_s)
        with translated_errors():
            await pipeline.execute()
        return token

    async def account_id(self, token: str, *, is_used: bool = True) -> str | None:
        """Whose session it is, or None when it is unknown or over. is_used: by a person; else it goes on being idle."""
        key = self._keys.session(hash_token(token))
        found = await self._seen(keys=[key], args=[self.idle_s * 1000, int(is_used)])
        return str(found) if found else None

    async def all(self, account_id: str) -> list[Session]:
        """The account's sessions, the one used last first."""
        key = self._keys.account_sessions(account_id)
        with translated_errors():
            hashes = sorted(await self._client.smembers(key))
            pipeline = self._client.pipeline(transaction=False)
            for token_hash in hashes:
                pipeline.hgetall(self._keys.session(token_hash))
            records = dict(zip(hashes, await pipeline.execute(), strict=True))
            over = [token_hash for token_hash, record in records.items() if not record]
            if over:
                await self._client.srem(key, *over)
        found = [_session(token_hash, record) for token_hash, record in records.items() if record]
        return sorted(found, key=lambda session: -session.seen_at_ms)

    async def end(self, token: str) -> None:
        """Sign this browser out."""
        await self._end(hash_token(token))

    async def end_one(self, account_id: str, session_id: str) -> None:
        """Sign one browser of the account out. Raises NotFound."""
        with translated_errors():
            hashes = await self._client.smembers(self._keys.account_sessions(account_id))
        for token_hash in hashes:
            if session_id and token_hash[:_ID_CHARS] == session_id:
                await self._end(token_hash)
                return
        raise NotFound("no such session")

    async def end_all(self, account_id: str, *, but: str = "") -> None:
        """Sign every browser of the account out; but: the token of the one that stays."""
        kept = hash_token(but) if but else ""
        with translated_errors():
            for token_hash in await self._client.smembers(self._keys.account_sessions(account_id)):
                if token_hash != kept:
                    await self._end(token_hash)

    async def _forget_over(self, account_id: str) -> None:
        """Take those that ended by themselves out of the account's list, which every sign-in keeps alive."""
        key = self._keys.account_sessions(account_id)
        with translated_errors():
            hashes = sorted(await self._client.smembers(key))
            pipeline = self._client.pipeline(transaction=False)
            for token_hash in hashes:
                pipeline.exists(self._keys.session(token_hash))
            is_there = await pipeline.execute()
            over = [token_hash for token_hash, there in zip(hashes, is_there, strict=True) if not there]
            if over:
                await self._client.srem(key, *over)

    async def tell_over(self, account_id: str, session_id: str = "") -> None:
        """What the browser of a session has open ends now; without a session, all that the account has open."""
        await self._events.publish("signed_out", account_id=account_id, session_id=session_id)

    async def _end(self, token_hash: str) -> None:
        with translated_errors():
            account_id = await self._client.hget(self._keys.session(token_hash), "account_id")
            await self._client.delete(self._keys.session(token_hash))
            if account_id:
                await self._client.srem(self._keys.account_sessions(account_id), token_hash)
        if account_id:
            await self.tell_over(account_id, token_hash[:_ID_CHARS])


def session_id(token: str) -> str:
    """The `id` of the session that a token is of."""
    return hash_token(token)[:_ID_CHARS]


def hash_token(token: str) -> str:
    return hashlib.sha256(token.encode(errors="surrogateescape")).hexdigest()


def _session(token_hash: str, record: dict[str, str]) -> Session:
    return Session(
        id=token_hash[:_ID_CHARS],
        started_at_ms=int(record["started_at_ms"]),
        seen_at_ms=int(record["seen_at_ms"]),
        browser=record["browser"],
        address=record["address"],
    )
