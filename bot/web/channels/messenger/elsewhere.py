"""Somebody answers the customer in Meta's own inbox: the assistant is silent, and agents see what is said there.

We hear of it in four ways, and none of them always: an echo that is not ours, a change of thread control, events that
come only to listen along, and a refused send (docs/explanation/meta-inbox.md).
"""

from __future__ import annotations

import structlog

from bot.answers import Answers
from bot.errors import AlreadyClaimed
from bot.model import ASSISTANT, CLOSED, META_INBOX, META_INBOX_NAME, UNKNOWN_APP, Conversation, Handoff, Message
from bot.store import Store
from bot.store.conversations import Contact
from bot.store.work import now_ms
from bot.web.channels.messenger.events import ControlMoved, Echoed, Where
from bot.web.channels.messenger.left_waiting import is_left_waiting

log = structlog.get_logger()

INBOXES = {"263902037430900": "de Meta-inbox", "1217981644879628": "de Instagram-inbox"}
TAKEN = "Iemand beantwoordt dit gesprek nu in de Meta-inbox. De assistent zegt hier niets meer."
REFUSED = "Meta nam een bericht van ons niet aan: iemand anders heeft dit gesprek nu in de Meta-inbox."
HANDED_BACK = "Het gesprek is terug uit de Meta-inbox. De assistent antwoordt weer."
STILL_WAITS = "Het gesprek is terug uit de Meta-inbox. De klant wacht nog op antwoord, daarom staat het in de wachtrij."
# Somebody may write in the very moment of a hand-back; then it is decided anew.
TRIES = 5


