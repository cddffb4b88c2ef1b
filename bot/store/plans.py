"""Answers that stand for a while instead of the published ones, such as opening hours of the holidays."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

import msgspec
import redis.asyncio as aioredis

from bot.errors import Conflict, EditConflict, InvalidMessage, NotFound
from bot.model import Template
from bot.store.connection import encode, translated_errors
from bot.store.keys import Keys

# Of one answer; more are a calendar, not a plan.
MAX_OF_ANSWER = 50

HISTORY_LENGTH = 200

# KEYS: plans, events, history. ARGV: name of the template, what was read of its plans (JSON or empty), what they are
# now, one that is over (JSON or empty), length of the history.
_SAVE = """
if (redis.call('HGET', KEYS[1], ARGV[1]) or '') ~= ARGV[2] then return 0 end
if ARGV[3] == '' then redis.call('HDEL', KEYS[1], ARGV[1]) else redis.call('HSET', KEYS[1], ARGV[1], ARGV[3]) end
if ARGV[4] ~= '' then
  redis.call('LPUSH', KEYS[3], ARGV[4])
  redis.call('LTRIM', KEYS[3], 0, ARGV[5] - 1)
end
redis.call('PUBLISH', KEYS[2], '{"type":"template","name":' .. cjson.encode(ARGV[1]) .. '}')
return 1
"""


@dataclass(frozen=True)
class Plan:
    """`template` is what customers read from `from_ms` up to `until_ms`, and stands in for the published one.

    until_ms: 0 for one that becomes the published answer at `from_ms`.
    """

    template: Template
    from_ms: int
    until_ms: int
    by: str
    made_at_ms: int
    id: str = ""

    def holds(self, at_ms: int) -> bool:
        return self.from_ms <= at_ms and (not self.until_ms or at_ms < self.until_ms)

    def is_over(self, at_ms: int) -> bool:
        """Whether all that it was for has been: it ended, or it is to become the published answer."""
        return (self.until_ms or self.from_ms) <= at_ms

    def meets(self, other: Plan) -> bool:
        """Whether there is a moment at which both would hold; one without end is published when it begins."""
        ends, other_ends = self.until_ms or self.from_ms + 1, other.until_ms or other.from_ms + 1
        return self.from_ms < other_ends and other.from_ms < ends


class PlanStore:
    """Plans by the name of the answer, by when they begin. No two of one answer hold at the same time.

    What is over is kept apart, to be looked up.
    """

    def __init__(self, client: aioredis.Redis, keys: Keys) -> None:
        self._client = client
        self._keys = keys
        self._save = client.register_script(_SAVE)

    async def of(self, name: str) -> tuple[Plan, ...]:
        return decoded(await self._read(name))

    async def all(self) -> dict[str, tuple[Plan, ...]]:
        """By the name of the answer."""
        with translated_errors():
            found = await self._client.hgetall(self._keys.plans)
        return {name: decoded(record) for name, record in found.items()}

    async def add(self, plan: Plan) -> Plan:
        """Store it, with an id. Raises InvalidMessage, and Conflict if another one would hold at the same time."""
        _check(plan)
        added = replace(plan, id=uuid.uuid4().hex)
        await self._change(plan.template.name, lambda known: _with(known, added))
        return added

    async def change(self, before: Plan, after: Plan) -> Plan:
        """Store `after` in the place of `before`. Raises what `add` does, and EditConflict if that one was changed."""
        changed = replace(after, id=before.id)

        def with_it(known: tuple[Plan, ...]) -> list[Plan]:
            if before not in known:
                raise EditConflict(f"somebody else changed plan {before.id!r}, or removed it")
            return _with(known, changed)

        _check(changed)
        await self._change(before.template.name, with_it)
        return changed

    async def remove(self, name: str, plan_id: str) -> Plan:
        """Returns what it was. Raises NotFound."""
        return await self._take(name, plan_id, is_over=False)

    async def end(self, name: str, plan_id: str) -> Plan:
        """The same for one whose time is over: `past` has it from now on. Raises NotFound for all but the first."""
        return await self._take(name, plan_id, is_over=True)

    async def past(self) -> list[Plan]:
        """Those that are over, the last one first."""
        with translated_errors():
            found = await self._client.lrange(self._keys.plans_past, 0, -1)
        return [msgspec.json.decode(record, type=Plan) for record in found]

    async def _take(self, name: str, plan_id: str, *, is_over: bool) -> Plan:
        removed: list[Plan] = []

        def without_it(known: tuple[Plan, ...]) -> list[Plan]:
            removed[:] = [one for one in known if one.id == plan_id]
            if not removed:
                raise NotFound(f"no plan {plan_id!r} of {name!r}")
            return [one for one in known if one.id != plan_id]

        await self._change(name, without_it, over=removed if is_over else ())
        return removed[0]

    async def _change(
        self, name: str, changed: Callable[[tuple[Plan, ...]], list[Plan]], *, over: Sequence[Plan] = ()
    ) -> None:
        """Read, change and write until nobody else was in between. over: what `changed` found to be over, if it did."""
        while True:
            before = await self._read(name)
            after = sorted(changed(decoded(before)), key=lambda one: one.from_ms)
            if len(after) > MAX_OF_ANSWER:
                raise InvalidMessage(f"expected at most {MAX_OF_ANSWER} plans of one answer")
            with translated_errors():
                keys = [self._keys.plans, self._keys.events, self._keys.plans_past]
                args = [name, before, encode(after) if after else "", encode(over[0]) if over else "", HISTORY_LENGTH]
                if await self._save(keys=keys, args=args):
                    return

    async def _read(self, name: str) -> str:
        with translated_errors():
            return await self._client.hget(self._keys.plans, name) or ""


def _check(plan: Plan) -> None:
    if plan.until_ms and plan.until_ms <= plan.from_ms:
        raise InvalidMessage("until_ms: expected a moment after from_ms")


def _with(known: Iterable[Plan], plan: Plan) -> list[Plan]:
    """With the plan, in the place of the one with its id if there is one. Raises Conflict."""
    others = [one for one in known if one.id != plan.id]
    if any(one.meets(plan) for one in others):
        raise Conflict(f"another plan of {plan.template.name!r} holds at the same time")
    return [*others, plan]


def decoded(record: str | None) -> tuple[Plan, ...]:
    """The plans of one answer, from what Redis has of them."""
    return msgspec.json.decode(record, type=tuple[Plan, ...]) if record else ()


def as_planned(template: Template, plans: Iterable[Plan], at_ms: int) -> Template:
    """The answer as it is at that moment. A removed one stays removed, whatever was planned with it."""
    if template.is_removed:
        return template
    # The last to begin: one that has become the published answer may still be there for a moment.
    holding = [one for one in plans if one.holds(at_ms)]
    if not holding:
        return template
    planned = max(holding, key=lambda one: one.from_ms)
    if not planned.until_ms and template.edited_at_ms > planned.from_ms:
        return template  # somebody has published another one since
    return replace(planned.template, name=template.name, version=template.version)
