"""Changing one's own password."""

from __future__ import annotations

from sanic import HTTPResponse, Request
from sanic.response import redirect

from bot.errors import NotSignedIn
from bot.store.accounts import MAX_PASSWORD_CHARS, MIN_PASSWORD_CHARS
from bot.web.access import signed_in
from bot.web.form_fields import field
from bot.web.pages import render
from bot.web.sign_in.attempts import TooManyAttempts, wait_words
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
    errors = _errors(new, field(request, "again")) or await _current_errors(request, field(request, "current"))
    if errors:
        return _page(request, errors, status=400)
    store, account = request.app.ctx.store, request.ctx.account
    await store.accounts.set_password(account.id, new)
    await store.sessions.end_all(account.id)
    response = redirect("/account/password?saved=1", status=303)
    await start_session(request, response, account)
    return response


def _errors(new: str, again: str) -> dict[str, str]:
    if len(new) < MIN_PASSWORD_CHARS:
        return {"new": f"Kies een wachtwoord van minstens {MIN_PASSWORD_CHARS} tekens."}
    if len(new) > MAX_PASSWORD_CHARS:
        return {"new": f"Kies een wachtwoord van hoogstens {MAX_PASSWORD_CHARS} tekens."}
    return {} if new == again else {"again": "Dit is niet hetzelfde als je nieuwe wachtwoord."}


async def _current_errors(request: Request, current: str) -> dict[str, str]:
    try:
        await check_password(request, request.ctx.account.id, current)
    except NotSignedIn:
        return {"current": "Dit is niet je huidige wachtwoord."}
    except TooManyAttempts as exc:
        return {"current": f"Je hebt dit te vaak geprobeerd. Probeer het {wait_words(exc.wait_s)} opnieuw."}
    return {}


def _page(request: Request, errors: dict[str, str], *, saved: bool = False, status: int = 200) -> HTTPResponse:
    return render(
        request,
        "sign_in/password.html",
        status=status,
        errors=errors,
        saved=saved,
        min_password_chars=MIN_PASSWORD_CHARS,
    )
