"""A company's own list of questions and answers, from what was sent to what became of it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

import msgspec
import redis.asyncio as aioredis

from bot.errors import EditConflict, NotFound
from bot.store.connection import encode, translated_errors
from bot.store.keys import Keys

# What nobody went on with, and how long an import can be looked up and undone.
DRAFT_LIFETIME_S = 7 * 86_400
LIFETIME_S = 90 * 86_400
KEPT = 50  # in the list

Choice = Literal["new", "example", "skip"]
State = Literal["draft", "importing", "done", "undone"]

# KEYS: the import, list. ARGV: id, version that was read, JSON, lifetime in s, moment in ms, how many are kept.
_SAVE = """
local version = tonumber(redis.call('HGET', KEYS[1], 'version') or 0)
if version ~= tonumber(ARGV[2]) then return version end
redis.call('HSET', KEYS[1], 'version', version + 1, 'record', ARGV[3])
redis.call('EXPIRE', KEYS[1], ARGV[4])
redis.call('ZADD', KEYS[2], 'NX', ARGV[5], ARGV[1])
redis.call('ZREMRANGEBYRANK', KEYS[2], 0, -1 - ARGV[6])
return -1
"""


@dataclass(frozen=True)
class ImportRow:
    """One question of the list. place: where it stood. choice: what is to become of it.

    target: the intent that has the same question, or nearly. problem: why it can't be imported; hints: what to look
    at first; both in Dutch. button: what stands on the button to its topic. intent: of that topic, once it is decided.
    """

    place: int
    question: str
    answer: str
    choice: Choice
    target: str = ""
    target_title: str = ""
    problem: str = ""
    hints: tuple[str, ...] = ()
    intent: str = ""
    button: str = ""


@dataclass(frozen=True)
class Import:
    """source: the name of the file. as_drafts: customers don't read the answers before somebody publishes them.

    kept: intents that undoing left, for they were edited since. version counts saves; 0: not stored yet.
    """

    id: str
    source: str
    by: str
    at_ms: int
    rows: tuple[ImportRow, ...]
    state: State = "draft"
    as_drafts: bool = False
    kept: tuple[str, ...] = ()
    version: int = 0

    def chosen(self, choice: Choice) -> list[ImportRow]:
        return [row for row in self.rows if row.choice == choice]


class ImportStore:
    """Imports by id, and the last of them in a list."""

    def __init__(self, client: aioredis.Redis, keys: Keys) -> None:
        self._client = client
        self._keys = keys
        self._save = client.register_script(_SAVE)

    async def get(self, import_id: str) -> Import:
        """Raises NotFound, also when it is too old."""
        with translated_errors():
            found = await self._client.hget(self._keys.one_import(import_id), "record")
        if not found:
            raise NotFound(f"no import {import_id!r}")
        return msgspec.json.decode(found, type=Import)

    async def latest(self, count: int = 10) -> list[Import]:
        """The last to be begun first."""
        with translated_errors():
            ids = await self._client.zrevrange(self._keys.imports, 0, count - 1)
            async with self._client.pipeline(transaction=False) as reading:
                for one in ids:
                    reading.hget(self._keys.one_import(one), "record")
                records = await reading.execute()
        return [msgspec.json.decode(record, type=Import) for record in records if record]

    async def save(self, one: Import) -> Import:
        """Store the version after `one.version`. Raises EditConflict if somebody saved it since."""
        saved = replace(one, version=one.version + 1)
        lifetime_s = DRAFT_LIFETIME_S if one.state == "draft" else LIFETIME_S
        with translated_errors():
            refused = await self._save(
                keys=[self._keys.one_import(one.id), self._keys.imports],
                args=[one.id, one.version, encode(saved), lifetime_s, one.at_ms, KEPT],
            )
        if int(refused) != -1:
            raise EditConflict(f"import {one.id!r} is at version {refused}, expected {one.version}")
        return saved
