"""Which account somebody has who signed in at the OpenID Connect provider."""

from __future__ import annotations

import re
import unicodedata
from contextlib import suppress

from bot.errors import Conflict, Forbidden, InvalidMessage, LastAdmin, NotFound
from bot.model import Account, Role
from bot.settings import Settings
from bot.store import Store
from bot.store.accounts import ROLES
from bot.web.sign_in.openid_provider import Person

MAX_NAME_CHARS = 60
# Of those who would have the same id.
MAX_NAMESAKES = 50
# What the audit log says about it.
HOW = "OpenID Connect"
# Made at the first start (bot/store/accounts.py `ensure_first_login`): it gets in when the provider does not answer.
FIRST_ADMIN = "beheer"


def may_use_password(settings: Settings, account_id: str) -> bool:
    """Whether the account may sign in with a password at all."""
    return settings.oidc_only != "on" or account_id == FIRST_ADMIN


def roles_of(person: Person, settings: Settings) -> tuple[Role, ...]:
    """What somebody's groups give them, as BOT_OIDC_ROLES says."""
    given = {role for group, _, role in (one.rpartition("=") for one in settings.oidc_roles) if group in person.groups}
    return tuple(role for role in ROLES if role in given)


async def account_of_person(store: Store, settings: Settings, person: Person, *, address: str) -> Account:
    """Whose account it is, made at the first sign-in, with the roles that the provider says now.

    What changes is in the audit log, with the address that the person came from.
    Raises Forbidden for who has no role, or whose account is disabled.
    """
    roles = roles_of(person, settings)
    account = await _linked(store, person)
    if not roles:
        if account:
            await _shut_out(store, account)
        raise Forbidden("no group of theirs gives a role")
    if account is None:
        account, what = await _first_account(store, person, roles)
        await store.audit.note(account.id, what, account.id, HOW, address=address)
    if account.is_disabled:
        raise Forbidden("the account is disabled")
    if set(roles) != set(account.roles):
        with suppress(LastAdmin):  # somebody must be left who can manage accounts
            account = await store.accounts.change(account.id, roles=roles)
            await store.audit.note(account.id, "account.changed", account.id, ", ".join(roles), address=address)
    return account


async def _shut_out(store: Store, account: Account) -> None:
    """Nothing of theirs lets anybody in: sessions, and the programs that they gave a token."""
    await store.sessions.end_all(account.id)
    for token in await store.tokens.of(account.id):
        with suppress(NotFound):  # revoked just now
            await store.tokens.revoke(token.id)


async def link(store: Store, person: Person, account: Account) -> None:
    """From now on the person signs in as `account`. Raises Conflict if they have another one."""
    known = await store.identities.find(person.issuer, person.subject)
    linked = await _linked(store, person)
    if linked and linked.id != account.id:
        raise Conflict("it is linked to another account")
    await store.identities.link(person.issuer, person.subject, account, instead_of=known)


async def _linked(store: Store, person: Person) -> Account | None:
    identity = await store.identities.find(person.issuer, person.subject)
    if identity is None:
        return None
    with suppress(NotFound):
        account = await store.accounts.get(identity.account_id)
        return account if identity.is_of(account) else None
    return None


async def _invited(store: Store, person: Person) -> Account | None:
    """The account that an admin made for this address, which the provider has verified.

    Only one with which nobody can sign in yet: an address that somebody could have put there themselves proves nothing.
    """
    if not person.email:
        return None
    fits = [one for one in await store.accounts.all() if one.email.casefold() == person.email.casefold()]
    if len(fits) != 1 or fits[0].password_hash or await store.identities.of(fits[0]):
        return None
    await link(store, person, fits[0])
    await store.links.revoke(fits[0].id)
    return fits[0]


async def _first_account(store: Store, person: Person, roles: tuple[Role, ...]) -> tuple[Account, str]:
    """The account of who has none yet, and what became of it, for the audit log."""
    invited = await _invited(store, person)
    if invited:
        return invited, "account.linked"
    return await _created(store, person, roles), "account.created"


async def _created(store: Store, person: Person, roles: tuple[Role, ...]) -> Account:
    account = await _with_free_id(store, person, roles)
    try:
        await link(store, person, account)
    except Conflict:
        # They signed in twice at once; the other one was first.
        await store.accounts.remove(account.id)
        linked = await _linked(store, person)
        if linked is None:
            raise
        return linked
    return account


async def _with_free_id(store: Store, person: Person, roles: tuple[Role, ...]) -> Account:
    wanted = account_id_of(person)
    name = (person.name or person.username or wanted)[:MAX_NAME_CHARS]
    for number in range(1, MAX_NAMESAKES):
        account_id = wanted if number == 1 else f"{wanted}-{number}"
        with suppress(Conflict, InvalidMessage):  # taken, or reserved
            account: Account = await store.accounts.create(account_id, name, roles, email=person.email)
            return account
    raise Conflict(f"there are {MAX_NAMESAKES} accounts of this name")


def account_id_of(person: Person) -> str:
    """The id that their account would have: what they sign in with there, as one of ours can look."""
    for wanted in (person.username.partition("@")[0], person.email.partition("@")[0], person.name):
        plain = unicodedata.normalize("NFKD", wanted.lower()).encode("ascii", "ignore").decode()
        account_id = re.sub(r"[^a-z0-9._-]+", "-", plain).strip("._-")[:36]
        if len(account_id) >= 2:
            return account_id
    return "medewerker"
