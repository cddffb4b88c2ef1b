"""Checking passwords."""

from __future__ import annotations

from sanic import Request

from bot.errors import NotFound, NotSignedIn
from bot.model import Account
from bot.web.sign_in.attempts import PER_ACCOUNT, TooManyAttempts, password_attempts


async def check_password(request: Request, account_id: str, password: str) -> Account:
    """The account, if the password is right. Raises NotSignedIn, TooManyAttempts; both are in the audit log."""
    store = request.app.ctx.store
    counted = await password_attempts(request, account_id)
    try:
        await store.attempts.count(counted)
        account: Account = await store.accounts.verify(account_id, password)
    except NotSignedIn:
        await _note_failure(request, account_id, "wrong password")
        raise
    except TooManyAttempts:
        await _note_failure(request, account_id, "too many attempts")
        raise
    await store.attempts.forget(counted, PER_ACCOUNT.name)
    return account


async def _note_failure(request: Request, account_id: str, why: str) -> None:
    """An unknown name is left out: people type passwords in the wrong field."""
    store = request.app.ctx.store
    try:
        known = (await store.accounts.get(account_id)).id
    except NotFound:
        known = ""
    await store.audit.note("", "sign_in.failed", known, why if known else "unknown name", address=request.client_ip)
