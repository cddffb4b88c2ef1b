"""From us to Chatwoot: contact, conversation, the transcript so far, why it is theirs, and what is said from then on.

Chatwoot has no way to say the same thing once: before each message is sent its name is noted here, and after a crash or
a lost answer the messages there are looked through for it.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import structlog

from bot.model import QUEUE, Conversation, Handoff, TranscriptLine
from bot.store import Store
from bot.store.chatwoot import ChatwootLink
from bot.store.conversations import entry_order
from bot.web.connectors.chatwoot import words
from bot.web.connectors.chatwoot.client import PAGE, ChatwootRefused, Client
from bot.web.connectors.chatwoot.config import ChatwootConfig

log = structlog.get_logger()

# In front of the names of our own messages, in their `source_id` there.
OURS = "vraagbaak:"
# Of our notes about conversations that are in Chatwoot; they are not told there.
NOTICE = "chatwoot"
# Of the ids that messages of Chatwoot's agents get here.
THEIRS = "chatwoot-"
# Pages of messages that are looked through for one of ours.
MAX_PAGES = 20
UNPROCESSABLE = 422


class PassingOn:
    """What is sent, and noted as sent, one message after the other."""

    def __init__(self, store: Store, client: Client, config: ChatwootConfig) -> None:
        self._store = store
        self._client = client
        self._config = config

    async def pass_on(self, conversation: Conversation, link: ChatwootLink) -> ChatwootLink:
        """Everything that Chatwoot does not have yet. Raises UpstreamError; what was sent until then is noted."""
        if not link.id:
            link = await self._begin(conversation, link)
        lines = await self._store.conversations.transcript(conversation.id)
        for line in lines:
            if entry_order(line.message.entry_id) > entry_order(link.sent):
                link = await self._pass_line(conversation.id, link, line)
        handoff = conversation.handoff
        # One that our own desk had, and gives back, is resolved there.
        is_anew = conversation.owner == QUEUE and link.status != "open"
        if handoff and (is_anew or handoff.at_ms != link.noted_at_ms):
            link = await self._explain(conversation, handoff, link, lines)
        elif handoff and handoff.priority != link.priority:
            link = await self._tell_priority(conversation.id, handoff, link)
        return link

    async def tell_agents(self, conversation_id: str, link: ChatwootLink, text: str, name: str) -> ChatwootLink:
        """A private note there; name: the same for the same note."""
        return await self._say(conversation_id, link, words.Outgoing(text, "outgoing", private=True), name)

    async def _begin(self, conversation: Conversation, link: ChatwootLink) -> ChatwootLink:
        """The conversation there: the one that an attempt before made, or a new one."""
        identifier, name = words.contact_of(conversation)
        contact_id = await self._client.contact(identifier)
        attributes = words.attributes_of(conversation)
        if contact_id is None:
            contact_id = await self._client.create_contact(
                identifier, name, conversation.id, {"vraagbaak_kanaal": conversation.channel}
            )
        known = [
            one.id
            for one in await self._client.conversations_of(contact_id)
            if one.inbox_id == self._config.inbox
            and (one.custom_attributes or {}).get("vraagbaak_id") == conversation.id
        ]
        chatwoot_id = (
            known[0] if known else await self._client.create_conversation(contact_id, conversation.id, attributes)
        )
        await self._store.chatwoot.note(conversation.id, id=chatwoot_id, status="open")
        log.info("chatwoot.begun", conversation_id=conversation.id, chatwoot_id=chatwoot_id)
        return replace(link, id=chatwoot_id, status="open")

    async def _pass_line(self, conversation_id: str, link: ChatwootLink, line: TranscriptLine) -> ChatwootLink:
        message = line.message
        if message.id.startswith(THEIRS) or message.notice == NOTICE:
            await self._store.chatwoot.note(conversation_id, sent=message.entry_id)
            return replace(link, sent=message.entry_id)
        said = words.message_of(line, words.desk_url(self._config.site_url, conversation_id))
        return await self._say(conversation_id, link, said, message.entry_id, sent=message.entry_id)

    async def _explain(
        self, conversation: Conversation, handoff: Handoff, link: ChatwootLink, lines: list[TranscriptLine]
    ) -> ChatwootLink:
        """Why it is theirs, once each time that it becomes so; behind what may be done twice."""
        if link.status != "open":
            await self._client.set_status(link.id, "open")
        await self._sort(conversation, handoff, link)
        url = words.desk_url(self._config.site_url, conversation.id)
        note = words.Outgoing(words.note_of(conversation, handoff, lines, url), "outgoing", private=True)
        name = f"handoff-{handoff.at_ms}"
        return await self._say(
            conversation.id, link, note, name, noted_at_ms=handoff.at_ms, status="open", priority=handoff.priority
        )

    async def _tell_priority(self, conversation_id: str, handoff: Handoff, link: ChatwootLink) -> ChatwootLink:
        """It was changed on our side. What agents there made of it since is theirs, until it changes here again."""
        try:
            if link.priority:  # a version before did not note what it told
                await self._client.set_priority(link.id, words.PRIORITY_THERE[handoff.priority])
        except ChatwootRefused as exc:
            log.warning("chatwoot.refused", conversation_id=conversation_id, reason=str(exc))
        await self._store.chatwoot.note(conversation_id, priority=handoff.priority)
        return replace(link, priority=handoff.priority)

    async def _sort(self, conversation: Conversation, handoff: Handoff, link: ChatwootLink) -> None:
        """What agents there sort and filter by; they can do without."""
        priority = words.PRIORITY_THERE[handoff.priority]
        try:
            await self._client.set_priority(link.id, priority)
            await self._client.set_attributes(link.id, words.attributes_of(conversation))
            await self._client.add_labels(link.id, words.labels_of(conversation))
        except ChatwootRefused as exc:
            log.warning("chatwoot.refused", conversation_id=conversation.id, reason=str(exc))

    async def _say(
        self, conversation_id: str, link: ChatwootLink, said: words.Outgoing, name: str, **then: Any
    ) -> ChatwootLink:
        """Send it, unless an attempt before got through. then: fields of the link that change in the same step."""
        found = await self._find(link, name) if link.sending == name else None
        if found is None:
            await self._store.chatwoot.note(conversation_id, sending=name)
            found = await self._send(conversation_id, link, said, name)
        await self._store.chatwoot.note(conversation_id, sending="", last_id=found, **then)
        return replace(link, sending="", last_id=found, **then)

    async def _send(self, conversation_id: str, link: ChatwootLink, said: words.Outgoing, name: str) -> int:
        try:
            return await self._client.say(link.id, said.content, said.message_type, OURS + name, private=said.private)
        except ChatwootRefused as exc:
            if exc.http_status != UNPROCESSABLE:
                raise
        # Something in it is not to Chatwoot's taste: its agents must know that there was a message.
        log.warning("chatwoot.refused", conversation_id=conversation_id, reason="a message is not accepted")
        url = words.desk_url(self._config.site_url, conversation_id)
        text = f"(Chatwoot nam een bericht niet aan. Het staat op onze desk. {url})"
        return await self._client.say(link.id, text, said.message_type, OURS + name, private=said.private)

    async def _find(self, link: ChatwootLink, name: str) -> int | None:
        """The id there of a message of ours that may have got through."""
        after = link.last_id
        for _ in range(MAX_PAGES):
            messages = await self._client.messages_after(link.id, after)
            for message in messages:
                if message.source_id == OURS + name:
                    return message.id
            if len(messages) < PAGE:
                return None
            after = messages[-1].id
        return None
