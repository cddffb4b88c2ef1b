"""The answers that editors own."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import msgspec
import redis.asyncio as aioredis

from bot.errors import EditConflict, NotFound
from bot.model import Template
from bot.store.connection import encode, translated_errors
from bot.store.keys import Keys

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
    """Templates by name (`utter_...`), each with its history."""

    def __init__(self, client: aioredis.Redis, keys: Keys) -> None:
        self._client = client
        self._keys = keys
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
            found = await self._client.hmget(self._keys.templates, wanted)
        return {name: _decode(record) for name, record in zip(wanted, found, strict=True) if record}

    async def all(self) -> list[Template]:
        """Every template, by name."""
        with translated_errors():
            found = await self._client.hvals(self._keys.templates)
        return sorted((_decode(record) for record in found), key=lambda template: template.name)

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
        known = {template.name: template for template in await self.all()}
        changed = 0
        for template in templates:
            current = known.get(template.name)
            if current is not None and (current.edited_by != SEEDED_BY or _same_answer(current, template)):
                continue
            try:
                await self.save(
                    replace(template, edited_by=SEEDED_BY), expected_version=current.version if current else 0
                )
                changed += 1
            except EditConflict:
                continue  # another process, or an editor, was first
        return changed


def _same_answer(one: Template, other: Template) -> bool:
    return (one.title, one.text, one.buttons) == (other.title, other.text, other.buttons)


def _decode(record: str) -> Template:
    return msgspec.json.decode(record, type=Template)
