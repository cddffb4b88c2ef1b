"""Who did what: settings, accounts, answers, and what was done with customers' data. Only ever added to."""

from __future__ import annotations

from dataclasses import dataclass

import redis.asyncio as aioredis

from bot.errors import InvalidMessage
from bot.store.connection import translated_errors
from bot.store.conversations import ENTRY_ID
from bot.store.keys import Keys

# Of one search: who looks for what hardly ever happens goes on from there.
LOOKED_AT_ONCE = 500
MAX_LOOKED_AT = 20_000


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


@dataclass(frozen=True)
class AuditPage:
    """Some entries. before: where the next page begins, empty when there are no older ones."""

    entries: tuple[AuditEntry, ...]
    before: str


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

    async def search(self, *, account_id: str = "", kind: str = "", before: str = "", limit: int = 100) -> AuditPage:
        """The newest first, of what an account did or what was done to it, and of one kind: the `<thing>` of `what`.

        It looks at MAX_LOOKED_AT at most, so a page may have few entries, or none, and still have a next one.
        Raises InvalidMessage for a `before` that is no id.
        """
        if before and not ENTRY_ID.fullmatch(before):
            raise InvalidMessage("before: expected the id of an entry")
        found: list[AuditEntry] = []
        for _ in range(MAX_LOOKED_AT // LOOKED_AT_ONCE):
            read = await self.page(before=before, limit=LOOKED_AT_ONCE)
            for entry in read:
                before = entry.id
                if _fits(entry, account_id, kind):
                    found.append(entry)
                if len(found) == limit:
                    break
            if len(found) == limit:
                # Nothing behind the last one: then there is no next page.
                return AuditPage(tuple(found), before if await self.page(before=before, limit=1) else "")
            if len(read) < LOOKED_AT_ONCE:
                return AuditPage(tuple(found), "")
        return AuditPage(tuple(found), before)


def _fits(entry: AuditEntry, account_id: str, kind: str) -> bool:
    if account_id and account_id not in (entry.account_id, entry.about):
        return False
    return not kind or entry.what.partition(".")[0] == kind
