"""Who did what: settings, accounts, answers, and what was done with customers' data. Only ever added to."""

from __future__ import annotations

from dataclasses import dataclass

import redis.asyncio as aioredis

from bot.store.connection import translated_errors
from bot.store.keys import Keys


@dataclass(frozen=True)
class AuditEntry:
    """what: `<thing>.<deed>`, as `account.created`. about: an id, of an account, a conversation, a department.

    details: a few words, without secrets or words of customers. at_ms: by Redis's clock.
    """

    id: str
    at_ms: int
    account_id: str
    what: str
    about: str
    details: str
    address: str


class AuditLog:
    """Newest last in Redis, newest first to readers."""

    def __init__(self, client: aioredis.Redis, keys: Keys, *, retention_days: int) -> None:
        self._client = client
        self._keys = keys
        self._lifetime_ms = retention_days * 86_400_000

    async def note(self, account_id: str, what: str, about: str = "", details: str = "", *, address: str = "") -> None:
        """account_id: who did it. address: where from, if that is known."""
        fields = {"account_id": account_id, "what": what, "about": about, "details": details, "address": address}
        with translated_errors():
            seconds, _ = await self._client.time()
            oldest = f"{max(0, int(seconds) * 1000 - self._lifetime_ms)}"
            await self._client.xadd(self._keys.audit, fields, minid=oldest, approximate=True)

    async def page(self, *, before: str = "", limit: int = 100) -> list[AuditEntry]:
        """The newest first; before: the id of the last one of the page before."""
        with translated_errors():
            end = f"({before}" if before else "+"
            found = await self._client.xrevrange(self._keys.audit, max=end, count=limit)
        return [AuditEntry(id=entry_id, at_ms=int(entry_id.partition("-")[0]), **fields) for entry_id, fields in found]
