"""The operations of the API."""

from __future__ import annotations

import uuid
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any
from urllib.parse import unquote

import msgspec
from sanic import Blueprint, HTTPResponse, Request
from sanic.response import raw

import bot
from bot.answers import unknown_variables
from bot.errors import InvalidMessage, NotFound
from bot.model import Button, Role, Template
from bot.store.entities import customer_entities
from bot.store.work import now_ms
from bot.web.access import bearer
from bot.web.api.description import Operation, openapi
from bot.web.api.shapes import (
    Claim,
    ConversationDetail,
    ConversationList,
    ModelList,
    Queue,
    QueueItem,
    Reply,
    Stored,
    TemplateEdit,
    TemplateList,
)
from bot.web.bodies import decode
from bot.web.channels.intake import PAYLOAD
from bot.web.editor.form import MAX_BUTTONS, MAX_TEXT_CHARS, MAX_TITLE_CHARS, is_https_url
from bot.web.editor.views import note_save
from bot.web.media.serving import send_media
from bot.web.rights import AGENTS, EDITORS, STAFF

blueprint = Blueprint("api", url_prefix="/api")
OPERATIONS: list[Operation] = []

Handler = Callable[..., Awaitable[Any]]


def operation(
    method: str, path: str, *roles: Role, summary: str, gives: Any, takes: Any = None, errors: tuple[int, ...] = ()
) -> Callable[[Handler], Handler]:
    """Mount a handler that returns a `gives` and, if the operation takes a body, gets it as its last argument."""

    def decorate(handler: Handler) -> Handler:
        OPERATIONS.append(Operation(method, path, summary, roles, gives, takes, errors))

        async def respond(request: Request, **path_values: str) -> HTTPResponse:
            values = [unquote(value) for value in path_values.values()]
            body = [decode(request, takes)] if takes is not None else []
            return json_response(await handler(request, *values, *body))

        route = f"/v1{path}".replace("{", "<").replace("}", ":str>")
        blueprint.add_route(bearer(*roles)(respond), route, methods=[method], name=handler.__name__)
        return handler

    return decorate


def json_response(value: Any, status: int = 200) -> HTTPResponse:
    """A record of ours as JSON."""
    return raw(msgspec.json.encode(value), status=status, content_type="application/json")


@blueprint.get("/openapi.json")
async def description(_: Request) -> HTTPResponse:
    return json_response(openapi(OPERATIONS, bot.__version__))


@operation("GET", "/queue", *AGENTS, summary="Who waits for a human, first in line first", gives=Queue)
async def queue(request: Request) -> Queue:
    store = request.app.ctx.store
    items = []
    for conversation in await store.queue.waiting(limit=100):
        handoff = conversation.handoff
        waiting_s = max(0.0, (now_ms() - handoff.at_ms) / 1000) if handoff else 0.0
        transcript = await store.conversations.transcript(conversation.id)
        items.append(QueueItem(conversation, handoff, waiting_s, customer_entities(transcript), transcript))
    return Queue(items, await store.queue.size())


@operation("GET", "/conversations", *AGENTS, summary="The latest 100 conversations", gives=ConversationList)
async def conversations(request: Request) -> ConversationList:
    return ConversationList(await request.app.ctx.store.conversations.recent(100))


@operation(
    "GET",
    "/conversations/{id}",
    *AGENTS,
    summary="A conversation with its whole transcript",
    gives=ConversationDetail,
    errors=(404,),
)
async def conversation(request: Request, conversation_id: str) -> ConversationDetail:
    return await _detail(request, conversation_id)


async def _detail(request: Request, conversation_id: str) -> ConversationDetail:
    store = request.app.ctx.store
    found = await store.conversations.get(conversation_id)
    transcript = await store.conversations.transcript(conversation_id)
    return ConversationDetail(found, customer_entities(transcript), transcript)


async def media(request: Request, conversation_id: str, message_id: str, place: int) -> HTTPResponse | None:
    """No operation: what it gives is a file."""
    return await send_media(request, unquote(conversation_id), unquote(message_id), place)


blueprint.add_route(
    bearer(*AGENTS)(media),  # type: ignore[arg-type]  # answers in pieces, so it returns nothing
    "/v1/conversations/<conversation_id:str>/media/<message_id:str>/<place:int>",
)


@operation(
    "POST",
    "/conversations/{id}/claim",
    *AGENTS,
    summary="Take a conversation over",
    takes=Claim,
    gives=ConversationDetail,
    errors=(400, 404, 409),
)
async def claim(request: Request, conversation_id: str, body: Claim) -> ConversationDetail:
    await request.app.ctx.handling.claim(conversation_id, request.ctx.account, body.seen_owner)
    return await _detail(request, conversation_id)


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
    entry_id = await request.app.ctx.handling.reply(conversation_id, request.ctx.account, body.text, message_id)
    return Stored(entry_id, message_id)


