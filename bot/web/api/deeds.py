"""What a program does with a conversation over the API, as agents do on the desk."""

from __future__ import annotations

import uuid
from collections.abc import Awaitable, Callable
from functools import wraps
from typing import Any

from sanic import Request

from bot.errors import InvalidMessage, NotFound
from bot.model import Account
from bot.web.api.conversations import detail
from bot.web.api.mounting import Handler, operation
from bot.web.api.shapes import (
    Claim,
    Close,
    ConversationDetail,
    Labels,
    Note,
    Prioritise,
    Reply,
    Snooze,
    Stored,
    Transfer,
)
from bot.web.desk.notes import write_note
from bot.web.handling import MAX_ID_CHARS, MAX_NOTE_CHARS, MAX_REPLY_CHARS
from bot.web.rights import AGENTS

Deed = Callable[..., Awaitable[None]]


def deed(
    name: str, *, summary: str, takes: Any = None, errors: tuple[int, ...] = (400, 404, 409)
) -> Callable[[Deed], Handler]:
    """Mount what is done with a conversation; the answer is the conversation as it is afterwards."""

    def decorate(do: Deed) -> Handler:
        @wraps(do)
        async def answer(request: Request, conversation_id: str, *body: Any) -> ConversationDetail:
            await do(request, conversation_id, *body)
            return await detail(request, conversation_id)

        path, gives = f"/conversations/{{id}}/{name}", ConversationDetail
        return operation("POST", path, *AGENTS, summary=summary, takes=takes, gives=gives, errors=errors)(answer)

    return decorate


@deed("claim", summary="Take a conversation over", takes=Claim)
async def claim(request: Request, conversation_id: str, body: Claim) -> None:
    await request.app.ctx.handling.claim(conversation_id, request.ctx.account, body.seen_owner)


@operation(
    "POST",
    "/conversations/{id}/reply",
    *AGENTS,
    summary="Write to the customer of a conversation that is yours",
    takes=Reply,
    gives=Stored,
    errors=(400, 404, 409),
)
async def reply(request: Request, conversation_id: str, body: Reply) -> Stored:
    message_id = body.message_id or uuid.uuid4().hex
    entry_id = await request.app.ctx.handling.reply(
        conversation_id, request.ctx.account, body.text, message_id, seen_entry_id=body.seen_entry_id
    )
    return Stored(entry_id, message_id)


@deed("note", summary="Write a note on any conversation, for agents only", takes=Note, errors=(400, 404))
async def note(request: Request, conversation_id: str, body: Note) -> None:
    text, message_id = body.text.replace("\r\n", "\n").strip(), body.message_id or uuid.uuid4().hex
    if not 1 <= len(text) <= MAX_REPLY_CHARS:
        raise InvalidMessage(f"text: expected 1 to {MAX_REPLY_CHARS} characters, got {len(text)}")
    if len(message_id) > MAX_ID_CHARS:
        raise InvalidMessage(f"message_id: expected 1 to {MAX_ID_CHARS} characters")
    conversation = await request.app.ctx.store.conversations.get(conversation_id)
    await write_note(request, conversation, text, message_id)


@deed(
    "transfer", summary="Pass a conversation that waits, or is yours, on to a colleague or a department", takes=Transfer
)
async def transfer(request: Request, conversation_id: str, body: Transfer) -> None:
    if bool(body.account) == bool(body.department):
        raise InvalidMessage("expected either account or department")
    if len(body.note) > MAX_NOTE_CHARS:
        raise InvalidMessage(f"note: expected at most {MAX_NOTE_CHARS} characters, got {len(body.note)}")
    handling, by = request.app.ctx.handling, request.ctx.account
    if body.department:
        await handling.transfer_to_department(conversation_id, by, body.department, body.note.strip())
    else:
        colleague = await _colleague(request, body.account)
        await handling.transfer_to_agent(conversation_id, by, colleague, body.note.strip())


@deed("snooze", summary="Put a conversation of yours aside until a moment", takes=Snooze)
async def snooze(request: Request, conversation_id: str, body: Snooze) -> None:
    await request.app.ctx.handling.snooze(
        conversation_id, request.ctx.account, body.until_ms, seen_entry_id=body.seen_entry_id
    )


@deed("priority", summary="Say how urgent a conversation is that humans have to do with", takes=Prioritise)
async def prioritise(request: Request, conversation_id: str, body: Prioritise) -> None:
    await request.app.ctx.handling.set_priority(conversation_id, request.ctx.account, body.priority)


@deed("labels", summary="Give a conversation these labels and no others", takes=Labels)
async def set_labels(request: Request, conversation_id: str, body: Labels) -> None:
    await request.app.ctx.store.labels.set(conversation_id, body.labels)


@deed("hand-back", summary="Give a conversation of yours back to the assistant", errors=(404, 409))
async def hand_back(request: Request, conversation_id: str) -> None:
    await request.app.ctx.handling.hand_back(conversation_id, request.ctx.account)


@deed("put-back", summary="Give a conversation of yours back to the queue", errors=(404, 409))
async def put_back(request: Request, conversation_id: str) -> None:
    await request.app.ctx.handling.put_back(conversation_id, request.ctx.account)


@deed("close", summary="End a conversation of yours, or one that waits", takes=Close)
async def close(request: Request, conversation_id: str, body: Close) -> None:
    await request.app.ctx.handling.close(
        conversation_id, request.ctx.account, body.reason, seen_entry_id=body.seen_entry_id
    )


async def _colleague(request: Request, account_id: str) -> Account:
    """Raises InvalidMessage: it is the body that names nobody."""
    try:
        found: Account = await request.app.ctx.store.accounts.get(account_id)
    except NotFound:
        raise InvalidMessage("account: expected the id of an agent") from None
    return found
