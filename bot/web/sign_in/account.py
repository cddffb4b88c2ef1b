"""One account, for admins: what it is, and what can be done with it."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field

from sanic import HTTPResponse, Request
from sanic.response import redirect

from bot.errors import Forbidden, LastAdmin
from bot.model import Account
from bot.store.one_time_links import OneTimeLink
from bot.store.sessions import Session
from bot.web.access import signed_in
from bot.web.audit.noting import note_deed
from bot.web.pages import render
from bot.web.rights import ADMINS, AGENTS
from bot.web.sign_in.account_form import AccountForm
from bot.web.sign_in.accounts import ROLE_HELP, NewLink, new_link

_NOTICES = {
    "saved": "De gegevens zijn opgeslagen.",
    "out": "Dit account is overal uitgelogd.",
    "totp": "Inloggen in twee stappen staat uit voor dit account.",
    "disabled": "Dit account is uitgeschakeld. Open gesprekken staan weer in de wachtrij.",
    "enabled": "Dit account kan weer inloggen.",
    "revoked": "De link werkt niet meer.",
}
_LAST_ADMIN = "Dit is de laatste beheerder. Maak eerst iemand anders beheerder."


@dataclass(frozen=True)
class AccountPage:
    """What account.html shows."""

    whose: Account
    form: AccountForm
    """As it was sent, or as the account is."""
    link: OneTimeLink | None
    """A link that was not used yet."""
    sessions: list[Session]
    last_seen_ms: int
    """0 for never."""
    is_away: bool
    """Whether they are not there for a while."""
    new_link: NewLink | None = None
    """A link that was just made."""
    said: str = ""
    """What just happened, as a Dutch sentence."""
    errors: dict[str, str] = field(default_factory=dict)
    """Id of the control to Dutch sentence."""


@signed_in(*ADMINS)
async def show_account(request: Request, account_id: str) -> HTTPResponse:
    """The form, and the deeds."""
    return await _page(request, account_id, said=_NOTICES.get(request.args.get("said", ""), ""))


@signed_in(*ADMINS)
async def save_account(request: Request, account_id: str) -> HTTPResponse:
    """Name, e-mail, roles and capacity; rights change at the next request of the account."""
    store = request.app.ctx.store
    before = await store.accounts.get(account_id)
    form = AccountForm.read(request, account_id)
    errors = form.errors()
    if errors:
        return await _page(request, account_id, 400, form=form, errors=errors)
    fields = {"name": form.name, "email": form.email, "roles": form.roles, "capacity": int(form.capacity)}
    try:
        after = await store.accounts.change(account_id, **fields)
    except LastAdmin:
        return await _page(request, account_id, 409, form=form, errors={"role-admin": _LAST_ADMIN})
    if after.email != before.email:
        await store.links.revoke(account_id)
    if set(AGENTS) & set(before.roles) and not set(AGENTS) & set(after.roles):
        await _leave_desk(request, account_id)
    changed = [name for name in fields if getattr(before, name) != getattr(after, name)]
    if changed:
        roles = f"; now {', '.join(after.roles)}" if "roles" in changed else ""
        await note_deed(request, "account.changed", account_id, ", ".join(changed) + roles)
    return redirect(f"/accounts/{account_id}?said=saved", status=303)


@signed_in(*ADMINS)
async def make_link(request: Request, account_id: str) -> HTTPResponse:
    """A link for a password. The old password stops working and its sessions end: somebody else may have it."""
    _refuse_oneself(request, account_id)
    store = request.app.ctx.store
    account = await store.accounts.get(account_id)
    if account.is_disabled:
        raise Forbidden("the account is disabled")
    if account.password_hash:
        await store.accounts.set_password(account_id, secrets.token_urlsafe(32))  # nobody knows it
    link = await new_link(request, account)
    await store.sessions.end_all(account_id)
    await note_deed(request, "account.link_made", account_id)
    return await _page(request, account_id, new_link=link)


@signed_in(*ADMINS)
async def revoke_link(request: Request, account_id: str) -> HTTPResponse:
    """The link stops working."""
    await request.app.ctx.store.links.revoke(account_id)
    await note_deed(request, "account.link_revoked", account_id)
    return redirect(f"/accounts/{account_id}?said=revoked", status=303)


@signed_in(*ADMINS)
async def end_sessions(request: Request, account_id: str) -> HTTPResponse:
    """Signed in browsers are out at once."""
    store = request.app.ctx.store
    await store.accounts.get(account_id)
    await store.sessions.end_all(account_id)
    await note_deed(request, "session.all_ended", account_id)
    return redirect(f"/accounts/{account_id}?said=out", status=303)


@signed_in(*ADMINS)
async def reset_totp(request: Request, account_id: str) -> HTTPResponse:
    """For who lost the app and the recovery codes."""
    _refuse_oneself(request, account_id)
    store = request.app.ctx.store
    await store.accounts.change(account_id, has_totp=False)
    await store.second_factor.remove(account_id)
    await store.sessions.end_all(account_id)
    await note_deed(request, "account.totp_reset", account_id)
    return redirect(f"/accounts/{account_id}?said=totp", status=303)


@signed_in(*ADMINS)
async def disable(request: Request, account_id: str) -> HTTPResponse:
    """Nobody can sign in with it; what it did stays under its name."""
    _refuse_oneself(request, account_id)
    store = request.app.ctx.store
    await store.accounts.change(account_id, is_disabled=True)
    await _shut_out(request, account_id)
    await note_deed(request, "account.disabled", account_id)
    return redirect(f"/accounts/{account_id}?said=disabled", status=303)


@signed_in(*ADMINS)
async def enable(request: Request, account_id: str) -> HTTPResponse:
    """It can sign in again, with the password that it had."""
    await request.app.ctx.store.accounts.change(account_id, is_disabled=False)
    await note_deed(request, "account.enabled", account_id)
    return redirect(f"/accounts/{account_id}?said=enabled", status=303)


@signed_in(*ADMINS)
async def remove(request: Request, account_id: str) -> HTTPResponse:
    """The account is gone; signed in browsers are out at once."""
    _refuse_oneself(request, account_id)
    store = request.app.ctx.store
    account = await store.accounts.get(account_id)
    await store.accounts.remove(account_id)
    await _shut_out(request, account_id)
    await store.identities.unlink(account)
    await store.notifications.forget(account_id)
    await store.reminders.forget(account_id)
    await note_deed(request, "account.removed", account_id)
    return redirect("/accounts?removed=1", status=303)


async def _shut_out(request: Request, account_id: str) -> None:
    store = request.app.ctx.store
    await store.sessions.end_all(account_id)
    await store.links.revoke(account_id)
    await _leave_desk(request, account_id)


async def _leave_desk(request: Request, account_id: str) -> None:
    """Conversations go back to the queue, where others see them, and those of programs that had its tokens."""
    store = request.app.ctx.store
    programs = [token.account.id for token in await store.tokens.of(account_id)]
    await request.app.ctx.handling.put_back_all(account_id, *programs)
    await store.agents.forget(account_id)
    await store.sessions.tell_over(account_id)


def _refuse_oneself(request: Request, account_id: str) -> None:
    """So that nobody shuts themselves out by mistake."""
    if account_id == request.ctx.account.id:
        raise Forbidden("not for one's own account")


async def _page(request: Request, account_id: str, status: int = 200, **values: object) -> HTTPResponse:
    store = request.app.ctx.store
    account = await store.accounts.get(account_id)
    page = AccountPage(
        whose=account,
        link=(await store.links.of([account_id])).get(account_id),
        sessions=await store.sessions.all(account_id),
        is_away=await store.agents.is_away(account_id),
        last_seen_ms=(await store.agents.last_seen([account_id]))[account_id],
        **{"form": AccountForm.of(account), **values},  # type: ignore[arg-type]
    )
    response = render(request, "sign_in/account.html", status=status, page=page, role_help=ROLE_HELP)
    response.headers["cache-control"] = "no-store"  # there may be a link on it
    return response
