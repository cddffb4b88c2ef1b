"""The form for an account, new or known."""

from __future__ import annotations

import re
from dataclasses import dataclass

from sanic import Request

from bot.model import Account, Role
from bot.store.accounts import RESERVED_IDS, ROLES
from bot.web.form_fields import fields, line_field
from bot.web.mail import is_address

MAX_NAME_CHARS = 60
MAX_CAPACITY = 100
_ID = re.compile(r"[a-z0-9][a-z0-9._-]{1,39}")


@dataclass(frozen=True)
class AccountForm:
    """As it was sent; roles that don't exist are left out. capacity: as typed."""

    id: str = ""
    name: str = ""
    email: str = ""
    roles: tuple[Role, ...] = ()
    capacity: str = "10"

    @classmethod
    def read(cls, request: Request, account_id: str = "") -> AccountForm:
        """From the fields of a request; account_id: of an account that there is."""
        wanted = fields(request, "roles")
        return cls(
            id=account_id or line_field(request, "id").lower(),
            name=line_field(request, "name"),
            email=line_field(request, "email"),
            roles=tuple(role for role in ROLES if role in wanted),
            capacity=line_field(request, "capacity") or "10",
        )

    @classmethod
    def of(cls, account: Account) -> AccountForm:
        """As the account is."""
        return cls(account.id, account.name, account.email, account.roles, str(account.capacity))

    def errors(self) -> dict[str, str]:
        """What is wrong: id of the control to Dutch sentence."""
        return name_errors(self.name) | self._id_errors() | email_errors(self.email) | self._other_errors()

    def _id_errors(self) -> dict[str, str]:
        if not _ID.fullmatch(self.id):
            return {"id": "Gebruik 2 tot 40 kleine letters, cijfers, punten of streepjes."}
        if self.id in RESERVED_IDS:
            return {"id": "Deze naam gebruikt het programma zelf. Kies een andere."}
        return {}

    def _other_errors(self) -> dict[str, str]:
        errors = {}
        if not self.roles:
            errors["role-agent"] = "Kies minstens één rol."
        is_number = self.capacity.isascii() and self.capacity.isdigit() and len(self.capacity) < 10
        if not (is_number and int(self.capacity) <= MAX_CAPACITY):
            errors["capacity"] = f"Vul een getal in van 0 tot {MAX_CAPACITY}."
        return errors


def name_errors(name: str) -> dict[str, str]:
    """What is wrong with a name that customers read."""
    if 1 <= len(name) <= MAX_NAME_CHARS:
        return {}
    return {"name": f"Vul een naam in van hoogstens {MAX_NAME_CHARS} tekens."}


def email_errors(email: str) -> dict[str, str]:
    """An address may be left out."""
    if not email or is_address(email):
        return {}
    return {"email": "Vul een e-mailadres in, bijvoorbeeld sanne@voorbeeld.nl, of laat dit leeg."}
