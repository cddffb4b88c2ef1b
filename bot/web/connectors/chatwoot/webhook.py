"""Chatwoot's webhook: it says where to look. What happened is read from the API, so nothing in it has to be believed.

Payloads: app/listeners/webhook_listener.rb, `webhook_data` in app/models/message.rb, and
app/presenters/conversations/event_data_presenter.rb. All that it does by itself is to show that an agent types.
"""

from __future__ import annotations

import hmac
from typing import Any

import msgspec
import structlog
from sanic import Blueprint, HTTPResponse, Request
from sanic.response import json

from bot.errors import Forbidden, NotFound
from bot.model import CHATWOOT
from bot.web.bodies import decode
from bot.web.connectors.chatwoot.passing_on import OURS
from bot.web.connectors.chatwoot.signature import is_signed

blueprint = Blueprint("chatwoot")
log = structlog.get_logger()

# A payload has the conversation with its last message and contact; a long message comes twice.
MAX_CHANGES = 50


class ContactInbox(msgspec.Struct):
    source_id: str = ""


class WebhookConversation(msgspec.Struct):
    """id: the display id."""

    id: int = 0
    contact_inbox: ContactInbox = msgspec.field(default_factory=ContactInbox)


class WebhookUser(msgspec.Struct):
    """type: `user` for an agent, `contact` for a customer."""

    type: str = ""


class Event(msgspec.Struct):
    """A message or typing event has its conversation in `conversation`; a conversation event is the conversation."""

    event: str
    id: int | str | None = None
    message_type: str | int | None = None
    private: bool = False
    source_id: str | None = None
    conversation: WebhookConversation | None = None
    contact_inbox: ContactInbox | None = None
    changed_attributes: list[dict[str, Any]] | None = None
    user: WebhookUser | None = None
    is_private: bool = False


@blueprint.post("/webhooks/chatwoot/<token:str>")
async def receive(request: Request, token: str) -> HTTPResponse:
    """Mark the conversation; 503 while Redis can't, and then it is found when its turn comes anyway."""
    _check(request, token)
    event = decode(request, Event)
    where = _where(event)
    if where and (_is_news(event) or _is_typing(event)):
        conversation_id, chatwoot_id = where
        store = request.app.ctx.store
        if (await store.chatwoot.link(conversation_id)).id == chatwoot_id:
            if _is_typing(event):
                await _show_typing(request, conversation_id)
            else:
                await store.chatwoot.look_at([conversation_id])
    return json({"ok": True})


def _check(request: Request, token: str) -> None:
    connector = request.app.ctx.chatwoot
    if connector is None:
        raise NotFound("the connector to Chatwoot is off; docs/how-to/chatwoot.md says how to turn it on")
    if not hmac.compare_digest(token.encode(errors="replace"), connector.config.webhook_token.encode()):
        raise Forbidden("not the word in BOT_CHATWOOT_WEBHOOK_TOKEN")
    secret = connector.config.webhook_secret
    if secret and not is_signed(secret, request.headers, request.body):
        log.warning("chatwoot.unsigned", signed="x-chatwoot-signature" in request.headers)
        raise Forbidden("not signed with BOT_CHATWOOT_WEBHOOK_SECRET, or more than five minutes ago")


async def _show_typing(request: Request, conversation_id: str) -> None:
    """To the customer, as for an agent of our own desk."""
    ctx = request.app.ctx
    conversation = await ctx.store.conversations.get(conversation_id)
    if conversation.owner != CHATWOOT:
        return
    await ctx.store.events.publish("typing", conversation_id=conversation_id, sender="agent")
    if ctx.messenger:
        ctx.messenger.actions.agent_types(conversation)


def _where(event: Event) -> tuple[str, int] | None:
    """Our id of the conversation, which is its contact's source_id there, and theirs."""
    if event.conversation:
        conversation_id, chatwoot_id = event.conversation.contact_inbox.source_id, event.conversation.id
    elif event.contact_inbox and isinstance(event.id, int):
        conversation_id, chatwoot_id = event.contact_inbox.source_id, event.id
    else:
        return None
    return (conversation_id, chatwoot_id) if conversation_id and chatwoot_id else None


def _is_typing(event: Event) -> bool:
    """An agent writes to the customer, not a note, and not the customer themselves."""
    by_agent = event.user is not None and event.user.type == "user"
    return event.event == "conversation_typing_on" and by_agent and not event.is_private


def _is_news(event: Event) -> bool:
    """Not the echo of what we said, nor what agents say among themselves."""
    if event.event == "message_created":
        is_ours = (event.source_id or "").startswith(OURS)
        return event.message_type in ("outgoing", 1) and not event.private and not is_ours
    if event.event == "conversation_updated":
        return any("assignee_id" in change for change in (event.changed_attributes or [])[:MAX_CHANGES])
    return event.event in ("conversation_status_changed", "conversation_resolved", "conversation_opened")
