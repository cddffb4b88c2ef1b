"""The second factor of an account: an app's code (TOTP, RFC 6238), or one of ten recovery codes."""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
import time
from collections.abc import Awaitable, Callable
from typing import Literal

import pyotp
import redis.asyncio as aioredis
from cryptography.fernet import Fernet

from bot.errors import NotFound, NotSignedIn
from bot.store.connection import Script, translated_errors
from bot.store.keys import Keys

RECOVERY_CODES = 10
STEP_S = 30
SETUP_S = 900
# A clock may be a step off, RFC 6238 section 5.2.
_DRIFT = (0, -1, 1)
# Without what is easily misread: 0 O 1 I L. 10 of these are 49 bits.
_LETTERS = "ABCDEFGHJKMNPQRSTUVWXYZ23456789"


class SecondFactor:
    """Secrets are encrypted with the installation's secret, recovery codes hashed with it."""

    def __init__(self, client: aioredis.Redis, keys: Keys, secret: Callable[[], Awaitable[bytes]]) -> None:
        self._client = client
        self._keys = keys
        self._secret = secret
        self._use = Script(client, "totp_use", on_conversation=False)

    async def begin(self, account_id: str) -> str:
        """The secret (base32) for an app, the same one for a quarter of an hour; nothing changes until `confirm`."""
        key, fernet = self._keys.totp_setup(account_id), await self._fernet()
        with translated_errors():
            await self._client.set(key, fernet.encrypt(pyotp.random_base32().encode()), ex=SETUP_S, nx=True)
            known = await self._client.get(key)
        return fernet.decrypt(known).decode()

    async def confirm(self, account_id: str, code: str) -> list[str]:
        """The app gives right codes: it is on now. Returns recovery codes. Raises NotSignedIn, NotFound (too late)."""
        with translated_errors():
            encrypted = await self._client.get(self._keys.totp_setup(account_id))
        if not encrypted:
            raise NotFound("the setup took too long")
        step = _step_of((await self._fernet()).decrypt(encrypted).decode(), code)
        pipeline = self._client.pipeline(transaction=True)
        pipeline.delete(self._keys.totp_setup(account_id), self._keys.totp(account_id))
        pipeline.hset(self._keys.totp(account_id), mapping={"secret": encrypted, "last_step": step})
        codes = await self._write_codes(pipeline, account_id)
        with translated_errors():
            await pipeline.execute()
        return codes

    async def check(self, account_id: str, code: str) -> Literal["totp", "recovery"]:
        """Use a code, which then is worthless. Raises NotSignedIn: wrong, or used."""
        code = "".join(char for char in code.upper() if char.isalnum())
        if len(code) > 6:
            await self._use_recovery_code(account_id, code)
            return "recovery"
        with translated_errors():
            encrypted = await self._client.hget(self._keys.totp(account_id), "secret")
        if not encrypted:
            raise NotSignedIn("no second factor")
        step = _step_of((await self._fernet()).decrypt(encrypted).decode(), code)
        if not await self._use(keys=[self._keys.totp(account_id)], args=[step]):
            raise NotSignedIn("the code was used")
        return "totp"

    async def renew_codes(self, account_id: str) -> list[str]:
        """New recovery codes; the old ones are worthless."""
        pipeline = self._client.pipeline(transaction=True)
        codes = await self._write_codes(pipeline, account_id)
        with translated_errors():
            await pipeline.execute()
        return codes

    async def codes_left(self, account_id: str) -> int:
        with translated_errors():
            return int(await self._client.scard(self._keys.recovery_codes(account_id)))

    async def remove(self, account_id: str) -> None:
        """The password alone is enough again."""
        keys = (self._keys.totp, self._keys.totp_setup, self._keys.recovery_codes)
        with translated_errors():
            await self._client.delete(*(key(account_id) for key in keys))

    async def _use_recovery_code(self, account_id: str, code: str) -> None:
        digest = _hash(await self._secret(), account_id, code)
        with translated_errors():
            if not await self._client.srem(self._keys.recovery_codes(account_id), digest):
                raise NotSignedIn("wrong code")

    async def _write_codes(self, pipeline: aioredis.client.Pipeline, account_id: str) -> list[str]:
        """As in `KFTQ7-MPBX3`."""
        secret, key = await self._secret(), self._keys.recovery_codes(account_id)
        codes = ["".join(secrets.choice(_LETTERS) for _ in range(10)) for _ in range(RECOVERY_CODES)]
        pipeline.delete(key)
        pipeline.sadd(key, *(_hash(secret, account_id, code) for code in codes))
        return [f"{code[:5]}-{code[5:]}" for code in codes]

    async def _fernet(self) -> Fernet:
        key = hmac.digest(await self._secret(), b"totp", hashlib.sha256)
        return Fernet(base64.urlsafe_b64encode(key))


def setup_uri(secret: str, *, account: str, company: str) -> str:
    """What the QR code says to an app."""
    return pyotp.TOTP(secret).provisioning_uri(name=account, issuer_name=company)


def _step_of(secret: str, code: str) -> int:
    """The time step that the code is of. Raises NotSignedIn."""
    now, code = int(time.time()) // STEP_S, "".join(code.split())
    for drift in _DRIFT:
        if hmac.compare_digest(pyotp.TOTP(secret).generate_otp(now + drift).encode(), code.encode()):
            return now + drift
    raise NotSignedIn("wrong code")


def _hash(secret: bytes, account_id: str, code: str) -> str:
    return hmac.new(secret, f"recovery\0{account_id}\0{code}".encode(), hashlib.sha256).hexdigest()
