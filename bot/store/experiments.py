"""Another model beside the live one, on real messages: it only reads along, or answers a share of the customers."""

from __future__ import annotations

import uuid
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Literal

import msgspec
import redis.asyncio as aioredis

from bot.errors import Conflict, InvalidMessage
from bot.store.connection import encode, translated_errors
from bot.store.keys import Keys
from bot.store.models import ModelRegistry
from bot.store.trainings import Became
from bot.store.work import now_ms

# shadow: the live model answers everybody, the other one reads the same messages afterwards. split: the other one
# answers `share` percent of the conversations.
Mode = Literal["shadow", "split"]
Arm = Literal["live", "challenger"]
# Why it is over. refused: an assistant could not load the model; failing: it failed on message after message;
# replaced: another model went live.
Ending = Literal["stopped", "expired", "refused", "failing", "replaced"]

MAX_SHARE = 50
MAX_DAYS = 30
HISTORY_LENGTH = 20
MAX_DIFFERENCES = 200
DIFFERENCES_S = 30 * 86_400

# Begin one if none runs. KEYS: experiment, figures, differences, events. ARGV: JSON. Returns 1 if it did.
_BEGIN = """
local known = redis.call('GET', KEYS[1])
if known and cjson.decode(known).ending == '' then return 0 end
for _, figure in ipairs(redis.call('HKEYS', KEYS[2])) do
  if string.sub(figure, 1, 11) == 'experiment:' then redis.call('HDEL', KEYS[2], figure) end
end
redis.call('DEL', KEYS[3])
redis.call('SET', KEYS[1], ARGV[1])
redis.call('PUBLISH', KEYS[4], '{"type":"experiment"}')
return 1
"""
# End it, with its figures. KEYS: experiment, figures, history, events. ARGV: id, why, who, when, length of the history.
# Returns the name of its model if it did; nothing if it was over or is another one.
_END = """
local known = redis.call('GET', KEYS[1])
local experiment = known and cjson.decode(known)
if not experiment or experiment.id ~= ARGV[1] or experiment.ending ~= '' then return nil end
experiment.ending, experiment.ended_by, experiment.ended_at_ms = ARGV[2], ARGV[3], tonumber(ARGV[4])
local all = redis.call('HGETALL', KEYS[2])
for at = 1, #all, 2 do
  if string.sub(all[at], 1, 11) == 'experiment:' then
    experiment.figures[string.sub(all[at], 12)] = tonumber(all[at + 1])
  end
end
local record = cjson.encode(experiment)
redis.call('SET', KEYS[1], record)
redis.call('LPUSH', KEYS[3], record)
redis.call('LTRIM', KEYS[3], 0, ARGV[5] - 1)
redis.call('PUBLISH', KEYS[4], '{"type":"experiment"}')
return experiment.model
"""


@dataclass(frozen=True)
class Experiment:
    """live: the model that answers the others; when another one goes live, it is over. share: in percent, of a split.

    ending: empty while it runs. figures: once it is over, `<arm>:<what>` to how often.
    """

    model: str
    live: str
    mode: Mode
    by: str
    at_ms: int
    until_ms: int
    share: int = 0
    id: str = ""
    ending: Literal["", Ending] = ""
    ended_by: str = ""
    ended_at_ms: int = 0
    figures: dict[str, int] = field(default_factory=dict)

    @property
    def runs(self) -> bool:
        return not self.ending

    def arm(self, conversation_id: str) -> Arm:
        """Who answers this conversation: always the same one, and of every experiment others."""
        is_drawn = zlib.crc32(f"{self.id} {conversation_id}".encode()) % 100 < self.share
        return "challenger" if self.mode == "split" and is_drawn else "live"


@dataclass(frozen=True)
class Difference:
    """A message of which two models make something else; its words are in the conversation only, and go with it."""

    conversation_id: str
    entry_id: str
    live: Became
    challenger: Became


