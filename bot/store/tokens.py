"""Tokens for the API: one for each program that uses it."""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
import time
from dataclasses import dataclass, field, replace

import msgspec
import redis.asyncio as aioredis

from bot.errors import Conflict, InvalidMessage, NotFound, NotSignedIn
from bot.model import PROGRAM_NAME, TOKEN_PREFIX, Account, Role
from bot.store.accounts import ROLES
from bot.store.connection import encode, translated_errors
from bot.store.keys import Keys

MAX_NAME_CHARS = 60
MAX_DAYS = 3650
# Of one account, and of the installation: more are a mistake.
MAX_TOKENS = 50
# When it was last used is known to the minute.
USED_EVERY_MS = 60_000
DAY_MS = 86_400_000

# Programs that look for secrets in code know one of ours by this form: docs/how-to/api-tokens.md.
_FORM = re.compile(r"vb_([0-9a-f]{12})_([0-9A-Za-z]{40})")
_LETTERS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"

# Not for one that was revoked in between.
_NOTE_USE = """
if redis.call('HEXISTS', KEYS[1], ARGV[1]) == 0 then return 0 end
return redis.call('HSET', KEYS[2], ARGV[1], ARGV[2])
"""


@dataclass(frozen=True)
class ApiToken:
    """What is known of a token; the token itself is not.

    account_id: whose it is, so that it may at most what they may; empty for one of the installation, which outlives
    whoever made it. expires_at_ms: 0 for never. used_at_ms: to the minute, 0 for never.
    """

    id: str
    name: str
    role: Role
    account_id: str
    created_by: str
    created_at_ms: int
    expires_at_ms: int = 0
    secret_hash: str = field(default="", repr=False)
    used_at_ms: int = 0

    @property
    def account(self) -> Account:
        """Who acts when a program does with it: a program, so that nobody takes it for a human."""
        return Account(TOKEN_PREFIX + self.id, PROGRAM_NAME, (self.role,))

    def is_over(self, at_ms: int) -> bool:
        """Whether its time has come."""
        return 0 < self.expires_at_ms <= at_ms


class TokenStore:
    """Tokens by id. Redis has the hash of each, so a copy of the data lets nobody in."""

    def __init__(self, client: aioredis.Redis, keys: Keys) -> None:
        self._client = client
        self._keys = keys
        self._note_use = client.register_script(_NOTE_USE)

    async def create(
        self, name: str, role: Role, *, created_by: str, account_id: str = "", days: int = 0
    ) -> tuple[ApiToken, str]:
        """A new one, and its text, which is nowhere else. days: how long it works, 0 for ever.

        Raises InvalidMessage, and Conflict when there are MAX_TOKENS already.
        """
        _check(name, role, days)
        if len(await self.of(account_id)) >= MAX_TOKENS:
            raise Conflict(f"there are {MAX_TOKENS} tokens already")
        now_ms = int(time.time() * 1000)
        secret = "".join(secrets.choice(_LETTERS) for _ in range(40))
        token = ApiToken(
            id=secrets.token_hex(6),
            name=name.strip(),
            role=role,
            account_id=account_id,
            created_by=created_by,
            created_at_ms=now_ms,
            expires_at_ms=now_ms + days * DAY_MS if days else 0,
            secret_hash=_hash(secret),
        )
        with translated_errors():
            await self._client.hset(self._keys.api_tokens, token.id, encode(token))
        return token, f"vb_{token.id}_{secret}"

    async def verify(self, text: str) -> ApiToken:
        """The token that `text` is. Raises NotSignedIn for none of ours, and for one whose time has come."""
        form = _FORM.fullmatch(text)
        known = await self._find(form[1]) if form else None
        # Also without one: so that it takes as long.
        right = hmac.compare_digest(known.secret_hash if known else _hash(""), _hash(form[2] if form else text))
        now_ms = int(time.time() * 1000)
        if known is None or not right or known.is_over(now_ms):
            raise NotSignedIn("expected the header 'Authorization: Bearer ...' with a valid token")
        if now_ms - known.used_at_ms >= USED_EVERY_MS:
            with translated_errors():
                await self._note_use(keys=[self._keys.api_tokens, self._keys.api_tokens_used], args=[known.id, now_ms])
        return known

    async def get(self, token_id: str) -> ApiToken:
        """Raises NotFound."""
        found = await self._find(token_id)
        if found is None:
            raise NotFound(f"no token {token_id!r}")
        return found

    async def all(self) -> list[ApiToken]:
        """Every token, the newest first, also those whose time has come."""
        pipeline = self._client.pipeline(transaction=False)
        pipeline.hvals(self._keys.api_tokens)
        pipeline.hgetall(self._keys.api_tokens_used)
        with translated_errors():
            records, used = await pipeline.execute()
        tokens = [msgspec.json.decode(record, type=ApiToken) for record in records]
        tokens.sort(key=lambda token: (token.created_at_ms, token.id), reverse=True)
        return [replace(token, used_at_ms=int(used.get(token.id, 0))) for token in tokens]

    async def of(self, account_id: str) -> list[ApiToken]:
        """Those of an account; those of the installation for an empty one."""
        return [token for token in await self.all() if token.account_id == account_id]

    async def revoke(self, token_id: str) -> None:
        """From now on it lets nobody in. Raises NotFound."""
        pipeline = self._client.pipeline(transaction=True)
        pipeline.hdel(self._keys.api_tokens, token_id)
        pipeline.hdel(self._keys.api_tokens_used, token_id)
        with translated_errors():
            removed, _ = await pipeline.execute()
        if not removed:
            raise NotFound(f"no token {token_id!r}")

    async def _find(self, token_id: str) -> ApiToken | None:
        pipeline = self._client.pipeline(transaction=False)
        pipeline.hget(self._keys.api_tokens, token_id)
        pipeline.hget(self._keys.api_tokens_used, token_id)
        with translated_errors():
            record, used = await pipeline.execute()
        return replace(msgspec.json.decode(record, type=ApiToken), used_at_ms=int(used or 0)) if record else None


def _check(name: str, role: Role, days: int) -> None:
    if not 1 <= len(name.strip()) <= MAX_NAME_CHARS:
        raise InvalidMessage(f"name: expected 1 to {MAX_NAME_CHARS} characters")
    if role not in ROLES:
        raise InvalidMessage(f"role: expected one of {', '.join(ROLES)}")
    if not 0 <= days <= MAX_DAYS:
        raise InvalidMessage(f"days: expected 0 to {MAX_DAYS}")


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode(errors="surrogateescape")).hexdigest()
