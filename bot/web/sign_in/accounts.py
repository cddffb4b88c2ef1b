"""Who may sign in, for admins."""

from __future__ import annotations

from dataclasses import dataclass, field

from sanic import HTTPResponse, Request
from sanic.response import redirect

from bot.errors import Conflict, Forbidden, InvalidMessage
from bot.model import Account
from bot.store.accounts import ROLES
from bot.web.access import signed_in
from bot.web.pages import render
from bot.web.rights import ADMINS
from bot.web.sign_in.account_form import AccountForm
from bot.web.sign_in.passwords import new_password

# What each role may do, in the words of the page.
ROLE_HELP = {
    "agent": "Medewerker: beantwoordt klanten op de desk",
    "editor": "Redacteur: bewerkt de antwoorden",
    "manager": "Teamleider: ook afdelingen, rooster en beloften",
    "admin": "Beheerder: mag alles, ook accounts beheren",
}
assert set(ROLE_HELP) == set(ROLES)


@dataclass(frozen=True)
class AccountsPage:
    """What accounts.html shows."""

    accounts: list[Account]
    """Everybody, by id."""
    form: AccountForm = field(default_factory=AccountForm)
    """The form for a new account, as it was sent."""
    errors: dict[str, str] = field(default_factory=dict)
    """What is wrong with the form: id of the control to Dutch sentence."""
    password_for: Account | None = None
    """Whose new password is on the page, this once."""
    password: str = ""
    removed: bool = False
    """Whether an account was just removed."""


@signed_in(*ADMINS)
async def list_accounts(request: Request) -> HTTPResponse:
    """Everybody, and the form for somebody new."""
    return await _page(request, removed="removed" in request.args)


@signed_in(*ADMINS)
async def create_account(request: Request) -> HTTPResponse:
    """A new account; its first password is on the page that comes back, and nowhere else."""
    form = AccountForm.read(request)
    errors = form.errors()
    if errors:
        return await _page(request, 400, form=form, errors=errors)
    password = new_password()
    try:
        account = await request.app.ctx.store.accounts.create(form.id, form.name, form.roles, password)
    except Conflict:
        return await _page(request, 409, form=form, errors={"id": "Deze inlognaam is al in gebruik."})
    except InvalidMessage:
        return await _page(request, 400, form=form, errors={"": "Dit account kunnen we zo niet maken."})
    return await _page(request, 201, password_for=account, password=password)


@signed_in(*ADMINS)
async def renew_password(request: Request, account_id: str) -> HTTPResponse:
    """A new password for somebody who lost it; signs them out everywhere."""
    store = request.app.ctx.store
    account = await store.accounts.get(account_id)
    _refuse_oneself(request, account_id)
    password = new_password()
    await store.accounts.set_password(account_id, password)
    await store.sessions.end_all(account_id)
    return await _page(request, password_for=account, password=password)


@signed_in(*ADMINS)
async def remove_account(request: Request, account_id: str) -> HTTPResponse:
    """Somebody may not sign in any more; signed in browsers are out at once."""
    _refuse_oneself(request, account_id)
    store = request.app.ctx.store
    await store.accounts.remove(account_id)
    await store.sessions.end_all(account_id)
    await request.app.ctx.handling.put_back_all(account_id)
    await store.agents.forget(account_id)
    return redirect("/accounts?removed=1", status=303)


def _refuse_oneself(request: Request, account_id: str) -> None:
    """So that there always is an admin left."""
    if account_id == request.ctx.account.id:
        raise Forbidden("not for one's own account")


async def _page(request: Request, status: int = 200, **values: object) -> HTTPResponse:
    page = AccountsPage(await request.app.ctx.store.accounts.all(), **values)  # type: ignore[arg-type]
    response = render(request, "sign_in/accounts.html", status=status, page=page, role_help=ROLE_HELP)
    response.headers["cache-control"] = "no-store"  # there may be a password on it
    return response