class Experiments:
    """One at a time, and the last ones with their figures."""

    def __init__(self, client: aioredis.Redis, keys: Keys, models: ModelRegistry) -> None:
        self._client = client
        self._keys = keys
        self._models = models
        self._begin = client.register_script(_BEGIN)
        self._end = client.register_script(_END)

    async def begin(self, experiment: Experiment) -> Experiment:
        """Start it, with an id; the file of its model is kept until its end.

        Raises InvalidMessage, and Conflict while another one runs.
        """
        if experiment.mode == "split" and not 1 <= experiment.share <= MAX_SHARE:
            raise InvalidMessage(f"share: expected 1 to {MAX_SHARE} percent")
        if experiment.until_ms <= experiment.at_ms:
            raise InvalidMessage("until_ms: expected a moment that is still to come")
        if experiment.model == experiment.live:
            raise InvalidMessage("model: expected another one than the live one")
        begun = replace(experiment, id=uuid.uuid4().hex)
        await self.current()  # one whose time has come is over first
        keys = self._keys
        with translated_errors():
            found = await self._begin(
                keys=[keys.experiment, keys.figures, keys.experiment_differences, keys.events], args=[encode(begun)]
            )
        if not int(found):
            raise Conflict("another experiment runs")
        await self._models.hold_file(begun.model)
        return begun

    async def end(self, experiment_id: str, why: Ending, *, by: str = "") -> bool:
        """Whether it ran until now."""
        keys = self._keys
        with translated_errors():
            model = await self._end(
                keys=[keys.experiment, keys.figures, keys.experiment_history, keys.events],
                args=[experiment_id, why, by, now_ms(), HISTORY_LENGTH],
            )
        if model:
            await self._models.let_file_go(model)
        return bool(model)

    async def current(self) -> Experiment | None:
        """The one that runs. Whoever asks ends one whose time has come, or whose live model is no longer live."""
        with translated_errors():
            record, active = await self._client.mget(self._keys.experiment, self._keys.active_model)
        experiment = _decoded(record) if record else None
        if not experiment or not experiment.runs:
            return None
        if active != experiment.live:
            await self.end(experiment.id, "replaced")
            return None
        if now_ms() >= experiment.until_ms:
            await self.end(experiment.id, "expired")
            return None
        return experiment

    async def history(self) -> list[Experiment]:
        """Those that are over, the latest first."""
        with translated_errors():
            found = await self._client.lrange(self._keys.experiment_history, 0, -1)
        return [_decoded(record) for record in found]

    async def figures(self) -> dict[str, int]:
        """Of the one that runs, so far: `<arm>:<what>` to how often."""
        with translated_errors():
            counts = await self._client.hgetall(self._keys.figures)
        return {name[11:]: int(count) for name, count in counts.items() if name.startswith("experiment:")}

    async def count(self, figures: Mapping[str, int]) -> None:
        """`<arm>:<what>` to how often more."""
        with translated_errors():
            async with self._client.pipeline(transaction=False) as change:
                for figure, by in figures.items():
                    change.hincrby(self._keys.figures, f"experiment:{figure}", by)
                await change.execute()

    async def note_difference(self, difference: Difference) -> None:
        """Keep it among the latest."""
        key = self._keys.experiment_differences
        with translated_errors():
            async with self._client.pipeline() as change:
                change.lpush(key, encode(difference))
                change.ltrim(key, 0, MAX_DIFFERENCES - 1)
                change.expire(key, DIFFERENCES_S)
                await change.execute()

    async def differences(self) -> list[Difference]:
        """Of the experiment that runs or ran last, the latest first."""
        with translated_errors():
            found = await self._client.lrange(self._keys.experiment_differences, 0, -1)
        return [msgspec.json.decode(record, type=Difference) for record in found]


def _decoded(record: str) -> Experiment:
    return msgspec.json.decode(record, type=Experiment)
