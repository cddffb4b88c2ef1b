"""What Chatwoot's agents read: our messages with who said them, and a note that says why the conversation is theirs."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from bot.model import ATTACHMENT_WORDS, REASONS, Conversation, Handoff, TranscriptLine
from bot.store.entities import customer_entities
from bot.web.desk.words import PRIORITIES, SPEAKERS, customer_name, entity_kind
from bot.web.pages import CHANNELS

PRIORITY_THERE = {"urgent": "urgent", "high": "high", "normal": "medium", "low": "low"}
# app/models/message.rb allows 150,000; no agent reads so much at once.
MAX_CHARS = 20_000
SHOWN_INTENTS = 5
NAMED = "Vraagbaak"
_LABEL = re.compile(r"[^\w-]+")


@dataclass(frozen=True)
class Outgoing:
    """One message for Chatwoot. message_type: as its API says."""

    content: str
    message_type: str
    private: bool = False


def message_of(line: TranscriptLine, desk_url: str) -> Outgoing:
    """A line of our transcript. A file is looked at on our desk, which only our agents may."""
    message = line.message
    text = message.text if line.marks.edited_text is None else line.marks.edited_text
    if line.marks.deleted_at_ms:
        text = "(De klant heeft dit bericht verwijderd.)"
    parts = [text] if text else []
    if message.buttons:
        parts.append("Keuzes: " + " · ".join(button.title for button in message.buttons))
    if message.attachments:
        kinds = ", ".join(dict.fromkeys(ATTACHMENT_WORDS[one.kind] for one in message.attachments))
        parts.append(f"[{kinds}] {f'Te bekijken op de desk: {desk_url}' if desk_url else 'Te bekijken op onze desk.'}")
    content = "\n".join(parts)[:MAX_CHARS] or "(leeg bericht)"
    if message.sender == "customer":
        return Outgoing(content, "incoming")
    speaker = message.agent_name if message.sender == "agent" and message.agent_name else SPEAKERS[message.sender]
    return Outgoing(f"{speaker}: {content}", "outgoing", private=message.sender == "note")


def note_of(conversation: Conversation, handoff: Handoff, lines: Sequence[TranscriptLine], desk_url: str) -> str:
    """Why it is here, what the NLU made of it, what the customer named, and where our own page is."""
    reason = REASONS.get(handoff.reason, handoff.reason)
    rows = [f"**{NAMED} geeft dit gesprek aan jullie.**", f"Reden: {reason}", PRIORITIES[handoff.priority]]
    rows.append(f"Kanaal: {CHANNELS.get(conversation.channel, conversation.channel)}")
    if handoff.department:
        rows.append(f"Afdeling: {handoff.department}")
    if handoff.nlu and handoff.nlu.ranking:
        guesses = [f"{one.name} {round(one.confidence * 100)}%" for one in handoff.nlu.ranking[:SHOWN_INTENTS]]
        rows.append(f"Herkend: {', '.join(guesses)}")
    if entities := customer_entities(list(lines)):
        rows.append("Genoemd: " + ", ".join(f"{entity_kind(one)} {one.value}" for one in entities))
    if conversation.complaints > 1:
        rows.append(f"Klachten tot nu toe: {conversation.complaints}")
    if desk_url:
        rows.append(f"Op onze desk: {desk_url}")
    return "\n".join(rows)[:MAX_CHARS]


def attributes_of(conversation: Conversation) -> dict[str, Any]:
    """Facts that agents filter by. The first one tells us which conversation it is."""
    handoff = conversation.handoff
    facts: dict[str, Any] = {"vraagbaak_id": conversation.id, "vraagbaak_kanaal": conversation.channel}
    if handoff:
        facts |= {"vraagbaak_reden": handoff.reason, "vraagbaak_afdeling": handoff.department}
        if handoff.nlu:
            facts["vraagbaak_intent"] = handoff.nlu.intent
    return facts


def labels_of(conversation: Conversation) -> list[str]:
    """Chatwoot's labels have letters, digits, hyphens and underscores (app/models/label.rb)."""
    reason = [conversation.handoff.reason] if conversation.handoff else []
    return [_LABEL.sub("-", label.lower()).strip("-") for label in (*conversation.labels, *reason)]


def contact_of(conversation: Conversation) -> tuple[str, str]:
    """Identifier and name of the customer. The same customer is the same contact, in all their conversations."""
    key = conversation.identity or f"{conversation.channel} {conversation.customer_id or conversation.id}"
    return key, customer_name(conversation)


def desk_url(site_url: str, conversation_id: str) -> str:
    """Our own page of the conversation, empty when our address is not known."""
    return f"{site_url}/desk/{quote(conversation_id, safe='')}" if site_url else ""
