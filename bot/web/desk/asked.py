"""What the desk's routes share: which conversation is asked for, and the page that shows it."""

from __future__ import annotations

from urllib.parse import unquote

from sanic import HTTPResponse, Request
from sanic.response import redirect

from bot.web.access import signed_in
from bot.web.channels.messenger.config import MessengerConfig
from bot.web.desk import words
from bot.web.desk.composer import Returned
from bot.web.desk.conversation import ConversationPage, load_page
from bot.web.desk.listing import DeskList, load_list
from bot.web.pages import render
from bot.web.rights import AGENTS

agents_only = signed_in(*AGENTS)


def conversation_id(request: Request) -> str:
    # Not the router's value: it comes decoded or not, depending on which other routes asked for `unquote`.
    return unquote(request.path.split("/")[2])


async def conversation_page(
    request: Request, status: int = 200, *, notice: str = "", returned: Returned | None = None
) -> HTTPResponse:
    page = await load_conversation(request, notice=notice, returned=returned)
    sections = await desk_list(request, page.conversation.id)
    return render(request, "desk/conversation.html", status=status, page=page, list=sections)


async def load_conversation(
    request: Request, *, notice: str = "", returned: Returned | None = None
) -> ConversationPage:
    ctx = request.app.ctx
    return await load_page(
        ctx.store,
        ctx.answers,
        request.ctx.account,
        conversation_id(request),
        timezone=ctx.settings.timezone,
        messenger=messenger_config(request),
        notice=notice,
        returned=returned,
        inserted=request.args.get("template", "") if request.method == "GET" else "",
    )


async def desk_list(request: Request, open_id: str = "") -> DeskList:
    ctx = request.app.ctx
    return await load_list(
        ctx.store, request.ctx.account, open_id, timezone=ctx.settings.timezone, messenger=messenger_config(request)
    )


def to_page(request: Request) -> HTTPResponse:
    return redirect(words.page_url(conversation_id(request)), status=303)


def messenger_config(request: Request) -> MessengerConfig | None:
    channel = request.app.ctx.messenger
    return channel.config if channel else None
