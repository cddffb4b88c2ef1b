"""Writing to the customer."""

from __future__ import annotations

import uuid

from sanic import HTTPResponse, Request
from sanic.response import empty

from bot.errors import AlreadyClaimed, InvalidMessage, NotSendable
from bot.web.desk import words
from bot.web.desk.asked import agents_only, conversation_page, to_page
from bot.web.desk.asked import conversation_id as asked_id
from bot.web.desk.conversation import new_composer, who_was_first
from bot.web.form_fields import field, text_field


@agents_only
async def reply(request: Request, conversation_id: str) -> HTTPResponse:
    text, message_id = text_field(request, "text"), _message_id(request)
    sending = request.app.ctx.handling.reply(asked_id(request), request.ctx.account, text, message_id)
    try:
        await sending
    except AlreadyClaimed:
        conversation = await request.app.ctx.store.conversations.get(asked_id(request))
        notice = f"Niet verzonden. {who_was_first(conversation)}"
        return await conversation_page(request, 409, notice=notice, draft=new_composer(text, message_id))
    except NotSendable as exc:
        notice = f"Niet verzonden. {words.problem(exc.problem)}"
        return await conversation_page(request, 409, notice=notice, draft=new_composer(text, message_id))
    except InvalidMessage:
        draft = new_composer(text, message_id)
        notice = f"Niet verzonden. Een antwoord heeft 1 tot {draft.max_chars} tekens."
        return await conversation_page(request, 400, notice=notice, draft=draft)
    return to_page(request)


@agents_only
async def typing(request: Request, conversation_id: str) -> HTTPResponse:
    """Tell the customer that the conversation's own agent types."""
    store = request.app.ctx.store
    conversation = await store.conversations.get(asked_id(request))
    if conversation.agent_id == request.ctx.account.id:
        await store.events.publish("typing", conversation_id=conversation.id, sender="agent")
        if request.app.ctx.messenger:
            request.app.ctx.messenger.actions.agent_types(conversation)
    return empty()


def _message_id(request: Request) -> str:
    """The form's own id for the reply. Raises InvalidMessage."""
    try:
        return uuid.UUID(field(request, "message_id")).hex
    except ValueError as exc:
        raise InvalidMessage("message_id: expected a UUID") from exc
