"""Somebody answers the customer in Meta's own inbox: the assistant is silent, and agents see what is said there."""

from __future__ import annotations

from bot.answers import Answers
from bot.model import META_INBOX_NAME, Message
from bot.store import Store
from bot.store.conversations import Contact
from bot.store.work import now_ms
from bot.web.channels.messenger.events import ControlMoved, Echoed, Where


class Elsewhere:
    """Who has a conversation when somebody else may write in its thread. Each method may be called again for one event.

    app_id: ours.
    """

    def __init__(self, store: Store, answers: Answers, *, app_id: str) -> None:
        self._store = store
        self._answers = answers
        self._app_id = app_id

    async def echoed(self, echoed: Echoed) -> None:
        """The page said something that we did not send."""
        at_ms = echoed.where.at_ms or now_ms()
        conversation_id = await self._begun(echoed.where)
        message = Message(
            id=echoed.mid,
            conversation_id=conversation_id,
            sender="agent",
            text=echoed.text,
            sent_at_ms=at_ms,
            agent_name=META_INBOX_NAME,
            attachments=echoed.attachments,
        )
        await self._store.queue.answered_elsewhere(conversation_id, at_ms=at_ms, message=message)

    async def control_moved(self, moved: ControlMoved) -> None:
        """Another app took the thread, we were given it, or somebody asks for it."""
        at_ms = moved.where.at_ms or now_ms()
        conversation_id = await self._begun(moved.where)
        if moved.new_owner == self._app_id:
            await self._store.conversations.set_control(conversation_id, "", at_ms=at_ms)
        elif moved.kind != "request":
            await self._store.queue.answered_elsewhere(conversation_id, at_ms=at_ms, control=moved.new_owner)

    async def listened(self, where: Where) -> None:
        """An event came only to listen along: another app has the thread."""
        conversation_id = await self._begun(where)
        await self._store.queue.answered_elsewhere(conversation_id, at_ms=where.at_ms or now_ms())

    async def reached_us(self, where: Where) -> None:
        """The customer wrote to us, so no other app has the thread any more. Called before the message is stored."""

    async def refused(self, conversation_id: str, at_ms: int) -> None:
        """Meta did not take a message of ours, because another app has the thread."""
        await self._store.queue.answered_elsewhere(conversation_id, at_ms=at_ms)

    async def _begun(self, where: Where) -> str:
        """The conversation of an event, begun if this is the first we hear of that customer."""
        conversation_id = await self._store.conversations.alias(where.conversation_id)
        contact = Contact(where.channel, where.customer_id, where.page.id)
        await self._store.conversations.note_contact(conversation_id, contact)
        return conversation_id
