"""The lists of conversations, each in its own order, read page by page however long they are.

A view is one of:

- `waiting`: for a human; the highest priority first, then whose promise ends first
- `held/<account>`: what that agent has; `held`: what any agent has; `open`: all that humans have to do with. Who waits
  for an answer of ours first, the highest priority and then who waits longest on top; then the latest
- `snoozed`, `snoozed/<account>`: put aside; what comes back first on top
- `assistant`, `closed`: the latest first
- of one department only, by `of_department`: `waiting`, `held`, `held/<account>`, `snoozed/<account>`, `open`, and
  `closed` by whose it was last
- `unanswered`: who has an agent and had the last word; `unanswered/urgent`: who may be in danger, with an agent who did
  not answer; `quiet`: Meta's inbox has it, and the customer did not have the last word. All by since when, the one
  that is longest ago first
- `alarm`: a promise to look at; what ends first on top
- `customer/<key>`: all of one customer, by `customer_view`; the latest begun first
- `label/<name>`: all with that label, by `label_view`; the latest begun first

The scripts keep them (lua/conversation/views.lua `places`): one sorted set in the order of its text, so that a view
costs no key of its own, and each has its count and its pages without reading the rest.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass

import redis.asyncio as aioredis
import structlog

from bot.model import Conversation
from bot.store.connection import translated_errors
from bot.store.conversations import UNREADABLE, ConversationStore
from bot.store.keys import Keys

log = structlog.get_logger()

# How many conversations of a whole view are read at once.
PAGE = 200
# Whose `held/<account>` has any: from each such view to the next one, however much is in it. Those of one department
# (`held/<account>/<department>`, `held//<department>`) stand before it, and are passed over at once.
_HOLDERS = """
local found, from = {}, '[held/'
while true do
  local member = redis.call('ZRANGEBYLEX', KEYS[1], from, '(held0', 'LIMIT', 0, 1)[1]
  if not member then return found end
  local holder, department = string.match(member, '^held/([^|/]*)(/?)')
  if department == '' then
    found[#found + 1] = holder
    from = '(held/' .. holder .. '}'
  else
    from = '[held/' .. holder .. '0'
  end
end
"""


@dataclass(frozen=True)
class Page:
    """Part of a view. `after`: what the next page begins behind, empty on the last one."""

    conversations: tuple[Conversation, ...]
    after: str


class Views:
    """Reads the lists."""

    def __init__(self, client: aioredis.Redis, keys: Keys, conversations: ConversationStore) -> None:
        self._client = client
        self._keys = keys
        self._conversations = conversations
        self._holders = client.register_script(_HOLDERS)

    async def page(self, view: str, *, after: str = "", limit: int = 50) -> Page:
        """At most `limit` conversations of a view; after: as the page before says. An unknown view is empty."""
        first = f"({view}|{after}" if after else f"[{view}|"
        with translated_errors():
            members = await self._client.zrangebylex(self._keys.views, first, _end(view), 0, limit + 1)
        places = [member.split("|", 2) for member in members[:limit]]
        found = await self._readable([conversation_id for _, _, conversation_id in places])
        more = len(members) > limit
        return Page(tuple(found), "|".join(places[-1][1:]) if more else "")

    async def every(self, view: str, *, until_ms: int | None = None) -> AsyncIterator[Conversation]:
        """All of a view in its order, read page by page. What becomes of one changes nothing for those behind it.

        until_ms: of a view by time, those whose time is then or before.
        """
        async for conversations in self.pages(view, until_ms=until_ms):
            for conversation in conversations:
                yield conversation

    async def pages(self, view: str, *, until_ms: int | None = None) -> AsyncIterator[list[Conversation]]:
        """The same, as it is read: at most PAGE at once."""
        first, last = f"[{view}|", _end(view) if until_ms is None else _until(view, until_ms)
        while True:
            with translated_errors():
                members = await self._client.zrangebylex(self._keys.views, first, last, 0, PAGE)
            if not members:
                return
            yield await self._readable([one.split("|", 2)[2] for one in members])
            first = f"({members[-1]}"

    async def _readable(self, conversation_ids: Sequence[str]) -> list[Conversation]:
        """One that can't be read must not keep those behind it waiting, nor the others from a list."""
        try:
            return await self._conversations.get_many(conversation_ids)
        except UNREADABLE:
            found: list[Conversation] = []
            for one in conversation_ids:
                try:
                    found += await self._conversations.get_many([one])
                except UNREADABLE as exc:
                    log.error("conversation.unreadable", conversation_id=one, error=type(exc).__name__)
            return found

    async def holders(self) -> list[str]:
        """Ids of the accounts that have a conversation which is not put aside."""
        with translated_errors():
            return list(await self._holders(keys=[self._keys.views]))

    async def ids(self, views: Sequence[str], *, limit: int = 50) -> list[str]:
        """The first `limit` conversations of each of these views, each once."""
        pipeline = self._client.pipeline(transaction=False)
        for view in views:
            pipeline.zrangebylex(self._keys.views, f"[{view}|", _end(view), 0, limit)
        with translated_errors():
            found = await pipeline.execute() if views else []
        return list(dict.fromkeys(member.split("|", 2)[2] for members in found for member in members))

    async def counts(self, views: Sequence[str]) -> dict[str, int]:
        """How many conversations each of these views has."""
        pipeline = self._client.pipeline(transaction=False)
        for view in views:
            pipeline.zlexcount(self._keys.views, f"[{view}|", _end(view))
        with translated_errors():
            found = await pipeline.execute() if views else []
        return dict(zip(views, map(int, found), strict=True))

    async def urgent(self, *, limit: int = 50) -> list[Conversation]:
        """Those that wait for a human with the highest priority of all, in the order of the queue."""
        with translated_errors():
            members = await self._client.zrangebylex(self._keys.views, "[waiting|0", "(waiting|1", 0, limit)
        return await self._readable([member.split("|", 2)[2] for member in members])

    async def places(self, conversation_ids: Sequence[str]) -> list[dict[str, str]]:
        """In which views each of these conversations is, and where: two in a view have the order of their places."""
        if not conversation_ids:
            return []
        with translated_errors():
            found = await self._client.hmget(self._keys.viewed, conversation_ids)
        return [_places(members) for members in found]

    async def until(self, view: str, at_ms: int, *, limit: int = 200) -> list[Conversation]:
        """Of `snoozed` or `alarm`: those whose time is `at_ms` or before, the earliest first."""
        with translated_errors():
            members = await self._client.zrangebylex(self._keys.views, f"[{view}|", _until(view, at_ms), 0, limit)
        return await self._readable([member.split("|", 2)[2] for member in members])


def of_department(view: str, department_id: str) -> str:
    """The part of a view that is of one department; all of it for an empty id."""
    if not department_id:
        return view
    # Behind `held/` stands an agent; no agent's id is empty.
    return f"held//{department_id}" if view == "held" else f"{view}/{department_id}"


def customer_view(customer: str) -> str:
    """The view of a customer: `<channel> <customer_id>`, or `identity <id>`."""
    return "customer/" + _escaped(customer)


def label_view(name: str) -> str:
    """The view of a label."""
    return "label/" + _escaped(name)


def _escaped(text: str) -> str:
    return text.replace("%", "%25").replace("|", "%7C").replace("\0", "%00")


def _places(members: str | None) -> dict[str, str]:
    split = [member.split("|", 2) for member in members.split("\0")] if members else []
    # What has no id is no place: conversations.py LAYOUT.
    return {view: place for view, place, conversation_id in split if conversation_id}


def _until(view: str, at_ms: int) -> str:
    return f"[{view}|{max(0, at_ms):013d}|\U0010ffff"


def _end(view: str) -> str:
    # `}` comes right behind `|`.
    return f"({view}}}"
