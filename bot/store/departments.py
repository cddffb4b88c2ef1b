"""The departments that customers are passed on to: what each gets, when it is open, and what it promises."""

from __future__ import annotations

import re
import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta, timezone
from functools import lru_cache
from typing import Literal

import msgspec
import redis.asyncio as aioredis

from bot.errors import ConfigError, Conflict, InvalidMessage, NotFound
from bot.model import Conversation, Handoff
from bot.opening_hours import HORIZON_DAYS, OpeningHours
from bot.settings import Settings
from bot.store.connection import encode, translated_errors
from bot.store.keys import Keys

DEFAULT_ID = "klantenservice"
DEFAULT_RESOLVE_MINUTES = 8 * 60
_ID = re.compile(r"[a-z0-9][a-z0-9-]{0,39}")
# A handoff is planned with what was known so short ago.
CACHE_S = 1.0
# KEYS: departments. ARGV: id, version that was read, JSON. Returns 1; 0 if somebody saved in between; the id of another
# department that has one of its intents or reasons.
_SAVE = """
local known = redis.call('HGET', KEYS[1], ARGV[1])
local version = known and cjson.decode(known).version or 0
if version ~= tonumber(ARGV[2]) then return 0 end
local wanted = {}
local function topics(department)
  local found = {}
  for _, intent in ipairs(department.intents) do found[#found + 1] = 'intent ' .. intent end
  for _, reason in ipairs(department.reasons) do found[#found + 1] = 'reason ' .. reason end
  return found
end
for _, topic in ipairs(topics(cjson.decode(ARGV[3]))) do wanted[topic] = true end
for _, other in ipairs(redis.call('HVALS', KEYS[1])) do
  local department = cjson.decode(other)
  if department.id ~= ARGV[1] then
    for _, topic in ipairs(topics(department)) do
      if wanted[topic] then return department.id end
    end
  end
end
redis.call('HSET', KEYS[1], ARGV[1], ARGV[3])
return 1
"""


@dataclass(frozen=True)
class Target:
    """What is promised, in minutes of the department's opening hours; 0 promises nothing."""

    first_minutes: int
    resolve_minutes: int


@dataclass(frozen=True)
class Department:
    """name: with its article, as customers read it. hours: as BOT_OPENING_HOURS, empty for that setting.

    closed_days: ISO dates besides the public holidays. members, managers: ids of accounts. intents, reasons: what goes
    here; what no department names goes to the first one. channels: targets that differ from `target`, by channel.
    repeat_minutes: how often a promise that is not kept is warned of again, until somebody acts.
    """

    id: str
    name: str
    target: Target
    hours: str = ""
    closed_days: tuple[str, ...] = ()
    members: tuple[str, ...] = ()
    managers: tuple[str, ...] = ()
    intents: tuple[str, ...] = ()
    reasons: tuple[str, ...] = ()
    channels: dict[str, Target] = field(default_factory=dict)
    assignment: Literal["manual", "automatic"] = "manual"
    repeat_minutes: int = 15
    place: int = 0
    version: int = 0

    def target_of(self, channel: str) -> Target:
        """What it promises customers of a channel."""
        return self.channels.get(channel, self.target)


