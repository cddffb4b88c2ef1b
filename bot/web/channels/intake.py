"""From what a channel got to a stored message."""

from __future__ import annotations

import re
from contextlib import suppress

import structlog

from bot import emergencies
from bot.answers import Answers
from bot.errors import AlreadyClaimed, InvalidMessage, StoreUnavailable
from bot.model import ASSISTANT, Attachment, Handoff, Message
from bot.settings import Settings
from bot.store import Store
from bot.store.conversations import AtOnce, Received, entry_order
from bot.store.work import now_ms
from bot.web.clicks import Clicks
from bot.web.operations.metrics import Metrics
from bot.web.rescue import Rescue

log = structlog.get_logger()

# Messenger's own ids have nearly 200.
MAX_ID_CHARS = 300
# Control characters mean nothing to a reader; line breaks and tabs do.
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")
# What a button stands for, as Rasa writes it.
PAYLOAD = re.compile(r"/[a-z0-9_]{1,60}")


def cleaned(text: str) -> str:
    """What a reader gets of it: without control characters, and without space around it."""
    return _CONTROL.sub("", text.replace("\r\n", "\n")).strip()


class Intake:
    """Stores customers' messages, for all channels."""

    def __init__(
        self,
        store: Store,
        answers: Answers,
        settings: Settings,
        metrics: Metrics,
        rescue: Rescue,
        clicks: Clicks | None = None,
    ) -> None:
        """clicks: takes what customers press under questions of ours; without it that is a message like any other."""
        self._store = store
        self._clicks = clicks
        self._rescue = rescue
        self._metrics = metrics
        self._answers = answers
        self._max_text_chars = settings.max_text_chars

    def message(
        self,
        conversation_id: str,
        message_id: str,
        text: str,
        payload: str | None = None,
        *,
        attachments: tuple[Attachment, ...] = (),
        quoted_id: str = "",
    ) -> Message:
        """A customer's message from outside; its text may be empty beside attachments.

        Raises InvalidMessage, saying what was expected.
        """
        if not 1 <= len(message_id) <= MAX_ID_CHARS or not message_id.isprintable() or " " in message_id:
            raise InvalidMessage(f"id: expected 1 to {MAX_ID_CHARS} printable characters without spaces")
        try:
            text.encode()
        except UnicodeEncodeError as exc:
            raise InvalidMessage("text: half of a surrogate pair, expected valid Unicode") from exc
        text = cleaned(text)
        if not text and not attachments:
            raise InvalidMessage("text: expected at least one character")
        if len(text) > self._max_text_chars:
            raise InvalidMessage(f"text: expected at most {self._max_text_chars} characters, got {len(text)}")
        if payload and not PAYLOAD.fullmatch(payload):
            raise InvalidMessage("payload: expected that of a button, as /faq_ruilen")
        return Message(
            id=message_id,
            conversation_id=conversation_id,
            sender="customer",
            text=text,
            sent_at_ms=now_ms(),
            payload=payload or "",
            attachments=attachments,
            quoted_id=quoted_id,
        )

    async def store(
        self,
        message: Message,
        *,
        channel: str,
        customer_id: str,
        at_once: AtOnce | None = None,
        answerable: bool = True,
    ) -> Received:
        """Store it; what can't wait goes to a human in the same step. Raises StoreUnavailable.

        at_once: why the channel knows that it is for a human; an emergency in the text goes before. answerable: False
        for what the assistant need not see.

        A customer who waits in the queue for long hears that nobody forgot. One who would be too far back in line for
        the assistant gets a human.
        """
        kind = emergencies.kind_of(message.text)
        taken = await self._clicks.take(message) if self._clicks and answerable and not kind else None
        if isinstance(taken, Received):
            return taken
        at_once = at_once or taken
        at_once = await self._emergency(kind, message) if kind else at_once
        with self._metrics.store_seconds.time():
            received = await self._store.conversations.receive(
                message, channel=channel, customer_id=customer_id, at_once=at_once, answerable=answerable
            )
        log.info(
            "message.received",
            conversation_id=message.conversation_id,
            channel=channel,
            entry_id=received.entry_id,
            repeated=received.repeated,
            owner=received.owner,
            chars=len(message.text),
        )
        if kind and not received.repeated:
            owner, told = received.owner, received.told
            log.warning("emergency.found", conversation_id=message.conversation_id, kind=kind, owner=owner, told=told)
        if received.remind:
            await self._remind(message)
        if at_once and at_once.note:
            with suppress(StoreUnavailable):  # agents have the reason, and the answer right above
                await self._store.conversations.note(at_once.note)
        if received.owner == ASSISTANT and answerable and self._rescue.is_overloaded and not received.repeated:
            with suppress(StoreUnavailable):  # stored it is; the rescue hands it over a little later
                since_ms = entry_order(received.entry_id)[0]
                await self._rescue.hand_over(message.conversation_id, "assistant_busy", since_ms)
        return received

    async def _emergency(self, kind: emergencies.Kind, message: Message) -> AtOnce:
        """Both sentences: only the store knows, in the same step, whether an agent has the conversation."""
        handoff = Handoff(kind, "urgent", now_ms(), message.id)
        return AtOnce(
            handoff=handoff,
            to_queue=await self._answers.handover(handoff, message.conversation_id, in_reply_to=message.id),
            to_agent=await self._answers.beside_agent(handoff, message.conversation_id, in_reply_to=message.id),
        )

    async def _remind(self, message: Message) -> None:
        try:
            conversation = await self._store.conversations.get(message.conversation_id)
            notice = await self._answers.waiting(
                message.conversation_id,
                in_reply_to=message.id,
                notice="still_waiting",
                handoff=conversation.handoff,
                channel=conversation.channel,
            )
            await self._store.queue.remind(message.conversation_id, notice)
        except (AlreadyClaimed, StoreUnavailable):
            return  # an agent is there already; or Redis went, but the customer's message is stored
