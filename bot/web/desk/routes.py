"""The desk's pages, fragments and actions. Each works without JavaScript; desk.js only keeps them fresh."""

from __future__ import annotations

import uuid
from collections.abc import Awaitable
from typing import Any
from urllib.parse import unquote

from sanic import Blueprint, HTTPResponse, Request
from sanic.response import empty, redirect

from bot.errors import AlreadyClaimed, InvalidMessage, NotSendable
from bot.web.access import signed_in
from bot.web.channels.messenger.config import MessengerConfig
from bot.web.desk import words
from bot.web.desk.conversation import Composer, ConversationPage, load_page, new_composer, who_was_first
from bot.web.desk.listing import DeskList, load_list
from bot.web.desk.stream import event_stream
from bot.web.form_fields import field, text_field
from bot.web.media.serving import send_media
from bot.web.pages import render

blueprint = Blueprint("desk")
agents_only = signed_in("agent", "admin")


@blueprint.get("/desk")
@agents_only
async def show_desk(request: Request) -> HTTPResponse:
    return render(request, "desk/desk.html", list=await _list(request))


@blueprint.get("/desk/list")
@agents_only
async def show_list(request: Request) -> HTTPResponse:
    """The list alone; `open` is the conversation on the right."""
    return render(request, "desk/_refreshed.html", list=await _list(request, request.args.get("open", "")))


@blueprint.get("/desk/events")
@agents_only  # type: ignore[arg-type]  # answers while it runs, so it returns nothing
async def stream_events(request: Request) -> None:
    headers = {"cache-control": "no-store", "x-accel-buffering": "no"}
    response = await request.respond(content_type="text/event-stream; charset=utf-8", headers=headers)
    with request.app.ctx.presence.here(request.ctx.account.id):
        async for chunk in event_stream(request.app.ctx.live):
            await response.send(chunk)


@blueprint.get("/desk/<conversation_id:str>")
@agents_only
async def show_conversation(request: Request, conversation_id: str) -> HTTPResponse:
    return await _conversation_page(request)


@blueprint.get("/desk/<conversation_id:str>/transcript")
@agents_only
async def show_transcript(request: Request, conversation_id: str) -> HTTPResponse:
    """The right side alone."""
    return render(request, "desk/_conversation.html", page=await _load(request))


@blueprint.get("/desk/<conversation_id:str>/media/<message_id:str>/<place:int>")
@agents_only  # type: ignore[arg-type]  # answers in pieces, so it returns nothing
async def show_media(request: Request, conversation_id: str, message_id: str, place: int) -> HTTPResponse | None:
    return await send_media(request, _conversation_id(request), unquote(request.path.split("/")[4]), place)


@blueprint.post("/desk/<conversation_id:str>/claim")
@agents_only
async def claim(request: Request, conversation_id: str) -> HTTPResponse:
    account, seen_owner = request.ctx.account, field(request, "seen_owner")
    return await _change(request, request.app.ctx.handling.claim(_conversation_id(request), account, seen_owner))


@blueprint.post("/desk/<conversation_id:str>/reply")
@agents_only
async def reply(request: Request, conversation_id: str) -> HTTPResponse:
    text, message_id = text_field(request, "text"), _message_id(request)
    sending = request.app.ctx.handling.reply(_conversation_id(request), request.ctx.account, text, message_id)
    try:
        await sending
    except AlreadyClaimed:
        conversation = await request.app.ctx.store.conversations.get(_conversation_id(request))
        notice = f"Niet verzonden. {who_was_first(conversation)}"
        return await _conversation_page(request, 409, notice=notice, draft=new_composer(text, message_id))
    except NotSendable as exc:
        notice = f"Niet verzonden. {words.problem(exc.problem)}"
        return await _conversation_page(request, 409, notice=notice, draft=new_composer(text, message_id))
    except InvalidMessage:
        draft = new_composer(text, message_id)
        notice = f"Niet verzonden. Een antwoord heeft 1 tot {draft.max_chars} tekens."
        return await _conversation_page(request, 400, notice=notice, draft=draft)
    return _to_page(request)


@blueprint.post("/desk/<conversation_id:str>/hand-back")
@agents_only
async def hand_back(request: Request, conversation_id: str) -> HTTPResponse:
    return await _change(request, request.app.ctx.handling.hand_back(_conversation_id(request), request.ctx.account))


@blueprint.post("/desk/<conversation_id:str>/put-back")
@agents_only
async def put_back(request: Request, conversation_id: str) -> HTTPResponse:
    return await _change(request, request.app.ctx.handling.put_back(_conversation_id(request), request.ctx.account))


@blueprint.post("/desk/<conversation_id:str>/close")
@agents_only
async def close(request: Request, conversation_id: str) -> HTTPResponse:
    return await _change(request, request.app.ctx.handling.close(_conversation_id(request), request.ctx.account))


@blueprint.post("/desk/<conversation_id:str>/typing")
@agents_only
async def typing(request: Request, conversation_id: str) -> HTTPResponse:
    """Tell the customer that the conversation's own agent types."""
    store = request.app.ctx.store
    conversation = await store.conversations.get(_conversation_id(request))
    if conversation.agent_id == request.ctx.account.id:
        await store.events.publish("typing", conversation_id=conversation.id, sender="agent")
        if request.app.ctx.messenger:
            request.app.ctx.messenger.actions.agent_types(conversation)
    return empty()


async def _change(request: Request, change: Awaitable[Any]) -> HTTPResponse:
    """Back to the page after `change`; for an agent who came second, the page as it is now, saying who was first."""
    try:
        await change
    except AlreadyClaimed:
        conversation = await request.app.ctx.store.conversations.get(_conversation_id(request))
        # In another tab of their own is no conflict.
        if conversation.agent_id != request.ctx.account.id:
            return await _conversation_page(request, 409, notice=who_was_first(conversation))
    return _to_page(request)


async def _conversation_page(
    request: Request, status: int = 200, *, notice: str = "", draft: Composer | None = None
) -> HTTPResponse:
    page = await _load(request, notice=notice, draft=draft)
    desk_list = await _list(request, page.conversation.id)
    return render(request, "desk/conversation.html", status=status, page=page, list=desk_list)


async def _list(request: Request, open_id: str = "") -> DeskList:
    ctx = request.app.ctx
    return await load_list(
        ctx.store, request.ctx.account, open_id, timezone=ctx.settings.timezone, messenger=_messenger(request)
    )


def _messenger(request: Request) -> MessengerConfig | None:
    channel = request.app.ctx.messenger
    return channel.config if channel else None


async def _load(request: Request, *, notice: str = "", draft: Composer | None = None) -> ConversationPage:
    ctx = request.app.ctx
    return await load_page(
        ctx.store,
        request.ctx.account,
        _conversation_id(request),
        timezone=ctx.settings.timezone,
        messenger=_messenger(request),
        notice=notice,
        draft=draft,
    )


def _to_page(request: Request) -> HTTPResponse:
    return redirect(words.page_url(_conversation_id(request)), status=303)


def _conversation_id(request: Request) -> str:
    # Not the router's value: it comes decoded or not, depending on which other routes asked for `unquote`.
    return unquote(request.path.split("/")[2])


def _message_id(request: Request) -> str:
    """The form's own id for the reply. Raises InvalidMessage."""
    try:
        return uuid.UUID(field(request, "message_id")).hex
    except ValueError as exc:
        raise InvalidMessage("message_id: expected a UUID") from exc
