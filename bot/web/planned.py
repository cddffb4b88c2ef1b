"""Ends what is planned when its time has come: an answer without an end becomes the published one."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace

import structlog

from bot.errors import EditConflict, NotFound
from bot.model import Template
from bot.store import Store
from bot.store.plans import Plan
from bot.store.templates import same_answer
from bot.store.work import now_ms
from bot.web.rescue import for_ever

log = structlog.get_logger()

EVERY_S = 2.0
# Why the version was made, for who looks at the answer's history.
BECAUSE = "ingepland"


class Planned:
    """Every web process runs one; the store lets only one of them publish, and only one end a plan.

    Customers don't wait for it: what holds at a moment is decided when an answer is read.
    """

    def __init__(self, store: Store) -> None:
        self._store = store

    async def run(self) -> None:
        """Look whose time is over, for ever."""
        await for_ever(self.look, every_s=EVERY_S)

    async def look(self, at_ms: int | None = None) -> None:
        """Once, as if it were `at_ms`. After a time without web processes: the first to begin comes first."""
        at_ms = at_ms or now_ms()
        planned = [(name, plan) for name, plans in (await self._store.plans.all()).items() for plan in plans]
        for name, plan in sorted(planned, key=lambda one: one[1].from_ms):
            if plan.is_over(at_ms):
                with suppress(EditConflict):  # somebody saves it just now: the next look will do
                    await self._end(name, plan)

    async def _end(self, name: str, plan: Plan) -> None:
        # First publish, then end: a process that dies in between leaves the rest to another one.
        version = 0 if plan.until_ms else await self._publish(name, plan)
        with suppress(NotFound):  # another process was first
            await self._store.plans.end(name, plan.id)
            what = "plan.ended" if plan.until_ms else "plan.published" if version else "plan.passed_over"
            await self._store.audit.note(plan.by, what, name, f"versie {version}" if version else "")
            log.info("plan.over", template=name, plan_id=plan.id, outcome=what)

    async def _publish(self, name: str, plan: Plan) -> int:
        """The version that it has become; 0 when the answer is gone, or somebody published another one since."""
        try:
            current = await self._store.templates.published(name)
        except NotFound:
            return 0
        if _is_published(current, plan):
            return current.version
        if current.is_removed or current.edited_at_ms > plan.from_ms:
            return 0
        # From when customers read it, and not when we came to it: plans that began later are not passed over.
        at_ms = plan.from_ms + 1
        planned = replace(plan.template, name=name, edited_at_ms=at_ms, edited_by=plan.by, because=BECAUSE)
        return (await self._store.templates.save(planned, expected_version=current.version)).version


def _is_published(current: Template, plan: Plan) -> bool:
    """Whether a look before this one did it, and could not end the plan."""
    is_ours = current.because == BECAUSE and current.edited_by == plan.by and current.edited_at_ms == plan.from_ms + 1
    return is_ours and same_answer(current, replace(plan.template, name=current.name))
