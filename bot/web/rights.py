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
