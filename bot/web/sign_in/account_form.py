"""The form for a new account."""

from __future__ import annotations

import re
from dataclasses import dataclass

from sanic import Request

from bot.model import Role
from bot.store.accounts import ROLES
from bot.web.access import API_ACCOUNT
from bot.web.form_fields import fields, line_field

MAX_NAME_CHARS = 60
_ID = re.compile(r"[a-z0-9][a-z0-9._-]{1,39}")


@dataclass(frozen=True)
class AccountForm:
    """As it was sent; roles that don't exist are left out."""

    id: str = ""
    name: str = ""
    roles: tuple[Role, ...] = ()

    @classmethod
    def read(cls, request: Request) -> AccountForm:
        """From the fields of a request."""
        wanted = fields(request, "roles")
        return cls(
            id=line_field(request, "id").lower(),
            name=line_field(request, "name"),
            roles=tuple(role for role in ROLES if role in wanted),
        )

    def errors(self) -> dict[str, str]:
        """What is wrong: id of the control to Dutch sentence."""
        errors = {}
        if not 1 <= len(self.name) <= MAX_NAME_CHARS:
            errors["name"] = f"Vul een naam in van hoogstens {MAX_NAME_CHARS} tekens."
        if not _ID.fullmatch(self.id):
            errors["id"] = "Gebruik 2 tot 40 kleine letters, cijfers, punten of streepjes."
        elif self.id == API_ACCOUNT.id:
            errors["id"] = "Deze naam gebruikt het programma zelf. Kies een andere."
        if not self.roles:
            errors["role-agent"] = "Kies minstens één rol."
        return errors
