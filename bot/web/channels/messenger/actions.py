"""Shows customers that their message was seen, and that somebody types. All of it may fail: nobody waits for it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any

import structlog

from bot.errors import BotError
from bot.model import ASSISTANT, Conversation
from bot.store import Store
from bot.store.work import now_ms
from bot.web.channels.messenger.config import COMMENT, MESSENGER, MessengerConfig, Page
from bot.web.channels.messenger.graph import Graph
from bot.web.channels.messenger.personas import Personas

log = structlog.get_logger()

_Work = Callable[[], Coroutine[Any, Any, None]]

# More at a time are left out: messages are worth more than signs.
MAX_AT_ONCE = 50


@dataclass
class _Signs:
    """What is shown to one customer at the moment. types: whether `typing_on` is on its way."""

    task: asyncio.Task[None]
    is_too_late: bool = False
    types: bool = False


class Actions:
    """`mark_seen` and `typing_on`, in the background."""

    def __init__(
        self,
        store: Store,
        graph: Graph,
        config: MessengerConfig,
        personas: Personas,
        *,
        timeout_s: float = 3.0,
        typing_every_s: float = 8.0,
    ) -> None:
        """typing_every_s: how often it is said that an agent types; the customer sees it for about 20 s."""
        self._store = store
        self._graph = graph
        self._config = config
        self._personas = personas
        self._timeout_s = timeout_s
        self._typing_every_s = typing_every_s
        self._signs: dict[tuple[str, str], _Signs] = {}
        self._typed_at_s: dict[str, float] = {}

    async def seen(self, page: Page, channel: str, customer_id: str) -> None:
        """A message of this customer is stored. Returns at once, never raises."""
        account_id = page.id if channel == MESSENGER else page.instagram_id
        alias = f"{channel}-{account_id}-{customer_id}"
        self._begin(page, customer_id, lambda: self._show_seen(page, alias, customer_id))

    def agent_types(self, conversation: Conversation) -> None:
        """The agent who has the conversation types. Returns at once, never raises."""
        page = self._config.page(conversation.page_id)
        now_s = time.monotonic()
        self._typed_at_s = {one: at for one, at in self._typed_at_s.items() if now_s - at < self._typing_every_s}
        if page and conversation.channel != COMMENT and conversation.id not in self._typed_at_s:
            self._typed_at_s[conversation.id] = now_s
            self._begin(page, conversation.customer_id, lambda: self._show_typing(page, conversation))

    async def before_message(self, page_id: str, customer_id: str) -> None:
        """A message goes out now: no `typing_on` may come behind it."""
        signs = self._signs.get((page_id, customer_id))
        if signs:
            signs.is_too_late = True
            if signs.types:
                await asyncio.wait([signs.task])

    async def close(self) -> None:
        tasks = [signs.task for signs in self._signs.values()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _begin(self, page: Page, customer_id: str, work: _Work) -> None:
        key = page.id, customer_id
        if key not in self._signs and len(self._signs) < MAX_AT_ONCE:
            self._signs[key] = _Signs(asyncio.create_task(self._quietly(work)))
            self._signs[key].task.add_done_callback(lambda _: self._signs.pop(key, None))

    async def _quietly(self, work: _Work) -> None:
        try:
            await asyncio.wait_for(work(), self._timeout_s)
        except (BotError, asyncio.TimeoutError) as exc:
            log.debug("sign.failed", reason=str(exc))

    async def _show_seen(self, page: Page, alias: str, customer_id: str) -> None:
        """While a human has the conversation it is theirs to see, here or in Meta's inbox."""
        conversation_id = await self._store.conversations.alias(alias)
        if not await self._waits_for_assistant(conversation_id) or not await self._may_call(page):
            return
        await self._act(page, customer_id, "mark_seen")
        if await self._waits_for_assistant(conversation_id) and await self._type(page, customer_id):
            # The answer may have gone out meanwhile, from another process.
            if not await self._waits_for_assistant(conversation_id):
                await self._act(page, customer_id, "typing_off")

    async def _show_typing(self, page: Page, conversation: Conversation) -> None:
        if not await self._may_call(page):
            return
        await self._act(page, conversation.customer_id, "mark_seen")
        is_messenger = conversation.channel == MESSENGER
        persona_id = await self._personas.of(page, conversation.agent_name) if is_messenger else ""
        if await self._type(page, conversation.customer_id, persona_id) and await self._was_told_since(conversation):
            await self._act(page, conversation.customer_id, "typing_off")

    async def _type(self, page: Page, customer_id: str, persona_id: str = "") -> bool:
        """Whether it was said; not if a message goes out already."""
        signs = self._signs[page.id, customer_id]
        if signs.is_too_late:
            return False
        signs.types = True
        await self._act(page, customer_id, "typing_on", persona_id)
        return True

    async def _waits_for_assistant(self, conversation_id: str) -> bool:
        found = await self._store.conversations.get_many([conversation_id])
        return bool(found) and found[0].owner == ASSISTANT and found[0].last_sender == "customer"

    async def _was_told_since(self, before: Conversation) -> bool:
        found = await self._store.conversations.get_many([before.id])
        return bool(found) and found[0].last_at_ms > before.last_at_ms and found[0].last_sender != "customer"

    async def _may_call(self, page: Page) -> bool:
        state = (await self._store.pages.states([page.id]))[0]
        return not state.trouble and state.paused_until_ms <= now_ms()

    async def _act(self, page: Page, customer_id: str, action: str, persona_id: str = "") -> None:
        body: dict[str, Any] = {"recipient": {"id": customer_id}, "sender_action": action}
        if persona_id:
            body["persona_id"] = persona_id
        await self._graph.call(page, "POST", f"{page.id}/messages", body=body)
