"""What agents do with a conversation; each answers with its page, also without JavaScript."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import Any

from sanic import HTTPResponse, Request

from bot.errors import AlreadyClaimed, CustomerWrote, InvalidMessage
from bot.web.desk import later
from bot.web.desk.asked import agents_only, conversation_page, seen_entry_id, to_page
from bot.web.desk.asked import conversation_id as asked_id
from bot.web.desk.conversation import who_was_first
from bot.web.desk.targets import pass_on, target_of
from bot.web.form_fields import field, text_field
from bot.web.handling import MAX_NOTE_CHARS, MAX_SNOOZE_DAYS

_WRONG_TRANSFER = f"Kies een collega of een afdeling. Je uitleg heeft hoogstens {MAX_NOTE_CHARS} tekens."
_CUSTOMER_WROTE = "Niet gedaan: de klant schreef intussen iets. Lees dat eerst."
_WRONG_TIME = f"Kies een moment tussen nu en over {MAX_SNOOZE_DAYS} dagen, en zolang we het gesprek bewaren."


@agents_only
async def claim(request: Request, conversation_id: str) -> HTTPResponse:
    account, seen_owner = request.ctx.account, field(request, "seen_owner")
    return await _change(request, request.app.ctx.handling.claim(asked_id(request), account, seen_owner))


@agents_only
async def hand_back(request: Request, conversation_id: str) -> HTTPResponse:
    seen = seen_entry_id(request)
    change = request.app.ctx.handling.hand_back(asked_id(request), request.ctx.account, seen_entry_id=seen)
    return await _change(request, change)


@agents_only
async def put_back(request: Request, conversation_id: str) -> HTTPResponse:
    return await _change(request, request.app.ctx.handling.put_back(asked_id(request), request.ctx.account))


@agents_only
async def close(request: Request, conversation_id: str) -> HTTPResponse:
    reason = field(request, "reason") or "solved"
    seen = seen_entry_id(request)
    change = request.app.ctx.handling.close(asked_id(request), request.ctx.account, reason, seen_entry_id=seen)
    return await _change(request, change, "Kies waarom je het gesprek sluit.")


@agents_only
async def transfer(request: Request, conversation_id: str) -> HTTPResponse:
    """To the colleague or the department in `to`, with a `note`."""
    return await _change(request, _transfer(request), _WRONG_TRANSFER)


@agents_only
async def snooze(request: Request, conversation_id: str) -> HTTPResponse:
    """Until the choice, or the local time, in `until`."""
    return await _change(request, _snooze(request), _WRONG_TIME)


@agents_only
async def wake(request: Request, conversation_id: str) -> HTTPResponse:
    return await _change(request, request.app.ctx.handling.snooze(asked_id(request), request.ctx.account, 0))


@agents_only
async def set_priority(request: Request, conversation_id: str) -> HTTPResponse:
    change = request.app.ctx.handling.set_priority(asked_id(request), request.ctx.account, field(request, "priority"))
    return await _change(request, change, "Kies een prioriteit.")


async def _transfer(request: Request) -> None:
    to = await target_of(request, field(request, "to"))
    await pass_on(request, asked_id(request), to, text_field(request, "note"))


async def _snooze(request: Request) -> None:
    until_ms = later.until_ms(field(request, "until"), later.now_in(request.app.ctx.settings.timezone))
    await request.app.ctx.handling.snooze(
        asked_id(request), request.ctx.account, until_ms, seen_entry_id=seen_entry_id(request)
    )


async def _change(request: Request, change: Awaitable[Any], wrong: str = "") -> HTTPResponse:
    """Back to the page after `change`; for an agent who came second, the page as it is now, saying who was first.

    wrong: what the page says when the form was not filled in right.
    """
    try:
        await change
    except InvalidMessage:
        return await conversation_page(request, 400, notice=wrong)
    except CustomerWrote:
        return await conversation_page(request, 409, notice=_CUSTOMER_WROTE)
    except AlreadyClaimed:
        conversation = await request.app.ctx.store.conversations.get(asked_id(request))
        # In another tab of their own is no conflict.
        if conversation.agent_id != request.ctx.account.id:
            return await conversation_page(request, 409, notice=who_was_first(conversation))
    return to_page(request)


# The last part of the path -> what it does.
ACTIONS = {
    "claim": claim,
    "transfer": transfer,
    "hand-back": hand_back,
    "put-back": put_back,
    "snooze": snooze,
    "wake": wake,
    "priority": set_priority,
    "close": close,
}
