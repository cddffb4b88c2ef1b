"""Keeps our conversations and Chatwoot's the same: each one is looked at when something happened, here or there.

Looking is safe at any time and as often as one likes: it compares what both have and does what is missing. So nothing
depends on a webhook that came, on its order, or on this process living on.
"""

from __future__ import annotations

import asyncio
import time

import structlog

from bot.errors import AlreadyClaimed, NotFound, UpstreamError
from bot.model import CHATWOOT, QUEUE, Conversation, Handoff
from bot.store import Store
from bot.store.chatwoot import READER, ChatwootLink
from bot.store.conversations import entry_order
from bot.store.work import now_ms
from bot.web.connectors.chatwoot.client import ChatwootRefused, Client
from bot.web.connectors.chatwoot.config import ChatwootConfig
from bot.web.connectors.chatwoot.passing_on import PassingOn
from bot.web.connectors.chatwoot.taking_in import ACCOUNT, TakingIn, note
from bot.web.handling import Handling
from bot.web.leading import InHand, Leading
from bot.web.operations.metrics import Metrics
from bot.web.presence import Presence

log = structlog.get_logger()

AT_A_TIME = 8
DUE_READ = 100
BLOCK_MS = 500
BUSY_S = 0.1
# A webhook may be lost: what is Chatwoot's is looked at so often anyway.
POLL_MS = 300_000
# After an error nothing is tried for a while, twice as long each time.
PAUSE_S, MAX_PAUSE_S = 1.0, 30.0
# A customer who wrote so long ago, and whom Chatwoot's agents can't have read, is for our own desk.
OUT_OF_REACH_MS = 600_000
GONE = 404
NOT_ALLOWED = (401, 403)
# One that Chatwoot does not take for a reason of its own is tried again after this.
ODD_MS = 60_000


