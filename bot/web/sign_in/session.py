"""Signing in and out: first name and password, then a code for who has a second factor."""

from __future__ import annotations

import hashlib
from urllib.parse import urlencode

from sanic import HTTPResponse, Request
from sanic.response import redirect

from bot.errors import NotFound, NotSignedIn
from bot.model import Account
from bot.web.access import SESSION_COOKIE, account_of, is_https
from bot.web.form_fields import field, line_field
from bot.web.pages import render
from bot.web.sign_in.attempts import CODES, TooManyAttempts, code_attempts, wait_words
from bot.web.sign_in.browsers import browser_words
from bot.web.sign_in.devices import remember_device
from bot.web.sign_in.mails import can_mail
from bot.web.sign_in.next_page import local_path, start_page
from bot.web.sign_in.openid_accounts import may_use_password
from bot.web.sign_in.passwords import check_password
from bot.web.sign_in.signed import sign, verified

# Between the two steps: the browser has shown the right password.
TICKET_COOKIE = "bot_sign_in"
TICKET_S = 600
_MAX_NAME_CHARS = 254
_PURPOSE = "sign-in"
_WRONG = "Deze naam en dit wachtwoord horen niet bij elkaar."
_WRONG_CODE = "Deze code klopt niet, of is al gebruikt. Wacht op de volgende code en vul die in."
_NOTICES = {
    "password": "Je wachtwoord is ingesteld. Log nu in.",
    "out": "Je bent overal uitgelogd.",
}


async def show_sign_in(request: Request) -> HTTPResponse:
    """The form, or straight on for who is signed in already."""
    next_path = local_path(request.args.get("next", ""))
    account = await account_of(request)
    if account is not None:
        return redirect(next_path or start_page(account), status=303)
    return _page(request, next_path, request.args.get("name", "")[:_MAX_NAME_CHARS])


async def sign_in(request: Request) -> HTTPResponse:
    """Check name and password, and start a session or ask for the code."""
    name, next_path = line_field(request, "name").lower(), local_path(field(request, "next"))
    if not may_use_password(request.app.ctx.settings, name):
        error = f"Hier log je in met {request.app.ctx.settings.oidc_name}, en niet met een wachtwoord."
        return _page(request, next_path, name, {"": error}, status=403)
    try:
        account = await check_password(request, name, field(request, "password"))
    except NotSignedIn:
        return _page(request, next_path, name, {"password": _WRONG}, status=401)
    except TooManyAttempts as exc:
        error = f"Je hebt te vaak een verkeerd wachtwoord ingevuld. Probeer het {wait_words(exc.wait_s)} opnieuw."
        return _too_many(_page(request, next_path, name, {"": error}, status=429), exc)
    if not account.has_totp:
        return await let_in(request, account, next_path)
    response = redirect(_with_next("/sign-in/code", next_path), status=303)
    ticket = await sign(request, _PURPOSE, [account.id, _fingerprint(account)], lifetime_s=TICKET_S)
    _set_cookie(request, response, TICKET_COOKIE, ticket, max_age_s=TICKET_S)
    return response


async def show_code(request: Request) -> HTTPResponse:
    """The form for the code, for who has shown the password."""
    next_path = local_path(request.args.get("next", ""))
    if await _halfway(request) is None:
        return redirect(_with_next("/sign-in", next_path), status=303)
    return _code_page(request, next_path)


async def check_code(request: Request) -> HTTPResponse:
    """Start a session if the code is right."""
    next_path = local_path(field(request, "next"))
    account = await _halfway(request)
    if account is None:
        return redirect(_with_next("/sign-in", next_path), status=303)
    try:
        used = await use_code(request, account, line_field(request, "code"))
    except NotSignedIn:
        return _code_page(request, next_path, {"code": _WRONG_CODE}, status=401)
    except TooManyAttempts as exc:
        error = f"Je hebt te vaak een verkeerde code ingevuld. Probeer het {wait_words(exc.wait_s)} opnieuw."
        return _too_many(_code_page(request, next_path, {"": error}, status=429), exc)
    return await let_in(request, account, next_path, how=f"password and {used}")


