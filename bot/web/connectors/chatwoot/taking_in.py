"""From Chatwoot to us: what its agents answer, in order and once, and whether they are done.

Webhooks only say where to look: they come out of order, twice, or never (lib/webhooks/trigger.rb tries once, for five
seconds). The messages are read from the API, and their ids there decide.
"""

from __future__ import annotations

from dataclasses import replace

import structlog

from bot.errors import AlreadyClaimed, CustomerWrote, InvalidMessage, NotSendable
from bot.model import (
    ASSISTANT,
    CHATWOOT,
    CHATWOOT_NAME,
    CLOSED,
    PROBLEMS,
    QUEUE,
    Account,
    Conversation,
    Handoff,
    Message,
)
from bot.store import Store
from bot.store.chatwoot import ChatwootLink
from bot.store.conversations import entry_order
from bot.store.work import now_ms
from bot.web.connectors.chatwoot.client import OUTGOING, PAGE, ChatwootConversation, ChatwootMessage, Client
from bot.web.connectors.chatwoot.passing_on import NOTICE, OURS, THEIRS, PassingOn
from bot.web.handling import MAX_REPLY_CHARS, Handling

log = structlog.get_logger()

# Who acts here when an agent of Chatwoot does.
ACCOUNT = Account("chatwoot", CHATWOOT_NAME, ("agent",))
assert CHATWOOT.endswith(ACCOUNT.id)
# A message with a lower id may be seen later than one with a higher id: two were written at the same moment.
OVERLAP = 50
MAX_NAME_CHARS = 60
MAX_PAGES = 50


