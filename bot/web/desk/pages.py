"""The desk's pages and fragments, its event stream, and customers' files."""

from __future__ import annotations

from urllib.parse import unquote

from sanic import HTTPResponse, Request

from bot.web.desk.asked import agents_only, conversation_page, desk_list, load_conversation
from bot.web.desk.asked import conversation_id as asked_id
from bot.web.desk.stream import event_stream
from bot.web.media.serving import send_media
from bot.web.pages import render


@agents_only
async def show_desk(request: Request) -> HTTPResponse:
    return render(request, "desk/desk.html", list=await desk_list(request))


@agents_only
async def show_list(request: Request) -> HTTPResponse:
    """The list alone; `open` is the conversation on the right."""
    return render(request, "desk/_refreshed.html", list=await desk_list(request, request.args.get("open", "")))


@agents_only  # type: ignore[arg-type]  # answers while it runs, so it returns nothing
async def stream_events(request: Request) -> None:
    headers = {"cache-control": "no-store", "x-accel-buffering": "no"}
    response = await request.respond(content_type="text/event-stream; charset=utf-8", headers=headers)
    with request.app.ctx.presence.here(request.ctx.account.id):
        async for chunk in event_stream(request.app.ctx.live):
            await response.send(chunk)


@agents_only
async def show_conversation(request: Request, conversation_id: str) -> HTTPResponse:
    return await conversation_page(request)


@agents_only
async def show_transcript(request: Request, conversation_id: str) -> HTTPResponse:
    """The right side alone."""
    return render(request, "desk/_conversation.html", page=await load_conversation(request))


@agents_only  # type: ignore[arg-type]  # answers in pieces, so it returns nothing
async def show_media(request: Request, conversation_id: str, message_id: str, place: int) -> HTTPResponse | None:
    return await send_media(request, asked_id(request), unquote(request.path.split("/")[4]), place)
