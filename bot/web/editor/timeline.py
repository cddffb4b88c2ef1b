"""What customers read of one answer from now on: what stands before, during and after all that is planned."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from bot.model import Template
from bot.store import Store
from bot.store.plans import Plan
from bot.web.editor.people import load_names


@dataclass(frozen=True)
class Stretch:
    """template: what is read from `from_ms` (0: it is already) up to `until_ms` (0: for good).

    plan: what makes it so, None while it is the published answer as it is now. by: who planned it, by name.
    """

    template: Template
    from_ms: int
    until_ms: int
    plan: Plan | None = None
    by: str = ""

    @property
    def is_for_a_while(self) -> bool:
        """Whether what stood before comes back."""
        return bool(self.plan and self.plan.until_ms)


async def load_timeline(store: Store, published: Template, at_ms: int) -> list[Stretch]:
    """Of one answer, from `at_ms` on."""
    names = await load_names(store)
    by_plan = await store.plans.of(published.name)
    return timeline(published, by_plan, at_ms, {one.by: names.of(one.by) for one in by_plan})


def timeline(published: Template, plans: Iterable[Plan], at_ms: int, names: dict[str, str]) -> list[Stretch]:
    """names: of who planned, by id."""
    found: list[Stretch] = []
    standing, standing_plan, cursor_ms = published, None, 0

    def stands(until_ms: int) -> Stretch:
        by = names.get(standing_plan.by, "") if standing_plan else ""
        return Stretch(standing, cursor_ms, until_ms, standing_plan, by)

    for plan in sorted(plans, key=lambda one: one.from_ms):
        if plan.is_over(at_ms):
            continue
        begins_ms = plan.from_ms if plan.from_ms > at_ms else 0
        if begins_ms > cursor_ms:
            found.append(stands(begins_ms))
        if plan.until_ms:
            found.append(Stretch(plan.template, begins_ms, plan.until_ms, plan, names.get(plan.by, "")))
            cursor_ms = plan.until_ms
        else:
            standing, standing_plan, cursor_ms = plan.template, plan, begins_ms
    return [*found, stands(0)]
