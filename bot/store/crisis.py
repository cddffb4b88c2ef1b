"""The crisis switch: for a while other answers, a banner, and topics that only humans answer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import msgspec
import redis.asyncio as aioredis

from bot.errors import EditConflict, InvalidMessage
from bot.model import Template
from bot.store.connection import encode, translated_errors
from bot.store.keys import Keys

HISTORY_LENGTH = 100

# KEYS: crisis, history, events. ARGV: version that was read, JSON, length of the history.
_SAVE = """
local known = redis.call('GET', KEYS[1])
local version = known and cjson.decode(known).version or 0
if version ~= tonumber(ARGV[1]) then return version end
redis.call('SET', KEYS[1], ARGV[2])
redis.call('LPUSH', KEYS[2], ARGV[2])
redis.call('LTRIM', KEYS[2], 0, ARGV[3] - 1)
redis.call('PUBLISH', KEYS[3], '{"type":"crisis"}')
return -1
"""


@dataclass(frozen=True)
class Crisis:
    """What holds while `is_on`, up to `until_ms`; afterwards all is as it was.

    banner: what every customer reads first. texts: what answers say instead, by name of the template. intents: topics
    that go to humans. by, at_ms: who set it so, and when. version: counts changes.
    """

    is_on: bool = False
    banner: str = ""
    texts: dict[str, str] = field(default_factory=dict)
    intents: tuple[str, ...] = ()
    from_ms: int = 0
    until_ms: int = 0
    by: str = ""
    at_ms: int = 0
    version: int = 0

    def holds(self, at_ms: int) -> bool:
        return self.is_on and at_ms < self.until_ms


class CrisisStore:
    """One crisis at a time. What was set before is kept, to be used again and to be looked up."""

    def __init__(self, client: aioredis.Redis, keys: Keys) -> None:
        self._client = client
        self._keys = keys
        self._save = client.register_script(_SAVE)

    async def get(self) -> Crisis:
        """As it was last set, on or off."""
        with translated_errors():
            return decoded(await self._client.get(self._keys.crisis))

    async def save(self, crisis: Crisis) -> Crisis:
        """Set it; live at once. Raises InvalidMessage, and EditConflict if somebody set it since `crisis.version`."""
        if crisis.is_on and crisis.until_ms <= crisis.at_ms:
            raise InvalidMessage("until_ms: expected a moment that is still to come")
        saved = replace(crisis, version=crisis.version + 1)
        with translated_errors():
            keys = [self._keys.crisis, self._keys.crisis_history, self._keys.events]
            current = await self._save(keys=keys, args=[crisis.version, encode(saved), HISTORY_LENGTH])
        if int(current) != -1:
            raise EditConflict(f"the crisis switch is at version {current}, expected {crisis.version}")
        return saved

    async def history(self) -> list[Crisis]:
        """Every time that it was set, newest first."""
        with translated_errors():
            found = await self._client.lrange(self._keys.crisis_history, 0, -1)
        return [decoded(one) for one in found]


def decoded(record: str | None) -> Crisis:
    """The crisis, from what Redis has of it."""
    return msgspec.json.decode(record, type=Crisis) if record else Crisis()


def in_crisis(template: Template, texts: Mapping[str, str]) -> Template:
    """The answer with the text of the crisis, without what went with its own: variants, image and buttons."""
    if template.is_removed or template.name not in texts:
        return template
    return replace(template, text=texts[template.name], variants=(), image=None, buttons=())
