"""The answers that editors own."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace

import msgspec
import redis.asyncio as aioredis

from bot.errors import EditConflict, NotFound
from bot.model import Template
from bot.store.connection import encode, translated_errors
from bot.store.crisis import Crisis, in_crisis
from bot.store.crisis import decoded as crisis_decoded
from bot.store.keys import Keys
from bot.store.plans import Plan, as_planned
from bot.store.plans import decoded as plans_decoded
from bot.store.work import now_ms

# Who "edited" the templates that come with the Rasa project.
SEEDED_BY = "domain.yml"
HISTORY_LENGTH = 200

# Compare the version and set, in one step.
_SAVE = """
local current = redis.call('HGET', KEYS[1], ARGV[1])
local version = current and cjson.decode(current).version or 0
if version ~= tonumber(ARGV[2]) then return version end
redis.call('HSET', KEYS[1], ARGV[1], ARGV[3])
redis.call('LPUSH', KEYS[2], ARGV[3])
redis.call('LTRIM', KEYS[2], 0, ARGV[4] - 1)
redis.call('PUBLISH', KEYS[3], '{"type":"template","name":' .. cjson.encode(ARGV[1]) .. '}')
return -1
"""


class TemplateStore:
    """Templates by name (`utter_...`), each with its history.

    `get`, `get_many` and `all` give answers as customers read them now: the published one, or what is planned for this
    moment or said in a crisis instead. `published` and `all_published` are for who edits them.
    """

    def __init__(self, client: aioredis.Redis, keys: Keys, *, clock: Callable[[], int] = now_ms) -> None:
        """clock: what time it is, in ms, for what is planned."""
        self._client = client
        self._keys = keys
        self._clock = clock
        self._save = client.register_script(_SAVE)

    async def get(self, name: str) -> Template:
        """Raises NotFound."""
        found = await self.get_many([name])
        if not found:
            raise NotFound(f"no template {name!r}")
        return found[name]

    async def get_many(self, names: Iterable[str]) -> dict[str, Template]:
        """Those that exist, by name."""
        wanted = list(dict.fromkeys(names))
        if not wanted:
            return {}
        with translated_errors():
            async with self._client.pipeline(transaction=False) as reading:
                reading.hmget(self._keys.templates, wanted)
                reading.hmget(self._keys.plans, wanted)
                reading.get(self._keys.crisis)
                records, plans, crisis = await reading.execute()
        found = {
            name: self._as_read_now(_decode(record), plans_decoded(planned), crisis_decoded(crisis))
            for name, record, planned in zip(wanted, records, plans, strict=True)
            if record
        }
        return {name: template for name, template in found.items() if not template.is_removed}

    async def all(self) -> list[Template]:
        """Every template, by name."""
        with translated_errors():
            async with self._client.pipeline(transaction=False) as reading:
                reading.hvals(self._keys.templates)
                reading.hgetall(self._keys.plans)
                reading.get(self._keys.crisis)
                records, plans, crisis = await reading.execute()
        planned = {name: plans_decoded(record) for name, record in plans.items()}
        now = crisis_decoded(crisis)
        found = [self._as_read_now(one, planned.get(one.name, ()), now) for one in map(_decode, records)]
        return _by_name(template for template in found if not template.is_removed)

    async def published(self, name: str) -> Template:
        """As it was last published, also if it was removed. Raises NotFound."""
        with translated_errors():
            found = await self._client.hget(self._keys.templates, name)
        if not found:
            raise NotFound(f"no template {name!r}")
        return _decode(found)

    async def all_published(self, *, removed: bool = False) -> list[Template]:
        """Every template as it was last published, by name. removed: also those that were removed."""
        with translated_errors():
            found = await self._client.hvals(self._keys.templates)
        return _by_name(template for template in map(_decode, found) if removed or not template.is_removed)

    def _as_read_now(self, template: Template, plans: Iterable[Plan], crisis: Crisis) -> Template:
        at_ms = self._clock()
        planned = as_planned(template, plans, at_ms)
        return in_crisis(planned, crisis.texts) if crisis.holds(at_ms) else planned

    async def history(self, name: str) -> list[Template]:
        """Every version saved, newest first."""
        with translated_errors():
            found = await self._client.lrange(self._keys.template_history(name), 0, -1)
        return [_decode(record) for record in found]

    async def save(self, template: Template, *, expected_version: int) -> Template:
        """Save as the version after `expected_version` (0: new) and return it; live at once.

        Raises EditConflict if somebody saved another version in between.
        """
        saved = replace(template, version=expected_version + 1)
        with translated_errors():
            current = await self._save(
                keys=[self._keys.templates, self._keys.template_history(template.name), self._keys.events],
                args=[template.name, expected_version, encode(saved), HISTORY_LENGTH],
            )
        if int(current) != -1:
            raise EditConflict(f"template {template.name!r} is at version {current}, expected {expected_version}")
        return saved

    async def seed(self, templates: Iterable[Template]) -> int:
        """Store the Rasa project's own answers where no editor has made them theirs; returns how many changed."""
        known = {template.name: template for template in await self.all_published(removed=True)}
        changed = 0
        for template in templates:
            current = known.get(template.name)
            if current is not None and (current.edited_by != SEEDED_BY or same_answer(current, template)):
                continue
            try:
                await self.save(
                    replace(template, edited_by=SEEDED_BY), expected_version=current.version if current else 0
                )
                changed += 1
            except EditConflict:
                continue  # another process, or an editor, was first
        return changed


def same_answer(one: Template, other: Template) -> bool:
    """Whether a customer sees no difference."""
    return _what_is_read(one) == _what_is_read(other)


def _what_is_read(template: Template) -> Template:
    return replace(template, version=0, edited_at_ms=0, edited_by="", because="", written_by="")


def _by_name(templates: Iterable[Template]) -> list[Template]:
    return sorted(templates, key=lambda template: template.name)


def _decode(record: str) -> Template:
    return msgspec.json.decode(record, type=Template)
