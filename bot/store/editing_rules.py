"""What managers set about editing: who must look along before customers read it, and the company's own variables."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import msgspec
import redis.asyncio as aioredis

from bot.errors import EditConflict
from bot.store.connection import encode, translated_errors
from bot.store.keys import Keys

# KEYS: rules, events. ARGV: version that was read, JSON.
_SAVE = """
local known = redis.call('GET', KEYS[1])
local version = known and cjson.decode(known).version or 0
if version ~= tonumber(ARGV[1]) then return version end
redis.call('SET', KEYS[1], ARGV[2])
redis.call('PUBLISH', KEYS[2], '{"type":"editing_rules"}')
return -1
"""


@dataclass(frozen=True)
class EditingRules:
    """answers_need_review: who wrote a draft of an answer doesn't publish it; another editor does.
    topics_need_review: what an editor makes of messages in the learning inbox waits for another editor.

    fields: the company's own variables in answers, by name (`telefoonnummer`); an empty value leaves nothing behind.
    by, at_ms: who set it so, and when. version: counts changes.
    """

    answers_need_review: bool = False
    topics_need_review: bool = False
    fields: dict[str, str] = field(default_factory=dict)
    by: str = ""
    at_ms: int = 0
    version: int = 0


class EditingRulesStore:
    """One record for the installation; what is changed counts at once."""

    def __init__(self, client: aioredis.Redis, keys: Keys) -> None:
        self._client = client
        self._keys = keys
        self._save = client.register_script(_SAVE)

    async def get(self) -> EditingRules:
        with translated_errors():
            found = await self._client.get(self._keys.editing_rules)
        return msgspec.json.decode(found, type=EditingRules) if found else EditingRules()

    async def save(self, rules: EditingRules) -> EditingRules:
        """Raises EditConflict if somebody set them since `rules.version`."""
        saved = replace(rules, version=rules.version + 1)
        with translated_errors():
            current = await self._save(
                keys=[self._keys.editing_rules, self._keys.events], args=[rules.version, encode(saved)]
            )
        if int(current) != -1:
            raise EditConflict(f"the editing rules are at version {current}, expected {rules.version}")
        return saved
