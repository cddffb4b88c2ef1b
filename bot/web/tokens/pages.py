"""The pages with tokens: make one, see when it was used, revoke it."""

from __future__ import annotations

from dataclasses import dataclass, field

from sanic import HTTPResponse, Request
from sanic.response import redirect

from bot.errors import Conflict, NotFound
from bot.model import Account, Role
from bot.store.tokens import MAX_TOKENS, ApiToken
from bot.store.work import now_ms
from bot.web.access import signed_in
from bot.web.audit.noting import note_deed
from bot.web.bearer_tokens import has_backing
from bot.web.pages import render
from bot.web.rights import ADMINS, covered
from bot.web.tokens.form import DAYS, TokenForm

# What a token with the role may do, in the words of the page.
ROLE_WORDS: dict[Role, str] = {
    "agent": "Medewerker: gesprekken lezen en beantwoorden",
    "editor": "Redacteur: antwoorden lezen en wijzigen",
    "manager": "Teamleider: gesprekken, antwoorden en afdelingen",
    "admin": "Beheerder: alles",
}
_TOO_MANY = f"Er zijn al {MAX_TOKENS} tokens. Trek er eerst een in die niemand meer gebruikt."


@dataclass(frozen=True)
class Row:
    """One token in the list."""

    token: ApiToken
    role: str
    owner: str
    """Whose it is, by name; empty for one of the installation."""
    state: str
    """Why it doesn't work any more, empty while it does."""


@dataclass(frozen=True)
class TokensPage:
    """What tokens.html shows."""

    url: str
    """Where its forms go."""
    shared: bool
    """Whether it is the page with the tokens of everybody."""
    rows: list[Row]
    roles: dict[Role, str]
    """The roles to choose from."""
    form: TokenForm = field(default_factory=TokenForm)
    errors: dict[str, str] = field(default_factory=dict)
    created: ApiToken | None = None
    """What was just made, with its text this once."""
    text: str = ""
    revoked: bool = False
    days: dict[str, str] = field(default_factory=lambda: DAYS)


@signed_in()
async def list_own(request: Request) -> HTTPResponse:
    """One's own tokens, and the form for a new one."""
    return await _page(request, shared=False, revoked="revoked" in request.args)


@signed_in()
async def create_own(request: Request) -> HTTPResponse:
    """A token that may at most what its owner may."""
    return await _create(request, shared=False)


@signed_in()
async def revoke_own(request: Request, token_id: str) -> HTTPResponse:
    """Only one's own: another's is not there."""
    token = await request.app.ctx.store.tokens.get(token_id)
    if token.account_id != request.ctx.account.id:
        raise NotFound(f"no token {token_id!r} of this account")
    return await _revoke(request, token, "/account/tokens")


@signed_in(*ADMINS)
async def list_all(request: Request) -> HTTPResponse:
    """Everybody's tokens, and the form for one of the installation."""
    return await _page(request, shared=True, revoked="revoked" in request.args)


@signed_in(*ADMINS)
async def create_shared(request: Request) -> HTTPResponse:
    """A token of the installation."""
    return await _create(request, shared=True)


@signed_in(*ADMINS)
async def revoke_any(request: Request, token_id: str) -> HTTPResponse:
    """Whosever it is."""
    token = await request.app.ctx.store.tokens.get(token_id)
    return await _revoke(request, token, "/accounts/tokens")


async def _create(request: Request, *, shared: bool) -> HTTPResponse:
    """The token's text is on the page that comes back, and nowhere else."""
    form, account = TokenForm.read(request), request.ctx.account
    errors = form.errors(covered(account.roles))
    if errors:
        return await _page(request, 400, shared=shared, form=form, errors=errors)
    store = request.app.ctx.store
    try:
        token, text = await store.tokens.create(
            form.name,
            form.role,
            created_by=account.id,
            account_id="" if shared else account.id,
            days=int(form.days),
        )
    except Conflict:
        return await _page(request, 409, shared=shared, form=form, errors={"": _TOO_MANY})
    await note(request, "token.created", token)
    return await _page(request, 201, shared=shared, created=token, text=text)


async def _revoke(request: Request, token: ApiToken, url: str) -> HTTPResponse:
    await revoke(request, token)
    return redirect(f"{url}?revoked=1", status=303)


async def revoke(request: Request, token: ApiToken) -> None:
    """End it. What its program had goes back to the queue. Raises NotFound."""
    await request.app.ctx.store.tokens.revoke(token.id)
    await note(request, "token.revoked", token)
    await request.app.ctx.handling.put_back_all(token.account.id)


async def note(request: Request, what: str, token: ApiToken) -> None:
    """Write it in the audit log."""
    await note_deed(request, what, token.id, f"{token.name} ({token.role})")


async def _page(request: Request, status: int = 200, *, shared: bool, **values: object) -> HTTPResponse:
    store, account = request.app.ctx.store, request.ctx.account
    tokens = await store.tokens.all() if shared else await store.tokens.of(account.id)
    accounts = {one.id: one for one in await store.accounts.all()}
    page = TokensPage(
        url="/accounts/tokens" if shared else "/account/tokens",
        shared=shared,
        rows=[_row(token, accounts) for token in tokens],
        roles={role: ROLE_WORDS[role] for role in covered(account.roles)},
        **values,  # type: ignore[arg-type]
    )
    response = render(request, "tokens/tokens.html", status=status, page=page)
    response.headers["cache-control"] = "no-store"  # there may be a token on it
    return response


def _row(token: ApiToken, accounts: dict[str, Account]) -> Row:
    owner = accounts.get(token.account_id)
    state = ""
    if token.is_over(now_ms()):
        state = "Verlopen"
    elif token.account_id and not has_backing(token, owner):
        state = "Account mag dit niet meer" if owner else "Account bestaat niet meer"
    name = owner.name if owner else token.account_id
    return Row(token, ROLE_WORDS[token.role].partition(":")[0], name, state)
