"""What the desk's routes share: which conversation is asked for, and the page that shows it."""

from __future__ import annotations

from functools import wraps
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from sanic import HTTPResponse, Request
from sanic.response import redirect

from bot.model import Conversation
from bot.store.conversations import ENTRY_ID
from bot.web.access import Handler, signed_in
from bot.web.channels.messenger.config import MessengerConfig
from bot.web.desk import words
from bot.web.desk.bulk_bar import bulk_choices
from bot.web.desk.composer import Returned
from bot.web.desk.conversation import ConversationPage, load_page
from bot.web.desk.customer import Asked, CustomerCard, load_card
from bot.web.desk.listing import Choice, DeskList, load_list
from bot.web.form_fields import field
from bot.web.pages import render
from bot.web.rights import AGENTS


def agents_only(handler: Handler) -> Handler:
    """Only for agents; `request.ctx.account` is who, and `request.ctx.away` whether they are not there for a while."""

    @signed_in(*AGENTS)
    @wraps(handler)
    async def guarded(request: Request, *args: Any, **kwargs: Any) -> HTTPResponse:
        request.ctx.away = await request.app.ctx.store.agents.is_away(request.ctx.account.id)
        return await handler(request, *args, **kwargs)

    return guarded


def conversation_id(request: Request) -> str:
    # Not the router's value: it comes decoded or not, depending on which other routes asked for `unquote`.
    return unquote(request.path.split("/")[2])


def seen_entry_id(request: Request) -> str:
    """Place of the customer's last message that the agent had seen; empty asks for no check."""
    given = field(request, "seen_entry_id")
    return given if ENTRY_ID.fullmatch(given) else ""


async def conversation_page(
    request: Request,
    status: int = 200,
    *,
    notice: str = "",
    returned: Returned | None = None,
    card: Asked | None = None,
) -> HTTPResponse:
    page = await load_conversation(request, notice=notice, returned=returned)
    sections = await desk_list(request, page.conversation)
    return render(
        request,
        "desk/conversation.html",
        status=status,
        page=page,
        list=sections,
        back=f"/desk{sections.query}",
        card=await load_customer(request, card),
        bulk=await bulk_choices(request.app.ctx.store, request.ctx.account, timezone=request.app.ctx.settings.timezone),
    )


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
        before=_before(request),
        query=list_choice(request).query,
    )


def _before(request: Request) -> str:
    """Which messages are asked for: those before this place in the log; empty for the last ones."""
    given: str = request.args.get("before", "")
    return given if ENTRY_ID.fullmatch(given) else ""


async def load_customer(request: Request, asked: Asked | None = None) -> CustomerCard:
    ctx = request.app.ctx
    return await load_card(ctx.store, ctx.search, request.ctx.account, conversation_id(request), asked)


async def desk_list(request: Request, opened: Conversation | None = None) -> DeskList:
    """The list beside the conversation `opened`."""
    ctx = request.app.ctx
    return await load_list(
        ctx.store,
        request.ctx.account,
        list_choice(request),
        opened,
        timezone=ctx.settings.timezone,
        messenger=messenger_config(request),
    )


def list_choice(request: Request) -> Choice:
    """Which list is asked for; a form keeps the one that its page had beside it."""
    asked = request.args
    if request.method == "POST":
        asked = {name: values for name, values in _query_of_page(request).items() if name != "after"}
    first = {name: asked[name][0] for name in ("view", "department", "after") if asked.get(name)}
    return Choice.parse(first.get("view", ""), first.get("department", ""), first.get("after", ""))


def _query_of_page(request: Request) -> dict[str, list[str]]:
    try:
        page = urlsplit(request.headers.get("referer", ""))
    except ValueError:
        return {}
    return parse_qs(page.query) if page.path.startswith("/desk") else {}


def to_page(request: Request) -> HTTPResponse:
    """Back to the conversation's page, with the same list beside it."""
    return redirect(words.page_url(conversation_id(request)) + list_choice(request).query, status=303)


def messenger_config(request: Request) -> MessengerConfig | None:
    channel = request.app.ctx.messenger
    return channel.config if channel else None
