"""The audit log's page, and the same as a file."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from sanic import HTTPResponse, Request

from bot.web.access import signed_in
from bot.web.audit import csv_file, words
from bot.web.audit.listing import Row, rows
from bot.web.names import names_by_id
from bot.web.pages import render
from bot.web.rights import MANAGERS
from bot.web.spreadsheet import CSV_TYPE, csv_headers

SHOWN = 100
# Of one read for the file.
AT_ONCE = 500
MAX_FILTER_CHARS = 60

managers_only = signed_in(*MANAGERS)


@dataclass(frozen=True)
class AuditFilter:
    """account_id: who did it or to whom; kind: a key of KINDS. Empty for all."""

    account_id: str = ""
    kind: str = ""

    @classmethod
    def read(cls, request: Request) -> AuditFilter:
        """From the address of the page."""
        account_id = request.args.get("account", "")[:MAX_FILTER_CHARS]
        return cls(account_id, request.args.get("kind", "")[:MAX_FILTER_CHARS])

    def url(self, path: str, **more: str) -> str:
        """The address of a page with this filter."""
        values = {"account": self.account_id, "kind": self.kind, **more}
        query = urlencode({name: value for name, value in values.items() if value})
        return f"{path}?{query}" if query else path


@dataclass(frozen=True)
class AuditPage:
    """What audit.html shows."""

    rows: list[Row]
    filter: AuditFilter
    accounts: dict[str, str]
    """Whom to choose from: id to name."""
    kinds: dict[str, str]
    csv_url: str
    older_url: str
    """Of the next page, empty on the last one."""
    is_first: bool


@managers_only
async def show_audit(request: Request) -> HTTPResponse:
    """The newest first; `account`, `kind` and `before` say which."""
    store, wanted = request.app.ctx.store, AuditFilter.read(request)
    before = request.args.get("before", "")
    found = await store.audit.search(account_id=wanted.account_id, kind=wanted.kind, before=before, limit=SHOWN)
    names = await names_by_id(store)
    gone = {wanted.account_id: wanted.account_id} if wanted.account_id else {}
    page = AuditPage(
        rows=rows(found.entries, names),
        filter=wanted,
        accounts={**gone, **names},
        kinds={**({wanted.kind: wanted.kind} if wanted.kind else {}), **words.KINDS},
        csv_url=wanted.url("/audit.csv"),
        older_url=wanted.url("/audit", before=found.before) if found.before else "",
        is_first=not before,
    )
    return render(request, "audit/audit.html", page=page)


@managers_only  # type: ignore[arg-type]  # answers in pieces, so it returns nothing
async def export_audit(request: Request) -> None:
    """All that the filter leaves, however much it is."""
    store, wanted = request.app.ctx.store, AuditFilter.read(request)
    names, timezone = await names_by_id(store), ZoneInfo(request.app.ctx.settings.timezone)
    found = await store.audit.search(account_id=wanted.account_id, kind=wanted.kind, limit=AT_ONCE)
    response = await request.respond(content_type=CSV_TYPE, headers=csv_headers("logboek.csv"))
    await response.send(csv_file.heading())
    await response.send(csv_file.lines(rows(found.entries, names), timezone))
    while found.before:
        found = await store.audit.search(
            account_id=wanted.account_id, kind=wanted.kind, before=found.before, limit=AT_ONCE
        )
        if found.entries:
            await response.send(csv_file.lines(rows(found.entries, names), timezone))
    await response.eof()
