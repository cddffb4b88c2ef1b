"""Signing in in two steps: turning it on with an app, recovery codes, turning it off."""

from __future__ import annotations

import segno
from sanic import HTTPResponse, Request
from sanic.response import redirect

from bot.errors import Forbidden, NotFound, NotSignedIn
from bot.store.second_factor import setup_uri
from bot.web.access import signed_in, totp_is_required
from bot.web.audit.noting import note_deed
from bot.web.form_fields import field, line_field
from bot.web.pages import render
from bot.web.sign_in.attempts import CODES, TooManyAttempts, code_attempts, wait_words
from bot.web.sign_in.next_page import local_path, start_page
from bot.web.sign_in.password import current_errors

_WRONG_CODE = "Deze code klopt niet. Kijk of de klok van je telefoon goed staat en vul de nieuwste code in."
_TOO_LATE = "Dit duurde te lang. Hieronder staat een nieuwe sleutel; scan hem opnieuw."


@signed_in(before_totp=True)
async def show_totp(request: Request) -> HTTPResponse:
    """How to turn it on, or what can be done with it."""
    if request.ctx.account.has_totp:
        return await _on_page(request)
    return await _setup_page(request)


@signed_in(before_totp=True)
async def turn_on(request: Request) -> HTTPResponse:
    """With the first code that the app shows; the recovery codes are on the page that comes back, this once."""
    account, store = request.ctx.account, request.app.ctx.store
    if account.has_totp:
        return redirect("/account/totp", status=303)
    errors = await current_errors(request, field(request, "current"))
    codes: list[str] = []
    if not errors:
        codes, errors = await _confirm(request)
    if errors:
        return await _setup_page(request, errors, status=400)
    await store.accounts.change(account.id, has_totp=True)
    await note_deed(request, "account.totp_on", account.id)
    return _codes_page(request, codes)


@signed_in()
async def renew_codes(request: Request) -> HTTPResponse:
    """Ten new recovery codes; the old ones are worthless."""
    account, store = request.ctx.account, request.app.ctx.store
    errors = await current_errors(request, field(request, "current"))
    if not account.has_totp:
        return redirect("/account/totp", status=303)
    if errors:
        return await _on_page(request, errors, status=400)
    codes = await store.second_factor.renew_codes(account.id)
    await note_deed(request, "account.codes_renewed", account.id)
    return _codes_page(request, codes)


@signed_in()
async def turn_off(request: Request) -> HTTPResponse:
    """The password alone is enough again, unless the installation asks for more."""
    account, store = request.ctx.account, request.app.ctx.store
    if totp_is_required(request, account):
        raise Forbidden("BOT_REQUIRE_TOTP says that this account has a second factor")
    errors = await current_errors(request, field(request, "current"))
    if errors:
        return await _on_page(request, errors, status=400)
    await store.accounts.change(account.id, has_totp=False)
    await store.second_factor.remove(account.id)
    await note_deed(request, "account.totp_off", account.id)
    return redirect("/account/totp", status=303)


async def _confirm(request: Request) -> tuple[list[str], dict[str, str]]:
    """The recovery codes, or what is wrong."""
    account, store = request.ctx.account, request.app.ctx.store
    counted = await code_attempts(request, account.id)
    try:
        await store.attempts.count(counted)
        codes = await store.second_factor.confirm(account.id, line_field(request, "code"))
    except NotSignedIn:
        return [], {"code": _WRONG_CODE}
    except NotFound:
        return [], {"code": _TOO_LATE}
    except TooManyAttempts as exc:
        return [], {"code": f"Je hebt dit te vaak geprobeerd. Probeer het {wait_words(exc.wait_s)} opnieuw."}
    await store.attempts.forget(counted, CODES.name)
    return codes, {}


async def _setup_page(request: Request, errors: dict[str, str] | None = None, status: int = 200) -> HTTPResponse:
    account, ctx = request.ctx.account, request.app.ctx
    secret = await ctx.store.second_factor.begin(account.id)
    uri = setup_uri(secret, account=account.id, company=ctx.settings.company)
    return render(
        request,
        "sign_in/totp_setup.html",
        status=status,
        errors=errors or {},
        # A picture in the page itself: no other host ever sees the secret.
        picture=segno.make(uri, error="m").svg_data_uri(scale=5, border=4, dark="#000", light="#fff"),
        secret=" ".join(secret[i : i + 4] for i in range(0, len(secret), 4)),
        is_required=totp_is_required(request, account),
        asks_password=bool(account.password_hash),
        next_path=local_path(request.args.get("next", "")),
    )


async def _on_page(request: Request, errors: dict[str, str] | None = None, status: int = 200) -> HTTPResponse:
    account = request.ctx.account
    return render(
        request,
        "sign_in/totp.html",
        status=status,
        errors=errors or {},
        codes_left=await request.app.ctx.store.second_factor.codes_left(account.id),
        is_required=totp_is_required(request, account),
        asks_password=bool(account.password_hash),
    )


def _codes_page(request: Request, codes: list[str]) -> HTTPResponse:
    next_path = local_path(field(request, "next")) or start_page(request.ctx.account)
    return render(request, "sign_in/recovery_codes.html", codes=codes, next_path=next_path)
