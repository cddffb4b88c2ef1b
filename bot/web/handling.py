"""What agents do with a conversation, for the desk and the API alike."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from zoneinfo import ZoneInfo

import structlog

from bot.answers import Answers
from bot.errors import AlreadyClaimed, InvalidMessage, NotFound, NotSendable
from bot.learning import Noticing
from bot.model import (
    ASSISTANT,
    CHATWOOT,
    CHATWOOT_NAME,
    CLOSE_REASONS,
    CLOSED,
    META_INBOX,
    PROGRAM_NAME,
    QUEUE,
    Account,
    Button,
    Conversation,
    Handoff,
    Message,
    Priority,
)
from bot.store import Store
from bot.store.notifications import Notification
from bot.store.work import now_ms
from bot.web.channels.messenger.config import COMMENT, MessengerConfig
from bot.web.channels.messenger.obstacles import obstacle
from bot.web.clicks import RATING_BUTTONS, RATING_QUESTION
from bot.web.links import page_url
from bot.web.pages import moment
from bot.web.rights import AGENTS, MANAGERS

log = structlog.get_logger()

MAX_REPLY_CHARS = 4_000
MAX_ID_CHARS = 100
# What an agent says to a colleague about a conversation that they pass on.
MAX_NOTE_CHARS = 500
MAX_SNOOZE_DAYS = 90
# Nobody is told that a conversation is over which never was one, or which goes on elsewhere.
SILENT_REASONS = ("spam", "duplicate")
PRIORITIES: dict[Priority, str] = {"urgent": "spoed", "high": "hoog", "normal": "gewoon", "low": "laag"}


class Handling:
    """Each method is one atomic change in the store, with what the customer hears about it."""

    def __init__(
        self,
        store: Store,
        answers: Answers,
        messenger: MessengerConfig | None = None,
        *,
        timezone: str = "Europe/Amsterdam",
        asks_rating: bool = False,
    ) -> None:
        """messenger: None while that channel is off. timezone: the company's, for times in notes.

        asks_rating: whoever was helped is asked how that went.
        """
        self._asks_rating = asks_rating
        self._store = store
        self._noticing = Noticing(store)
        self._answers = answers
        self._messenger = messenger
        self._zone = ZoneInfo(timezone)

    # Taking, giving and passing on.

    async def claim(self, conversation_id: str, agent: Account, seen_owner: str) -> Conversation:
        """Give the conversation to `agent`; the customer hears who takes over.

        seen_owner: the owner that the agent saw when deciding; raises AlreadyClaimed if that is somebody else now.
        """
        conversation = replace(await self._store.conversations.get(conversation_id), owner=seen_owner)
        handoff = None
        if seen_owner in (ASSISTANT, CLOSED):
            handoff = Handoff("taken_over", "normal", now_ms())
        notices = await self._who_takes_over(conversation, agent)
        await self._store.queue.claim(conversation, agent, notices, handoff)
        if conversation.agent_id != agent.id:
            _note_change("claimed", conversation_id, agent.id)
        return await self._own(conversation_id, agent)

    async def assign(self, conversation_id: str, by: Account, to: Account) -> None:
        """Give a conversation that waits to a colleague, who hears it; the customer hears who takes over.

        Raises AlreadyClaimed when it does not wait (any more), InvalidMessage when `to` is no agent.
        """
        conversation = await self._store.conversations.get(conversation_id)
        if conversation.owner != QUEUE:
            raise AlreadyClaimed(f"conversation {conversation_id!r} belongs to {conversation.owner}")
        note = _note(conversation, by, f"{by.name} heeft dit gesprek aan {to.name} gegeven.")
        await self._give(conversation, to, f"{by.name} heeft je een gesprek gegeven", note)

    async def assign_by_itself(self, conversation: Conversation, to: Account) -> None:
        """The same, when a department gives its conversations out by itself."""
        await self._give(conversation, to, "Je hebt een nieuw gesprek", None)

    async def transfer_to_agent(self, conversation_id: str, by: Account, to: Account, note: str = "") -> None:
        """Pass a conversation on to a colleague, who hears it; so does the customer. note: why, for the colleague.

        It is by's own or it waits; a manager passes any agent's on. Raises AlreadyClaimed otherwise.
        """
        conversation = await self._in_hand(conversation_id, by)
        if conversation.owner == QUEUE and not note:
            return await self.assign(conversation_id, by, to)
        said = _note(conversation, by, f"{by.name} heeft dit gesprek doorgestuurd naar {to.name}.", note)
        await self._give(conversation, to, f"{by.name} stuurt je een gesprek door", said, note)

    async def transfer_to_department(
        self, conversation_id: str, by: Account, department_id: str, note: str = ""
    ) -> None:
        """Put a conversation in the queue of another department, which promises anew; the customer hears both.

        It is by's own or it waits; a manager passes any agent's on. Raises AlreadyClaimed otherwise, NotFound for an
        unknown department.
        """
        conversation = await self._in_hand(conversation_id, by)
        department = await self._store.departments.get(department_id)
        before = conversation.handoff or Handoff("taken_over", "normal", now_ms())
        handoff = await self._store.departments.promise(
            replace(before, department=department.id), conversation.channel, now_ms()
        )
        said = _note(conversation, by, f"{by.name} heeft dit gesprek doorgestuurd naar {department.name}.", note)
        conversation = replace(conversation, handoff=handoff)
        notices = await self._notice(("utter_andere_afdeling", "utter_in_wachtrij"), conversation, "transferred")
        await self._store.queue.put_back(conversation, handoff, [said, *notices], what="transfer")
        _note_change("transferred", conversation_id, by.id)

    async def hand_back(self, conversation_id: str, agent: Account, *, seen_entry_id: str = "") -> None:
        """Give the conversation back to the assistant; seen_entry_id: as in `reply`."""
        conversation = await self._own(conversation_id, agent)
        notices = await self._notice(("utter_terug_naar_assistent",), conversation, "handed_back", agent.name)
        await self._store.queue.hand_back(conversation, notices, seen_entry_id=seen_entry_id)
        _note_change("handed_back", conversation_id, agent.id)

    async def put_back(self, conversation_id: str, agent: Account) -> None:
        """Give the conversation back to the queue, with the priority and the waiting time that it had."""
        conversation = await self._own(conversation_id, agent)
        handoff = await self._store.departments.returned(conversation, now_ms())
        conversation = replace(conversation, handoff=handoff)
        notices = await self._notice(("utter_in_wachtrij",), conversation, "put_back", agent.name)
        await self._store.queue.put_back(conversation, handoff, notices)
        _note_change("put_back", conversation_id, agent.id)

    async def put_back_all(self, *account_ids: str) -> None:
        """Give every conversation of accounts that are gone, or of programs, back to the queue."""
        for view in (f"{view}/{account_id}" for account_id in account_ids for view in ("held", "snoozed")):
            async for conversation in self._store.views.every(view):
                await self._take_from(conversation)

    async def _take_from(self, conversation: Conversation) -> None:
        handoff = await self._store.departments.returned(conversation, now_ms())
        notice = await self._answers.waiting(
            conversation.id, notice="put_back", handoff=handoff, channel=conversation.channel
        )
        with suppress(AlreadyClaimed, NotFound):
            await self._store.queue.put_back(conversation, handoff, [notice])
            _note_change("put_back", conversation.id, conversation.agent_id)

    # What becomes of it.

    async def reply(
        self, conversation_id: str, agent: Account, text: str, message_id: str, *, seen_entry_id: str = ""
    ) -> str:
        """Send the customer a message; returns its entry id.

        message_id: made by the form or the caller, so that sending twice stores once. seen_entry_id: place of the
        customer's last message that the agent has seen; raises CustomerWrote if there is a later one.
        Raises InvalidMessage, AlreadyClaimed when the conversation is not (any more) the agent's, and NotSendable when
        we know that its platform would not take it.
        """
        text = text.replace("\r\n", "\n").strip()
        if not 1 <= len(text) <= MAX_REPLY_CHARS:
            raise InvalidMessage(f"text: expected 1 to {MAX_REPLY_CHARS} characters, got {len(text)}")
        if not 1 <= len(message_id) <= MAX_ID_CHARS:
            raise InvalidMessage(f"message_id: expected 1 to {MAX_ID_CHARS} characters")
        await self._check_sendable(conversation_id, agent, message_id)
        message = Message(
            id=message_id,
            conversation_id=conversation_id,
            sender="agent",
            text=text,
            sent_at_ms=now_ms(),
            agent_name=agent.name,
        )
        entry_id = await self._store.queue.reply(conversation_id, agent, message, seen_entry_id=seen_entry_id)
        # Not the message's id: a program that replies chooses it.
        log.info(
            "agent.replied", conversation_id=conversation_id, agent_id=agent.id, entry_id=entry_id, chars=len(text)
        )
        if message.is_by_human:
            await self._noticing.answered(conversation_id, entry_id, text)
        return entry_id

    async def snooze(self, conversation_id: str, by: Account, until_ms: int, *, seen_entry_id: str = "") -> None:
        """Put by's own conversation aside until then, at most MAX_SNOOZE_DAYS ahead; 0 takes it up again.

        seen_entry_id: as in `reply`.
        Raises InvalidMessage for a time that is past or too far, AlreadyClaimed when it is not (any more) theirs.
        """
        conversation = await self._own(conversation_id, by)
        if until_ms == 0:
            said = f"{by.name} pakt dit gesprek weer op."
        elif not 0 < until_ms - now_ms() <= MAX_SNOOZE_DAYS * 86_400_000:
            raise InvalidMessage(f"until_ms: expected a time in the coming {MAX_SNOOZE_DAYS} days")
        elif until_ms >= conversation.last_at_ms + self._store.conversations.lifetime_ms:
            # It would be removed before it comes back.
            raise InvalidMessage("until_ms: expected a time before the conversation's retention ends")
        else:
            until = datetime.fromtimestamp(until_ms / 1000, self._zone)
            said = f"{by.name} legt dit gesprek weg tot {moment(until)}."
        note = _note(conversation, by, said)
        await self._store.queue.snooze(conversation, until_ms, note, seen_entry_id=seen_entry_id)
        _note_change("snoozed" if until_ms else "woken", conversation_id, by.id)

    async def set_priority(self, conversation_id: str, by: Account, priority: Priority) -> None:
        """Say how urgent it is. Raises InvalidMessage, and AlreadyClaimed when no human has to do with it."""
        if priority not in PRIORITIES:
            raise InvalidMessage(f"priority: expected one of {', '.join(PRIORITIES)}")
        conversation = await self._store.conversations.get(conversation_id)
        note = _note(conversation, by, f"{by.name} zet de prioriteit op {PRIORITIES[priority]}.")
        await self._store.queue.set_priority(conversation_id, priority, note)
        log.info("priority.changed", conversation_id=conversation_id, priority=priority, agent_id=by.id)

    async def close(
        self, conversation_id: str, by: Account, reason: str = "solved", *, seen_entry_id: str = ""
    ) -> None:
        """End by's own conversation, or one that waits; the customer hears it, but for SILENT_REASONS.

        reason: a key of CLOSE_REASONS; raises InvalidMessage for another. seen_entry_id: as in `reply`.
        """
        if reason not in CLOSE_REASONS:
            raise InvalidMessage(f"reason: expected one of {', '.join(CLOSE_REASONS)}")
        conversation = await self._store.conversations.get(conversation_id)
        if conversation.owner != QUEUE:
            _check_own(conversation, by)
        notices = []
        if reason not in SILENT_REASONS:
            notices = await self._notice(("utter_gesloten",), conversation, "closed", by.name)
        if reason == "solved" and self._may_be_rated(conversation, by):
            notices += await self._notice((RATING_QUESTION,), conversation, "asked", by.name, RATING_BUTTONS)
        if reason != "solved":
            said = f"{by.name} heeft dit gesprek gesloten: {CLOSE_REASONS[reason].lower()}."
            notices.insert(0, _note(conversation, by, said))
        await self._store.queue.close(conversation, notices, reason=reason, seen_entry_id=seen_entry_id)
        _note_change("closed", conversation_id, by.id)

    def _may_be_rated(self, conversation: Conversation, by: Account) -> bool:
        """Only people are, who said something; Chatwoot asks its customers itself."""
        is_human = by.name not in (PROGRAM_NAME, CHATWOOT_NAME)
        return self._asks_rating and is_human and bool(conversation.answered_at_ms)

    async def _give(
        self, conversation: Conversation, to: Account, why: str, note: Message | None, about: str = ""
    ) -> None:
        """why: the beginning of what `to` is told, about: what a colleague says about it."""
        if to.is_disabled or not set(to.roles) & set(AGENTS):
            raise InvalidMessage(f"to: expected an agent, {to.id!r} is none")
        if conversation.agent_id == to.id:
            raise InvalidMessage(f"to: {to.id!r} has the conversation already")
        notices = await self._who_takes_over(conversation, to, is_given=True)
        notices = [note, *notices] if note else notices
        await self._store.queue.claim(conversation, to, notices, what="transfer")
        _note_change("assigned", conversation.id, to.id)
        of_whom = f" van {conversation.customer_name}" if conversation.customer_name else ""
        text = f"{why}{of_whom}{f': {about}' if about else '.'}"
        told = Notification("assigned", text, page_url(conversation.id), conversation.id, now_ms())
        await self._store.notifications.tell(to.id, told)

    async def _who_takes_over(
        self, conversation: Conversation, agent: Account, *, is_given: bool = False
    ) -> list[Message]:
        """What the customer hears; of a complaint that waited, or from the agent before, in words of their own."""
        handoff, templates = conversation.handoff, ["utter_medewerker_neemt_over"]
        if conversation.owner == QUEUE and handoff and handoff.reason == "complaint":
            templates.insert(0, "utter_klacht_overgenomen")
        elif is_given and conversation.agent_id:
            templates.insert(0, "utter_doorverbonden")
        return await self._notice(templates, conversation, "claimed", agent.name)

    async def _own(self, conversation_id: str, agent: Account) -> Conversation:
        conversation = await self._store.conversations.get(conversation_id)
        _check_own(conversation, agent)
        return conversation

    async def _in_hand(self, conversation_id: str, by: Account) -> Conversation:
        """A conversation that `by` may pass on. Raises AlreadyClaimed."""
        conversation = await self._store.conversations.get(conversation_id)
        is_agents = bool(conversation.agent_id) and conversation.owner not in (META_INBOX, CHATWOOT)
        if conversation.owner != QUEUE and not (is_agents and set(by.roles) & set(MANAGERS)):
            _check_own(conversation, by)
        return conversation

    async def _check_sendable(self, conversation_id: str, agent: Account, message_id: str) -> None:
        conversation = await self._store.conversations.get(conversation_id)
        is_human = agent.name != PROGRAM_NAME
        problem = obstacle(conversation, self._messenger, by_agent=is_human, now_ms=now_ms())
        # Whose it is comes first: that an agent has lost it matters more than what could be sent.
        if not problem or conversation.agent_id != agent.id:
            return
        # A repeat of what was stored in time is no new message.
        if not await self._store.conversations.has_message(conversation_id, message_id):
            raise NotSendable(problem)

    async def _notice(
        self,
        templates: Sequence[str],
        conversation: Conversation,
        notice: str,
        agent_name: str = "",
        buttons: tuple[Button, ...] = (),
    ) -> list[Message]:
        """What the customer hears: the first template that there is; without any, the change still happens.

        Nothing where the platform would not take it, nor under a public comment: it would be the only message that we
        may send.
        """
        if conversation.channel == COMMENT or obstacle(conversation, self._messenger, by_agent=False, now_ms=now_ms()):
            return []
        for template in templates:
            with suppress(NotFound):
                return [
                    await self._answers.message(
                        template,
                        conversation.id,
                        sender="system",
                        notice=notice,
                        agent_name=agent_name,
                        buttons=buttons,
                        handoff=conversation.handoff,
                        channel=conversation.channel,
                    )
                ]
        return []


def _check_own(conversation: Conversation, agent: Account) -> None:
    if conversation.agent_id != agent.id:
        raise AlreadyClaimed(f"conversation {conversation.id!r} belongs to {conversation.owner}")


def _note(conversation: Conversation, by: Account, text: str, why: str = "") -> Message:
    """What agents read about a change. why: in by's own words. Raises InvalidMessage if they are too many."""
    if len(why) > MAX_NOTE_CHARS:
        raise InvalidMessage(f"note: expected at most {MAX_NOTE_CHARS} characters, got {len(why)}")
    return Message(
        id=uuid.uuid4().hex,
        conversation_id=conversation.id,
        sender="note",
        text=f"{text}\n{why}" if why else text,
        sent_at_ms=now_ms(),
        agent_name=by.name,
        notice="handling",
    )


def _note_change(change: str, conversation_id: str, agent_id: str) -> None:
    log.info("owner.changed", conversation_id=conversation_id, change=change, agent_id=agent_id)
