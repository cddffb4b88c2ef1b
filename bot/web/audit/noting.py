"""How a page notes in the audit log what was done with it."""

from __future__ import annotations

from sanic import Request


async def note_deed(request: Request, what: str, about: str = "", details: str = "") -> None:
    """Who is signed in did `what` to `about`, from this address; the words are those of AuditEntry."""
    await request.app.ctx.store.audit.note(request.ctx.account.id, what, about, details, address=request.client_ip)