async def use_code(request: Request, account: Account, code: str) -> str:
    """Use a code of the second factor: `totp` or `recovery`. Raises NotSignedIn, TooManyAttempts; both are noted."""
    store = request.app.ctx.store
    counted = await code_attempts(request, account.id)
    try:
        await store.attempts.count(counted)
        used: str = await store.second_factor.check(account.id, code)
    except NotSignedIn:
        await store.audit.note("", "sign_in.failed", account.id, "wrong code", address=request.client_ip)
        raise
    except TooManyAttempts:
        await store.audit.note("", "sign_in.failed", account.id, "too many codes", address=request.client_ip)
        raise
    await store.attempts.forget(counted, CODES.name)
    return used


async def sign_out(request: Request) -> HTTPResponse:
    """End this browser's session; harmless without one."""
    token = request.cookies.get(SESSION_COOKIE)
    if token:
        await request.app.ctx.store.sessions.end(token)
    response = redirect("/sign-in", status=303)
    end_session_cookie(request, response)
    return response


async def let_in(request: Request, account: Account, next_path: str = "", *, how: str = "password") -> HTTPResponse:
    """Whoever showed who they are goes on, signed in. how: with what, for the audit log."""
    store = request.app.ctx.store
    response = redirect(next_path or start_page(account), status=303)
    before = request.cookies.get(SESSION_COOKIE)
    if before:
        await store.sessions.end(before)
    await start_session(request, response, account)
    await remember_device(request, response, account.id)
    _set_cookie(request, response, TICKET_COOKIE, "", max_age_s=0)
    await store.audit.note(account.id, "sign_in.succeeded", account.id, how, address=request.client_ip)
    return response


async def start_session(request: Request, response: HTTPResponse, account: Account) -> None:
    """Sign the browser that gets `response` in."""
    sessions = request.app.ctx.store.sessions
    browser = browser_words(request.headers.get("user-agent", ""))
    token = await sessions.start(account.id, browser=browser, address=request.client_ip)
    _set_cookie(request, response, SESSION_COOKIE, token, max_age_s=sessions.lifetime_s)


def end_session_cookie(request: Request, response: HTTPResponse) -> None:
    """The browser forgets its session."""
    _set_cookie(request, response, SESSION_COOKIE, "", max_age_s=0)


async def _halfway(request: Request) -> Account | None:
    """Who has shown the password, a short time ago, with this browser."""
    parts = await verified(request, _PURPOSE, request.cookies.get(TICKET_COOKIE))
    if not parts:
        return None
    try:
        account: Account = await request.app.ctx.store.accounts.get(parts[0])
    except NotFound:
        return None
    usable = account.has_totp and not account.is_disabled and parts[1] == _fingerprint(account)
    return account if usable else None


def _with_next(path: str, next_path: str) -> str:
    return f"{path}?{urlencode({'next': next_path})}" if next_path else path


def _fingerprint(account: Account) -> str:
    """Changes with the password."""
    return hashlib.sha256(account.password_hash.encode()).hexdigest()[:16]


def _set_cookie(request: Request, response: HTTPResponse, name: str, value: str, *, max_age_s: int) -> None:
    response.add_cookie(name, value, max_age=max_age_s, secure=is_https(request), httponly=True, samesite="Lax")


def _too_many(response: HTTPResponse, exc: TooManyAttempts) -> HTTPResponse:
    response.headers["retry-after"] = str(exc.wait_s)
    return response


def _page(
    request: Request, next_path: str, name: str = "", errors: dict[str, str] | None = None, status: int = 200
) -> HTTPResponse:
    return render(
        request,
        "sign_in/sign_in.html",
        status=status,
        next_path=next_path,
        name=name,
        errors=errors or {},
        said=_NOTICES.get(request.args.get("said", ""), ""),
        can_mail=can_mail(request),
    )


def _code_page(
    request: Request, next_path: str, errors: dict[str, str] | None = None, status: int = 200
) -> HTTPResponse:
    return render(request, "sign_in/code.html", status=status, next_path=next_path, errors=errors or {})