class TakingIn:
    """What happened in one conversation there gets its effect here."""

    def __init__(self, store: Store, client: Client, handling: Handling, passing_on: PassingOn) -> None:
        self._store = store
        self._client = client
        self._handling = handling
        self._passing_on = passing_on

    async def take_in(self, conversation_id: str, link: ChatwootLink) -> ChatwootLink:
        """Raises UpstreamError; what was dealt with until then is noted."""
        # Its state before its messages: what was said before it was resolved is among them.
        there = await self._client.conversation(link.id)
        link = await self._take_messages(conversation_id, link)
        link = await self._note_assignee(conversation_id, link, there)
        return await self._follow_status(conversation_id, link, there.status)

    async def _take_messages(self, conversation_id: str, link: ChatwootLink) -> ChatwootLink:
        after = max(0, link.read_id - OVERLAP)
        for _ in range(MAX_PAGES):
            messages = await self._client.messages_after(link.id, after)
            for message in messages:
                if _is_reply(message):
                    link = await self._take_reply(conversation_id, link, message)
            if messages and messages[-1].id > link.read_id:
                await self._store.chatwoot.note(conversation_id, read_id=messages[-1].id)
                link = replace(link, read_id=messages[-1].id)
            if len(messages) < PAGE:
                break
            after = messages[-1].id
        return link

    async def _take_reply(self, conversation_id: str, link: ChatwootLink, message: ChatwootMessage) -> ChatwootLink:
        message_id = f"{THEIRS}{message.id}"
        if await self._store.conversations.has_message(conversation_id, message_id):
            return link
        text = _text(message)
        if not text:
            return link
        try:
            await self._have(await self._store.conversations.get(conversation_id))
            await self._handling.reply(conversation_id, replace(ACCOUNT, name=_name(message)), text, message_id)
            log.info("chatwoot.replied", conversation_id=conversation_id, chars=len(text))
            return link
        except NotSendable as exc:
            problem = PROBLEMS.get(exc.problem, PROBLEMS["rejected"])
        except InvalidMessage:
            problem = f"Het is langer dan {MAX_REPLY_CHARS} tekens."
        except AlreadyClaimed:
            conversation = await self._store.conversations.get(conversation_id)
            problem = f"{conversation.agent_name or 'Een collega'} heeft dit gesprek op onze eigen desk."
        return await self._refuse(conversation_id, link, message_id, problem)

    async def _have(self, conversation: Conversation) -> None:
        """Their agent speaks, so it is theirs; unless one of ours has it: raises AlreadyClaimed."""
        if conversation.owner in (QUEUE, ASSISTANT, CLOSED):
            handoff = None if conversation.owner == QUEUE else Handoff("taken_over", "normal", now_ms())
            await self._store.queue.claim(conversation, ACCOUNT, [], handoff)
            if handoff:
                # They know why: it was their own deed.
                await self._store.chatwoot.note(conversation.id, noted_at_ms=handoff.at_ms)

    async def _refuse(self, conversation_id: str, link: ChatwootLink, message_id: str, problem: str) -> ChatwootLink:
        """The customer does not get it, and their agent must know. Our note has the message's id: it is dealt with."""
        log.warning("chatwoot.not_sent", conversation_id=conversation_id, message_id=message_id)
        text = f"Je bericht is niet naar de klant gestuurd. {problem}"
        link = await self._passing_on.tell_agents(conversation_id, link, text, f"refused-{message_id}")
        await self._note(conversation_id, message_id, f"Een bericht uit Chatwoot is niet verstuurd. {problem}")
        return link

    async def _note_assignee(
        self, conversation_id: str, link: ChatwootLink, there: ChatwootConversation
    ) -> ChatwootLink:
        assignee = (there.meta.assignee and there.meta.assignee.name or "")[:MAX_NAME_CHARS]
        if assignee == link.assignee:
            return link
        if assignee:
            await self._note(
                conversation_id, f"{NOTICE}-assigned-{link.read_id}-{assignee}", f"In Chatwoot is dit van {assignee}."
            )
        await self._store.chatwoot.note(conversation_id, assignee=assignee)
        return replace(link, assignee=assignee)

    async def _follow_status(self, conversation_id: str, link: ChatwootLink, status: str) -> ChatwootLink:
        """Resolved there ends it here; open again there is theirs again."""
        is_resolved, was_resolved = status == "resolved", link.status == "resolved"
        conversation = await self._store.conversations.get(conversation_id)
        if is_resolved and conversation.owner == CHATWOOT:
            if entry_order(conversation.customer_entry_id) > entry_order(link.sent):
                return link  # the customer wrote meanwhile: that opens it again there
            try:
                await self._handling.close(conversation_id, ACCOUNT, seen_entry_id=conversation.customer_entry_id)
            except CustomerWrote:
                return link  # at this very moment
            log.info("chatwoot.resolved", conversation_id=conversation_id)
        elif not is_resolved and was_resolved and conversation.owner in (CLOSED, ASSISTANT):
            await self._have(conversation)
            log.info("chatwoot.reopened", conversation_id=conversation_id)
        if is_resolved == was_resolved:
            return link
        known = "resolved" if is_resolved else "open"
        await self._store.chatwoot.note(conversation_id, status=known)
        return replace(link, status=known)

    async def _note(self, conversation_id: str, note_id: str, text: str) -> None:
        await self._store.conversations.note(note(conversation_id, note_id, text))


def note(conversation_id: str, note_id: str, text: str) -> Message:
    """For our own agents, and not told in Chatwoot."""
    return Message(note_id, conversation_id, "note", text, now_ms(), agent_name=CHATWOOT_NAME, notice=NOTICE)


def _is_reply(message: ChatwootMessage) -> bool:
    is_ours = (message.source_id or "").startswith(OURS)
    return message.message_type == OUTGOING and not message.private and not is_ours


def _text(message: ChatwootMessage) -> str:
    files = [one.data_url for one in message.attachments if one.data_url]
    return "\n".join([*([message.content.strip()] if message.content else []), *files]).strip()


def _name(message: ChatwootMessage) -> str:
    """As customers of Chatwoot see their agent."""
    sender = message.sender
    name = (sender.available_name or sender.name or "") if sender else ""
    return " ".join(name.split())[:MAX_NAME_CHARS] or CHATWOOT_NAME