@operation(
    "POST",
    "/conversations/{id}/hand-back",
    *AGENTS,
    summary="Give a conversation of yours back to the assistant",
    gives=ConversationDetail,
    errors=(404, 409),
)
async def hand_back(request: Request, conversation_id: str) -> ConversationDetail:
    await request.app.ctx.handling.hand_back(conversation_id, request.ctx.account)
    return await _detail(request, conversation_id)


@operation(
    "POST",
    "/conversations/{id}/put-back",
    *AGENTS,
    summary="Give a conversation of yours back to the queue",
    gives=ConversationDetail,
    errors=(404, 409),
)
async def put_back(request: Request, conversation_id: str) -> ConversationDetail:
    await request.app.ctx.handling.put_back(conversation_id, request.ctx.account)
    return await _detail(request, conversation_id)


@operation(
    "POST",
    "/conversations/{id}/close",
    *AGENTS,
    summary="End a conversation of yours",
    gives=ConversationDetail,
    errors=(404, 409),
)
async def close(request: Request, conversation_id: str) -> ConversationDetail:
    await request.app.ctx.handling.close(conversation_id, request.ctx.account)
    return await _detail(request, conversation_id)


@operation("GET", "/templates", *STAFF, summary="Every answer", gives=TemplateList)
async def templates(request: Request) -> TemplateList:
    return TemplateList(await request.app.ctx.store.templates.all())


@operation("GET", "/templates/{name}", *STAFF, summary="One answer", gives=Template, errors=(404,))
async def template(request: Request, name: str) -> Template:
    found: Template = await request.app.ctx.store.templates.get(name)
    return found


@operation(
    "PUT",
    "/templates/{name}",
    *EDITORS,
    summary="Change an answer; live at once",
    takes=TemplateEdit,
    gives=Template,
    errors=(400, 404, 409),
)
async def edit_template(request: Request, name: str, body: TemplateEdit) -> Template:
    store = request.app.ctx.store
    current = await store.templates.get(name)
    edited = replace(
        current,
        text=body.text.replace("\r\n", "\n").strip(),
        title=current.title if body.title is None else body.title.strip(),
        buttons=current.buttons if body.buttons is None else tuple(body.buttons),
        edited_at_ms=now_ms(),
        edited_by=request.ctx.account.id,
    )
    check_template(edited)
    expected = current.version if body.version is None else body.version
    saved: Template = await store.templates.save(edited, expected_version=expected)
    await note_save(request, "template.saved", saved)
    return saved


@operation("GET", "/models", *EDITORS, summary="The trained models", gives=ModelList)
async def models(request: Request) -> ModelList:
    store = request.app.ctx.store
    active = await store.models.active()
    return ModelList(await store.models.all(), active.name if active else None)


async def unknown(_: Request, path: str) -> HTTPResponse:
    raise NotFound(f"no such route; /api/openapi.json lists them (asked for {path[:80]!r})")


blueprint.add_route(unknown, "/<path:path>", methods=["GET", "POST", "PUT", "DELETE", "PATCH"])


def check_template(template: Template) -> None:
    """Raise InvalidMessage for an answer that a customer could not be sent."""
    if not 1 <= len(template.text) <= MAX_TEXT_CHARS:
        raise InvalidMessage(f"text: expected 1 to {MAX_TEXT_CHARS} characters, got {len(template.text)}")
    if len(template.title) > MAX_TITLE_CHARS:
        raise InvalidMessage(f"title: expected at most {MAX_TITLE_CHARS} characters, got {len(template.title)}")
    if unknown := unknown_variables(template.text):
        raise InvalidMessage(f"text: unknown variable {{{unknown[0]}}}")
    if len(template.buttons) > MAX_BUTTONS:
        raise InvalidMessage(f"buttons: expected at most {MAX_BUTTONS}, got {len(template.buttons)}")
    for button in template.buttons:
        _check_button(button)


def _check_button(button: Button) -> None:
    if not button.title.strip() or len(button.title) > MAX_TITLE_CHARS:
        raise InvalidMessage(f"buttons: expected a title of 1 to {MAX_TITLE_CHARS} characters")
    if bool(button.payload) == bool(button.url):
        raise InvalidMessage("buttons: expected either a payload or a url")
    if button.url and not is_https_url(button.url):
        raise InvalidMessage("buttons: expected a whole address that starts with https://")
    if button.payload and not PAYLOAD.fullmatch(button.payload):
        raise InvalidMessage("buttons: expected a payload as /faq_ruilen")
