"""Putting labels on a conversation, and taking them off."""

from __future__ import annotations

from sanic import HTTPResponse, Request

from bot.errors import Conflict, InvalidMessage
from bot.store.labels import MAX_CHARS, MAX_LABELS
from bot.web.desk.asked import agents_only, conversation_page, to_page
from bot.web.desk.asked import conversation_id as asked_id
from bot.web.form_fields import line_field


@agents_only
async def change_labels(request: Request, conversation_id: str) -> HTTPResponse:
    """Put the label in `add` on the conversation, or take off the one in `remove`."""
    labels, added, removed = request.app.ctx.store.labels, line_field(request, "add"), line_field(request, "remove")
    try:
        if removed:
            await labels.take_off(asked_id(request), removed)
        else:
            await labels.add(asked_id(request), added)
    except InvalidMessage:
        notice = f"Een label heeft 1 tot {MAX_CHARS} tekens, en een gesprek hoogstens {MAX_LABELS} labels."
        return await conversation_page(request, 400, notice=notice)
    except Conflict:
        notice = (
            "Dit label kan er niet bij: er zijn al te veel labels, of het is net verwijderd. Kies er een uit de lijst."
        )
        return await conversation_page(request, 409, notice=notice)
    return to_page(request)
