"""What a delivery says: facts of the moment it happened, with the conversation as it is now."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Any
from urllib.parse import quote

import msgspec

from bot.model import Conversation, Message
from bot.personal_data import masked
from bot.store import Store
from bot.store.hooks import Delivery

# How far back the message that a handoff is about is looked for.
LOOK_BACK = 50


async def body_of(store: Store, delivery: Delivery, *, with_text: bool, site_url: str) -> bytes:
    """The JSON. with_text: what was said goes along, and who the customer is. Raises StoreUnavailable."""
    return msgspec.json.encode(
        {
            "type": delivery.type,
            "timestamp": _iso(delivery.at_ms),
            "data": await _data(store, delivery, with_text=with_text, site_url=site_url),
        }
    )


async def _data(store: Store, delivery: Delivery, *, with_text: bool, site_url: str) -> dict[str, Any]:
    if not delivery.conversation_id:
        return {"text": "Dit is een proef van je webhook. Alles werkt."}
    found = await store.conversations.get_many([delivery.conversation_id])
    about = dict(delivery.about)
    entry_id = about.pop("entry_id", "")
    data: dict[str, Any] = {
        "conversation": _conversation(delivery, found[0] if found else None, about, site_url, with_text=with_text)
    }
    data |= {name: value for name, value in about.items() if name in ("before", "close_reason", "level", "rating")}
    message = await _message(store, delivery, found[0] if found else None, entry_id, with_text=with_text)
    return {**data, "message": message} if message else data


def _conversation(
    delivery: Delivery, conversation: Conversation | None, about: dict[str, Any], site_url: str, *, with_text: bool
) -> dict[str, Any]:
    path = f"/desk/{quote(delivery.conversation_id, safe='')}"
    facts: dict[str, Any] = {"id": delivery.conversation_id, "url": site_url + path}
    if conversation:
        handoff = conversation.handoff
        facts |= {
            "channel": conversation.channel,
            "owner": conversation.owner,
            "agent_name": conversation.agent_name,
            "department": handoff.department if handoff else "",
            "reason": handoff.reason if handoff else "",
            "priority": handoff.priority if handoff else "",
            "labels": list(conversation.labels),
        }
        if with_text:
            facts["customer"] = {"id": conversation.customer_id, "name": conversation.customer_name}
    # What it was when it happened goes before what it is now.
    return facts | {name: about[name] for name in ("owner", "reason", "priority", "department") if name in about}


async def _message(
    store: Store, delivery: Delivery, conversation: Conversation | None, entry_id: str, *, with_text: bool
) -> dict[str, Any] | None:
    if conversation is None:
        return None
    message = await _said(store, conversation, entry_id, is_handoff=delivery.type == "handoff")
    if message is None:
        return {"entry_id": entry_id} if entry_id else None
    facts = {"entry_id": message.entry_id, "sender": message.sender, "agent_name": message.agent_name}
    return {**facts, "text": masked(message.text)} if with_text else facts


async def _said(store: Store, conversation: Conversation, entry_id: str, *, is_handoff: bool) -> Message | None:
    """The message that it is about: the one at `entry_id`, or the one that made a human needed."""
    if entry_id:
        found = await store.conversations.message_at(conversation.id, entry_id)
        return found if found and found.sender != "note" else None
    if is_handoff and conversation.handoff and conversation.handoff.message_id:
        latest = await store.conversations.latest_messages(conversation.id, LOOK_BACK)
        return next((one for one in latest if one.id == conversation.handoff.message_id), None)
    return None


def _iso(at_ms: int) -> str:
    return datetime.fromtimestamp(at_ms / 1000, timezone.utc).isoformat(timespec="milliseconds").replace("+00:00", "Z")
