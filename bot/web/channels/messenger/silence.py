"""Ends the time that a conversation is Meta's inbox's when nobody says anything there any more."""

from __future__ import annotations

import uuid
from contextlib import suppress

import structlog

from bot.answers import Answers
from bot.errors import AlreadyClaimed
from bot.model import META_INBOX, META_INBOX_NAME, Conversation, Handoff, Message
from bot.settings import Settings
from bot.store import Store
from bot.store.work import now_ms
from bot.web.channels.messenger.left_waiting import is_left_waiting
from bot.web.rescue import apart, for_ever

log = structlog.get_logger()

CHECK_EVERY_S = 5.0


class Silence:
    """Every web process runs one; the store lets only one of them act on a conversation.

    A customer who had the last word is the rescue's: nobody may leave them behind, whoever has the conversation.
    """

    def __init__(self, store: Store, answers: Answers, settings: Settings, *, every_s: float = CHECK_EVERY_S) -> None:
        self._store = store
        self._answers = answers
        self._silence_minutes = settings.messenger_silence_minutes
        self._silence_ms = self._silence_minutes * 60_000
        self._agent_timeout_ms = settings.agent_timeout_minutes * 60_000
        self._every_s = every_s

    async def run(self) -> None:
        """Look for silence, for ever."""
        await for_ever(self.look, every_s=self._every_s)

    async def look(self) -> None:
        """Once."""
        patience_ms = min(self._agent_timeout_ms, self._silence_ms)
        async for conversation in self._store.views.every("quiet", until_ms=now_ms() - patience_ms):
            if conversation.owner == META_INBOX and conversation.last_sender != "customer":
                await apart(self._end(conversation), conversation.id)

    async def _end(self, conversation: Conversation) -> None:
        silent_ms = now_ms() - conversation.last_at_ms
        if silent_ms <= min(self._agent_timeout_ms, self._silence_ms):
            return
        with suppress(AlreadyClaimed):  # something was said just now, or another process was first
            if await is_left_waiting(self._store, conversation):
                if silent_ms > self._agent_timeout_ms:
                    await self._put_back(conversation)
            elif silent_ms > self._silence_ms:
                await self._hand_back(conversation)

    async def _put_back(self, conversation: Conversation) -> None:
        handoff = conversation.handoff or Handoff("taken_over", "normal", conversation.last_at_ms)
        notice = await self._answers.waiting(
            conversation.id, notice="put_back", handoff=handoff, channel=conversation.channel
        )
        await self._store.queue.put_back(conversation, handoff, [notice], if_unchanged=True)
        log.info("agent.silent", conversation_id=conversation.id, agent_id=conversation.agent_id)

    async def _hand_back(self, conversation: Conversation) -> None:
        note = Message(
            id=uuid.uuid4().hex,
            conversation_id=conversation.id,
            sender="note",
            text=f"In de Meta-inbox bleef het {self._silence_minutes} minuten stil. De assistent antwoordt weer.",
            sent_at_ms=now_ms(),
            agent_name=META_INBOX_NAME,
            notice="elsewhere",
        )
        await self._store.queue.hand_back(conversation, [note], if_unchanged=True)
        log.info("elsewhere.silent", conversation_id=conversation.id)
