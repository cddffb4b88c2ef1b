"""What agents do in the customer's card; each answers with the card, or without JavaScript with the whole page."""

from __future__ import annotations

from sanic import HTTPResponse, Request
from sanic.response import redirect

from bot.errors import Conflict, InvalidMessage, NotFound
from bot.model import Conversation
from bot.store.people import MAX_NAME_CHARS, MAX_NOTE_CHARS
from bot.web.access import wants_fragment
from bot.web.audit.noting import note_deed
from bot.web.desk import words
from bot.web.desk.asked import agents_only, conversation_page, load_customer
from bot.web.desk.asked import conversation_id as asked_id
from bot.web.desk.customer import Asked
from bot.web.form_fields import field, fields, line_field, text_field
from bot.web.pages import render
from bot.web.search.query import MAX_QUERY_CHARS

_ALREADY = "Dat is al dezelfde klant."
_BUSY = "Collega's veranderen deze klant ook net. Probeer het nog eens."


@agents_only
async def show_customer(request: Request, conversation_id: str) -> HTTPResponse:
    """The card; `find` looks for the same customer in other conversations."""
    find = " ".join(str(request.args.get("find", "")).split())[:MAX_QUERY_CHARS]
    return await _answer(request, Asked(find=find))


@agents_only
async def add_note(request: Request, conversation_id: str) -> HTTPResponse:
    text = text_field(request, "text")
    try:
        await request.app.ctx.store.people.add_note(await _conversation(request), request.ctx.account, text)
    except InvalidMessage:
        too_much = f"Niet bewaard. Een notitie heeft 1 tot {MAX_NOTE_CHARS} tekens, en een klant hooguit 100 notities."
        return await _answer(request, Asked(notice=too_much, note_draft=text), 400)
    return _done(request)


@agents_only
async def remove_note(request: Request, conversation_id: str) -> HTTPResponse:
    try:
        conversation = await _conversation(request)
        await request.app.ctx.store.people.remove_note(conversation, request.ctx.account, field(request, "note_id"))
    except NotFound:
        return await _answer(request, Asked(notice="Die notitie is al weg, of is niet van jou."), 404)
    return _done(request)


@agents_only
async def set_lists(request: Request, conversation_id: str) -> HTTPResponse:
    store, conversation = request.app.ctx.store, await _conversation(request)
    known = {one.id for one in await store.stakeholders.all()}
    chosen = [one for one in fields(request, "lists") if one in known]
    await store.people.set_lists(conversation, chosen)
    await note_deed(request, "person.lists", conversation.id, ", ".join(chosen))
    return _done(request)


@agents_only
async def rename(request: Request, conversation_id: str) -> HTTPResponse:
    try:
        await request.app.ctx.store.people.rename(await _conversation(request), line_field(request, "name"))
    except InvalidMessage:
        too_long = f"Niet bewaard. Een naam heeft hooguit {MAX_NAME_CHARS} tekens."
        return await _answer(request, Asked(notice=too_long), 400)
    return _done(request)


@agents_only
async def link(request: Request, conversation_id: str) -> HTTPResponse:
    """The customer of another conversation is the same one."""
    store, conversation = request.app.ctx.store, await _conversation(request)
    try:
        other = await store.conversations.get(field(request, "other"))
        await store.people.join(conversation, other, request.ctx.account)
    except NotFound:
        return await _answer(request, Asked(notice="Dat gesprek bestaat niet (meer)."), 404)
    except InvalidMessage:
        return await _answer(request, Asked(notice=_ALREADY), 400)
    except Conflict:
        return await _answer(request, Asked(notice=_BUSY), 409)
    await note_deed(request, "person.joined", conversation.id, other.id)
    return _done(request)


@agents_only
async def unlink(request: Request, conversation_id: str) -> HTTPResponse:
    """They are not the same one after all."""
    conversation, join_id = await _conversation(request), field(request, "join_id")
    try:
        await request.app.ctx.store.people.part(conversation, join_id)
    except NotFound:
        return await _answer(request, Asked(notice="Dat is al ongedaan gemaakt."), 404)
    except Conflict:
        return await _answer(request, Asked(notice=_BUSY), 409)
    await note_deed(request, "person.parted", conversation.id)
    return _done(request)


async def _conversation(request: Request) -> Conversation:
    found: Conversation = await request.app.ctx.store.conversations.get(asked_id(request))
    return found


def _done(request: Request) -> HTTPResponse:
    page = words.page_url(asked_id(request))
    return redirect(f"{page}/customer" if wants_fragment(request) else f"{page}#customer-card", status=303)


async def _answer(request: Request, asked: Asked, status: int = 200) -> HTTPResponse:
    if wants_fragment(request):
        return render(request, "desk/_customer.html", status, card=await load_customer(request, asked))
    return await conversation_page(request, status, card=asked)


# The last part of the path below `customer` -> what it does.
ACTIONS = {
    "note": add_note,
    "remove-note": remove_note,
    "lists": set_lists,
    "name": rename,
    "link": link,
    "unlink": unlink,
}
