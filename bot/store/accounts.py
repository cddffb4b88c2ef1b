"""Who may sign in, and who is signed in."""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
import re
import secrets
import time
from dataclasses import dataclass, replace
from pathlib import Path

import msgspec
import redis.asyncio as aioredis
from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from bot.errors import Conflict, InvalidMessage, NotFound, NotSignedIn
from bot.model import AGENT_PREFIX, META_INBOX, Account, Role
from bot.store.connection import encode, translated_errors
from bot.store.keys import Keys

ROLES: tuple[Role, ...] = ("agent", "editor", "manager", "admin")
MIN_PASSWORD_CHARS = 10
MAX_PASSWORD_CHARS = 200
_ACCOUNT_ID = re.compile(r"[a-z0-9][a-z0-9._-]{1,39}")
# Who acts with the bearer token of BOT_API_TOKEN (bot/web/access.py); a person of that name would be taken for it.
_RESERVED_IDS = frozenset({"api", META_INBOX.removeprefix(AGENT_PREFIX)})
_FIRST_LOGIN_FILE = "first-login.json"

# Change an account only if it is still there.
_CHANGE = """
if redis.call('HEXISTS', KEYS[1], ARGV[1]) == 0 then return 0 end
redis.call('HSET', KEYS[1], ARGV[1], ARGV[2])
return 1
"""

_hasher = PasswordHasher()
# Verified when the account doesn't exist, so that a stranger can't measure which ones do.
_NOBODY = _hasher.hash(secrets.token_urlsafe())


@dataclass(frozen=True)
class FirstLogin:
    """The login made for a new installation, until its password is changed."""

    name: str
    password: str


class AccountStore:
    """Accounts, with Argon2id password hashes."""

    def __init__(self, client: aioredis.Redis, keys: Keys) -> None:
        self._client = client
        self._keys = keys
        self._change = client.register_script(_CHANGE)

    async def get(self, account_id: str) -> Account:
        """Raises NotFound."""
        with translated_errors():
            record = await self._client.hget(self._keys.accounts, account_id)
        if not record:
            raise NotFound(f"no account {account_id!r}")
        return msgspec.json.decode(record, type=Account)

    async def all(self) -> list[Account]:
        """Every account, by id."""
        with translated_errors():
            found = await self._client.hvals(self._keys.accounts)
        return sorted((msgspec.json.decode(record, type=Account) for record in found), key=lambda one: one.id)

    async def create(self, account_id: str, name: str, roles: tuple[Role, ...], password: str = "") -> Account:
        """Without a password nobody can sign in yet: a link lets them choose one.

        Raises InvalidMessage for a bad id, name, role or password, Conflict if the account exists.
        """
        if not _ACCOUNT_ID.fullmatch(account_id):
            raise InvalidMessage("account id: expected 2 to 40 of a-z 0-9 . _ -")
        if account_id in _RESERVED_IDS:
            raise InvalidMessage(f"account id: {account_id!r} is reserved")
        if not 1 <= len(name.strip()) <= 60:
            raise InvalidMessage("name: expected 1 to 60 characters")
        if not roles or not set(roles) <= set(ROLES):
            raise InvalidMessage(f"roles: expected one or more of {', '.join(ROLES)}")
        password_hash = await hash_password(password) if password else ""
        account = Account(account_id, name.strip(), roles, password_hash, int(time.time() * 1000))
        with translated_errors():
            if not await self._client.hsetnx(self._keys.accounts, account_id, encode(account)):
                raise Conflict(f"account {account_id!r} exists")
        return account

    async def set_password(self, account_id: str, password: str) -> None:
        """Change the password; sessions are the caller's to end. Raises NotFound, InvalidMessage."""
        account = await self.get(account_id)
        changed = replace(account, password_hash=await hash_password(password))
        with translated_errors():
            if not await self._change(keys=[self._keys.accounts], args=[account_id, encode(changed)]):
                raise NotFound(f"no account {account_id!r}")

    async def remove(self, account_id: str) -> None:
        """Raises NotFound."""
        with translated_errors():
            if not await self._client.hdel(self._keys.accounts, account_id):
                raise NotFound(f"no account {account_id!r}")

    async def verify(self, account_id: str, password: str) -> Account:
        """The account, if the password is right. Raises NotSignedIn; takes as long for an unknown account."""
        account: Account | None
        try:
            account = await self.get(account_id)
        except NotFound:
            account = None
        try:
            known = (account.password_hash if account else "") or _NOBODY
            await asyncio.to_thread(_hasher.verify, known, password[:MAX_PASSWORD_CHARS])
        except (VerificationError, InvalidHashError):
            account = None
        if account is None or not account.password_hash:
            raise NotSignedIn("wrong name or password")
        return account


