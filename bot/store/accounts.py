"""Who may sign in."""

from __future__ import annotations

import asyncio
import base64
import json
import os
import re
import secrets
import time
import unicodedata
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import redis.asyncio as aioredis
from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from bot.errors import Conflict, InvalidMessage, LastAdmin, NotFound, NotSignedIn
from bot.model import AGENT_PREFIX, CHATWOOT, META_INBOX, Account, Role
from bot.store.connection import Script, encode, translated_errors
from bot.store.keys import Keys

ROLES: tuple[Role, ...] = ("agent", "editor", "manager", "admin")
# NIST SP 800-63B rev. 4 asks for 15 where the password is all there is, for 8 with a second factor, and advises against
# rules about which characters. What else a password must not be is in bot/web/sign_in/password_rules.py.
MIN_PASSWORD_CHARS = 12
MAX_PASSWORD_CHARS = 200
_ACCOUNT_ID = re.compile(r"[a-z0-9][a-z0-9._-]{1,39}")
# Who acts with the bearer token of BOT_API_TOKEN, in Meta's inbox or in Chatwoot, for whom a person of that name would
# be taken; and what is a page below /accounts.
RESERVED_IDS = frozenset({"api", "tokens", META_INBOX.removeprefix(AGENT_PREFIX), CHATWOOT.removeprefix(AGENT_PREFIX)})
_FIRST_LOGIN_FILE = "first-login.json"

_hasher = PasswordHasher()


def _unmatched_hash() -> str:
    """A hash that no password has: random bytes in its place, so that starting a process costs no hashing."""
    salt, digest = (
        base64.b64encode(secrets.token_bytes(length)).decode().rstrip("=")
        for length in (_hasher.salt_len, _hasher.hash_len)
    )
    cost = f"m={_hasher.memory_cost},t={_hasher.time_cost},p={_hasher.parallelism}"
    return f"$argon2id$v=19${cost}${salt}${digest}"


# Verified when the account doesn't exist, so that a stranger can't measure which ones do.
_NOBODY = _unmatched_hash()


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
        self._change = Script(client, "account_change", on_conversation=False)

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

    async def active(self) -> list[Account]:
        """As `all`, without who is disabled: whom work can go to."""
        return [one for one in await self.all() if not one.is_disabled]

    async def named(self, name: str) -> list[Account]:
        """Who has this id or this e-mail address, in any case."""
        wanted = name.casefold()
        return [one for one in await self.all() if wanted and wanted in (one.id, one.email.casefold())]

    async def create(
        self, account_id: str, name: str, roles: tuple[Role, ...], password: str = "", *, email: str = ""
    ) -> Account:
        """Without a password nobody can sign in yet: a link lets them choose one.

        Raises InvalidMessage for a bad id, name, role or password, Conflict if the account exists.
        """
        if not _ACCOUNT_ID.fullmatch(account_id):
            raise InvalidMessage("account id: expected 2 to 40 of a-z 0-9 . _ -")
        if account_id in RESERVED_IDS:
            raise InvalidMessage(f"account id: {account_id!r} is reserved")
        _check_name(name)
        _check_roles(roles)
        password_hash = await hash_password(password) if password else ""
        account = Account(account_id, name.strip(), roles, password_hash, int(time.time() * 1000), email)
        with translated_errors():
            if not await self._client.hsetnx(self._keys.accounts, account_id, encode(account)):
                raise Conflict(f"account {account_id!r} exists")
        return account

    async def change(self, account_id: str, **fields: Any) -> Account:
        """Change these fields of the account and no others. Raises NotFound, InvalidMessage, LastAdmin."""
        if "name" in fields:
            _check_name(fields["name"])
        if "roles" in fields:
            _check_roles(fields["roles"])
        return await self._changed(account_id, msgspec.json.encode(fields).decode())

    async def set_password(self, account_id: str, password: str) -> None:
        """Change the password; sessions are the caller's to end. Raises NotFound, InvalidMessage."""
        await self.change(account_id, password_hash=await hash_password(password))

    async def remove(self, account_id: str) -> None:
        """With its second factor and link; sessions are the caller's to end. Raises NotFound, LastAdmin."""
        own = (self._keys.totp, self._keys.totp_setup, self._keys.recovery_codes)
        await self._changed(account_id, "", *(key(account_id) for key in own))

    async def verify(self, account_id: str, password: str) -> Account:
        """The account, if the password is right. Raises NotSignedIn; takes as long for an unknown account."""
        account: Account | None
        try:
            account = await self.get(account_id)
        except NotFound:
            account = None
        try:
            known = (account.password_hash if account else "") or _NOBODY
            await asyncio.to_thread(_hasher.verify, known, normalised(password)[:MAX_PASSWORD_CHARS])
        except (VerificationError, InvalidHashError):
            account = None
        if account is None or not account.password_hash or account.is_disabled:
            raise NotSignedIn("wrong name or password")
        return account

    async def _changed(self, account_id: str, fields: str, *own: str) -> Account:
        record = await self._change(keys=[self._keys.accounts, *own], args=[account_id, fields])
        if record == "gone":
            raise NotFound(f"no account {account_id!r}")
        if record == "last admin":
            raise LastAdmin("it is the last admin who can sign in with a password")
        return msgspec.json.decode(record, type=Account)


def _check_name(name: str) -> None:
    if not 1 <= len(name.strip()) <= 60:
        raise InvalidMessage("name: expected 1 to 60 characters")


def _check_roles(roles: tuple[Role, ...]) -> None:
    if not roles or not set(roles) <= set(ROLES):
        raise InvalidMessage(f"roles: expected one or more of {', '.join(ROLES)}")


def normalised(password: str) -> str:
    """The same characters are the same bytes, whatever keyboard made them (NIST SP 800-63B section 3.1.1.2)."""
    return unicodedata.normalize("NFC", password)


async def hash_password(password: str) -> str:
    """Argon2id hash, made beside the event loop. Raises InvalidMessage for a password that is too short or too long."""
    password = normalised(password)
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
