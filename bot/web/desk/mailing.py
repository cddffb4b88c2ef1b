"""Sends a conversation to its customer by mail."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from sanic import HTTPResponse, Request

from bot.errors import InvalidMessage, UpstreamError
from bot.model import Conversation, Message
from bot.store.attempts import Counted, Limit, TooManyAttempts
from bot.store.entities import customer_entities
from bot.store.work import now_ms
from bot.web.audit.noting import note_deed
from bot.web.desk import words
from bot.web.desk.asked import agents_only, to_page
from bot.web.desk.asked import conversation_id as asked_id
from bot.web.desk.transcript_mail import hidden_address, mail_text, subject
from bot.web.form_fields import field, line_field
from bot.web.mail import is_address
from bot.web.pages import render

# A mistake, or a stolen session, floods nobody.
PER_CONVERSATION = Limit("mail-conversation", 3, 3600)
PER_ACCOUNT = Limit("mail-account", 30, 3600)
_OFF = "Mail staat uit. Vraag de beheerder om een mailserver in te stellen (BOT_SMTP_URL)."


@dataclass(frozen=True)
class MailPage:
    """What mail.html shows."""

    conversation: Conversation
    url: str
    who: str
    is_on: bool
    address: str
    subject: str
    text: str
    """What goes, word for word."""
    message_id: str
    """Of the note about it, so that a double click sends once."""
    error: str = ""
    problem: str = ""


@agents_only
async def show_mail(request: Request, conversation_id: str) -> HTTPResponse:
    """What would go, and the address that the customer named."""
    conversation = await request.app.ctx.store.conversations.get(asked_id(request))
    problem = "" if request.app.ctx.mail.is_on else _OFF
    return await _page(request, conversation, await _named_address(request, conversation), problem=problem)


@agents_only
async def send_mail(request: Request, conversation_id: str) -> HTTPResponse:
    """Send it, and note that in the conversation and the audit log."""
    ctx, account, address = request.app.ctx, request.ctx.account, line_field(request, "address")
    conversation = await ctx.store.conversations.get(asked_id(request))
    if not ctx.mail.is_on:
        return await _page(request, conversation, address, 409, problem=_OFF)
    if not is_address(address):
        return await _page(request, conversation, address, 400, error="Vul één mailadres in, zoals anna@voorbeeld.nl.")
    message_id = _message_id(request)
    if await ctx.store.conversations.has_message(conversation.id, message_id):
        return to_page(request)
    counted = Counted(
        limits=((PER_CONVERSATION, (conversation.id,)), (PER_ACCOUNT, (account.id,))), row=("mail", account.id)
    )
    try:
        await ctx.store.attempts.count(counted)
    except TooManyAttempts:
        problem = "Er zijn net al een paar mails verstuurd. Probeer het over een uur opnieuw."
        return await _page(request, conversation, address, 429, problem=problem)
    try:
        await ctx.mail.send(address, subject(ctx.settings.company), await _text(request, conversation))
    except UpstreamError:
        problem = "De mailserver nam de mail niet aan. Kijk het adres na, of probeer het later opnieuw."
        return await _page(request, conversation, address, 502, problem=problem)
    await ctx.store.attempts.forget(counted)
    hidden = hidden_address(address)
    note = Message(
        message_id,
        conversation.id,
        "note",
        f"{account.name} heeft het gesprek gemaild naar {hidden}.",
        now_ms(),
        agent_name=account.name,
        notice="mailed",
    )
    await ctx.store.conversations.note(note)
    await note_deed(request, "conversation.mailed", conversation.id, hidden)
    return to_page(request)


async def _page(
    request: Request,
    conversation: Conversation,
    address: str,
    status: int = 200,
    *,
    error: str = "",
    problem: str = "",
) -> HTTPResponse:
    page = MailPage(
        conversation=conversation,
        url=words.page_url(conversation.id),
        who=words.customer_name(conversation),
        is_on=request.app.ctx.mail.is_on,
        address=address,
        subject=subject(request.app.ctx.settings.company),
        text=await _text(request, conversation),
        message_id=uuid.uuid4().hex,
        error=error,
        problem=problem,
    )
    return render(request, "desk/mail.html", status=status, page=page)


async def _text(request: Request, conversation: Conversation) -> str:
    settings = request.app.ctx.settings
    lines = await request.app.ctx.store.conversations.transcript(conversation.id)
    return mail_text(conversation, lines, company=settings.company, zone=ZoneInfo(settings.timezone))


async def _named_address(request: Request, conversation: Conversation) -> str:
    """The last mail address that the customer named, empty without one."""
    lines = await request.app.ctx.store.conversations.transcript(conversation.id)
    named = [one.value for one in customer_entities(lines) if one.entity == "email" and is_address(one.value)]
    return named[-1] if named else ""


def _message_id(request: Request) -> str:
    try:
        return uuid.UUID(field(request, "message_id")).hex
    except ValueError as exc:
        raise InvalidMessage("message_id: expected a UUID") from exc
