"""Who may sign in, for admins: the list, and inviting somebody."""

from __future__ import annotations

from dataclasses import dataclass, field

from sanic import HTTPResponse, Request

from bot.errors import Conflict, InvalidMessage
from bot.model import Account
from bot.store.accounts import ROLES
from bot.store.one_time_links import Kind, OneTimeLink
from bot.web.access import signed_in
from bot.web.audit.noting import note_deed
from bot.web.pages import render
from bot.web.rights import ADMINS
from bot.web.sign_in.account_form import AccountForm
from bot.web.sign_in.mails import can_mail, link_url, mail_link

# What each role may do, in the words of the page.
ROLE_HELP = {
    "agent": "Medewerker: beantwoordt klanten op de desk",
    "editor": "Redacteur: bewerkt de antwoorden",
    "manager": "Teamleider: ook afdelingen, rooster en beloften",
    "admin": "Beheerder: mag alles, ook accounts beheren",
}
# It may be passed on by hand, and then be opened some days later.
_LIFETIME_S = 7 * 86_400
assert set(ROLE_HELP) == set(ROLES)


@dataclass(frozen=True)
class NewLink:
    """A one-time link that was just made. url: empty when it went by e-mail, and need not be passed on by hand."""

    account: Account
    url: str


@dataclass(frozen=True)
class AccountsPage:
    """What accounts.html shows."""

    accounts: list[Account]
    """Everybody, by id."""
    links: dict[str, OneTimeLink]
    """Who has a link that was not used yet."""
    last_seen: dict[str, int]
    """When each was here last (ms), 0 for never."""
    away: set[str]
    """Who is not there for a while."""
    can_mail: bool
    """Whether invitations can go by e-mail."""
    form: AccountForm = field(default_factory=AccountForm)
    """The form for a new account, as it was sent."""
    errors: dict[str, str] = field(default_factory=dict)
    """What is wrong with the form: id of the control to Dutch sentence."""
    invited: NewLink | None = None
    """Who was just invited."""
    removed: bool = False
    """Whether an account was just removed."""


@signed_in(*ADMINS)
async def list_accounts(request: Request) -> HTTPResponse:
    """Everybody, and the form for somebody new."""
    return await _page(request, removed="removed" in request.args)


@signed_in(*ADMINS)
async def invite(request: Request) -> HTTPResponse:
    """A new account, and a link with which its owner chooses a password: by e-mail, else on the page."""
    form, store = AccountForm.read(request), request.app.ctx.store
    errors = form.errors()
    if errors:
        return await _page(request, 400, form=form, errors=errors)
    try:
        account = await store.accounts.create(form.id, form.name, form.roles, email=form.email)
    except Conflict:
        return await _page(request, 409, form=form, errors={"id": "Deze inlognaam is al in gebruik."})
    except InvalidMessage:
        return await _page(request, 400, form=form, errors={"": "Dit account kunnen we zo niet maken."})
    await note_deed(request, "account.invited", account.id, ", ".join(account.roles))
    return await _page(request, 201, invited=await new_link(request, account))


async def new_link(request: Request, account: Account) -> NewLink:
    """Make a link for a password and send it, or give it back to be passed on."""
    kind: Kind = "reset" if account.password_hash else "invitation"
    token = await request.app.ctx.store.links.make(account.id, kind, lifetime_s=_LIFETIME_S)
    is_mailed = await mail_link(request, account, kind, token, time="7 dagen")
    return NewLink(account, "" if is_mailed else link_url(request, token))


async def _page(request: Request, status: int = 200, **values: object) -> HTTPResponse:
    store = request.app.ctx.store
    accounts = await store.accounts.all()
    ids = [account.id for account in accounts]
    page = AccountsPage(
        accounts,
        await store.links.of(ids),
        await store.agents.last_seen(ids),
        await store.agents.away(),
        can_mail(request),
        **values,  # type: ignore[arg-type]
    )
    response = render(request, "sign_in/accounts.html", status=status, page=page, role_help=ROLE_HELP)
    response.headers["cache-control"] = "no-store"  # there may be a link on it
    return response
