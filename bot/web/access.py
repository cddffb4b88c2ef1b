"""Who may do what: sessions, roles, bearer tokens, and where an unsafe request may come from."""

from __future__ import annotations

import hmac
from collections.abc import Callable, Coroutine
from functools import wraps
from typing import Any
from urllib.parse import quote

from sanic import HTTPResponse, Request
from sanic.response import redirect

from bot.errors import Forbidden, NotFound, NotSignedIn
from bot.model import Account, Role
from bot.web.bearer_tokens import API_ACCOUNT as API_ACCOUNT

SESSION_COOKIE = "bot_session"
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})

Handler = Callable[..., Coroutine[Any, Any, HTTPResponse]]


def signed_in(*roles: Role, before_totp: bool = False) -> Callable[[Handler], Handler]:
    """Only for accounts with one of `roles` (any account if none is named); `request.ctx.account` is who.

    before_totp: also for who must set up the second factor first (BOT_REQUIRE_TOTP).
    """

    def decorate(handler: Handler) -> Handler:
        @wraps(handler)
        async def guarded(request: Request, *args: Any, **kwargs: Any) -> HTTPResponse:
            account = await account_of(request)
            if account is None:
                if request.method not in SAFE_METHODS or wants_fragment(request):
                    raise NotSignedIn("sign in first")
                return redirect(f"/sign-in?next={quote(_path_and_query(request), safe='')}", status=303)
            if not before_totp and lacks_totp(request, account):
                return _to_totp(request)
            _admit(request, account, roles)
            return await handler(request, *args, **kwargs)

        return guarded

    return decorate


def bearer(*roles: Role) -> Callable[[Handler], Handler]:
    """Only with a bearer token of the API, or a session, with one of `roles`; `request.ctx.account` is who."""

    def decorate(handler: Handler) -> Handler:
        @wraps(handler)
        async def guarded(request: Request, *args: Any, **kwargs: Any) -> HTTPResponse:
            header = request.headers.get("authorization")
            if header is not None:
                account = await request.app.ctx.bearer_tokens.account(header, request.client_ip)
                _check_role(account, roles)
                request.ctx.account = account
            else:
                account = await account_of(request)
                if account is None:
                    raise NotSignedIn("expected the header 'Authorization: Bearer ...', or a session")
                if lacks_totp(request, account):
                    raise Forbidden("set up the second factor first")
                _admit(request, account, roles)
            return await handler(request, *args, **kwargs)

        return guarded

    return decorate


def rest_channel(handler: Handler) -> Handler:
    """Only with the REST channel's bearer token; 404 while that is unset."""

    @wraps(handler)
    async def guarded(request: Request, *args: Any, **kwargs: Any) -> HTTPResponse:
        token = request.app.ctx.settings.rest_token
        if not token:
            raise NotFound("the REST channel is off; BOT_REST_TOKEN turns it on")
        _require_token(request, token)
        return await handler(request, *args, **kwargs)

    return guarded


async def account_of(request: Request) -> Account | None:
    """The account whose session cookie comes with the request; kept for the rest of the request."""
    if getattr(request.ctx, "account", None) is None:
        request.ctx.account = await _load_account(request)
    account: Account | None = request.ctx.account
    return account


async def _load_account(request: Request) -> Account | None:
    token = request.cookies.get(SESSION_COOKIE)
    if not token:
        return None
    store = request.app.ctx.store
    # What a page asks for by itself does not keep a session that nobody uses.
    is_used = not wants_fragment(request) or (request.method not in SAFE_METHODS and not _tells_by_itself(request))
    account_id = await store.sessions.account_id(token, is_used=is_used)
    if account_id is None:
        return None
    try:
        account: Account = await store.accounts.get(account_id)
    except NotFound:
        return None  # removed while signed in
    return None if account.is_disabled else account


def _tells_by_itself(request: Request) -> bool:
    """An open page says every so often that somebody looks at the conversation."""
    return str(request.path).endswith("/viewing")


def totp_is_required(request: Request, account: Account) -> bool:
    """Whether BOT_REQUIRE_TOTP asks for a second factor; not of who signs in without a password of ours."""
    rule = request.app.ctx.settings.require_totp
    return bool(account.password_hash) and (rule == "all" or (rule == "admins" and "admin" in account.roles))


def lacks_totp(request: Request, account: Account) -> bool:
    """Whether the account has to set up its second factor before anything else."""
    return totp_is_required(request, account) and not account.has_totp


def _to_totp(request: Request) -> HTTPResponse:
    if request.method not in SAFE_METHODS or wants_fragment(request):
        raise Forbidden("set up the second factor first")
    return redirect(f"/account/totp?next={quote(_path_and_query(request), safe='')}", status=303)


def check_origin(request: Request) -> None:
    """Refuse an unsafe request that another site's page made. Raises Forbidden.

    A browser says where a request comes from in Sec-Fetch-Site or Origin, and a page can't change either. A request
    with neither is from a program, which has no cookies of ours to misuse.
    """
    if request.method in SAFE_METHODS:
        return
    site = request.headers.get("sec-fetch-site")
    if site is not None and site not in ("same-origin", "none"):
        raise Forbidden("the request comes from another site's page")
    origin = request.headers.get("origin")
    if origin is not None and not is_own_origin(request, origin):
        raise Forbidden("the request comes from another origin")


def is_own_origin(request: Request, origin: str) -> bool:
    """Whether `origin` is the address under which the browser sees us."""
    public_url = request.app.ctx.settings.public_url
    if public_url:
        return bool(origin == public_url.rstrip("/"))
    host = request.headers.get("host")
    return origin in (f"http://{host}", f"https://{host}")


def site_url(request: Request) -> str:
    """The address under which the browser sees us, without a slash at the end."""
    public_url: str = request.app.ctx.settings.public_url
    return public_url.rstrip("/") or f"{request.scheme}://{request.host}"


def is_https(request: Request) -> bool:
    """Whether the browser sees us over https."""
    public_url: str = request.app.ctx.settings.public_url
    return public_url.startswith("https://") if public_url else request.scheme == "https"


def wants_fragment(request: Request) -> bool:
    """Whether a script asks for a part of a page, or an event stream, instead of a page."""
    mode = request.headers.get("sec-fetch-mode")
    return (mode is not None and mode != "navigate") or "x-fragment" in request.headers


def _admit(request: Request, account: Account, roles: tuple[Role, ...]) -> None:
    """Note that the account is here. Raises Forbidden."""
    _check_role(account, roles)
    request.app.ctx.presence.seen(account.id)


def _check_role(account: Account, roles: tuple[Role, ...]) -> None:
    if roles and not set(roles) & set(account.roles):
        raise Forbidden(f"needs the role {' or '.join(roles)}")


def _require_token(request: Request, token: str) -> None:
    scheme, _, given = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token or not hmac.compare_digest(_bytes(given.strip()), token.encode()):
        raise NotSignedIn("expected the header 'Authorization: Bearer ...' with a valid token")


def _bytes(header: str) -> bytes:
    """A header's value as it came: Sanic keeps bytes that are no UTF-8 as surrogates."""
    return header.encode(errors="surrogateescape")


def _path_and_query(request: Request) -> str:
    return f"{request.path}?{request.query_string}" if request.query_string else str(request.path)
