"""What can be done with many conversations at once: the choices of the bar above the list.

Each has one value, `deed` or `deed:value`, so that one control is enough and it works without a script.
"""

from __future__ import annotations

from bot.model import CLOSE_REASONS, Account
from bot.store import Store
from bot.web.desk import later, words
from bot.web.rights import AGENTS

# A heading, empty for none, and below it values with their Dutch words.
Group = tuple[str, tuple[tuple[str, str], ...]]


async def bulk_choices(store: Store, account: Account, *, timezone: str) -> tuple[Group, ...]:
    """For `account`: to whom it can be passed on, and what else there is."""
    departments = [(f"transfer:department:{one.id}", words.department(one)) for one in await store.departments.recent()]
    colleagues = [
        (f"transfer:agent:{one.id}", one.name)
        for one in await store.accounts.active()
        if one.id != account.id and set(one.roles) & set(AGENTS)
    ]
    labels = tuple((f"label:{one.name}", one.name) for one in await store.labels.known())
    reasons = [(f"close:{code}", title) for code, title in CLOSE_REASONS.items() if code != "spam"]
    return (
        ("", (("claim", "Neem over"),)),
        ("Later", tuple((f"snooze:{one.value}", one.title) for one in later.choices(later.now_in(timezone)))),
        ("Stuur door naar", (*departments, *colleagues)),
        *((("Label", labels),) if labels else ()),
        ("Sluit", (*reasons, ("spam", CLOSE_REASONS["spam"]))),
    )
