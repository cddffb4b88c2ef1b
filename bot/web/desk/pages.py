"""The desk's pages and fragments, its event stream, and customers' files."""

from __future__ import annotations

from urllib.parse import unquote

from sanic import HTTPResponse, Request

from bot.model import Conversation
from bot.store.sessions import session_id
from bot.web.access import SESSION_COOKIE
from bot.web.desk.asked import agents_only, conversation_page, desk_list, list_choice, load_conversation
from bot.web.desk.asked import conversation_id as asked_id
from bot.web.desk.bulk_bar import bulk_choices
from bot.web.desk.stream import event_stream
from bot.web.media.serving import send_media
from bot.web.pages import render


@agents_only
async def show_desk(request: Request) -> HTTPResponse:
    bulk = await bulk_choices(request.app.ctx.store, request.ctx.account, timezone=request.app.ctx.settings.timezone)
    said = request.args.get("said", "")
    return render(request, "desk/desk.html", list=await desk_list(request), bulk=bulk, said=said)


@agents_only
async def show_list(request: Request) -> HTTPResponse:
    """The list alone; `open` is the conversation on the right. With `after` only the rows behind that place."""
    opened = await _opened(request)
    template = "desk/_more.html" if request.args.get("after") else "desk/_refreshed.html"
    return render(request, template, list=await desk_list(request, opened))


async def _opened(request: Request) -> Conversation | None:
    found = await request.app.ctx.store.conversations.get_many([request.args.get("open", "")])
    return found[0] if found else None


@agents_only  # type: ignore[arg-type]  # answers while it runs, so it returns nothing
async def stream_events(request: Request) -> None:
    headers = {"cache-control": "no-store", "x-accel-buffering": "no"}
    response = await request.respond(content_type="text/event-stream; charset=utf-8", headers=headers)
    account_id, last_id = request.ctx.account.id, request.headers.get("last-event-id", "")
    session = session_id(request.cookies.get(SESSION_COOKIE) or "")
    with request.app.ctx.presence.here(account_id):
        async for chunk in event_stream(request.app.ctx.board, account_id, last_id, session_id=session):
            await response.send(chunk)


@agents_only
async def show_conversation(request: Request, conversation_id: str) -> HTTPResponse:
    return await conversation_page(request)


@agents_only
async def show_transcript(request: Request, conversation_id: str) -> HTTPResponse:
    """The right side alone. Its way back is the one of the page that asks."""
    back = f"/desk{list_choice(request).query}"
    return render(request, "desk/_conversation.html", page=await load_conversation(request), back=back)


@agents_only  # type: ignore[arg-type]  # answers in pieces, so it returns nothing
async def show_media(request: Request, conversation_id: str, message_id: str, place: int) -> HTTPResponse | None:
    return await send_media(request, asked_id(request), unquote(request.path.split("/")[4]), place)