class Elsewhere:
    """Who has a conversation when somebody else may write in its thread. Each method may be called again for one event.

    app_id: ours. Times are of Meta's clock, ms; news without a time counts as of now.
    """

    def __init__(self, store: Store, answers: Answers, *, app_id: str) -> None:
        self._store = store
        self._answers = answers
        self._app_id = app_id

    async def echoed(self, echoed: Echoed) -> None:
        """The page said something that we did not send: a human did, or another program."""
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
        if await self._store.queue.answered_elsewhere(conversation_id, at_ms=at_ms, message=message):
            log.info("elsewhere.answered", conversation_id=conversation_id, app_id=echoed.app_id)

    async def control_moved(self, moved: ControlMoved) -> None:
        """Another app took the thread, we were given it, or somebody asks for it."""
        if moved.kind == "request":
            await self._asked(moved)
        elif moved.new_owner == self._app_id:
            await self._given_to_us(moved.where)
        elif moved.new_owner or moved.kind == "take":
            await self._taken(moved)

    async def listened(self, where: Where) -> None:
        """An event came only to listen along: another app has the thread.

        A conversation in our queue stays there. Somebody of ours looks at it, which nobody promises for the other app.
        """
        if where.at_ms:  # without a time, what came before a hand-back would look like what came after it
            conversation_id = await self._begun(where)
            note = _note(conversation_id, f"elsewhere-{where.at_ms}", TAKEN)
            await self._store.queue.answered_elsewhere(
                conversation_id,
                at_ms=where.at_ms,
                control=UNKNOWN_APP,
                takes_from=(ASSISTANT, CLOSED),
                message=note,
            )

    async def reached_us(self, where: Where) -> None:
        """The customer wrote to us. If another app had the thread it let go of it, whether Meta said so or not.

        Call it before the message is stored.
        """
        conversation_id = await self._store.conversations.alias(where.conversation_id)
        found = await self._store.conversations.get_many([conversation_id])
        if found and found[0].control and where.at_ms > found[0].control_at_ms:
            await self._given_to_us(where, is_heard=True)

    async def refused(self, conversation_id: str, at_ms: int) -> None:
        """Meta did not take a message of ours, because another app has the thread.

        Only the assistant gives way. What waits in our queue would never come back, and an agent decides for herself.
        at_ms is of our clock. A refusal is the latest that we know, also where Meta's clock is ahead of ours.
        """
        found = await self._store.conversations.get_many([conversation_id])
        at_ms = max(at_ms, *(one.control_at_ms for one in found), 0)
        await self._store.queue.answered_elsewhere(
            conversation_id,
            at_ms=at_ms,
            control=UNKNOWN_APP,
            takes_from=(ASSISTANT,),
            is_news=False,
            message=_note(conversation_id, f"refused-{at_ms}", REFUSED),
        )

    async def _taken(self, moved: ControlMoved) -> None:
        at_ms = moved.where.at_ms or now_ms()
        conversation_id = await self._begun(moved.where)
        await self._store.queue.answered_elsewhere(
            conversation_id,
            at_ms=at_ms,
            control=moved.new_owner or UNKNOWN_APP,
            message=_note(conversation_id, f"elsewhere-{at_ms}", TAKEN),
        )
        log.info("elsewhere.taken", conversation_id=conversation_id, app_id=moved.new_owner)

    async def _given_to_us(self, where: Where, *, is_heard: bool = False) -> None:
        """is_heard: a message of the customer comes with it, that the assistant can answer."""
        at_ms = where.at_ms or now_ms()
        conversation_id = await self._store.conversations.alias(where.conversation_id)
        # False for news from before the last time that somebody took it, and for a thread that we never saw.
        if await self._store.conversations.set_control(conversation_id, "", at_ms=at_ms):
            for _ in range(TRIES):
                if await self._hand_back(conversation_id, at_ms, is_heard=is_heard):
                    return

    async def _hand_back(self, conversation_id: str, at_ms: int, *, is_heard: bool) -> bool:
        """False if somebody did something in the meantime, and it is to be decided anew."""
        conversation = await self._store.conversations.get(conversation_id)
        if conversation.owner != META_INBOX or conversation.control_at_ms > at_ms:
            return True  # not theirs any more, or theirs again
        try:
            if await self._still_waits(conversation, at_ms, is_heard=is_heard):
                await self._to_queue(conversation, at_ms)
            else:
                note = _note(conversation_id, f"back-{at_ms}", HANDED_BACK)
                await self._store.queue.hand_back(conversation, [note], if_unchanged=True)
        except AlreadyClaimed:
            return False
        log.info("elsewhere.handed_back", conversation_id=conversation_id)
        return True

    async def _still_waits(self, conversation: Conversation, at_ms: int, *, is_heard: bool) -> bool:
        """For a human: promised, or because what they wrote overtook the hand-back or was never answered."""
        if conversation.wrote_at_ms > at_ms:
            return True
        waits = await is_left_waiting(self._store, conversation)
        return waits and (not is_heard or conversation.handoff is not None)

    async def _to_queue(self, conversation: Conversation, at_ms: int) -> None:
        handoff = conversation.handoff or Handoff("taken_over", "normal", now_ms())
        notice = await self._answers.waiting(
            conversation.id, notice="put_back", handoff=handoff, channel=conversation.channel
        )
        notices = [_note(conversation.id, f"back-{at_ms}", STILL_WAITS), notice]
        await self._store.queue.put_back(conversation, handoff, notices, if_unchanged=True)

    async def _asked(self, moved: ControlMoved) -> None:
        conversation_id = await self._store.conversations.alias(moved.where.conversation_id)
        if moved.new_owner != self._app_id:
            who = INBOXES.get(moved.new_owner, "een andere app")
            text = f"Iemand vraagt vanuit {who} om dit gesprek."
            await self._store.conversations.note(_note(conversation_id, f"asked-{moved.where.at_ms}", text))

    async def _begun(self, where: Where) -> str:
        """The conversation of an event, begun if this is the first we hear of that customer."""
        conversation_id = await self._store.conversations.alias(where.conversation_id)
        contact = Contact(where.channel, where.customer_id, where.page.id)
        await self._store.conversations.note_contact(conversation_id, contact)
        return conversation_id


def _note(conversation_id: str, note_id: str, text: str) -> Message:
    return Message(note_id, conversation_id, "note", text, now_ms(), agent_name=META_INBOX_NAME, notice="elsewhere")
