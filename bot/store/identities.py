"""Who an account is at the OpenID Connect provider, and the sign-ins there that are under way."""

from __future__ import annotations

import hashlib
import secrets
import time
from dataclasses import dataclass

import msgspec
import redis.asyncio as aioredis

from bot.errors import Conflict
from bot.model import Account
from bot.store.connection import encode, translated_errors
from bot.store.keys import Keys

FLOW_S = 600
# Only if nobody else linked it in between: ARGV[2] is what was read before, or empty.
_LINK = """
if (redis.call('HGET', KEYS[1], ARGV[1]) or '') ~= ARGV[2] then return 0 end
redis.call('HSET', KEYS[1], ARGV[1], ARGV[3])
return 1
"""


@dataclass(frozen=True)
class Identity:
    """The account that somebody at a provider has. account_created_at_ms: a later account of that id is another's."""

    issuer: str
    subject: str
    account_id: str
    account_created_at_ms: int
    linked_at_ms: int

    def is_of(self, account: Account) -> bool:
        """Whether it is this very account."""
        return (self.account_id, self.account_created_at_ms) == (account.id, account.created_at_ms)


class IdentityStore:
    """Identities by issuer and subject; never by e-mail address, which a provider may give to somebody else."""

    def __init__(self, client: aioredis.Redis, keys: Keys) -> None:
        self._client = client
        self._keys = keys
        self._link = client.register_script(_LINK)

    async def find(self, issuer: str, subject: str) -> Identity | None:
        """The account that was linked; it may be gone by now."""
        with translated_errors():
            record = await self._client.hget(self._keys.identities, _field(issuer, subject))
        return msgspec.json.decode(record, type=Identity) if record else None

    async def link(self, issuer: str, subject: str, account: Account, *, instead_of: Identity | None = None) -> None:
        """From now on it is this account's. instead_of: what `find` said. Raises Conflict if that changed."""
        identity = Identity(issuer, subject, account.id, account.created_at_ms, int(time.time() * 1000))
        args = [_field(issuer, subject), encode(instead_of) if instead_of else "", encode(identity)]
        with translated_errors():
            if not await self._link(keys=[self._keys.identities], args=args):
                raise Conflict("somebody else linked this identity")

    async def of(self, account: Account) -> list[Identity]:
        """Those that an account is linked to."""
        with translated_errors():
            records = await self._client.hvals(self._keys.identities)
        return [one for one in (msgspec.json.decode(record, type=Identity) for record in records) if one.is_of(account)]

    async def unlink(self, account: Account) -> None:
        """The account can't sign in there any more."""
        for one in await self.of(account):
            with translated_errors():
                await self._client.hdel(self._keys.identities, _field(one.issuer, one.subject))


@dataclass(frozen=True)
class OpenIdFlow:
    """One sign-in under way.

    browser: what the cookie of whoever began it says. link_to: id of the account that gets the identity.
    """

    browser: str
    nonce: str
    code_verifier: str
    redirect_uri: str
    next_path: str = ""
    link_to: str = ""


class OpenIdFlows:
    """Each can be taken once, so that nothing that comes back works twice."""

    def __init__(self, client: aioredis.Redis, keys: Keys) -> None:
        self._client = client
        self._keys = keys

    async def begin(self, flow: OpenIdFlow) -> str:
        """Keep it for FLOW_S; returns the state that it comes back with."""
        state = secrets.token_urlsafe(32)
        with translated_errors():
            await self._client.set(self._keys.openid(_hash(state)), encode(flow), ex=FLOW_S)
        return state

    async def take(self, state: str) -> OpenIdFlow | None:
        """The one that began with this state; None when it is unknown, over or taken."""
        with translated_errors():
            record = await self._client.getdel(self._keys.openid(_hash(state)))
        return msgspec.json.decode(record, type=OpenIdFlow) if record else None


def _field(issuer: str, subject: str) -> str:
    # An issuer is an address, so it has no space.
    return f"{issuer} {subject}"


def _hash(state: str) -> str:
    return hashlib.sha256(state.encode(errors="surrogateescape")).hexdigest()