class SessionStore:
    """Signed-in browsers. Redis has the token's hash only, so a copy of the data signs nobody in."""

    def __init__(self, client: aioredis.Redis, keys: Keys, *, session_hours: int) -> None:
        self._client = client
        self._keys = keys
        self.lifetime_s = session_hours * 3600

    async def start(self, account_id: str) -> str:
        """A new token for the browser's cookie."""
        token = secrets.token_urlsafe(32)
        token_hash = _hash_token(token)
        pipeline = self._client.pipeline(transaction=True)
        pipeline.set(self._keys.session(token_hash), account_id, ex=self.lifetime_s)
        pipeline.sadd(self._keys.account_sessions(account_id), token_hash)
        pipeline.expire(self._keys.account_sessions(account_id), self.lifetime_s)
        with translated_errors():
            await pipeline.execute()
        return token

    async def account_id(self, token: str) -> str | None:
        """Whose session it is, or None when it is unknown or over."""
        with translated_errors():
            found = await self._client.get(self._keys.session(_hash_token(token)))
        return str(found) if found else None

    async def end(self, token: str) -> None:
        """Sign this browser out."""
        with translated_errors():
            await self._client.delete(self._keys.session(_hash_token(token)))

    async def end_all(self, account_id: str) -> None:
        """Sign every browser of the account out."""
        with translated_errors():
            for token_hash in await self._client.smembers(self._keys.account_sessions(account_id)):
                await self._client.delete(self._keys.session(token_hash))
            await self._client.delete(self._keys.account_sessions(account_id))


async def hash_password(password: str) -> str:
    """Argon2id hash, made beside the event loop. Raises InvalidMessage for a password that is too short or too long."""
    if not MIN_PASSWORD_CHARS <= len(password) <= MAX_PASSWORD_CHARS:
        raise InvalidMessage(f"password: expected {MIN_PASSWORD_CHARS} to {MAX_PASSWORD_CHARS} characters")
    return await asyncio.to_thread(_hasher.hash, password)


async def ensure_first_login(accounts: AccountStore, var: Path) -> FirstLogin | None:
    """Make an admin for a new installation, or return the one made before as long as its password still is that one.

    The password stands in a file in `var` that only its owner may read; the file goes at the next start after the
    password was changed.
    """
    file = var / _FIRST_LOGIN_FILE
    if not await accounts.all():
        login = FirstLogin("beheer", secrets.token_urlsafe(12))
        await accounts.create(login.name, "Beheer", ROLES, login.password)
        _write_private(file, json.dumps({"name": login.name, "password": login.password}))
        return login
    if not file.exists():
        return None
    login = FirstLogin(**json.loads(file.read_text()))
    try:
        await accounts.verify(login.name, login.password)
    except NotSignedIn:
        file.unlink()
        return None
    return login


def _write_private(file: Path, text: str) -> None:
    file.unlink(missing_ok=True)
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as stream:
        stream.write(text)


def _hash_token(token: str) -> str:
    return hashlib.sha256(token.encode(errors="surrogateescape")).hexdigest()
