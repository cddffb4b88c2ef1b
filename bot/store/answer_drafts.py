"""Answers that somebody works on, before customers read them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

import msgspec
import redis.asyncio as aioredis

from bot.errors import EditConflict
from bot.model import Template
from bot.store.connection import encode, translated_errors
from bot.store.keys import Keys

# KEYS: drafts, events. ARGV: name of the template, version that was read, JSON (empty to remove).
_SAVE = """
local known = redis.call('HGET', KEYS[1], ARGV[1])
local version = known and cjson.decode(known).version or 0
if version ~= tonumber(ARGV[2]) then return version end
if ARGV[3] == '' then redis.call('HDEL', KEYS[1], ARGV[1]) else redis.call('HSET', KEYS[1], ARGV[1], ARGV[3]) end
redis.call('PUBLISH', KEYS[2], '{"type":"answer_draft","name":' .. cjson.encode(ARGV[1]) .. '}')
return -1
"""


@dataclass(frozen=True)
class AnswerDraft:
    """template: the answer as it would be published; its `version` is the published one that it began with.

    state: `review` once its author asks somebody else to look at it. by, at_ms: who saved it last, and when. note: what
    they wrote for who looks at it, or what `returned_by` wrote, who did and sent it back. version: grows with each
    save, and is that of no draft of before, which may have been thrown away.
    """

    template: Template
    state: Literal["draft", "review"]
    by: str
    at_ms: int
    note: str = ""
    returned_by: str = ""
    version: int = 0

    @property
    def name(self) -> str:
        return self.template.name


class AnswerDrafts:
    """One draft of each answer at most: two people who work on one answer work on the same draft."""

    def __init__(self, client: aioredis.Redis, keys: Keys) -> None:
        self._client = client
        self._keys = keys
        self._save = client.register_script(_SAVE)

    async def get(self, name: str) -> AnswerDraft | None:
        with translated_errors():
            found = await self._client.hget(self._keys.answer_drafts, name)
        return msgspec.json.decode(found, type=AnswerDraft) if found else None

    async def all(self) -> dict[str, AnswerDraft]:
        """By the name of the answer."""
        with translated_errors():
            found = await self._client.hgetall(self._keys.answer_drafts)
        return {name: msgspec.json.decode(record, type=AnswerDraft) for name, record in found.items()}

    async def save(self, draft: AnswerDraft) -> AnswerDraft:
        """Raises EditConflict if somebody saved or removed it since `draft.version` (0: there was none)."""
        saved = replace(draft, version=max(draft.version + 1, draft.at_ms))
        await self._set(draft.name, draft.version, encode(saved))
        return saved

    async def remove(self, name: str, *, expected_version: int) -> None:
        """Published, or thrown away. Raises EditConflict if somebody saved it since."""
        await self._set(name, expected_version, "")

    async def _set(self, name: str, expected_version: int, record: str) -> None:
        with translated_errors():
            keys = [self._keys.answer_drafts, self._keys.events]
            current = await self._save(keys=keys, args=[name, expected_version, record])
        if int(current) != -1:
            raise EditConflict(f"the draft of {name!r} is at version {current}, expected {expected_version}")
