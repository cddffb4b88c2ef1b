"""What agents do with a conversation; each answers with its page, also without JavaScript."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import Any

from sanic import HTTPResponse, Request

from bot.errors import AlreadyClaimed
from bot.web.desk.asked import agents_only, conversation_page, to_page
from bot.web.desk.asked import conversation_id as asked_id
from bot.web.desk.conversation import who_was_first
from bot.web.form_fields import field


@agents_only
async def claim(request: Request, conversation_id: str) -> HTTPResponse:
    account, seen_owner = request.ctx.account, field(request, "seen_owner")
    return await _change(request, request.app.ctx.handling.claim(asked_id(request), account, seen_owner))


@agents_only
async def hand_back(request: Request, conversation_id: str) -> HTTPResponse:
    return await _change(request, request.app.ctx.handling.hand_back(asked_id(request), request.ctx.account))


@agents_only
async def put_back(request: Request, conversation_id: str) -> HTTPResponse:
    return await _change(request, request.app.ctx.handling.put_back(asked_id(request), request.ctx.account))


@agents_only
async def close(request: Request, conversation_id: str) -> HTTPResponse:
    return await _change(request, request.app.ctx.handling.close(asked_id(request), request.ctx.account))


async def _change(request: Request, change: Awaitable[Any]) -> HTTPResponse:
    """Back to the page after `change`; for an agent who came second, the page as it is now, saying who was first."""
    try:
        await change
    except AlreadyClaimed:
        conversation = await request.app.ctx.store.conversations.get(asked_id(request))
        # In another tab of their own is no conflict.
        if conversation.agent_id != request.ctx.account.id:
            return await conversation_page(request, 409, notice=who_was_first(conversation))
    return to_page(request)


# The last part of the path -> what it does.
ACTIONS = {"claim": claim, "hand-back": hand_back, "put-back": put_back, "close": close}
