"""Brings back what agents put aside until later, when its time has come."""

from __future__ import annotations

import uuid

import structlog

from bot.answers import Answers
from bot.errors import AlreadyClaimed, NotFound
from bot.model import Conversation, Message
from bot.store import Store
from bot.store.notifications import Notification
from bot.store.work import now_ms
from bot.web.bearer_tokens import is_program
from bot.web.links import page_url
from bot.web.rescue import apart, for_ever

log = structlog.get_logger()

CHECK_EVERY_S = 2.0


class Snoozes:
    """Every web process runs one; the store lets only one of them act on a conversation."""

    def __init__(self, store: Store, answers: Answers, *, away_s: float) -> None:
        """away_s: who gave no sign of life for so long is not here, and a colleague gets the conversation."""
        self._store = store
        self._answers = answers
        self._away_s = away_s

    async def run(self) -> None:
        """Look whose time has come, for ever."""
        await for_ever(self.look, every_s=CHECK_EVERY_S)

    async def look(self, at_ms: int | None = None) -> None:
        """Once, as if it were `at_ms`."""
        due = await self._store.views.until("snoozed", at_ms or now_ms())
        if not due:
            return
        here = await self._store.agents.here(self._away_s)
        last_seen = await self._store.agents.last_seen({one.agent_id for one in due})
        for conversation in due:
            if conversation.agent_id in here or is_program(conversation.agent_id):
                await apart(self._wake(conversation), conversation.id)
            else:
                await apart(self._put_back(conversation, last_seen[conversation.agent_id]), conversation.id)

    async def _wake(self, conversation: Conversation) -> None:
        note = _note(conversation, f"De tijd is om: dit gesprek is weer van {_agent(conversation)}.")
        try:
            await self._store.queue.snooze(conversation, 0, note, if_until_ms=conversation.snoozed_until_ms)
        except (AlreadyClaimed, NotFound):
            return  # another process did it, or somebody took it up
        log.info("snooze.ended", conversation_id=conversation.id, agent_id=conversation.agent_id, back_in_queue=False)
        await self._tell(conversation, "is terug. Je had het weggelegd tot nu.")

    async def _put_back(self, conversation: Conversation, last_seen_ms: int) -> None:
        name = _agent(conversation)
        note = _note(conversation, f"De tijd is om, en {name} is er niet. Het gesprek staat weer in de wachtrij.")
        handoff = await self._store.departments.returned(conversation, now_ms())
        notice = await self._answers.agent_away(
            conversation.id, agent_name=name, handoff=handoff, channel=conversation.channel
        )
        try:
            await self._store.queue.end_lease(
                conversation, handoff, note, notice, last_seen_ms=last_seen_ms, if_unchanged=True
            )
        except (AlreadyClaimed, NotFound):
            return  # another process did it, or the agent is back
        log.info("snooze.ended", conversation_id=conversation.id, agent_id=conversation.agent_id, back_in_queue=True)
        await self._tell(conversation, "was weggelegd tot nu. Je was er niet, daarom staat het in de wachtrij.")

    async def _tell(self, conversation: Conversation, what: str) -> None:
        of_whom = f" van {conversation.customer_name}" if conversation.customer_name else ""
        text, url = f"Het gesprek{of_whom} {what}", page_url(conversation.id)
        await self._store.notifications.tell(
            conversation.agent_id, Notification("reminder", text, url, conversation.id, now_ms())
        )


def _agent(conversation: Conversation) -> str:
    return conversation.agent_name or conversation.agent_id


def _note(conversation: Conversation, text: str) -> Message:
    return Message(
        id=uuid.uuid4().hex,
        conversation_id=conversation.id,
        sender="note",
        text=text,
        sent_at_ms=now_ms(),
        agent_name=_agent(conversation),
        notice="handling",
    )