class Chatwoot:
    """What `app.ctx.chatwoot` is while the connector is on. Every web process has one; one of them works."""

    def __init__(
        self,
        config: ChatwootConfig,
        store: Store,
        handling: Handling,
        presence: Presence,
        metrics: Metrics,
        *,
        timeout_s: float = 10.0,
    ) -> None:
        self.config = config
        self._store = store
        self._presence = presence
        self._metrics = metrics
        self._client = Client(config, timeout_s=timeout_s)
        self._passing_on = PassingOn(store, self._client, config)
        self._taking_in = TakingIn(store, self._client, handling, self._passing_on)
        self._in_hand = InHand(AT_A_TIME)
        self._leading = Leading(store.chatwoot_leader, self._turn, self._in_hand)
        self._began = False
        self._paused_until_s = 0.0
        self._pause_s = PAUSE_S

    async def open(self) -> None:
        await self._client.open()

    async def run(self) -> None:
        """For ever. Cancel it, then `close`."""
        await self._leading.run()

    async def close(self) -> None:
        await self._leading.close()
        await self._client.close()

    async def _turn(self) -> None:
        # As long as this runs its conversations have somebody; switched off, the lease ends and they return to us.
        self._presence.seen(ACCOUNT.id)
        if not self._began:
            await self._look_at_all()
            self._began = True
        until = await self._store.happenings.read_until(READER)
        batch = await self._store.happenings.after(until)
        found = batch.happenings
        if batch.lost_until_ms:
            await self._look_at_all()
        if found:
            await self._store.chatwoot.spread((one.conversation_id for one in found), until=found[-1].entry_id)
        if time.monotonic() < self._paused_until_s:
            await asyncio.sleep(BUSY_S)
        elif await self._begin_due():
            await asyncio.sleep(BUSY_S)
        elif not found:
            await self._store.happenings.wait(until, BLOCK_MS)

    async def _look_at_all(self) -> None:
        """What waits for humans, and what Chatwoot has: nobody knows what happened before this process led."""
        if await self._store.happenings.read_until(READER) == "0-0":
            # The first time ever: what happened before is in what is looked at now.
            await self._store.chatwoot.spread((), until=await self._store.happenings.newest())
        for view in ("waiting", f"held/{ACCOUNT.id}", f"snoozed/{ACCOUNT.id}"):
            await self._store.chatwoot.look_at([one.id async for one in self._store.views.every(view)])

    async def _begin_due(self) -> bool:
        """Returns whether anything is to be looked at."""
        due = await self._store.chatwoot.due(DUE_READ)
        for conversation_id in due:
            if self._in_hand.is_full:
                break
            if not self._in_hand.has(conversation_id):
                self._in_hand.begin(conversation_id, self._look(conversation_id))
        return bool(due)

    async def _look(self, conversation_id: str) -> None:
        receipt = await self._store.chatwoot.take(conversation_id)
        try:
            await self._compare(conversation_id)
        except (AlreadyClaimed, NotFound):
            # Somebody acted in between, which marked it again; or it is gone.
            await self._store.chatwoot.done(conversation_id, receipt)
            return
        except UpstreamError as exc:
            wait_ms = await self._failed(conversation_id, exc)
            await self._store.chatwoot.done(conversation_id, receipt, again_in_ms=wait_ms)
            return
        await self._worked()
        found = await self._store.conversations.get_many([conversation_id])
        is_theirs = bool(found) and found[0].owner == CHATWOOT
        await self._store.chatwoot.done(conversation_id, receipt, again_in_ms=POLL_MS if is_theirs else 0)

    async def _compare(self, conversation_id: str) -> None:
        """Do what is missing on either side. Raises AlreadyClaimed, NotFound, UpstreamError."""
        conversation = await self._store.conversations.get(conversation_id)
        link = await self._store.chatwoot.link(conversation_id)
        if conversation.owner in (QUEUE, CHATWOOT):
            link = await self._passing_on.pass_on(conversation, link)
            if conversation.owner == QUEUE:
                await self._give(conversation, link)
        elif link.id and link.status == "open":
            link = await self._take_back(conversation, link)
        if link.id:
            await self._taking_in.take_in(conversation_id, link)

    async def _give(self, conversation: Conversation, link: ChatwootLink) -> None:
        """It is Chatwoot's now. Customers heard already that somebody helps them."""
        text = f"Doorgezet naar Chatwoot, als gesprek {link.id}."
        at_ms = conversation.handoff.at_ms if conversation.handoff else conversation.last_at_ms
        told = note(conversation.id, f"{ACCOUNT.id}-given-{link.id}-{at_ms}-{conversation.version}", text)
        await self._store.queue.claim(conversation, ACCOUNT, [told])
        self._metrics.chatwoot.labels("given").inc()
        log.info("chatwoot.given", conversation_id=conversation.id, chatwoot_id=link.id)

    async def _take_back(self, conversation: Conversation, link: ChatwootLink) -> ChatwootLink:
        """Our own side closed it, answers it, or gave it to the assistant: nobody there has to do anything."""
        # Before it is resolved, so that nobody there wonders; and what was said there last is taken in behind this.
        if conversation.agent_id:
            text = f"{conversation.agent_name or 'Een collega'} beantwoordt dit gesprek nu op onze eigen desk."
            link = await self._passing_on.tell_agents(conversation.id, link, text, f"taken-{conversation.version}")
        there = await self._client.conversation(link.id)
        if there.status != "resolved":
            await self._client.set_status(link.id, "resolved")
        await self._store.chatwoot.note(conversation.id, status="resolved")
        return await self._store.chatwoot.link(conversation.id)

    async def _failed(self, conversation_id: str, exc: UpstreamError) -> int:
        """Returns when to try that one again. What concerns all of them is for all of them to wait for."""
        self._metrics.chatwoot.labels("failed").inc()
        status = getattr(exc, "http_status", 0)
        link = await self._store.chatwoot.link(conversation_id)
        log.warning("chatwoot.missed", conversation_id=conversation_id, reason=str(exc))
        await self._rescue(conversation_id, link)
        if isinstance(exc, ChatwootRefused) and status == GONE and link.id:
            log.warning("chatwoot.gone", conversation_id=conversation_id, chatwoot_id=link.id)
            await self._store.chatwoot.unlink(conversation_id)
            return 1
        if isinstance(exc, ChatwootRefused) and status not in (GONE, *NOT_ALLOWED):
            return ODD_MS
        await self._store.chatwoot.set_trouble("refused" if isinstance(exc, ChatwootRefused) else "unreachable", status)
        self._paused_until_s = time.monotonic() + self._pause_s
        self._pause_s = min(self._pause_s * 2, MAX_PAUSE_S)
        return 1

    async def _worked(self) -> None:
        if self._pause_s != PAUSE_S or await self._store.chatwoot.trouble():
            self._pause_s = PAUSE_S
            await self._store.chatwoot.clear_trouble()

    async def _rescue(self, conversation_id: str, link: ChatwootLink) -> None:
        """A customer whom Chatwoot's agents can't read waits in our own queue, where somebody sees it."""
        found = await self._store.conversations.get_many([conversation_id])
        if not found or found[0].owner != CHATWOOT or found[0].last_sender != "customer":
            return
        conversation = found[0]
        is_unread = entry_order(link.sent) < entry_order(conversation.customer_entry_id)
        if not is_unread or now_ms() - conversation.last_at_ms < OUT_OF_REACH_MS:
            return
        handoff = conversation.handoff or Handoff("taken_over", "normal", now_ms())
        told = note(
            conversation_id,
            f"{ACCOUNT.id}-back-{conversation.version}",
            "Chatwoot is niet bereikbaar. Dit gesprek staat weer in onze eigen wachtrij.",
        )
        try:
            await self._store.queue.put_back(conversation, handoff, [told])
        except AlreadyClaimed:
            return
        log.warning("chatwoot.put_back", conversation_id=conversation_id)
