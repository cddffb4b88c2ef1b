"""Entries of the audit log as people read them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from bot.model import TOKEN_PREFIX
from bot.store.audit import AuditEntry
from bot.web.audit import words
from bot.web.links import page_url

# Kinds whose `about` is a conversation's id.
_OF_A_CONVERSATION = ("conversation.", "person.")


@dataclass(frozen=True)
class Row:
    """One line. who, about: names where those are known, else ids. url: of the page of what it is about, or empty."""

    entry: AuditEntry
    who: str
    deed: str
    about: str
    url: str
    details: str


def rows(entries: Iterable[AuditEntry], names: Mapping[str, str]) -> list[Row]:
    """Each as a row, in the same order. names: of accounts by id; for who is gone, the id stays."""
    return [_row(entry, names) for entry in entries]


def _row(entry: AuditEntry, names: Mapping[str, str]) -> Row:
    return Row(
        entry=entry,
        who=names.get(entry.account_id, entry.account_id) or "Niet ingelogd",
        deed=words.deed(entry.what),
        about=_about(entry, names),
        url=_url(entry),
        details=words.details(entry.details),
    )


def _about(entry: AuditEntry, names: Mapping[str, str]) -> str:
    known_as = TOKEN_PREFIX + entry.about if entry.what.startswith("token.") else entry.about
    return names.get(known_as, entry.about)


def _url(entry: AuditEntry) -> str:
    return page_url(entry.about) if entry.about and entry.what.startswith(_OF_A_CONVERSATION) else ""
