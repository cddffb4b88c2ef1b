"""Customers' names, asked of Meta when a conversation begins. Without one agents read a placeholder."""

from __future__ import annotations

import asyncio
from typing import Any

import structlog

from bot.errors import NotFound, StoreUnavailable, UpstreamError
from bot.logs import described
from bot.model import Conversation
from bot.store import Store
from bot.store.conversations import Contact
from bot.store.work import now_ms
from bot.web.channels.messenger.config import CHANNELS, INSTAGRAM, MESSENGER, MessengerConfig, Page
from bot.web.channels.messenger.graph import Graph
from bot.web.live import Live
from bot.web.media.names import clean

log = structlog.get_logger()

MAX_NAME_CHARS = 80
# Meta may not know, or not say: some customers have no profile before they write, and we may lack the right.
ASK_AGAIN_MS = 24 * 3_600_000
PAUSE_S = 1.0
_FIELDS = {MESSENGER: "first_name,last_name,name", INSTAGRAM: "name,username"}
_PREFIXES = tuple(f"{channel}-" for channel in CHANNELS)


class People:
    """Every web process runs one; the store lets only one of them ask."""

    def __init__(self, config: MessengerConfig, graph: Graph, *, store: Store, live: Live) -> None:
        self._config = config
        self._graph = graph
        self._store = store
        self._live = live

    async def run(self) -> None:
        """Ask for the names of those who write, for ever. A name that was missed is asked at the next message."""
        with self._live.subscribe() as subscription:
            while True:
                event = await subscription.next() or {}
                conversation_id = str(event.get("conversation_id", ""))
                if event.get("type") == "message" and conversation_id.startswith(_PREFIXES):
                    await self._ask(conversation_id)

    async def _ask(self, conversation_id: str) -> None:
        try:
            await self.learn(conversation_id)
        except StoreUnavailable:
            await asyncio.sleep(PAUSE_S)
        except (NotFound, UpstreamError) as exc:
            log.info("customer.nameless", conversation_id=conversation_id, reason=str(exc))
        except Exception as exc:  # it is for ever
            log.error("customer.unasked", conversation_id=conversation_id, error=described(exc))
            await asyncio.sleep(PAUSE_S)

    async def learn(self, conversation_id: str) -> bool:
        """Ask for the customer's name unless it is known, or was asked lately; returns whether it is news.

        Raises NotFound, UpstreamError, StoreUnavailable.
        """
        conversation = await self._store.conversations.get(conversation_id)
        page = self._config.page(conversation.page_id)
        if conversation.customer_name or conversation.channel not in _FIELDS or page is None:
            return False
        if not await self._may_call(page):
            return False
        if not await self._store.conversations.may_ask_name(conversation_id, every_ms=ASK_AGAIN_MS):
            return False
        fields = {"fields": _FIELDS[conversation.channel]}
        profile, _ = await self._graph.call(page, "GET", conversation.customer_id, query=fields)
        if not (name := name_in(profile)):
            return False
        await self._note(conversation, name)
        return True

    async def _may_call(self, page: Page) -> bool:
        """Not while Meta has had enough of our calls: more of them make it last longer."""
        state = (await self._store.pages.states([page.id]))[0]
        return not state.trouble and state.paused_until_ms < now_ms()

    async def _note(self, conversation: Conversation, name: str) -> None:
        contact = Contact(conversation.channel, conversation.customer_id, customer_name=name)
        await self._store.conversations.note_contact(conversation.id, contact)
        await self._store.events.publish("mark", conversation_id=conversation.id, message_id="")


def name_in(profile: dict[str, Any]) -> str:
    """What the customer is called in Meta's answer, fit to be shown; empty when it has no name."""
    words = {name: clean(value, MAX_NAME_CHARS) for name, value in profile.items() if isinstance(value, str)}
    both = f"{words.get('first_name', '')} {words.get('last_name', '')}".strip()
    name = words.get("name") or both or (f"@{words['username']}" if words.get("username") else "")
    return name[:MAX_NAME_CHARS].strip()
