"""To whom a conversation can be passed on, as forms name it: `agent:<account>` or `department:<id>`."""

from __future__ import annotations

from sanic import Request

from bot.errors import InvalidMessage, NotFound
from bot.model import Account
from bot.store.departments import Department


async def target_of(request: Request, value: str) -> Account | Department:
    """Raises InvalidMessage for what is neither, or not there (any more)."""
    kind, _, name = value.partition(":")
    store = request.app.ctx.store
    try:
        if kind == "agent":
            account: Account = await store.accounts.get(name)
            return account
        if kind == "department":
            department: Department = await store.departments.get(name)
            return department
    except NotFound as exc:
        raise InvalidMessage(f"to: {exc}") from exc
    raise InvalidMessage("to: expected agent:<account> or department:<id>")


async def pass_on(request: Request, conversation_id: str, to: Account | Department, note: str = "") -> None:
    """By whoever asks. Raises as Handling.transfer_to_agent and transfer_to_department do."""
    handling, by = request.app.ctx.handling, request.ctx.account
    if isinstance(to, Department):
        await handling.transfer_to_department(conversation_id, by, to.id, note)
    elif to.id == by.id:
        owner = (await request.app.ctx.store.conversations.get(conversation_id)).owner
        await handling.claim(conversation_id, by, owner)
    else:
        await handling.transfer_to_agent(conversation_id, by, to, note)
