"""Which roles may do what. The reference has the same route by route."""

from __future__ import annotations

from bot.model import Role

ADMINS: tuple[Role, ...] = ("admin",)
# Departments, roster, labels, lists, reports: how the team works.
MANAGERS: tuple[Role, ...] = ("manager", "admin")
# The desk and everything about a customer.
AGENTS: tuple[Role, ...] = ("agent", "manager", "admin")
# The answers.
EDITORS: tuple[Role, ...] = ("editor", "manager", "admin")
# To read an answer.
STAFF: tuple[Role, ...] = ("agent", "editor", "manager", "admin")


def covered(roles: tuple[Role, ...]) -> tuple[Role, ...]:
    """Every role that may no more than whoever has `roles`, the least first: what they may give to a token."""
    if "admin" in roles:
        return STAFF
    return tuple(role for role in STAFF if role in roles or ("manager" in roles and role != "admin"))
