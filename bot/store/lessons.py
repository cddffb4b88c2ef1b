"""What editors made of messages from the learning inbox: once it is done, or proposed to a second pair of eyes."""

from __future__ import annotations

from collections.abc import Collection
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Literal

import msgspec
import redis.asyncio as aioredis

from bot.errors import EditConflict, NotFound
from bot.store.connection import encode, translated_errors
from bot.store.keys import Keys
from bot.store.topics import Example

LessonKind = Literal["assign", "new_topic", "ignore", "personal"]
LessonState = Literal["proposed", "applied", "rejected", "undone"]
# So many are kept, for `undo` and to look back.
KEPT = 500

# KEYS: lessons, events. ARGV: id, version that was read, JSON.
_SAVE = """
local known = redis.call('HGET', KEYS[1], ARGV[1])
local version = known and cjson.decode(known).version or 0
if version ~= tonumber(ARGV[2]) then return version end
redis.call('HSET', KEYS[1], ARGV[1], ARGV[3])
redis.call('PUBLISH', KEYS[2], '{"type":"lesson"}')
return -1
"""


@dataclass(frozen=True)
class Taught:
    """One message of a lesson. place: as in Missed. text: as it becomes an example; empty where it becomes none."""

    place: str
    text: str = ""


@dataclass(frozen=True)
class Lesson:
    """What was made of some messages at once.

    intent: the topic that gets them; of a new one title, description and answer (the draft of it) too. by, at_ms: who
    made it or proposed it; looked_by, looked_at_ms: the second pair of eyes, note: what that one wrote. added: examples
    that the topic did not have yet; taken: by intent, examples that other topics lost by it. version counts saves.
    """

    id: str
    kind: LessonKind
    state: LessonState
    by: str
    at_ms: int
    taught: tuple[Taught, ...]
    intent: str = ""
    title: str = ""
    description: str = ""
    answer: str = ""
    looked_by: str = ""
    looked_at_ms: int = 0
    note: str = ""
    added: tuple[Example, ...] = ()
    taken: dict[str, tuple[Example, ...]] = field(default_factory=dict)
    version: int = 0

    @property
    def places(self) -> list[str]:
        return [one.place for one in self.taught]


class LessonStore:
    """Lessons by id."""

    def __init__(self, client: aioredis.Redis, keys: Keys, *, retention_days: int) -> None:
        self._client = client
        self._keys = keys
        self._lifetime_ms = retention_days * 86_400_000
        self._save = client.register_script(_SAVE)

    async def get(self, lesson_id: str) -> Lesson:
        """Raises NotFound."""
        with translated_errors():
            found = await self._client.hget(self._keys.lessons, lesson_id)
        if not found:
            raise NotFound(f"no lesson {lesson_id!r}")
        return msgspec.json.decode(found, type=Lesson)

    async def all(self) -> list[Lesson]:
        """The latest first."""
        with translated_errors():
            found = await self._client.hvals(self._keys.lessons)
        return sorted((_LESSON.decode(one) for one in found), key=lambda one: one.at_ms, reverse=True)

    async def save(self, lesson: Lesson) -> Lesson:
        """Store the version after `lesson.version`. Raises EditConflict if somebody saved it since."""
        saved = replace(lesson, version=lesson.version + 1)
        with translated_errors():
            keys = [self._keys.lessons, self._keys.events]
            current = await self._save(keys=keys, args=[lesson.id, lesson.version, encode(saved)])
        if int(current) != -1:
            raise EditConflict(f"lesson {lesson.id!r} is at version {current}, expected {lesson.version}")
        return saved

    async def forget_words(self, places: Collection[str]) -> None:
        """Of messages that turn out to be personal, what was made of them before and undone keeps no words."""
        for lesson in await self.all():
            if lesson.state in ("rejected", "undone") and not set(places).isdisjoint(lesson.places):
                with suppress(EditConflict):  # what is over nobody changes, but to do the same
                    await self.save(_without_words(lesson, places))

    async def remove_expired(self, at_ms: int) -> None:
        """Forget what is past its retention at `at_ms`: the words in it are customers'.

        Of the others the last KEPT stay, and what waits for a second pair of eyes.
        """
        lessons = await self.all()
        oldest_ms = at_ms - self._lifetime_ms
        too_many = [one for one in lessons if one.state != "proposed"][KEPT:]
        gone = [one.id for one in (*too_many, *(one for one in lessons if one.at_ms <= oldest_ms))]
        if gone:
            with translated_errors():
                await self._client.hdel(self._keys.lessons, *gone)


def _without_words(lesson: Lesson, places: Collection[str]) -> Lesson:
    taught = tuple(replace(one, text="") if one.place in places else one for one in lesson.taught)
    bare = replace(lesson, taught=taught, added=(), taken={})
    # A new topic may be called as its first message, or quote the reply to it.
    return bare if any(one.text for one in taught) else replace(bare, title="", description="", answer="")


_LESSON = msgspec.json.Decoder(Lesson)
