"""Sends customers whom the assistant, or an agent, leaves waiting to a human."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress

import structlog

from bot.answers import Answers
from bot.errors import AlreadyClaimed, NotFound, StoreUnavailable
from bot.logs import described
from bot.model import ASSISTANT, Conversation, Handoff
from bot.settings import Settings
from bot.store import Store
from bot.store.work import Overdue, now_ms, patience_id

log = structlog.get_logger()

CHECK_EVERY_S = 0.25
UNANSWERED_CHECK_EVERY_S = 5.0
CLEAN_EVERY_S = 3600.0
# An agent who does not answer somebody in danger: a colleague must.
URGENT_AGENT_TIMEOUT_MS = 120_000
RETRY_S = 1.0


class Rescue:
    """Every web process runs one; the store lets only one of them act on a conversation."""

    def __init__(self, store: Store, answers: Answers, settings: Settings) -> None:
        self._store = store
        self._answers = answers
        self._turn_timeout_ms = int(settings.turn_timeout_s * 1000)
        self._busy_wait_ms = int(settings.busy_wait_s * 1000)
        self._max_backlog = settings.max_backlog
        self._agent_timeout_ms = settings.agent_timeout_minutes * 60_000
        # Whether more conversations are in line for the assistant than it may keep waiting, a moment ago.
        self.is_overloaded = False

    async def run(self) -> None:
        """Look for overdue messages, for ever."""
        await for_ever(self._watch_backlog, every_s=CHECK_EVERY_S)

    async def return_unanswered(self) -> None:
        """Give customers whose agent does not answer back to the queue, for ever."""
        await for_ever(self._put_back_unanswered, every_s=UNANSWERED_CHECK_EVERY_S)

    async def clean(self) -> None:
        """Take what has expired, and assistants that are long gone, out of the lists: now and every hour, for ever."""
        await for_ever(self._clean, every_s=CLEAN_EVERY_S)

    async def _clean(self) -> None:
        # First: what is in no list is looked after by nobody, and counts for nobody.
        await self._store.conversations.place_all()
        await self._store.conversations.remove_expired()
        await self._store.people.remove_expired()
        await self._store.ratings.remove_expired(now_ms())
        await self._store.answer_figures.begin()
        await self._store.lessons.remove_expired(now_ms())
        await self._store.inbound.remove_expired()
        await self._store.work.forget_gone_workers()
        await self._store.agents.remove_expired()

    async def _watch_backlog(self) -> None:
        self.is_overloaded = await self._store.work.waiting() >= self._max_backlog
        overdue = await self._store.work.overdue(self._turn_timeout_ms)
        somebody_works = bool(overdue) and bool(await self._store.work.alive())
        for one in overdue:
            await apart(self._end_wait(one, somebody_works=somebody_works), one.conversation_id)

    async def _end_wait(self, overdue: Overdue, *, somebody_works: bool) -> None:
        """A message that an assistant has in hand, or that none will take, is late; one in line may wait longer."""
        in_hand_ms = overdue.begun_ms
        if not somebody_works or (in_hand_ms is not None and in_hand_ms > self._turn_timeout_ms):
            await self.hand_over(overdue.conversation_id, "assistant_slow", overdue.since_ms)
        elif in_hand_ms is not None:
            return  # an assistant is at it
        elif overdue.waited_ms > self._busy_wait_ms:
            await self.hand_over(overdue.conversation_id, "assistant_busy", overdue.since_ms)
        elif not overdue.told:
            await self._ask_for_patience(overdue)

    async def _ask_for_patience(self, overdue: Overdue) -> None:
        conversation_id = overdue.conversation_id
        found = await self._store.conversations.get_many([conversation_id])
        if not found or not found[0].hears_notices:
            return
        notice = await self._answers.patience(
            conversation_id,
            message_id=patience_id(overdue.since_ms),
            in_reply_to=await self._store.work.oldest_pending(conversation_id),
        )
        with suppress(AlreadyClaimed, NotFound):
            await self._store.queue.ask_for_patience(conversation_id, notice, waiting_since_ms=overdue.since_ms)
            log.info("assistant.busy", conversation_id=conversation_id, waited_ms=overdue.waited_ms)

    async def _put_back_unanswered(self) -> None:
        # Only whose time has come is read, whoever is in danger first.
        for view, patience_ms in (
            ("unanswered/urgent", URGENT_AGENT_TIMEOUT_MS),
            ("unanswered", self._agent_timeout_ms),
        ):
            async for conversation in self._store.views.every(view, until_ms=now_ms() - patience_ms):
                if _is_left_alone(conversation, patience_ms):
                    await apart(self._put_back(conversation), conversation.id)

    async def _put_back(self, conversation: Conversation) -> None:
        handoff = await self._store.departments.returned(conversation, now_ms())
        notice = await self._answers.waiting(
            conversation.id, notice="put_back", handoff=handoff, channel=conversation.channel
        )
        try:
            await self._store.queue.put_back(conversation, handoff, [notice], if_unchanged=True)
        except AlreadyClaimed:
            return  # the agent answered just now, or somebody else has it
        log.info("agent.silent", conversation_id=conversation.id, agent_id=conversation.agent_id)

    async def hand_over(self, conversation_id: str, reason: str, since_ms: int) -> None:
        """Put one conversation in the human queue, unless the assistant answers just before.

        since_ms: since when its oldest message waits for the assistant.
        """
        try:
            conversation = await self._store.conversations.get(conversation_id)
        except NotFound:
            await self._store.work.forget(conversation_id)
            return
        if conversation.owner != ASSISTANT:
            await self._store.work.forget(conversation_id)
            return
        message_id = await self._store.work.oldest_pending(conversation_id)
        handoff = Handoff(reason, "normal", since_ms, message_id)
        notice = await self._answers.handover(
            handoff, conversation_id, in_reply_to=message_id, channel=conversation.channel
        )
        try:
            await self._store.queue.put(conversation, handoff, [notice], if_waiting_since_before_ms=since_ms)
        except (AlreadyClaimed, NotFound):
            return
        log.warning("assistant.slow", conversation_id=conversation_id, reason=reason, waited_ms=now_ms() - since_ms)


def _is_left_alone(conversation: Conversation, patience_ms: int) -> bool:
    """Still so, as it was read just now."""
    silent_ms = now_ms() - max(conversation.last_at_ms, conversation.woken_at_ms)
    is_aside = bool(conversation.snoozed_until_ms)
    return conversation.last_sender != "agent" and not is_aside and silent_ms > patience_ms


async def for_ever(work: Callable[[], Awaitable[object]], *, every_s: float) -> None:
    """Whatever goes wrong once, the next time counts: this is the safety net."""
    while True:
        try:
            await work()
            await asyncio.sleep(every_s)
        except StoreUnavailable as exc:
            log.warning("rescue.paused", reason=str(exc))
            await asyncio.sleep(RETRY_S)
        except Exception as exc:
            log.error("rescue.failed", error=described(exc))
            await asyncio.sleep(RETRY_S)


async def apart(work: Awaitable[None], conversation_id: str) -> None:
    """One conversation that can't be read must not keep the ones behind it waiting."""
    try:
        await work
    except StoreUnavailable:
        raise
    except Exception as exc:
        log.error("rescue.failed", conversation_id=conversation_id, error=described(exc))
