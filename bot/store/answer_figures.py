"""How often each answer was sent, and whether customers say that it helped: by day, without a word of anybody."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from operator import add

import redis.asyncio as aioredis

from bot.store.connection import translated_errors
from bot.store.keys import Keys

# Days are kept for so long; conversation/answers.lua has the same.
KEPT_DAYS = 400
DAY_MS = 86_400_000
# Fewer words of customers are no figure.
LEAST_VOTES = 5
# The words that conversation/answers.lua counts, in the order of AnswerUse.
_WHAT = ("sent", "yes", "no")
# By name of the answer, as _WHAT.
_Counts = Mapping[str, Sequence[int]]

# Counting begins once, with what customers said before as far as it is kept. That is all of it, also what was counted
# since this version runs: it is set, not added.
# KEYS: answers_counted_since, ratings, answers_used. ARGV: how many days are kept.
_BEGIN = """
local time = redis.call('TIME')
local now_ms = time[1] * 1000 + math.floor(time[2] / 1000)
if not redis.call('SET', KEYS[1], string.format('%.0f', now_ms), 'NX') then return 0 end
local days = {}
for _, record in ipairs(redis.call('ZRANGE', KEYS[2], 0, -1)) do
  local said = cjson.decode(record)
  if said.template then
    local day = math.floor(said.at_ms / 86400000)
    local field = (said.helped and 'yes ' or 'no ') .. said.template
    days[day] = days[day] or {}
    days[day][field] = (days[day][field] or 0) + 1
  end
end
for day, fields in pairs(days) do
  local key = KEYS[3] .. ':' .. day
  for field, count in pairs(fields) do redis.call('HSET', key, field, count) end
  redis.call('EXPIRE', key, ARGV[1] * 86400)
end
return 1
"""


@dataclass(frozen=True)
class AnswerUse:
    """Of one answer in some days. helped, not_helped: how many customers said so, the last word of each."""

    sent: int = 0
    helped: int = 0
    not_helped: int = 0

    @property
    def votes(self) -> int:
        return self.helped + self.not_helped

    @property
    def share(self) -> int | None:
        """Whom it helped, of those who said something, in whole percents; None when they are too few."""
        return round(100 * self.helped / self.votes) if self.votes >= LEAST_VOTES else None


NO_USE = AnswerUse()


@dataclass(frozen=True)
class LastUse:
    """When answers were sent last (ms, by name), and since when that is counted; 0 while it is not."""

    at_ms: Mapping[str, int]
    since_ms: int


class AnswerFigures:
    """Counters that the scripts on conversations fill. A day is one of UTC, by Redis's clock, and today is one."""

    def __init__(self, client: aioredis.Redis, keys: Keys) -> None:
        self._client = client
        self._keys = keys
        self._begin = client.register_script(_BEGIN)
        # By length of the period: the day of today, and what was counted before it. Nothing changes that any more.
        self._past: dict[int, tuple[int, _Counts]] = {}

    async def begin(self) -> None:
        """Note that counting has begun. Harmless when it had."""
        keys = [self._keys.answers_counted_since, self._keys.ratings, self._keys.answers_used]
        with translated_errors():
            await self._begin(keys=keys, args=[KEPT_DAYS])

    async def last_use(self) -> LastUse:
        with translated_errors():
            async with self._client.pipeline(transaction=False) as reading:
                reading.hgetall(self._keys.answers_used)
                reading.get(self._keys.answers_counted_since)
                found, since_ms = await reading.execute()
        return LastUse({name: int(at_ms) for name, at_ms in found.items()}, int(since_ms or 0))

    async def last_use_of(self, name: str) -> tuple[int, int]:
        """The same of one answer: when, 0 for never; and since when that is counted."""
        with translated_errors():
            async with self._client.pipeline(transaction=False) as reading:
                reading.hget(self._keys.answers_used, name)
                reading.get(self._keys.answers_counted_since)
                at_ms, since_ms = await reading.execute()
        return int(at_ms or 0), int(since_ms or 0)

    async def over(self, *periods: int) -> list[dict[str, AnswerUse]]:
        """By name, over the last so many days; a dict for each period. An answer without any is left out."""
        today = await self._today()
        missing = [days for days in periods if self._past.get(days, (0, {}))[0] != today]
        if missing:
            past = await self._read(range(today - max(missing) + 1, today))
            self._past |= {days: (today, _total(past[len(past) - days + 1 :])) for days in missing}
        now = _total(await self._read(range(today, today + 1)))
        return [_together(self._past[days][1], now) for days in periods]

    async def of(self, name: str, *periods: int) -> list[AnswerUse]:
        """The same of one answer."""
        today = await self._today()
        fields = [f"{what} {name}" for what in _WHAT]
        pipeline = self._client.pipeline(transaction=False)
        for days_ago in range(max(periods)):
            pipeline.hmget(self._keys.answers_used_on(today - days_ago), fields)
        with translated_errors():
            found = await pipeline.execute()
        by_day = [[int(count or 0) for count in counts] for counts in found]
        return [_use(map(sum, zip(*by_day[:days], strict=True))) for days in periods]

    async def _today(self) -> int:
        with translated_errors():
            seconds, _ = await self._client.time()
        return int(seconds) * 1000 // DAY_MS

    async def _read(self, days: range) -> list[dict[str, str]]:
        pipeline = self._client.pipeline(transaction=False)
        for day in days:
            pipeline.hgetall(self._keys.answers_used_on(day))
        with translated_errors():
            return list(await pipeline.execute())


def _total(days: Iterable[Mapping[str, str]]) -> _Counts:
    total: defaultdict[str, list[int]] = defaultdict(lambda: [0, 0, 0])
    for counts in days:
        for field, count in counts.items():
            what, _, name = field.partition(" ")
            total[name][_WHAT.index(what)] += int(count)
    return total


def _together(past: _Counts, now: _Counts) -> dict[str, AnswerUse]:
    none = [0, 0, 0]
    return {name: _use(map(add, past.get(name, none), now.get(name, none))) for name in past.keys() | now.keys()}


def _use(counts: Iterable[int]) -> AnswerUse:
    """A mind that changed after the period began, of a word before it, may leave less than nothing."""
    return AnswerUse(*(max(0, count) for count in counts))
