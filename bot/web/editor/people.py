"""Who edited what, by name."""

from __future__ import annotations

from dataclasses import dataclass

from bot.store import Store
from bot.store.templates import SEEDED_BY
from bot.web.names import names_by_id


@dataclass(frozen=True)
class Names:
    """Names of accounts and programs that exist, by id."""

    by_id: dict[str, str]

    def of(self, edited_by: str) -> str:
        """For who is no account (any more) what was stored stays."""
        return "meegeleverd" if edited_by in ("", SEEDED_BY) else self.by_id.get(edited_by, edited_by)


async def load_names(store: Store) -> Names:
    return Names(await names_by_id(store))
