"""The same deed for many conversations at once."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from sanic import HTTPResponse, Request
from sanic.response import json, redirect

from bot.errors import AlreadyClaimed, Conflict, CustomerWrote, InvalidMessage, NotFound
from bot.model import CLOSE_REASONS, QUEUE, Conversation
from bot.store.conversations import ENTRY_ID
from bot.store.labels import clean
from bot.web.audit.noting import note_deed
from bot.web.desk import later, words
from bot.web.desk.asked import agents_only, list_choice
from bot.web.desk.targets import pass_on, target_of
from bot.web.form_fields import field, fields
from bot.web.pages import render

MAX_AT_ONCE = 100
# With the conversation, and the place of the customer's last message that the agent had seen (empty for no check).
Deed = Callable[[str, str], Awaitable[object]]

_GONE = "Dit gesprek bestaat niet meer."
_CLOSED = "Dit gesprek is al gesloten."
_UNREAD = "De klant schreef intussen nog iets. Lees dat eerst."


@dataclass(frozen=True)
class Refused:
    """One that it was not done with. who: the customer's name; why: a Dutch sentence. url: empty if it is gone."""

    id: str
    who: str
    why: str
    url: str = ""


@agents_only
async def bulk(request: Request) -> HTTPResponse:
    """`ids`, and a `deed` with its `value` (or both as `deed:value`). JSON for who accepts it, else a page.

    Before an id may stand the place of the customer's last message that was seen of it, with a space between.
    A page says which were refused; with none it goes back to the desk.
    """
    chosen = dict(map(_id_and_seen, fields(request, "ids")))
    if not 1 <= len(chosen) <= MAX_AT_ONCE:
        raise InvalidMessage(f"ids: expected 1 to {MAX_AT_ONCE} conversations, got {len(chosen)}")
    name, _, value = field(request, "deed").partition(":")
    value = value or field(request, "value")
    deed = await _deed(request, name, value)
    refused = []
    for conversation_id, seen_entry_id in chosen.items():
        if why := await _try(request, deed, conversation_id, seen_entry_id):
            refused.append(why)
    done = len(chosen) - len(refused)
    if done:
        many = "1 gesprek" if done == 1 else f"{done} gesprekken"
        await note_deed(request, f"conversations.{name}", details=f"{many}, {value}" if value else many)
    return _answer(request, done, refused)


def _id_and_seen(value: str) -> tuple[str, str]:
    seen_entry_id, _, conversation_id = value.partition(" ")
    return (conversation_id, seen_entry_id) if ENTRY_ID.fullmatch(seen_entry_id) else (value, "")


def _answer(request: Request, done: int, refused: list[Refused]) -> HTTPResponse:
    back = f"/desk{list_choice(request).query}"
    if "application/json" in request.headers.get("accept", ""):
        return json({"done": done, "refused": [{"id": one.id, "who": one.who, "why": one.why} for one in refused]})
    if not refused:
        return redirect(back, status=303)
    return render(request, "desk/bulk.html", 200 if done else 409, done=done, refused=refused, back=back)


async def _try(request: Request, deed: Deed, conversation_id: str, seen_entry_id: str) -> Refused | None:
    store = request.app.ctx.store
    try:
        await deed(conversation_id, seen_entry_id)
    except NotFound:
        return Refused(conversation_id, conversation_id[:40], _GONE)
    except (Conflict, InvalidMessage) as exc:
        found = await store.conversations.get_many([conversation_id])
        if not found:
            return Refused(conversation_id, conversation_id[:40], _GONE)
        why = _why_not(exc, found[0], request.ctx.account.id)
        return Refused(conversation_id, words.customer_name(found[0]), why, words.page_url(conversation_id))
    return None


def _why_not(exc: Exception, conversation: Conversation, account_id: str) -> str:
    if isinstance(exc, CustomerWrote):
        return _UNREAD
    if not isinstance(exc, AlreadyClaimed):
        return "Dat kan niet met dit gesprek."
    if conversation.owner == "closed":
        return _CLOSED
    if conversation.agent_id == account_id:
        return "Dit gesprek heb je al."
    return f"Dit gesprek is {words.place(conversation, mine=False)}."


async def _deed(request: Request, name: str, value: str) -> Deed:
    """What to do with each. Raises InvalidMessage for an unknown deed or a value that is none of it."""
    make = _DEEDS.get(name)
    if make is None:
        raise InvalidMessage(f"deed: expected one of {', '.join(_DEEDS)}")
    return await make(request, value)


async def _claim(request: Request, _: str) -> Deed:
    handling, account = request.app.ctx.handling, request.ctx.account
    return lambda conversation_id, _: handling.claim(conversation_id, account, QUEUE)


async def _close(request: Request, reason: str) -> Deed:
    handling, account = request.app.ctx.handling, request.ctx.account
    if reason not in CLOSE_REASONS:
        raise InvalidMessage(f"value: expected one of {', '.join(CLOSE_REASONS)}")
    return lambda conversation_id, seen: handling.close(conversation_id, account, reason, seen_entry_id=seen)


async def _spam(request: Request, _: str) -> Deed:
    return await _close(request, "spam")


async def _snooze(request: Request, until: str) -> Deed:
    handling, account = request.app.ctx.handling, request.ctx.account
    now = later.now_in(request.app.ctx.settings.timezone)
    until_ms = later.until_ms(until, now)
    later.check(until_ms, now)
    return lambda conversation_id, seen: handling.snooze(conversation_id, account, until_ms, seen_entry_id=seen)


async def _transfer(request: Request, value: str) -> Deed:
    to = await target_of(request, value)
    return lambda conversation_id, _: pass_on(request, conversation_id, to)


async def _label(request: Request, name: str) -> Deed:
    """Put a label on; the words of a new one must fit."""
    labels, name = request.app.ctx.store.labels, clean(name)
    return lambda conversation_id, _: labels.add(conversation_id, name)


_DEEDS: dict[str, Callable[[Request, str], Awaitable[Deed]]] = {
    "claim": _claim,
    "close": _close,
    "spam": _spam,
    "snooze": _snooze,
    "transfer": _transfer,
    "label": _label,
}
