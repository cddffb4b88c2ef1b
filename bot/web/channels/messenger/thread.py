"""Looks in the thread itself whether a message arrived, when neither an answer nor an echo says so."""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from bot.errors import UpstreamError
from bot.model import Conversation
from bot.store import Store
from bot.web.channels.messenger.config import Page
from bot.web.channels.messenger.graph import Graph

# Meta's clock and ours may differ, and its times have no more than seconds. What we know by its mid is no candidate,
# so that looking further back finds nothing wrong.
CLOCKS_DIFFER_MS = 60_000
# The API tells of so many messages, the newest.
NEWEST = 20
_FIELDS = "messages{id,created_time,from,to,message}"


@dataclass(frozen=True)
class Said:
    """A message in the thread; `text` is that of the page's alone."""

    mid: str
    at_ms: int
    text: str
    by_page: bool


class ThreadReader:
    """The Conversations API."""

    def __init__(self, store: Store, graph: Graph, *, every_s: float) -> None:
        """every_s: the shortest time between two looks at threads of one page."""
        self._store = store
        self._graph = graph
        self._every_s = every_s
        self._next_look_s: dict[str, float] = {}

    def may_look(self, page: Page) -> bool:
        """Whether `find` may be called now; not when another one has just been."""
        now_s = time.monotonic()
        if now_s < self._next_look_s.get(page.id, 0.0):
            return False
        self._next_look_s[page.id] = now_s + self._every_s
        return True

    async def find(
        self, page: Page, conversation: Conversation, text: str, *, entry_id: str, since_ms: int
    ) -> str | None:
        """The mid of our text, sent since then; empty if it surely was not; None if that can't be known.

        entry_id: of the message that it belongs to.
        """
        try:
            said = await self._said(page, conversation)
        except UpstreamError:
            return None
        if said is None:
            return None
        since_ms -= CLOCKS_DIFFER_MS
        recent = [one for one in said if one.at_ms >= since_ms and not await self._is_known(conversation.id, one)]
        for one in recent:
            if _squeezed(one.text) == _squeezed(text):
                return one.mid
        # A template may come without its text; and of a busy thread we see the newest alone.
        is_whole_view = len(said) < NEWEST or min(one.at_ms for one in said) < since_ms
        if not is_whole_view and not await self._sees_an_earlier_one(conversation.id, said, entry_id):
            return None
        return "" if all(one.text for one in recent) else None

    async def _sees_an_earlier_one(self, conversation_id: str, said: list[Said], entry_id: str) -> bool:
        """Something that we had before the message was: then all that came after it is in view too."""
        mids = [one.mid for one in said]
        # What the customer wrote, and what was said in Meta's inbox, has the mid as its id.
        known = [*mids, *await self._store.sending.message_ids(conversation_id, mids)]
        return await self._store.conversations.any_before(conversation_id, known, entry_id)

    async def _said(self, page: Page, conversation: Conversation) -> list[Said] | None:
        """All messages of the thread that it tells of, with the text of those of the page; None without a thread."""
        query = {"platform": conversation.channel, "user_id": conversation.customer_id, "fields": "id"}
        threads, _ = await self._graph.call(page, "GET", f"{page.id}/conversations", query=query)
        thread_id = next((str(one["id"]) for one in _items(threads) if one.get("id")), "")
        if not thread_id.replace("_", "").replace("-", "").isalnum():
            return None
        thread, _ = await self._graph.call(page, "GET", thread_id, query={"fields": _FIELDS})
        messages = _items(thread.get("messages"))
        try:
            return [_said(one, ours={page.id, page.instagram_id}) for one in messages] or None
        except (ValueError, KeyError, TypeError):
            return None

    async def _is_known(self, conversation_id: str, said: Said) -> bool:
        """The customer's, or one whose mid we have: of another message, or of somebody in Meta's inbox."""
        return not said.by_page or await self._store.sending.knows(conversation_id, said.mid)


def _said(record: dict[str, Any], *, ours: set[str]) -> Said:
    at_ms = int(datetime.strptime(record["created_time"], "%Y-%m-%dT%H:%M:%S%z").timestamp() * 1000)
    by_page = str(record["from"]["id"]) in ours
    return Said(str(record["id"]), at_ms, str(record.get("message") or "") if by_page else "", by_page)


def _items(answer: Any) -> list[dict[str, Any]]:
    found = answer.get("data") if isinstance(answer, dict) else None
    return [one for one in found if isinstance(one, dict)] if isinstance(found, list) else []


def _squeezed(text: str) -> str:
    return " ".join(text.split())