class DepartmentStore:
    """Departments, and what a handoff means for them. There always is one: at first that of the settings."""

    def __init__(self, client: aioredis.Redis, keys: Keys, settings: Settings) -> None:
        self._client = client
        self._keys = keys
        self._settings = settings
        self._save = client.register_script(_SAVE)
        self._known: tuple[Department, ...] = ()
        self._read_at_s = 0.0
        target = Target(settings.reply_minutes, DEFAULT_RESOLVE_MINUTES)
        self._default = Department(DEFAULT_ID, settings.department, target)

    async def all(self) -> tuple[Department, ...]:
        """In the order of the list; the first one gets what no other wants."""
        with translated_errors():
            found = await self._client.hvals(self._keys.departments)
        known = [msgspec.json.decode(one, type=Department) for one in found] or [self._default]
        self._known = tuple(sorted(known, key=lambda one: (one.place, one.id)))
        self._read_at_s = time.monotonic()
        return self._known

    async def recent(self) -> tuple[Department, ...]:
        """The same, as it was at most CACHE_S ago."""
        if not self._known or time.monotonic() - self._read_at_s > CACHE_S:
            return await self.all()
        return self._known

    async def get(self, department_id: str) -> Department:
        """Raises NotFound."""
        for known in (self.recent, self.all):  # one that was just made, in another process
            for one in await known():
                if one.id == department_id:
                    return one
        raise NotFound(f"no department {department_id!r}")

    async def save(self, department: Department) -> Department:
        """Store it.

        Raises InvalidMessage, and Conflict if somebody saved it since `department.version`, or another department has
        one of its intents or reasons.
        """
        self._check(department)
        saved = replace(department, version=department.version + 1)
        with translated_errors():
            args = [department.id, department.version, encode(saved)]
            answer = await self._save(keys=[self._keys.departments], args=args)
        if answer == 0:
            raise Conflict(f"department {department.id!r} was saved by somebody else")
        if answer != 1:
            raise Conflict(f"a topic of department {department.id!r} belongs to {answer!r}")
        self._known = ()
        return saved

    async def remove(self, department_id: str) -> None:
        """Raises NotFound. What it had goes to the first one when it is next handed over."""
        with translated_errors():
            if not await self._client.hdel(self._keys.departments, department_id):
                raise NotFound(f"no department {department_id!r}")
        self._known = ()

    async def of_handoff(self, handoff: Handoff | None) -> Department:
        """The one that a handoff is for: as it says, else by its reason, else by the intent; without one the first."""
        departments = await self.recent()
        return _route(handoff, departments) if handoff else departments[0]

    async def plan(self, handoff: Handoff, channel: str) -> Handoff:
        """The handoff with its department and promises; those that it has already stay."""
        if handoff.department and (handoff.first_due_ms or handoff.resolve_due_ms):
            return handoff
        return await self.promise(handoff, channel, handoff.at_ms)

    async def promise(self, handoff: Handoff, channel: str, at_ms: int) -> Handoff:
        """The handoff as it would be if it were of `at_ms`."""
        department = await self.of_handoff(handoff)
        target = department.target_of(channel)
        hours = self.hours(department)
        at = datetime.fromtimestamp(at_ms / 1000, timezone.utc)
        return replace(
            handoff,
            department=department.id,
            first_due_ms=_due_ms(hours, at, target.first_minutes),
            resolve_due_ms=_due_ms(hours, at, target.resolve_minutes),
        )

    async def returned(self, conversation: Conversation, at_ms: int) -> Handoff:
        """The handoff with which a conversation goes back to the queue at `at_ms`.

        Who had an answer already is promised the next one anew; who still waits keeps the first promise.
        """
        handoff = conversation.handoff or Handoff("taken_over", "normal", at_ms)
        if conversation.handoff and not conversation.answered_at_ms:
            return handoff
        return await self.promise(handoff, conversation.channel, at_ms)

    def hours(self, department: Department) -> OpeningHours:
        """When the department is open."""
        settings = self._settings
        text = department.hours or settings.opening_hours
        return _hours(text, settings.timezone, settings.holidays, department.closed_days)

    def _check(self, department: Department) -> None:
        if not _ID.fullmatch(department.id):
            raise InvalidMessage("department id: expected 1 to 40 of a-z 0-9 -")
        if not 1 <= len(department.name.strip()) <= 80:
            raise InvalidMessage("name: expected 1 to 80 characters")
        try:
            self.hours(department)
        except ConfigError as exc:
            raise InvalidMessage(f"hours: {exc}") from exc


@lru_cache
def _hours(text: str, timezone: str, country: str, closed_days: tuple[str, ...]) -> OpeningHours:
    """Kept: every message that names a time asks."""
    return OpeningHours.parse(text, timezone=timezone, country=country, closed_days=closed_days)


def _route(handoff: Handoff, departments: Sequence[Department]) -> Department:
    intent = handoff.nlu.intent if handoff.nlu else ""
    for one in departments:
        if handoff.department and one.id == handoff.department:
            return one
    for one in departments:
        if handoff.reason in one.reasons:
            return one
    for one in departments:
        if intent and intent in one.intents:
            return one
    return departments[0]


def _due_ms(hours: OpeningHours, at: datetime, minutes: int) -> int:
    """0 promises nothing. What takes longer than the opening hours that can be seen is late at their end: somebody is
    warned, whatever the hours are."""
    if not minutes:
        return 0
    due = hours.after(at, minutes) or at + timedelta(days=HORIZON_DAYS)
    return int(due.timestamp() * 1000)
