"""Sends customers whom the assistant leaves waiting to a human."""

from __future__ import annotations

import asyncio

import structlog

from bot.answers import Answers
from bot.errors import AlreadyClaimed, NotFound, StoreUnavailable
from bot.model import ASSISTANT, Handoff
from bot.store import Store

log = structlog.get_logger()

CHECK_EVERY_S = 0.25
CLEAN_EVERY_S = 3600.0


class Rescue:
    """Every web process runs one; the store lets only one of them act on a conversation."""

    def __init__(self, store: Store, answers: Answers, *, turn_timeout_s: float) -> None:
        self._store = store
        self._answers = answers
        self._turn_timeout_ms = int(turn_timeout_s * 1000)

    async def run(self) -> None:
        """Look for overdue messages, for ever."""
        while True:
            await asyncio.sleep(CHECK_EVERY_S)
            try:
                for conversation_id, since_ms in await self._store.work.overdue(self._turn_timeout_ms):
                    await self.hand_over(conversation_id, since_ms)
            except StoreUnavailable as exc:
                log.warning("rescue.paused", reason=str(exc))
                await asyncio.sleep(1.0)

    async def clean(self) -> None:
        """Take what has expired out of the lists, now and every hour, for ever."""
        while True:
            try:
                await self._store.conversations.remove_expired()
            except StoreUnavailable as exc:
                log.warning("cleaning.paused", reason=str(exc))
            await asyncio.sleep(CLEAN_EVERY_S)

    async def hand_over(self, conversation_id: str, since_ms: int) -> None:
        """Put one conversation in the human queue, unless the assistant answers just before."""
        try:
            conversation = await self._store.conversations.get(conversation_id)
        except NotFound:
            await self._store.work.forget(conversation_id)
            return
        waiting = [m for m in await self._store.conversations.latest_messages(conversation_id, 1) if not m.to_customer]
        message_id = waiting[0].id if waiting else ""
        if conversation.owner != ASSISTANT:
            await self._store.work.forget(conversation_id)
            return
        handoff = Handoff("assistant_slow", "normal", since_ms, message_id)
        notice = await self._answers.handover(handoff.reason, conversation_id, in_reply_to=message_id)
        try:
            await self._store.queue.put(conversation, handoff, [notice], if_waiting_since_before_ms=since_ms)
        except AlreadyClaimed:
            return
        log.warning("assistant.slow", conversation_id=conversation_id, waited_ms=self._turn_timeout_ms)
