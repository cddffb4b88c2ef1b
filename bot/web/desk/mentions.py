"""Colleagues that a note names with an @, by their name or by the id that they sign in with."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from bot.model import Account
from bot.store import Store
from bot.web.rights import AGENTS

MAX_MENTIONS = 20


@dataclass(frozen=True)
class Piece:
    """A part of a note's text."""

    text: str
    is_mention: bool


async def mentionable(store: Store) -> list[Account]:
    """Who can read a note: everybody with the desk."""
    return [account for account in await store.accounts.active() if set(account.roles) & set(AGENTS)]


async def mentionable_names(store: Store) -> tuple[str, ...]:
    """What can stand behind an @."""
    return tuple(name for account in await mentionable(store) for name in (account.name, account.id))


def mentioned(text: str, accounts: Iterable[Account]) -> list[Account]:
    """Those whom the text names, each once. A name that two of them have means both."""
    accounts = list(accounts)
    names = [name for account in accounts for name in (account.name, account.id)]
    found = {piece.text[1:].casefold() for piece in pieces(text, names) if piece.is_mention}
    return [one for one in accounts if found & {one.name.casefold(), one.id.casefold()}][:MAX_MENTIONS]


def pieces(text: str, names: Sequence[str]) -> tuple[Piece, ...]:
    """The text in order, with each `@name` apart; the longest name counts, and an e-mail address is none."""
    if not names or "@" not in text:
        return (Piece(text, is_mention=False),)
    longest_first = sorted(set(names), key=len, reverse=True)
    choices = "|".join(re.escape(name) for name in longest_first)
    found = re.split(rf"(?<!\w)(@(?:{choices}))(?!\w)", text, flags=re.IGNORECASE)
    return tuple(Piece(part, is_mention=at % 2 == 1) for at, part in enumerate(found) if part)
