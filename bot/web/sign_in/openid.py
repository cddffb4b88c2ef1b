"""Signing in at the company's OpenID Connect provider: the way there and back."""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets

import structlog
from sanic import HTTPResponse, Request
from sanic.response import redirect

from bot.errors import (
    BotError,
    Conflict,
    Forbidden,
    NotFound,
    NotSignedIn,
    StoreUnavailable,
    TooManyRequests,
    UpstreamError,
)
from bot.model import Account
from bot.store.attempts import Limit
from bot.store.identities import FLOW_S, OpenIdFlow
from bot.web.access import account_of, is_https, signed_in, site_url
from bot.web.pages import render
from bot.web.sign_in.next_page import local_path
from bot.web.sign_in.openid_accounts import HOW, account_of_person, link
from bot.web.sign_in.openid_provider import Provider
from bot.web.sign_in.session import let_in

log = structlog.get_logger()

COOKIE = "bot_openid"
PATH = "/sign-in/openid"
# Each begun sign-in is kept for a while.
BEGUN_PER_ADDRESS = Limit("openid", 60, 300)

_BROWSER = re.compile(r"[\w-]{43}")
# What a person reads, by what went wrong.
_WORDS: dict[type[BotError], str] = {
    UpstreamError: "De inlogdienst antwoordt nu niet. Probeer het over een paar minuten opnieuw.",
    NotSignedIn: "Deze inlogpoging is verlopen of niet gelukt. Probeer het opnieuw.",
    Forbidden: "Met dit account heb je hier geen toegang. Vraag je beheerder om je toegang te geven.",
    Conflict: "Dit account hoort hier al bij iemand anders. Vraag je beheerder om hulp.",
    TooManyRequests: "Dit is te vaak geprobeerd. Wacht een paar minuten en probeer het opnieuw.",
}


class Cancelled(NotSignedIn):
    """Somebody did not want to sign in after all, or the provider did not let them."""


_WORDS[Cancelled] = "Je bent daar niet ingelogd. Probeer het opnieuw, of vraag je beheerder om hulp."


async def begin(request: Request) -> HTTPResponse:
    """To the provider. `next` is where to go afterwards; with `link` a signed-in account gets the identity."""
    provider = _provider(request)
    try:
        if not await request.app.ctx.store.attempts.add(BEGUN_PER_ADDRESS, request.client_ip):
            raise TooManyRequests("too many sign-ins begun from this address")
        known = request.cookies.get(COOKIE) or ""
        browser = known if _BROWSER.fullmatch(known) else secrets.token_urlsafe(32)
        flow = OpenIdFlow(
            browser=_digest(browser),
            nonce=secrets.token_urlsafe(32),
            code_verifier=secrets.token_urlsafe(48),
            redirect_uri=f"{site_url(request)}{PATH}/callback",
            next_path=local_path(request.args.get("next", "")),
            link_to=await _link_to(request),
        )
        state = await request.app.ctx.store.openid_flows.begin(flow)
        response = redirect(await provider.sign_in_url(flow, state), status=303)
    except StoreUnavailable:
        raise
    except BotError as exc:
        return _refused(request, exc)
    # Lax: it must come along when the provider leads the browser back.
    response.add_cookie(
        COOKIE, browser, path=PATH, max_age=FLOW_S, secure=is_https(request), httponly=True, samesite="Lax"
    )
    return response


async def come_back(request: Request) -> HTTPResponse:
    """From the provider, with a code or an error; starts the session."""
    provider = _provider(request)
    try:
        flow = await _flow(request)
        await _check_answer(request, provider)
        person = await provider.person(flow, request.args.get("code", ""))
        store, settings = request.app.ctx.store, request.app.ctx.settings
        if flow.link_to:
            account = await account_of(request)
            if account is None or account.id != flow.link_to:
                raise NotSignedIn("signed out, or in as somebody else, in between")
            await link(store, person, account)
            await _note(request, account, "account.linked")
            return redirect("/account/openid?linked=1", status=303)
        account = await account_of_person(store, settings, person, address=request.client_ip)
    except StoreUnavailable:
        raise
    except BotError as exc:
        return _refused(request, exc)
    return await let_in(request, account, flow.next_path, how=HOW)


@signed_in()
async def show_openid(request: Request) -> HTTPResponse:
    """Whether the account is linked to an identity at the provider."""
    _provider(request)
    account = request.ctx.account
    linked = await request.app.ctx.store.identities.of(account)
    return render(
        request,
        "sign_in/openid_link.html",
        linked=max((one.linked_at_ms for one in linked), default=0),
        may_unlink=_may_unlink(request),
        done="linked" if "linked" in request.args else "unlinked" if "unlinked" in request.args else "",
    )


@signed_in()
async def unlink_openid(request: Request) -> HTTPResponse:
    """Only who has another way in."""
    _provider(request)
    if not _may_unlink(request):
        raise Forbidden("there is no other way to sign in to this account")
    await request.app.ctx.store.identities.unlink(request.ctx.account)
    await _note(request, request.ctx.account, "account.unlinked")
    return redirect("/account/openid?unlinked=1", status=303)


def _provider(request: Request) -> Provider:
    """Raises NotFound while that is off."""
    provider: Provider | None = request.app.ctx.openid
    if provider is None:
        raise NotFound("OpenID Connect is off; BOT_OIDC_ISSUER turns it on")
    return provider


async def _link_to(request: Request) -> str:
    """Id of the account that wants to be linked, if the request is about that."""
    if "link" not in request.args:
        return ""
    # Only from our own page: else another site could make somebody link what they did not mean to.
    if request.headers.get("sec-fetch-site", "same-origin") != "same-origin":
        raise Forbidden("linking begins on our own page")
    account = await account_of(request)
    if account is None:
        raise NotSignedIn("sign in first")
    return account.id


async def _flow(request: Request) -> OpenIdFlow:
    """What this browser began. Raises NotSignedIn for anybody else's, and for what came back before."""
    state = request.args.get("state", "")
    flow: OpenIdFlow | None = await request.app.ctx.store.openid_flows.take(state) if state else None
    if flow is None:
        raise NotSignedIn("no sign-in with this state is under way")
    if not hmac.compare_digest(_digest(request.cookies.get(COOKIE) or ""), flow.browser):
        raise NotSignedIn("another browser began this sign-in")
    return flow


async def _check_answer(request: Request, provider: Provider) -> None:
    issuer = request.args.get("iss")
    if issuer is not None and not await provider.issuer_is(issuer):
        raise NotSignedIn("the answer is another provider's")
    if "error" in request.args:
        raise Cancelled(f"the provider says {request.args.get('error', '')[:60]!r}")
    if not request.args.get("code"):
        raise NotSignedIn("no code came back")


def _refused(request: Request, exc: BotError) -> HTTPResponse:
    log.warning("openid.refused", code=exc.code, reason=str(exc))
    text = _WORDS.get(type(exc)) or next(words for kind, words in _WORDS.items() if isinstance(exc, kind))
    response = render(request, "sign_in/openid_refused.html", status=exc.status, text=text)
    response.headers["cache-control"] = "no-store"
    return response


def _may_unlink(request: Request) -> bool:
    return bool(request.ctx.account.password_hash) and request.app.ctx.settings.oidc_only != "on"


async def _note(request: Request, account: Account, what: str) -> None:
    await request.app.ctx.store.audit.note(account.id, what, account.id, HOW, address=request.client_ip)


def _digest(browser: str) -> str:
    return hashlib.sha256(browser.encode(errors="surrogateescape")).hexdigest()
