"""Pages for which nothing can be sent: what waits for them, and how we notice that it goes on."""

from __future__ import annotations

import asyncio
import time
from collections import defaultdict

import structlog

from bot.errors import UpstreamError
from bot.store import Store
from bot.store.pages import PageState
from bot.store.work import now_ms
from bot.web.channels.messenger.config import MessengerConfig, Page
from bot.web.channels.messenger.graph import Graph, GraphRefused
from bot.web.operations.metrics import Metrics
from bot.web.rescue import for_ever

log = structlog.get_logger()

RECONNECT = "reconnect"
PROBE_TIMEOUT_S = 5.0


class PageWatch:
    """Every web process runs one."""

    def __init__(
        self,
        store: Store,
        graph: Graph,
        config: MessengerConfig,
        metrics: Metrics,
        *,
        look_every_s: float = 1.0,
        probe_every_s: float = 60.0,
        try_blocked_every_s: float = 600.0,
    ) -> None:
        """probe_every_s: how often a dead token is tried again; try_blocked_every_s: a message of a blocked page."""
        self._store = store
        self._graph = graph
        self._config = config
        self._metrics = metrics
        self._look_every_s = look_every_s
        self._probe_every_s = probe_every_s
        self._try_blocked_every_s = try_blocked_every_s
        self._waiting: defaultdict[str, set[str]] = defaultdict(set)  # page id: conversations
        self._probed_at_s: dict[str, float] = {}
        self._tried_at_s: dict[str, float] = {}

    async def run(self) -> None:
        """Look, for ever."""
        await for_ever(self._look, every_s=self._look_every_s)

    async def state(self, page_id: str) -> PageState:
        return (await self._store.pages.states([page_id]))[0]

    def lets_through(self, state: PageState) -> bool:
        """Whether a message may go out now. Of a blocked page one may now and then: nothing else tells that it is over.

        A limit is over by itself, a dead token is tried apart.
        """
        if state.paused_until_ms > now_ms():
            return False
        if not state.trouble:
            return True
        if state.trouble == RECONNECT:
            return False
        since_s = self._tried_at_s.setdefault(state.page_id, time.monotonic())
        if time.monotonic() - since_s < self._try_blocked_every_s:
            return False
        self._tried_at_s[state.page_id] = time.monotonic()
        return True

    def wait_for(self, page_id: str, conversation_id: str) -> None:
        """Try this conversation again as soon as messages of the page go out."""
        self._waiting[page_id].add(conversation_id)

    async def in_trouble(self, page: Page, trouble: str, detail: str) -> None:
        """Nothing can be sent until a person mends it. Logged once."""
        self._probed_at_s[page.id] = self._tried_at_s[page.id] = time.monotonic()
        if await self._store.pages.set_trouble(page.id, trouble, detail, at_ms=now_ms()):
            log.error("page.trouble", page_id=page.id, trouble=trouble, reason=detail)

    async def works(self, page: Page) -> None:
        """A message went out, or the token is good again."""
        self._tried_at_s.pop(page.id, None)
        if await self._store.pages.clear_trouble(page.id):
            log.info("page.well", page_id=page.id)

    async def _look(self) -> None:
        pages = self._config.pages
        states = await self._store.pages.states([page.id for page in pages])
        self._metrics.pages_in_trouble.set(sum(bool(state.trouble) for state in states))
        for page, state in zip(pages, states, strict=True):
            if state.trouble == RECONNECT and self._is_time_to_probe(page):
                await self._probe(page)
            elif not state.trouble and state.paused_until_ms <= now_ms():
                await self._wake(page.id)

    def _is_time_to_probe(self, page: Page) -> bool:
        """At once in a new process: it may have been given a new token."""
        probed_at_s = self._probed_at_s.get(page.id)
        return probed_at_s is None or time.monotonic() - probed_at_s >= self._probe_every_s

    async def _probe(self, page: Page) -> None:
        self._probed_at_s[page.id] = time.monotonic()
        try:
            await asyncio.wait_for(self._graph.call(page, "GET", "me", query={"fields": "id"}), PROBE_TIMEOUT_S)
        except GraphRefused as exc:
            log.info("page.probed", page_id=page.id, code=exc.error_code, subcode=exc.subcode)
        except (UpstreamError, asyncio.TimeoutError) as exc:
            log.info("page.probed", page_id=page.id, reason=str(exc) or "no answer in time")
        else:
            await self.works(page)
            await self._wake(page.id)

    async def _wake(self, page_id: str) -> None:
        for conversation_id in self._waiting.pop(page_id, ()):
            await self._store.sending.wake(conversation_id)
