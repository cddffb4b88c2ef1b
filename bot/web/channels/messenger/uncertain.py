"""An attempt whose end nobody knows: did the message arrive?

Its echo settles it. Without one the thread itself may say. Only then the message is sent again.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from enum import Enum, auto

import structlog

from bot.model import META_INBOX_NAME
from bot.store import Store
from bot.store.work import now_ms
from bot.web.channels.messenger.errand import Errand, is_urgent
from bot.web.channels.messenger.graph import Graph
from bot.web.channels.messenger.rendering import text_of
from bot.web.channels.messenger.thread import ThreadReader
from bot.web.channels.messenger.times import Times

log = structlog.get_logger()


class What(Enum):
    """What follows from what was found."""

    ARRIVED = auto()
    LOOK_LATER = auto()
    WAIT_FOR_PAGE = auto()
    TOO_LATE = auto()
    SEND = auto()


@dataclass(frozen=True)
class Found:
    """mid: of one that arrived. delay_ms: until the next look."""

    what: What
    mid: str = ""
    delay_ms: int = 0


class Uncertain:
    """Looks at one attempt, once; the courier does what follows."""

    def __init__(
        self, store: Store, graph: Graph, times: Times, *, page_lets_through: Callable[[Errand], Awaitable[bool]]
    ) -> None:
        self._store = store
        self._times = times
        self._page_lets_through = page_lets_through
        self._thread = ThreadReader(store, graph, every_s=times.look_every_s)

    async def look(self, errand: Errand) -> Found:
        """The echo has its time first, then the thread is read."""
        age_ms, times = errand.to_send.attempt_age_ms, self._times
        if age_ms < times.echo_wait_ms:
            look_ms = max(times.echo_look_ms, age_ms // 2)
            return Found(What.LOOK_LATER, delay_ms=min(look_ms, times.echo_wait_ms - age_ms))
        if errand.recipient.is_private_reply or errand.part >= len(errand.parts):
            return Found(What.SEND)  # Meta takes one alone: a second one is refused, which settles it
        if not await self._page_lets_through(errand):
            return Found(What.WAIT_FOR_PAGE)
        if not self._thread.may_look(errand.page):
            return Found(What.LOOK_LATER, delay_ms=times.echo_look_ms)
        return await self._look_in_thread(errand)

    async def _look_in_thread(self, errand: Errand) -> Found:
        age_ms, entry_id = errand.to_send.attempt_age_ms, errand.message.entry_id
        text, since_ms = text_of(errand.parts[errand.part]), now_ms() - age_ms
        mid = await self._thread.find(errand.page, errand.conversation, text, entry_id=entry_id, since_ms=since_ms)
        if mid:
            return Found(What.ARRIVED, mid=mid)
        if mid is None and age_ms < self._times.blind_wait_ms:
            return Found(What.LOOK_LATER, delay_ms=self._times.echo_wait_ms)
        if await self._came_too_late(errand):
            return Found(What.TOO_LATE)
        # Surely not there; or nobody can say, and no echo came for minutes. The promise is "at least once": a customer
        # who reads an answer twice is better off than one who waits for it in vain.
        log.info("message.repeated", conversation_id=errand.conversation.id, sure=mid is not None)
        return Found(What.SEND)

    async def _came_too_late(self, errand: Errand) -> bool:
        """Somebody has answered in Meta's inbox since: what waited then failed, and this was in the air."""
        if errand.is_by_agent or is_urgent(errand.conversation, errand.message):
            return False
        since = await self._store.conversations.messages(errand.conversation.id, after=errand.message.entry_id)
        return any(one.agent_name == META_INBOX_NAME for one in since)
