"""What agents do with a conversation, for the desk and the API alike."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace

import structlog

from bot.answers import Answers
from bot.errors import AlreadyClaimed, InvalidMessage, NotFound, NotSendable
from bot.model import ASSISTANT, CLOSED, PROGRAM_NAME, Account, Conversation, Handoff, Message
from bot.store import Store
from bot.store.work import now_ms
from bot.web.channels.messenger.config import COMMENT, MessengerConfig
from bot.web.channels.messenger.obstacles import obstacle

log = structlog.get_logger()

MAX_REPLY_CHARS = 4_000
MAX_ID_CHARS = 100


class Handling:
    """Each method is one atomic change in the store, with what the customer hears about it."""

    def __init__(self, store: Store, answers: Answers, messenger: MessengerConfig | None = None) -> None:
        """messenger: None while that channel is off."""
        self._store = store
        self._answers = answers
        self._messenger = messenger

    async def claim(self, conversation_id: str, agent: Account, seen_owner: str) -> Conversation:
        """Give the conversation to `agent`; the customer hears who takes over.

        seen_owner: the owner that the agent saw when deciding; raises AlreadyClaimed if that is somebody else now.
        """
        conversation = replace(await self._store.conversations.get(conversation_id), owner=seen_owner)
        handoff = None
        if seen_owner in (ASSISTANT, CLOSED):
            handoff = Handoff("taken_over", "normal", now_ms())
        notices = await self._notice("utter_medewerker_neemt_over", conversation, "claimed", agent.name)
        await self._store.queue.claim(conversation, agent, notices, handoff)
        if conversation.agent_id != agent.id:
            _note_change("claimed", conversation_id, agent.id)
        return await self._own(conversation_id, agent)

    async def reply(self, conversation_id: str, agent: Account, text: str, message_id: str) -> str:
        """Send the customer a message; returns its entry id.

        message_id: made by the form or the caller, so that sending twice stores once.
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
        entry_id = await self._store.queue.reply(conversation_id, agent, message)
        # Not the message's id: a program that replies chooses it.
        log.info(
            "agent.replied", conversation_id=conversation_id, agent_id=agent.id, entry_id=entry_id, chars=len(text)
        )
        return entry_id

    async def hand_back(self, conversation_id: str, agent: Account) -> None:
        """Give the conversation back to the assistant."""
        conversation = await self._own(conversation_id, agent)
        notices = await self._notice("utter_terug_naar_assistent", conversation, "handed_back", agent.name)
        await self._store.queue.hand_back(conversation, notices)
        _note_change("handed_back", conversation_id, agent.id)

    async def put_back(self, conversation_id: str, agent: Account) -> None:
        """Give the conversation back to the queue, with the priority and the waiting time that it had."""
        conversation = await self._own(conversation_id, agent)
        handoff = conversation.handoff or Handoff("taken_over", "normal", now_ms())
        notices = await self._notice("utter_in_wachtrij", conversation, "put_back", agent.name)
        await self._store.queue.put_back(conversation, handoff, notices)
        _note_change("put_back", conversation_id, agent.id)

    async def put_back_all(self, account_id: str) -> None:
        """Give every conversation of an account that is gone back to the queue."""
        for conversation in await self._store.queue.claimed():
            if conversation.agent_id == account_id:
                handoff = conversation.handoff or Handoff("taken_over", "normal", now_ms())
                notice = await self._answers.waiting(
                    conversation.id, notice="put_back", handoff=handoff, channel=conversation.channel
                )
                with suppress(AlreadyClaimed):
                    await self._store.queue.put_back(conversation, handoff, [notice])
                    _note_change("put_back", conversation.id, account_id)

    async def close(self, conversation_id: str, agent: Account) -> None:
        """End the conversation."""
        conversation = await self._own(conversation_id, agent)
        notices = await self._notice("utter_gesloten", conversation, "closed", agent.name)
        await self._store.queue.close(conversation, notices)
        _note_change("closed", conversation_id, agent.id)

    async def _own(self, conversation_id: str, agent: Account) -> Conversation:
        conversation = await self._store.conversations.get(conversation_id)
        if conversation.agent_id != agent.id:
            raise AlreadyClaimed(f"conversation {conversation_id!r} belongs to {conversation.owner}")
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

    async def _notice(self, template: str, conversation: Conversation, notice: str, agent_name: str) -> list[Message]:
        """What the customer hears; without the template, the change still happens.

        Nothing where the platform would not take it, nor under a public comment: it would be the only message that we
        may send.
        """
        if conversation.channel == COMMENT or obstacle(conversation, self._messenger, by_agent=False, now_ms=now_ms()):
            return []
        try:
            return [
                await self._answers.message(
                    template,
                    conversation.id,
                    sender="system",
                    notice=notice,
                    agent_name=agent_name,
                    handoff=conversation.handoff,
                    channel=conversation.channel,
                )
            ]
        except NotFound:
            return []


def _note_change(change: str, conversation_id: str, agent_id: str) -> None:
    log.info("owner.changed", conversation_id=conversation_id, change=change, agent_id=agent_id)
