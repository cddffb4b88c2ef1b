"""Who has a conversation or an answer open at this moment, and who types in it: across all web processes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import msgspec
import redis.asyncio as aioredis

from bot.model import Account
from bot.store.connection import translated_errors
from bot.store.events import Events

# A page says every ten seconds that it is open; who is silent for so long has gone.
HERE_MS = 25_000
# Somebody who typed so long ago types no more.
TYPING_MS = 6_000

# Note one viewer, or take it away, and forget those who were silent for too long.
# KEYS: viewers. ARGV: account id, name, what it does ('here', 'typing', 'gone'), here ms, typing ms
# returns {1 if colleagues see a difference, JSON of a viewer, ...}; those who are still here, without this one
_SEE = """
local time = redis.call('TIME')
local now_ms = time[1] * 1000 + math.floor(time[2] / 1000)
local account_id, doing, here_ms, typing_ms = ARGV[1], ARGV[3], tonumber(ARGV[4]), tonumber(ARGV[5])
local function types(viewer) return now_ms - viewer.typed_at_ms < typing_ms end

local found, before = {}, nil
local known = redis.call('HGETALL', KEYS[1])
for at = 1, #known, 2 do
  local viewer = cjson.decode(known[at + 1])
  if now_ms - viewer.seen_at_ms >= here_ms then
    redis.call('HDEL', KEYS[1], known[at])
  elseif known[at] == account_id then
    before = viewer
  else
    found[#found + 1] = cjson.encode({ account_id = known[at], name = viewer.name, types = types(viewer) })
  end
end

local changed
if doing == 'gone' then
  changed = redis.call('HDEL', KEYS[1], account_id) == 1
elseif doing ~= 'look' then
  local typed_at_ms = before and before.typed_at_ms or 0
  if doing == 'typing' then typed_at_ms = now_ms end
  changed = not before or (doing == 'typing' and not types(before))
  local viewer = { name = ARGV[2], seen_at_ms = now_ms, typed_at_ms = typed_at_ms }
  redis.call('HSET', KEYS[1], account_id, cjson.encode(viewer))
  redis.call('PEXPIRE', KEYS[1], here_ms)
end
table.insert(found, 1, changed and '1' or '0')
return found
"""


@dataclass(frozen=True)
class Viewer:
    """Somebody who has it open. types: right now."""

    account_id: str
    name: str
    types: bool = False


class Viewers:
    """Of one kind of page, each with an id. Lives seconds only; nothing of it is kept."""

    def __init__(
        self, client: aioredis.Redis, key: Callable[[str], str], events: Events, *, event: str, id_field: str
    ) -> None:
        """event: told when something changes, with the page's id as `id_field`."""
        self._client = client
        self._key = key
        self._events = events
        self._event = event
        self._id_field = id_field
        self._see = client.register_script(_SEE)

    async def here(self, page_id: str, account: Account, *, types: bool = False) -> list[Viewer]:
        """The account has it open, or types in it; returns who else is there. Colleagues hear of what is new."""
        return await self._note(page_id, account, "typing" if types else "here")

    async def gone(self, page_id: str, account: Account) -> None:
        """The account closed the page."""
        await self._note(page_id, account, "gone")

    async def others(self, page_id: str, account: Account) -> list[Viewer]:
        """Who is there beside the account, in the order of their names; notes nothing."""
        return await self._note(page_id, account, "look")

    async def _note(self, page_id: str, account: Account, doing: str) -> list[Viewer]:
        args = [account.id, account.name, doing, HERE_MS, TYPING_MS]
        with translated_errors():
            changed, *found = await self._see(keys=[self._key(page_id)], args=args)
        if int(changed):
            await self._events.publish(
                self._event,
                **{self._id_field: page_id},
                account_id=account.id,
                name=account.name,
                typing=doing == "typing",
                gone=doing == "gone",
            )
        others = [msgspec.json.decode(one, type=Viewer) for one in found]
        return sorted(others, key=lambda one: (one.name, one.account_id))
