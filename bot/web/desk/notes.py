"""Notes for colleagues: no customer ever reads one."""

from __future__ import annotations

import structlog
from sanic import HTTPResponse, Request
from sanic.response import json

from bot.model import Account, Conversation, Message
from bot.store.notifications import Notification
from bot.store.work import now_ms
from bot.web.desk import words
from bot.web.desk.asked import agents_only, conversation_page, to_page
from bot.web.desk.asked import conversation_id as asked_id
from bot.web.desk.composer import Box, Returned
from bot.web.desk.mentions import mentionable, mentioned
from bot.web.form_fields import text_field, uuid_field
from bot.web.handling import MAX_REPLY_CHARS

log = structlog.get_logger()


@agents_only
async def note(request: Request, conversation_id: str) -> HTTPResponse:
    """Store a note on any conversation."""
    store, account = request.app.ctx.store, request.ctx.account
    text, message_id = text_field(request, "text"), uuid_field(request, "message_id")
    conversation = await store.conversations.get(asked_id(request))
    if not 1 <= len(text) <= MAX_REPLY_CHARS:
        notice = f"Niet bewaard. Een notitie heeft 1 tot {MAX_REPLY_CHARS} tekens."
        return await conversation_page(request, 400, notice=notice, returned=Returned(Box(text, message_id), "note"))
    await write_note(request, conversation, text, message_id)
    await store.drafts.remove(conversation.id, account.id, "note")
    return to_page(request)


async def write_note(request: Request, conversation: Conversation, text: str, message_id: str) -> None:
    """Store it once, and tell the colleagues that it names."""
    store, account = request.app.ctx.store, request.ctx.account
    written = Message(message_id, conversation.id, "note", text, now_ms(), agent_name=account.name)
    if await store.conversations.note(written):
        named = [one for one in mentioned(text, await mentionable(store)) if one.id != account.id]
        await _tell(request, conversation, named)
        log.info("note.written", conversation_id=conversation.id, agent_id=account.id, mentions=len(named))


async def _tell(request: Request, conversation: Conversation, named: list[Account]) -> None:
    # Not the note's words: what is said of a customer goes when the conversation goes.
    text = f"{request.ctx.account.name} noemt je in een notitie bij {words.customer_name(conversation)}."
    told = Notification("mention", text, words.page_url(conversation.id), conversation.id, now_ms())
    for account in named:
        await request.app.ctx.store.notifications.tell(account.id, told)


@agents_only
async def list_colleagues(request: Request) -> HTTPResponse:
    """Whom a note can name, for the list behind an @."""
    found = await mentionable(request.app.ctx.store)
    return json({"colleagues": [{"id": one.id, "name": one.name} for one in found]})
