"""The form for a new token."""

from __future__ import annotations

from dataclasses import dataclass

from sanic import Request

from bot.model import Role
from bot.store.tokens import MAX_NAME_CHARS
from bot.web.form_fields import field, line_field

# How long a token works, in days.
DAYS = {"30": "30 dagen", "90": "90 dagen", "365": "een jaar", "0": "zonder einddatum"}
DEFAULT_DAYS = "90"


@dataclass(frozen=True)
class TokenForm:
    """As it was sent."""

    name: str = ""
    role: str = ""
    days: str = DEFAULT_DAYS

    @classmethod
    def read(cls, request: Request) -> TokenForm:
        """From the fields of a request."""
        return cls(line_field(request, "name"), field(request, "role"), field(request, "days"))

    def errors(self, roles: tuple[Role, ...]) -> dict[str, str]:
        """What is wrong: id of the control to Dutch sentence. roles: those to choose from."""
        errors = {}
        if not 1 <= len(self.name) <= MAX_NAME_CHARS:
            errors["name"] = f"Vul een naam in van hoogstens {MAX_NAME_CHARS} tekens."
        if self.role not in roles:
            errors["role"] = "Kies een rol uit de lijst."
        if self.days not in DAYS:
            errors["days"] = "Kies uit de lijst hoelang het token werkt."
        return errors
