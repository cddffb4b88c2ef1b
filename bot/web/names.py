"""Who did something, by name: accounts, and programs by their token."""

from __future__ import annotations

from bot.model import TOKEN_PREFIX
from bot.store import Store
from bot.web.bearer_tokens import API_ACCOUNT


async def names_by_id(store: Store) -> dict[str, str]:
    """Of all that exist now, the accounts first, in the order of their names."""
    accounts = sorted(await store.accounts.all(), key=lambda one: one.name.casefold())
    tokens = await store.tokens.all()
    return {
        **{account.id: account.name for account in accounts},
        **{TOKEN_PREFIX + token.id: f"Token {token.name}" for token in tokens},
        API_ACCOUNT.id: "Token BOT_API_TOKEN",
    }
