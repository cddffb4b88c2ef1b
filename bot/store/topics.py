"""What customers ask about: the NLU's intents with their examples, as community managers own them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Literal

import msgspec
import redis.asyncio as aioredis

from bot.errors import EditConflict, InvalidMessage, NotFound
from bot.store.connection import encode, translated_errors
from bot.store.keys import Keys

HISTORY_LENGTH = 100
MAX_TITLE_CHARS = 60
MAX_DESCRIPTION_CHARS = 500
MAX_EXAMPLE_CHARS = 500
MAX_EXAMPLES = 2_000
# Questions have this prefix: their answer has a title, and may stand on a button under "Bedoel je ...?".
FAQ_PREFIX = "faq_"
# What the NLU is not to answer; its examples and tests are messages that no topic is about.
OUT_OF_SCOPE = "nlu_fallback"
INTENT = re.compile(r"[a-z][a-z0-9_]{0,59}")

# All or nothing. KEYS: topics, changes, events, then a history for each. ARGV: length of a history, then for each:
# intent, version that was read, JSON. Returns the intent that somebody else saved, or '' and the number of changes.
_SAVE = """
for at = 4, #KEYS do
  local intent, expected = ARGV[at * 3 - 10], tonumber(ARGV[at * 3 - 9])
  local known = redis.call('HGET', KEYS[1], intent)
  local version = known and cjson.decode(known).version or 0
  if version ~= expected then return {intent, 0} end
end
for at = 4, #KEYS do
  local intent, record = ARGV[at * 3 - 10], ARGV[at * 3 - 8]
  redis.call('HSET', KEYS[1], intent, record)
  redis.call('LPUSH', KEYS[at], record)
  redis.call('LTRIM', KEYS[at], 0, ARGV[1] - 1)
end
redis.call('PUBLISH', KEYS[3], '{"type":"topics"}')
return {'', redis.call('INCR', KEYS[2])}
"""


@dataclass(frozen=True)
class Example:
    """How a customer may put it. by, at_ms: who added it, and when; message_id: what it was learned from."""

    text: str
    by: str = ""
    at_ms: int = 0
    message_id: str = ""


@dataclass(frozen=True)
class TestMessage:
    """A message of the golden set: it may never be answered as another topic; with must_answer it must be answered."""

    __test__ = False  # pytest takes it for a test otherwise

    text: str
    must_answer: bool = False


@dataclass(frozen=True)
class Topic:
    """intent: its name in the Rasa project, which never changes; title: what people call it.

    answering: `human` hands every message about it over, however certain the NLU is. threshold: from which confidence
    it is answered, in place of the one that training chooses. place: in the order of the files. is_retired: no longer
    trained or answered; merged_into: the intent that got its examples. version counts saves; 0: not stored yet.
    """

    intent: str
    title: str
    description: str = ""
    examples: tuple[Example, ...] = ()
    tests: tuple[TestMessage, ...] = ()
    answering: Literal["automatic", "human"] = "automatic"
    threshold: float | None = None
    place: int = 0
    is_retired: bool = False
    merged_into: str = ""
    version: int = 0
    edited_at_ms: int = 0
    edited_by: str = ""

    @property
    def is_question(self) -> bool:
        """Whether it is one of the company's questions, and none of what every assistant must understand."""
        return self.intent.startswith(FAQ_PREFIX)

    @cached_property
    def words(self) -> frozenset[str]:
        """What its examples say, to compare: see `same_words`."""
        return frozenset(same_words(one.text) for one in self.examples)

    @property
    def answer(self) -> str:
        """The name of its template."""
        return f"utter_{self.intent}"


@dataclass(frozen=True)
class Standing:
    """What counts of a topic without training: who answers it, and whether it is still there. As in Topic."""

    intent: str
    title: str = ""
    answering: Literal["automatic", "human"] = "automatic"
    is_retired: bool = False
    merged_into: str = ""


