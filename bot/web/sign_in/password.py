"""Changing one's own password."""

from __future__ import annotations

from sanic import HTTPResponse, Request
from sanic.response import redirect

from bot.errors import NotSignedIn
from bot.store.accounts import MIN_PASSWORD_CHARS
from bot.web.access import signed_in
from bot.web.audit.noting import note_deed
from bot.web.form_fields import field
from bot.web.pages import render
from bot.web.sign_in.attempts import TooManyAttempts, wait_words
from bot.web.sign_in.password_rules import PASSWORD_HINT, password_problem
from bot.web.sign_in.passwords import check_password
from bot.web.sign_in.session import start_session


@signed_in()
async def show_password(request: Request) -> HTTPResponse:
    """The form."""
    return _page(request, {}, saved="saved" in request.args)


@signed_in()
async def change_password(request: Request) -> HTTPResponse:
    """Set a new password and sign out every other browser of the account."""
    new = field(request, "new")
    errors = await _errors(request, new, field(request, "again"))
    errors = errors or await current_errors(request, field(request, "current"))
    if errors:
        return _page(request, errors, status=400)
    store, account = request.app.ctx.store, request.ctx.account
    await store.accounts.set_password(account.id, new)
    await store.sessions.end_all(account.id)
    await store.links.revoke(account.id)
    await note_deed(request, "account.password_changed", account.id)
    response = redirect("/account/password?saved=1", status=303)
    await start_session(request, response, account)
    return response


async def current_errors(request: Request, current: str) -> dict[str, str]:
    """Whether the person at the keyboard is the one who signed in; with no password there is nothing to ask for."""
    if not request.ctx.account.password_hash:
        return {}
    try:
        await check_password(request, request.ctx.account.id, current)
    except NotSignedIn:
        return {"current": "Dit is niet je huidige wachtwoord."}
    except TooManyAttempts as exc:
        return {"current": f"Je hebt dit te vaak geprobeerd. Probeer het {wait_words(exc.wait_s)} opnieuw."}
    return {}


async def _errors(request: Request, new: str, again: str) -> dict[str, str]:
    problem = await password_problem(request, new, request.ctx.account)
    if problem:
        return {"new": problem}
    return {} if new == again else {"again": "Dit is niet hetzelfde als je nieuwe wachtwoord."}


def _page(request: Request, errors: dict[str, str], *, saved: bool = False, status: int = 200) -> HTTPResponse:
    return render(
        request,
        "sign_in/password.html",
        status=status,
        errors=errors,
        saved=saved,
        password_hint=PASSWORD_HINT,
        min_password_chars=MIN_PASSWORD_CHARS,
    )
