"""The names under which agents speak on a page, made at Meta when they are needed for the first time."""

from __future__ import annotations

import asyncio
import time
from collections import defaultdict

import structlog

from bot.errors import UpstreamError
from bot.store.pages import PageStore
from bot.web.channels.messenger.config import Page
from bot.web.channels.messenger.graph import Graph, GraphRefused
from bot.web.channels.messenger.splitting import Limit, shortened, utf16_units

log = structlog.get_logger()

NAME = Limit(50, utf16_units)


class Personas:
    """A message never waits long for its persona, and never fails for the want of it: then the page speaks."""

    def __init__(self, pages: PageStore, graph: Graph, *, timeout_s: float = 5.0, again_after_s: float = 600.0) -> None:
        """again_after_s: when it is tried again for a name that could not be made."""
        self._pages = pages
        self._graph = graph
        self._timeout_s = timeout_s
        self._again_after_s = again_after_s
        self._making: defaultdict[tuple[str, str], asyncio.Lock] = defaultdict(asyncio.Lock)
        self._failed_at_s: dict[tuple[str, str], float] = {}

    async def of(self, page: Page, agent_name: str) -> str:
        """Meta's id of the persona; empty without a picture for it, without a name, or if Meta makes none."""
        name = shortened(" ".join(agent_name.split()), NAME)
        if not name or not page.persona_picture:
            return ""
        async with self._making[page.id, name]:
            return await self._pages.persona(page.id, name) or await self._make(page, name)

    async def replaced(self, page: Page, agent_name: str, persona_id: str) -> str:
        """Meta refused a message: the same id if the persona is there all the same, else a new one or none."""
        try:
            await asyncio.wait_for(self._graph.call(page, "GET", persona_id, query={"fields": "id"}), self._timeout_s)
        except GraphRefused:
            name = shortened(" ".join(agent_name.split()), NAME)
            await self._pages.set_persona(page.id, name, "")
            return await self.of(page, agent_name)
        except (UpstreamError, asyncio.TimeoutError):
            pass
        return persona_id

    async def _make(self, page: Page, name: str) -> str:
        failed_at_s = self._failed_at_s.get((page.id, name))
        if failed_at_s is not None and time.monotonic() - failed_at_s < self._again_after_s:
            return ""
        body = {"name": name, "profile_picture_url": page.persona_picture}
        try:
            call = self._graph.call(page, "POST", f"{page.id}/personas", body=body)
            answer, _ = await asyncio.wait_for(call, self._timeout_s)
        except (UpstreamError, asyncio.TimeoutError) as exc:
            self._failed_at_s[page.id, name] = time.monotonic()
            log.warning("persona.failed", page_id=page.id, reason=str(exc) or "no answer in time")
            return ""
        persona_id = str(answer.get("id") or "")
        await self._pages.set_persona(page.id, name, persona_id)
        return persona_id
