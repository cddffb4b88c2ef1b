"""Signing in and out."""

from __future__ import annotations

from sanic import HTTPResponse, Request
from sanic.response import redirect

from bot.errors import NotSignedIn
from bot.model import Account
from bot.web.access import SESSION_COOKIE, account_of, is_https
from bot.web.form_fields import field, line_field
from bot.web.pages import render
from bot.web.sign_in.attempts import TooManyAttempts, wait_words
from bot.web.sign_in.next_page import local_path, start_page
from bot.web.sign_in.passwords import check_password

_WRONG = "Deze naam en dit wachtwoord horen niet bij elkaar."


async def show_sign_in(request: Request) -> HTTPResponse:
    """The form, or straight on for who is signed in already."""
    next_path = local_path(request.args.get("next", ""))
    account = await account_of(request)
    if account is not None:
        return redirect(next_path or start_page(account), status=303)
    return _page(request, next_path)


async def sign_in(request: Request) -> HTTPResponse:
    """Check name and password, and start a session."""
    name, next_path = line_field(request, "name").lower(), local_path(field(request, "next"))
    try:
        account = await check_password(request, name, field(request, "password"))
    except NotSignedIn:
        return _page(request, next_path, name, {"password": _WRONG}, status=401)
    except TooManyAttempts as exc:
        error = f"Je hebt te vaak een verkeerd wachtwoord ingevuld. Probeer het {wait_words(exc.wait_s)} opnieuw."
        response = _page(request, next_path, name, {"": error}, status=429)
        response.headers["retry-after"] = str(exc.wait_s)
        return response
    response = redirect(next_path or start_page(account), status=303)
    await start_session(request, response, account)
    return response


async def sign_out(request: Request) -> HTTPResponse:
    """End this browser's session; harmless without one."""
    token = request.cookies.get(SESSION_COOKIE)
    if token:
        await request.app.ctx.store.sessions.end(token)
    response = redirect("/sign-in", status=303)
    _set_cookie(request, response, "", max_age_s=0)
    return response


async def start_session(request: Request, response: HTTPResponse, account: Account) -> None:
    """Sign the browser that gets `response` in."""
    sessions = request.app.ctx.store.sessions
    _set_cookie(request, response, await sessions.start(account.id), max_age_s=sessions.lifetime_s)


def _set_cookie(request: Request, response: HTTPResponse, token: str, *, max_age_s: int) -> None:
    response.add_cookie(
        SESSION_COOKIE, token, max_age=max_age_s, secure=is_https(request), httponly=True, samesite="Lax"
    )


def _page(
    request: Request, next_path: str, name: str = "", errors: dict[str, str] | None = None, status: int = 200
) -> HTTPResponse:
    return render(request, "sign_in/sign_in.html", status=status, next_path=next_path, name=name, errors=errors or {})
