"""What an event does. Every effect may be given again, also by two processes at once: a repeat changes nothing."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any, Protocol

import structlog

from bot import emergencies
from bot.answers import Answers
from bot.model import ASSISTANT, Attachment, AttachmentKind, Handoff, Message
from bot.store import Store
from bot.store.conversations import AtOnce, Contact
from bot.store.work import now_ms
from bot.web.channels.intake import Intake, cleaned
from bot.web.channels.messenger.comments import Comments
from bot.web.channels.messenger.config import Page
from bot.web.channels.messenger.elsewhere import Elsewhere
from bot.web.channels.messenger.events import (
    Arrived,
    CommentChanged,
    ControlMoved,
    Echoed,
    Edited,
    Event,
    PolicyEnforced,
    Reacted,
    Told,
    Unsent,
    Where,
    Wrote,
)
from bot.web.channels.messenger.rendering import parts, text_of

log = structlog.get_logger()

# What every message that we send carries, and its echo brings back: the id of the attempt.
_OURS = re.compile(r"vb:([0-9a-f]{32})")
# An echo may come before the answer that tells whose conversation a private reply went to.
ECHO_RETRIES_S = (0.3, 1.0, 2.0)
# The assistant can do without these when there are words beside them; with a sticker alone nothing is asked.
_BESIDE_TEXT: frozenset[AttachmentKind] = frozenset({"sticker", "link", "post"})
UNSENT = "De klant heeft een bericht verwijderd."
BLOCKED = "blocked"


class Signs(Protocol):
    """Shows the customer that the message is read; never raises, and keeps nobody waiting."""

    async def seen(self, page: Page, channel: str, customer_id: str) -> None: ...


class Effects:
    """Gives each event its effect. Raises StoreUnavailable; after that, or any other error, it may be given again."""

    def __init__(
        self,
        store: Store,
        intake: Intake,
        answers: Answers,
        elsewhere: Elsewhere,
        comments: Comments,
        *,
        app_id: str,
        actions: Signs | None = None,
    ) -> None:
        """app_id: ours."""
        self._store = store
        self._intake = intake
        self._answers = answers
        self._elsewhere = elsewhere
        self._comments = comments
        self._app_id = app_id
        self._actions = actions
        self._by_kind: dict[type, Callable[[Any], Awaitable[None]]] = {
            Wrote: self._wrote,
            Edited: self._edited,
            Unsent: self._unsent,
            Reacted: self._reacted,
            Arrived: self._arrived,
            Echoed: self._echoed,
            Told: self._told,
            PolicyEnforced: self._policy_enforced,
            ControlMoved: elsewhere.control_moved,
            CommentChanged: comments.changed,
        }

    async def give(self, event: Event) -> None:
        await self._by_kind[type(event)](event)

    # Messages of the customer.

    async def _wrote(self, wrote: Wrote) -> None:
        where, at_ms = wrote.where, wrote.where.at_ms or now_ms()
        await (self._elsewhere.listened(where) if where.standby else self._elsewhere.reached_us(where))
        conversation_id = await self._noted(where, opened_at_ms=at_ms, wrote_at_ms=at_ms)
        message = self._intake.message(
            conversation_id,
            wrote.mid,
            wrote.text,
            wrote.payload,
            attachments=wrote.attachments,
            quoted_id=wrote.quoted_id,
        )
        answerable = bool(wrote.text) and not where.standby
        received = await self._intake.store(
            replace(message, sent_at_ms=at_ms),
            channel=where.channel,
            customer_id=where.customer_id,
            at_once=None if where.standby else await self._for_a_human(message),
            answerable=answerable,
        )
        if wrote.about:
            await self._note(conversation_id, f"about-{wrote.mid}", wrote.about, at_ms)
        if self._actions and answerable and received.owner == ASSISTANT and not (received.repeated or received.settled):
            await self._actions.seen(where.page, where.channel, where.customer_id)

    async def _for_a_human(self, message: Message) -> AtOnce | None:
        """A photo, a file: the assistant does not know what it shows."""
        if all(_can_do_without(attachment, message.text) for attachment in message.attachments):
            return None
        handoff = Handoff("attachment", "normal", now_ms(), message.id)
        return AtOnce(
            handoff=handoff,
            to_queue=await self._answers.handover(handoff, message.conversation_id, in_reply_to=message.id),
        )

    async def _edited(self, edited: Edited) -> None:
        where = edited.where
        conversation_id = await self._noted(where)
        if emergencies.kind_of(edited.text):
            # It was not there when the message was stored, so nobody has seen it yet.
            again = self._intake.message(conversation_id, f"{edited.mid}~{edited.number}", edited.text)
            again = replace(again, sent_at_ms=where.at_ms or now_ms())
            await self._intake.store(again, channel=where.channel, customer_id=where.customer_id, answerable=False)
        await self._store.conversations.edit(conversation_id, edited.mid, edited.text, number=edited.number)

    async def _unsent(self, unsent: Unsent) -> None:
        conversation_id = await self._noted(unsent.where)
        note = _note(conversation_id, f"unsent-{unsent.mid}", UNSENT, unsent.where.at_ms or now_ms())
        await self._store.conversations.delete(conversation_id, unsent.mid, note)

    async def _reacted(self, reacted: Reacted) -> None:
        at_ms = reacted.where.at_ms or now_ms()
        conversation_id = await self._noted(reacted.where)
        await self._store.conversations.react(conversation_id, reacted.mid, reacted.reaction, at_ms=at_ms)
        if reacted.reaction and await self._store.sending.message_ids(conversation_id, [reacted.mid]):
            await self._noted(reacted.where, opened_at_ms=at_ms)

    # Messages to the customer.

    async def _arrived(self, arrived: Arrived) -> None:
        conversation_id = await self._store.conversations.alias(arrived.where.conversation_id)
        sending = self._store.sending
        ids = await sending.message_ids(conversation_id, list(arrived.mids))
        if arrived.watermark_ms:
            ids += await sending.sent_until(conversation_id, arrived.watermark_ms)
        changed = await self._store.conversations.mark(conversation_id, list(dict.fromkeys(ids)), arrived.state)
        if changed:
            event = "message.read" if arrived.state == "read" else "message.delivered"
            log.info(event, conversation_id=conversation_id, channel=arrived.where.channel, messages=changed)

    async def _echoed(self, echoed: Echoed) -> None:
        attempt = _OURS.fullmatch(echoed.metadata)
        if attempt and await self._settled(echoed, attempt[1]):
            return
        if not attempt and echoed.app_id in ("", self._app_id) and await self._is_known(echoed):
            return
        # Another installation of this program marks its messages as we do; its app is another one.
        if echoed.app_id != self._app_id and (echoed.app_id or not attempt):
            await self._elsewhere.echoed(echoed)
            return
        # Our app said it, but not this program: another one with the same app, or this one before a loss of its data.
        conversation_id = await self._noted(echoed.where)
        words = (
            f"Onze app stuurde de klant ook: {echoed.text}" if echoed.text else "Onze app stuurde de klant ook iets."
        )
        await self._note(conversation_id, f"echo-{echoed.mid}", words, echoed.where.at_ms or now_ms())

    async def _settled(self, echoed: Echoed, attempt: str) -> bool:
        """Whether it is a message of ours, which has now arrived at the platform for sure."""
        if await self._comments.private_reply_echoed(echoed, attempt):
            return True
        for wait_s in (*ECHO_RETRIES_S, None):
            conversation_id = await self._store.conversations.alias(echoed.where.conversation_id)
            at_ms = echoed.where.at_ms or now_ms()
            if await self._store.sending.settle(conversation_id, attempt, mid=echoed.mid, at_ms=at_ms, is_echo=True):
                return True
            if wait_s is not None:
                await asyncio.sleep(wait_s)
        return False

    async def _is_known(self, echoed: Echoed) -> bool:
        """Whether an echo that says neither who sent it nor which attempt it is of is of a message of ours.

        Nothing in Meta's pages promises that Instagram's echoes do. By its words, or by its mid once our request was
        answered: else the assistant would take its own message for a human's, and be silent.
        """
        conversation_id = await self._store.conversations.alias(echoed.where.conversation_id)
        sending, at_ms = self._store.sending, echoed.where.at_ms or now_ms()
        for wait_s in (*ECHO_RETRIES_S, None):
            sent = await sending.in_the_air(conversation_id)
            if sent and echoed.text and echoed.text in _texts(sent.message, echoed.where.channel)[sent.part :][:1]:
                await sending.settle(conversation_id, sent.attempt, mid=echoed.mid, at_ms=at_ms, is_echo=True)
                return True
            # What somebody says in Meta's inbox has the mid as its id.
            if (await sending.named(conversation_id, [echoed.mid])).get(echoed.mid, echoed.mid) != echoed.mid:
                return True
            if not sent or wait_s is None:
                return False
            await asyncio.sleep(wait_s)
        return False

    # All the rest.

    async def _told(self, told: Told) -> None:
        at_ms = told.where.at_ms or now_ms()
        conversation_id = await self._noted(told.where, opened_at_ms=at_ms if told.opens_window else 0)
        await self._note(conversation_id, told.key, told.text, at_ms)

    async def _policy_enforced(self, enforced: PolicyEnforced) -> None:
        page_id, action = enforced.where.page.id, enforced.action
        log.warning("page.policy", page_id=page_id, action=action, reason=enforced.reason)
        if action == "block":
            await self._store.pages.set_trouble(page_id, BLOCKED, enforced.reason, at_ms=now_ms())
        elif action == "unblock" and (await self._store.pages.states([page_id]))[0].trouble == BLOCKED:
            await self._store.pages.clear_trouble(page_id)

    async def _noted(self, where: Where, *, opened_at_ms: int = 0, wrote_at_ms: int = 0) -> str:
        """The conversation of an event, begun if this is the first we hear of the customer; times as in Contact."""
        conversation_id = await self._store.conversations.alias(where.conversation_id)
        contact = Contact(where.channel, where.customer_id, where.page.id, opened_at_ms, wrote_at_ms)
        await self._store.conversations.note_contact(conversation_id, contact)
        return conversation_id

    async def _note(self, conversation_id: str, note_id: str, text: str, at_ms: int) -> None:
        await self._store.conversations.note(_note(conversation_id, note_id, text, at_ms))


def _can_do_without(attachment: Attachment, text: str) -> bool:
    """Whether the assistant may go on as if the attachment were not there."""
    return attachment.kind == "sticker" or (attachment.kind in _BESIDE_TEXT and bool(text))


def _texts(message: Message, channel: str) -> list[str]:
    """The words of each of its parts, as they come back in an echo."""
    return [cleaned(text_of(part)) for part in parts(message, channel=channel)]


def _note(conversation_id: str, note_id: str, text: str, at_ms: int) -> Message:
    return Message(note_id, conversation_id, "note", text, at_ms, notice="platform")
