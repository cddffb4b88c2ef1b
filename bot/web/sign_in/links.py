"""Choosing a password with a one-time link: an invitation, or because the old one is lost."""

from __future__ import annotations

from dataclasses import replace
from urllib.parse import quote

from sanic import HTTPResponse, Request
from sanic.response import redirect

from bot.errors import NotFound
from bot.model import Account
from bot.store.one_time_links import OneTimeLink
from bot.web.form_fields import field, line_field
from bot.web.pages import render
from bot.web.sign_in.account_form import name_errors
from bot.web.sign_in.attempts import TooManyAttempts, link_attempts
from bot.web.sign_in.mails import can_mail, mail_link
from bot.web.sign_in.openid_accounts import may_use_password
from bot.web.sign_in.password_rules import PASSWORD_HINT, password_problem


async def show_link(request: Request, token: str) -> HTTPResponse:
    """The form; looking at it uses nothing up, as mail programs look too."""
    try:
        link, account = await _opened(request, token)
    except NotFound:
        return _too_late(request)
    return _page(request, link, account, account.name)


async def choose_password(request: Request, token: str) -> HTTPResponse:
    """The account has this password from now on; who was signed in with the old one is out."""
    try:
        link, account = await _opened(request, token)
    except NotFound:
        return _too_late(request)
    if link.kind == "invitation":
        account = replace(account, name=line_field(request, "name"))
    password = field(request, "new")
    errors = name_errors(account.name) | await _password_errors(request, password, account)
    if errors:
        return _page(request, link, account, account.name, errors, status=400)
    store = request.app.ctx.store
    try:
        await store.links.use(token)
    except NotFound:
        return _too_late(request)
    await store.accounts.set_password(account.id, password)
    if link.kind == "invitation":
        await store.accounts.change(account.id, name=account.name)
    await store.sessions.end_all(account.id)
    what = "account.joined" if link.kind == "invitation" else "account.password_reset"
    await store.audit.note(account.id, what, account.id, address=request.client_ip)
    return redirect(f"/sign-in?said=password&name={quote(account.id)}", status=303)


async def show_forgotten(request: Request) -> HTTPResponse:
    """Where to ask for a link."""
    return render(request, "sign_in/forgotten.html", can_mail=can_mail(request), asked="asked" in request.args)


async def ask_for_link(request: Request) -> HTTPResponse:
    """A link goes to who is meant, if there is somebody; the answer is the same, and as fast, if there is not."""
    name, store = line_field(request, "name").lower(), request.app.ctx.store
    try:
        await store.attempts.count(link_attempts(request, name))
    except TooManyAttempts:
        await store.audit.note("", "account.link_asked", "", "too many attempts", address=request.client_ip)
    else:
        request.app.add_task(_send_links(request, name))
    return redirect("/sign-in/forgotten?asked=1", status=303)


async def _send_links(request: Request, name: str) -> None:
    if not can_mail(request):
        return
    store = request.app.ctx.store
    for account in await store.accounts.named(name):
        if _may_have_link(request, account):
            token = await store.links.make(account.id, "reset")
            await store.audit.note("", "account.link_asked", account.id, address=request.client_ip)
            await mail_link(request, account, "reset", token, time="een uur")


def _may_have_link(request: Request, account: Account) -> bool:
    """Who never chose a password is invited, or signs in elsewhere."""
    has_password = bool(account.password_hash) and may_use_password(request.app.ctx.settings, account.id)
    return has_password and bool(account.email) and not account.is_disabled


async def _opened(request: Request, token: str) -> tuple[OneTimeLink, Account]:
    """Raises NotFound, also when the account may not sign in any more."""
    store = request.app.ctx.store
    link: OneTimeLink = await store.links.get(token)
    account: Account = await store.accounts.get(link.account_id)
    if account.is_disabled:
        raise NotFound("the account is disabled")
    return link, account


async def _password_errors(request: Request, password: str, account: Account) -> dict[str, str]:
    problem = await password_problem(request, password, account)
    if problem:
        return {"new": problem}
    same = field(request, "again") == password
    return {} if same else {"again": "Dit is niet hetzelfde als je nieuwe wachtwoord."}


def _page(
    request: Request,
    link: OneTimeLink,
    account: Account,
    name: str,
    errors: dict[str, str] | None = None,
    status: int = 200,
) -> HTTPResponse:
    return render(
        request,
        "sign_in/link.html",
        status=status,
        link=link,
        whose=account,
        name=name,
        errors=errors or {},
        password_hint=PASSWORD_HINT,
    )


def _too_late(request: Request) -> HTTPResponse:
    return render(request, "sign_in/link_over.html", 404, can_mail=can_mail(request))
