"""Which department gets a topic."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from bot.errors import Conflict, NotFound
from bot.store import Store
from bot.store.departments import Department

# Somebody else may save a department at the same moment, but not for ever.
_TRIES = 5


def department_of(intent: str, departments: Iterable[Department]) -> str:
    """Id of the one that names the topic; empty if none does, and the first one gets it."""
    return next((one.id for one in departments if intent in one.intents), "")


async def give_topic(store: Store, intent: str, department_id: str) -> None:
    """From now on it goes there when it is handed over; to the first department if `department_id` is empty.

    Raises NotFound, and Conflict if others keep saving departments.
    """
    if department_id and department_id not in {one.id for one in await store.departments.all()}:
        raise NotFound(f"no department {department_id!r}")
    for tried in range(1, _TRIES + 1):
        try:
            await _give(store, intent, department_id)
            return
        except Conflict:
            if tried == _TRIES:
                raise


async def _give(store: Store, intent: str, department_id: str) -> None:
    """Raises Conflict. Taken away first: two may not have it."""
    for one in await store.departments.all():
        if intent in one.intents and one.id != department_id:
            kept = tuple(other for other in one.intents if other != intent)
            await store.departments.save(replace(one, intents=kept))
    for one in await store.departments.all():
        if one.id == department_id and intent not in one.intents:
            await store.departments.save(replace(one, intents=(*one.intents, intent)))
