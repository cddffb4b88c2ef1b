"""Answers that stand for a while instead of the published ones, such as opening hours of the holidays."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from dataclasses import dataclass, replace

import msgspec
import redis.asyncio as aioredis

from bot.errors import Conflict, InvalidMessage, NotFound
from bot.model import Template
from bot.store.connection import encode, translated_errors
from bot.store.keys import Keys

# Of one answer; more are a calendar, not a plan.
MAX_OF_ANSWER = 50

# KEYS: plans, events. ARGV: name of the template, what was read of its plans (JSON or empty), what they are now.
_SAVE = """
if (redis.call('HGET', KEYS[1], ARGV[1]) or '') ~= ARGV[2] then return 0 end
if ARGV[3] == '' then redis.call('HDEL', KEYS[1], ARGV[1]) else redis.call('HSET', KEYS[1], ARGV[1], ARGV[3]) end
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

    def meets(self, other: Plan) -> bool:
        """Whether there is a moment at which both would hold."""
        ends, other_ends = self.until_ms or float("inf"), other.until_ms or float("inf")
        return self.from_ms < other_ends and other.from_ms < ends


class PlanStore:
    """Plans by the name of the answer, by when they begin. No two of one answer hold at the same time."""

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
        if plan.until_ms and plan.until_ms <= plan.from_ms:
            raise InvalidMessage("until_ms: expected a moment after from_ms")
        added = replace(plan, id=plan.id or uuid.uuid4().hex)

        def with_it(known: tuple[Plan, ...]) -> list[Plan]:
            if any(one.meets(added) for one in known if one.id != added.id):
                raise Conflict(f"another plan of {plan.template.name!r} holds at the same time")
            return [*(one for one in known if one.id != added.id), added]

        await self._change(plan.template.name, with_it)
        return added

    async def remove(self, name: str, plan_id: str) -> Plan:
        """Returns what it was. Raises NotFound."""
        removed: list[Plan] = []

        def without_it(known: tuple[Plan, ...]) -> list[Plan]:
            removed[:] = [one for one in known if one.id == plan_id]
            if not removed:
                raise NotFound(f"no plan {plan_id!r} of {name!r}")
            return [one for one in known if one.id != plan_id]

        await self._change(name, without_it)
        return removed[0]

    async def _change(self, name: str, changed: object) -> None:
        """Read, change and write until nobody else was in between."""
        assert callable(changed)
        while True:
            before = await self._read(name)
            after: list[Plan] = sorted(changed(decoded(before)), key=lambda one: one.from_ms)
            if len(after) > MAX_OF_ANSWER:
                raise InvalidMessage(f"expected at most {MAX_OF_ANSWER} plans of one answer")
            with translated_errors():
                keys = [self._keys.plans, self._keys.events]
                if await self._save(keys=keys, args=[name, before, encode(after) if after else ""]):
                    return

    async def _read(self, name: str) -> str:
        with translated_errors():
            return await self._client.hget(self._keys.plans, name) or ""


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
