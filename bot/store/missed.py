"""Customers' messages that the assistant did not answer well, for editors to learn from: the learning inbox.

The words of a message lie with its conversation, and go with it: by its retention, when the customer takes the message
back, and when the conversation is removed. Lists of all have only where they are.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import msgspec
import redis.asyncio as aioredis

from bot.model import IntentScore
from bot.store.connection import encode, translated_errors
from bot.store.keys import Keys

Reason = Literal["unsure", "asked_back", "handed_over", "not_helped", "agent_answered"]
State = Literal["open", "proposed", "applied", "ignored", "personal"]

# Why a message is in it, the weakest first: what a list shows is the last one.
REASONS: dict[Reason, str] = {
    "agent_answered": "Medewerker gaf antwoord",
    "handed_over": "Klant vroeg om een medewerker",
    "asked_back": "“Bedoel je …?” gevraagd",
    "unsure": "Niet herkend",
    "not_helped": "Antwoord hielp niet",
}
# What is longer is no example.
MAX_TEXT_CHARS = 1_000
MAX_REPLY_CHARS = 2_000
# Behind these nobody would look: the oldest go.
MAX_OPEN = 20_000
# The words of groups are of messages that may be gone by now: groups are made anew at least this often.
GROUPING_S = 86_400
_TRIM = 100
_AT_ONCE = 250
_TRIES = 5

# Only while the message is there, and nobody changed what is known of it. KEYS: open, changes, again, then for each
# message: conversation, message ids, marks, missed. ARGV for each: conversation id, message id, record that was read
# or '', the new one or '' to forget it, when it came (ms), 1 if it is open. Returns for each 1, or 0 where nothing was
# stored.
_STORE = """
local done, is_news = {}, false
for at = 1, #ARGV, 6 do
  local keys = 4 + (at - 1) / 6 * 4
  local id, message_id, before, after, at_ms, open = unpack(ARGV, at, at + 5)
  local place = id .. ' ' .. message_id
  local is_there = redis.call('EXISTS', KEYS[keys]) == 1 and redis.call('HEXISTS', KEYS[keys + 1], message_id) == 1
    and redis.call('HEXISTS', KEYS[keys + 2], 'deleted ' .. message_id) == 0
  local known = redis.call('HGET', KEYS[keys + 3], message_id) or ''
  if is_there and known == before then
    if after == '' then
      redis.call('HDEL', KEYS[keys + 3], message_id)
    else
      redis.call('HSET', KEYS[keys + 3], message_id, after)
      redis.call('EXPIRE', KEYS[keys + 3], math.max(1, redis.call('TTL', KEYS[keys])))
    end
    if open == '1' then
      is_news = redis.call('ZADD', KEYS[1], at_ms, place) == 1 or is_news
    else
      redis.call('ZREM', KEYS[1], place)
      redis.call('ZREM', KEYS[3], place)
    end
    done[#done + 1] = 1
  else
    done[#done + 1] = 0
  end
end
if is_news then redis.call('INCR', KEYS[2]) end
return done
"""
# KEYS: missed of each. ARGV: message ids, spaces between: so many arguments would cost more than what they ask for.
_READ = """
local found = {}
for message_id in string.gmatch(ARGV[1], '[^ ]+') do
  found[#found + 1] = redis.call('HGET', KEYS[#found + 1], message_id) or ''
end
return found
"""
# The model that answers is another one: all that is open is to be read again, once. KEYS: read-by, open, again.
# ARGV: name of the model.
_READ_ANEW = """
if redis.call('GET', KEYS[1]) == ARGV[1] then return 0 end
redis.call('SET', KEYS[1], ARGV[1])
redis.call('ZUNIONSTORE', KEYS[3], 1, KEYS[2])
return 1
"""


@dataclass(frozen=True)
class Verdict:
    """What a model made of a message. outcome: as in Nlu; model: its name. ranking: the first few."""

    model: str
    outcome: str
    intent: str
    confidence: float
    threshold: float | None = None
    ranking: tuple[IntentScore, ...] = ()


@dataclass(frozen=True)
class Missed:
    """text: masked, as the customer last made it. at_ms: when it came.

    verdict: of the model of that moment; now: of the model that answers now, when that is another one. reply: what the
    agent answered first, masked. lesson_id: what an editor made of it.
    """

    conversation_id: str
    message_id: str
    text: str
    channel: str
    at_ms: int
    reasons: tuple[Reason, ...]
    verdict: Verdict | None = None
    now: Verdict | None = None
    reply: str = ""
    state: State = "open"
    lesson_id: str = ""

    @property
    def place(self) -> str:
        """`<conversation id> <message id>`: what names it in lists and forms."""
        return f"{self.conversation_id} {self.message_id}"

    @property
    def latest(self) -> Verdict | None:
        """What the model of today makes of it, as far as we know."""
        return self.now or self.verdict


@dataclass(frozen=True)
class Group:
    """Messages that are alike: places. The first is the one that is most like all others.

    id: place of the oldest, so that it stays the same while others join. words: what they have in common. intent: the
    topic that is nearest, likeness: how near, 0 to 1.
    """

    id: str
    places: tuple[str, ...]
    words: tuple[str, ...] = ()
    intent: str = ""
    likeness: float = 0.0


@dataclass(frozen=True)
class Grouping:
    """changes: of the inbox, when it was made."""

    groups: tuple[Group, ...] = ()
    at_ms: int = 0
    changes: int = -1


class MissedStore:
    """One record for each message."""

    def __init__(self, client: aioredis.Redis, keys: Keys) -> None:
        self._client = client
        self._keys = keys
        self._store = client.register_script(_STORE)
        self._read = client.register_script(_READ)
        self._read_anew = client.register_script(_READ_ANEW)

    async def note(self, missed: Missed) -> bool:
        """Add it, or what is new to what is known. False when the message is gone, or was dealt with already."""
        for _ in range(_TRIES):
            before = await self.get(missed.place)
            if before and before.state != "open":
                return False
            if await self._put([(before, _joined(before, missed) if before else missed)]):
                await self._trim()
                return True
            if not before and not await self.get(missed.place):
                return False
        return False

    async def get(self, place: str) -> Missed | None:
        found = await self.get_many([place])
        return found[0] if found else None

    async def get_many(self, places: Sequence[str]) -> list[Missed]:
        """Those that are (still) there, in the order given."""
        found: list[Missed] = []
        for start in range(0, len(places), _AT_ONCE):
            part = [_parts(place) for place in places[start : start + _AT_ONCE] if all(_parts(place))]
            if not part:
                continue
            keys = [self._keys.missed(conversation_id) for conversation_id, _ in part]
            with translated_errors():
                records = await self._read(keys=keys, args=[" ".join(message_id for _, message_id in part)])
            found += [_MISSED.decode(record) for record in records if record]
        return found

    async def open(self) -> list[Missed]:
        """All that nobody dealt with, the latest first. Those whose message is gone are forgotten."""
        with translated_errors():
            places = await self._client.zrevrange(self._keys.missed_open, 0, MAX_OPEN - 1)
        found = await self.get_many(places)
        if len(found) < len(places):
            known = {one.place for one in found}
            with translated_errors():
                await self._client.zrem(self._keys.missed_open, *(one for one in places if one not in known))
        return [one for one in found if one.state == "open"]

    async def count(self) -> int:
        """How many are open, about: those whose message is gone count until somebody looks."""
        with translated_errors():
            return int(await self._client.zcard(self._keys.missed_open))

    async def settle(self, places: Sequence[str], state: State, lesson_id: str = "") -> list[Missed]:
        """Note what an editor made of them; `open` takes that back. Returns those that are (still) there.

        Of what is personal only the fact stays, and that is not taken back.
        """
        settled: list[Missed] = []
        for start in range(0, len(places), _AT_ONCE):
            waiting = places[start : start + _AT_ONCE]
            for _ in range(_TRIES):
                found = [one for one in await self.get_many(waiting) if one.state != "personal"]
                pairs = [(one, _settled(one, state, lesson_id)) for one in found]
                done = await self._put(pairs)
                settled += done
                waiting = [after.place for _, after in pairs if after not in done]
                if not waiting:
                    break
        if state == "personal" and settled:
            with translated_errors():
                await self._client.hincrby(self._keys.missed_figures, "personal", len(settled))
        return settled

    async def forget(self, place: str) -> None:
        """It was nothing to learn from after all."""
        if before := await self.get(place):
            await self._put([(before, None)])

    async def personal(self) -> int:
        """How many were marked as personal, ever."""
        with translated_errors():
            return int(await self._client.hget(self._keys.missed_figures, "personal") or 0)

    # What the model of today makes of them.

    async def next_again(self, model: str) -> Missed | None:
        """A message that this model, which answers now, has not read; the latest first, each given out once."""
        keys = [self._keys.missed_read_by, self._keys.missed_open, self._keys.missed_again]
        with translated_errors():
            await self._read_anew(keys=keys, args=[model])
            while popped := await self._client.zpopmax(self._keys.missed_again):
                found = await self.get(popped[0][0])
                if found and found.state == "open" and not (found.latest and found.latest.model == model):
                    return found
        return None

    async def understood(self, place: str, verdict: Verdict) -> bool:
        """Note what a model makes of it: the first time, or the one that answers now."""
        for _ in range(_TRIES):
            before = await self.get(place)
            if not before or before.state != "open":
                return False
            after = replace(before, now=verdict) if before.verdict else replace(before, verdict=verdict)
            if await self._put([(before, after)]):
                return True
        return False

    # Groups.

    async def has_news(self) -> bool:
        """Whether there are messages that no grouping has seen."""
        return (await self.grouping()).changes != await self.changes()

    async def changes(self) -> int:
        """How often the inbox got messages."""
        with translated_errors():
            return int(await self._client.get(self._keys.missed_changes) or 0)

    async def grouping(self) -> Grouping:
        with translated_errors():
            found = await self._client.get(self._keys.missed_groups)
        return msgspec.json.decode(found, type=Grouping) if found else Grouping()

    async def save_grouping(self, grouping: Grouping) -> None:
        with translated_errors():
            await self._client.set(self._keys.missed_groups, encode(grouping), ex=GROUPING_S)

    # How it is stored.

    async def _put(self, pairs: Sequence[tuple[Missed | None, Missed | None]]) -> list[Missed]:
        """Store each second one in the place of the first; those that were stored."""
        if not pairs:
            return []
        keys = [self._keys.missed_open, self._keys.missed_changes, self._keys.missed_again]
        args: list[str | int] = []
        for before, after in pairs:
            one = after or before
            assert one is not None
            own = (self._keys.conversation, self._keys.message_ids, self._keys.marks, self._keys.missed)
            keys += [key(one.conversation_id) for key in own]
            args += [one.conversation_id, one.message_id, encode(before) if before else ""]
            args += [encode(after) if after else "", one.at_ms, int(bool(after) and one.state == "open")]
        with translated_errors():
            done = await self._store(keys=keys, args=args)
        return [after or before for (before, after), stored in zip(pairs, done, strict=True) if stored]  # type: ignore[misc]

    async def _trim(self) -> None:
        if await self.count() <= MAX_OPEN:
            return
        with translated_errors():
            oldest = await self._client.zrange(self._keys.missed_open, 0, _TRIM - 1)
        await self._put([(one, None) for one in await self.get_many(oldest)])
        with translated_errors():
            await self._client.zrem(self._keys.missed_open, *oldest)


def _parts(place: str) -> tuple[str, str]:
    """Empty ones for what is no place."""
    conversation_id, _, message_id = place.partition(" ")
    return ("", "") if " " in message_id else (conversation_id, message_id)


def _joined(before: Missed, more: Missed) -> Missed:
    """What is known with what is new; of a reply the first counts."""
    reasons = {*before.reasons, *more.reasons}
    return replace(
        before,
        reasons=tuple(reason for reason in REASONS if reason in reasons),
        verdict=before.verdict or more.verdict,
        reply=before.reply or more.reply,
    )


def _settled(missed: Missed, state: State, lesson_id: str) -> Missed:
    if state == "personal":
        missed = replace(missed, text="", reply="", verdict=None, now=None)
    return replace(missed, state=state, lesson_id=lesson_id)


_MISSED = msgspec.json.Decoder(Missed)