class TopicStore:
    """Topics by intent, each with its history.

    All of them are read again only after a save, of whichever process: there may be a thousand, with twenty times as
    many examples, and nearly every page of editors needs them.
    """

    def __init__(self, client: aioredis.Redis, keys: Keys) -> None:
        self._client = client
        self._keys = keys
        self._save = client.register_script(_SAVE)
        # With the number of `changes` before they were read.
        self._topics: tuple[int, list[Topic]] = (-1, [])
        self._standings: tuple[int, list[Standing]] = (-1, [])

    async def get(self, intent: str) -> Topic:
        """Raises NotFound. Retired ones are found too."""
        with translated_errors():
            found = await self._client.hget(self._keys.topics, intent)
        if not found:
            raise NotFound(f"no topic {intent!r}")
        return _decoded(found)

    async def all(self, *, retired: bool = False) -> list[Topic]:
        """In the order of the files. retired: also those that are no longer used."""
        if await self.changes() != self._topics[0]:
            changes, found = await self._read_all()
            self._topics = changes, sorted(map(_decoded, found), key=_in_files)
        return [topic for topic in self._topics[1] if retired or not topic.is_retired]

    async def standings(self) -> list[Standing]:
        """Of every topic, also the retired ones: without their examples, of which there are many."""
        if await self.changes() != self._standings[0]:
            changes, found = await self._read_all()
            self._standings = changes, [msgspec.json.decode(record, type=Standing) for record in found]
        return list(self._standings[1])

    async def _read_all(self) -> tuple[int, list[str]]:
        """The number of changes, and the records as they were then or later."""
        with translated_errors():
            async with self._client.pipeline(transaction=False) as reading:
                reading.get(self._keys.topic_changes)
                reading.hvals(self._keys.topics)
                changes, found = await reading.execute()
        return int(changes or 0), found

    async def history(self, intent: str, *, most: int = HISTORY_LENGTH) -> list[Topic]:
        """The versions saved, newest first."""
        with translated_errors():
            found = await self._client.lrange(self._keys.topic_history(intent), 0, most - 1)
        return [_decoded(record) for record in found]

    async def changes(self) -> int:
        """Goes up with every save: what was read at the same number is the same."""
        with translated_errors():
            return int(await self._client.get(self._keys.topic_changes) or 0)

    async def save(self, topic: Topic) -> Topic:
        """Store the version after `topic.version`. Raises InvalidMessage and EditConflict."""
        return (await self.save_all([topic]))[0]

    async def save_all(self, topics: Sequence[Topic]) -> list[Topic]:
        """Store all of them or none, as when an example goes from one to another.

        Raises InvalidMessage, and EditConflict if somebody saved one of them since the `version` that it has here.
        """
        if not topics:
            return []
        for topic in topics:
            _check(topic)
        saved = [replace(topic, version=topic.version + 1) for topic in topics]
        args: list[str | int] = [HISTORY_LENGTH]
        for before, after in zip(topics, saved, strict=True):
            args += [after.intent, before.version, encode(after)]
        keys = [self._keys.topics, self._keys.topic_changes, self._keys.events]
        with translated_errors():
            refused, changes = await self._save(
                keys=[*keys, *(self._keys.topic_history(one.intent) for one in saved)], args=args
            )
        if refused:
            raise EditConflict(f"somebody else saved topic {refused!r}")
        self._note(saved, int(changes))
        return saved

    def _note(self, saved: Iterable[Topic], changes: int) -> None:
        """Our own save is no reason to read all of them again, if nobody else saved since they were read."""
        if self._topics[0] == changes - 1:
            now = {one.intent: one for one in (*self._topics[1], *saved)}
            self._topics = changes, sorted(now.values(), key=_in_files)


def same_words(text: str) -> str:
    """What is compared to see whether two examples are the same."""
    return " ".join(text.casefold().split()).rstrip("?!. ")


def with_examples(topic: Topic, examples: Iterable[Example]) -> Topic:
    """The topic with these examples behind its own; one that it has already is left out."""
    known, added = {same_words(one.text) for one in topic.examples}, []
    for example in examples:
        if (words := same_words(example.text)) not in known:
            known.add(words)
            added.append(example)
    return replace(topic, examples=(*topic.examples, *added))


def without_examples(topic: Topic, texts: Iterable[str]) -> Topic:
    """The topic without the examples that say the same as one of `texts`."""
    unwanted = set(map(same_words, texts))
    return replace(topic, examples=tuple(one for one in topic.examples if same_words(one.text) not in unwanted))


def _check(topic: Topic) -> None:
    """Raises InvalidMessage, which says what was expected."""
    if not INTENT.fullmatch(topic.intent):
        raise InvalidMessage("intent: expected 1 to 60 of a-z 0-9 _, a letter first")
    if not 1 <= len(topic.title.strip()) <= MAX_TITLE_CHARS:
        raise InvalidMessage(f"title: expected 1 to {MAX_TITLE_CHARS} characters")
    if len(topic.description) > MAX_DESCRIPTION_CHARS:
        raise InvalidMessage(f"description: expected at most {MAX_DESCRIPTION_CHARS} characters")
    if len(topic.examples) > MAX_EXAMPLES or len(topic.tests) > MAX_EXAMPLES:
        raise InvalidMessage(f"examples, tests: expected at most {MAX_EXAMPLES} of each")
    for text in (*(one.text for one in topic.examples), *(one.text for one in topic.tests)):
        if not text.strip() or len(text) > MAX_EXAMPLE_CHARS or len(text.splitlines()) > 1:
            raise InvalidMessage(f"examples, tests: expected lines of 1 to {MAX_EXAMPLE_CHARS} characters")
    if topic.threshold is not None and not 0 < topic.threshold <= 1:
        raise InvalidMessage("threshold: expected a number above 0, at most 1")


def _in_files(topic: Topic) -> tuple[int, str]:
    return topic.place, topic.intent


def _decoded(record: str) -> Topic:
    return msgspec.json.decode(record, type=Topic)
