"""Rasa's REST channel: a message in, the replies of that turn out."""

from __future__ import annotations

import asyncio
import hashlib
import re
import uuid
from typing import Any

import msgspec
import structlog
from sanic import Blueprint, HTTPResponse, Request
from sanic.response import json

from bot.errors import InvalidMessage, StoreUnavailable
from bot.model import ASSISTANT, Message
from bot.store import Store
from bot.store.conversations import ENTRY_ID
from bot.web.access import rest_channel
from bot.web.bodies import decode
from bot.web.channels.intake import PAYLOAD
from bot.web.live import Event, Subscription, event_messages

CHANNEL = "rest"
# How much longer than the assistant's time limit the answer may take: then the hand-over has been stored.
EXTRA_WAIT_S = 3.0
MAX_SENDER_CHARS = 200

blueprint = Blueprint("rest")
log = structlog.get_logger()

_PLAIN_SENDER = re.compile(r"[A-Za-z0-9._@+-]{1,100}")


class RestMessage(msgspec.Struct):
    """`message_id` is ours: with it, sending the same message again stores and answers it once."""

    sender: str
    message: str
    message_id: str = ""


@blueprint.post("/webhooks/rest/webhook")
@rest_channel
async def webhook(request: Request) -> HTTPResponse:
    """Store the message, wait for the turn, answer with its replies; empty while a human has the conversation."""
    body = decode(request, RestMessage)
    conversation_id = conversation_of(body.sender)
    payload = body.message.strip() if PAYLOAD.fullmatch(body.message.strip()) else None
    message_id = body.message_id or uuid.uuid4().hex
    message = request.app.ctx.intake.message(conversation_id, message_id, body.message, payload)
    with request.app.ctx.metrics.turn_seconds.time():
        replies = await _turn(request, message, body.sender)
    response = json([_wire(body.sender, reply) for reply in replies])
    request.app.ctx.metrics.passed_on(replies, CHANNEL)
    if replies:
        request.app.add_task(_mark_delivered(request, conversation_id, replies))
    return response


@blueprint.get("/webhooks/rest/")
async def health(_: Request) -> HTTPResponse:
    """As Rasa's REST channel does."""
    return json({"status": "ok"})


@blueprint.get("/webhooks/rest/messages")
@rest_channel
async def messages(request: Request) -> HTTPResponse:
    """What was said to `sender` after entry `after`: the way to read what a live agent wrote."""
    sender, after = request.args.get("sender", ""), request.args.get("after", "")
    conversation_id = conversation_of(sender)
    if after and not ENTRY_ID.fullmatch(after):
        raise InvalidMessage("after: expected an entry_id from an earlier answer, as 1795000000000-0")
    conversations = request.app.ctx.store.conversations
    found = [m for m in await conversations.messages(conversation_id, after=after) if m.to_customer]
    request.app.ctx.metrics.passed_on(found, CHANNEL)
    await _mark_delivered(request, conversation_id, found)
    return json(
        [{**_wire(sender, message), "sender": message.sender, "entry_id": message.entry_id} for message in found]
    )


def conversation_of(sender: str) -> str:
    """The conversation of a sender: readable where the name allows it, else its hash. Raises InvalidMessage."""
    if not 1 <= len(sender) <= MAX_SENDER_CHARS:
        raise InvalidMessage(f"sender: expected 1 to {MAX_SENDER_CHARS} characters")
    if _PLAIN_SENDER.fullmatch(sender):
        return f"rest-{sender}"
    return f"rest-~{hashlib.sha256(sender.encode(errors='surrogatepass')).hexdigest()[:32]}"


async def _mark_delivered(request: Request, conversation_id: str, messages: list[Message]) -> None:
    """The caller has them: for this channel that is all there is to know."""
    ids = [message.id for message in messages]
    changed = await request.app.ctx.store.conversations.mark(conversation_id, ids, "delivered")
    if changed:
        log.info("message.delivered", conversation_id=conversation_id, channel=CHANNEL, messages=changed)


async def _turn(request: Request, message: Message, sender: str) -> list[Message]:
    ctx = request.app.ctx
    with ctx.live.subscribe(message.conversation_id) as events:
        received = await ctx.intake.store(message, channel=CHANNEL, customer_id=sender)
        try:
            said_already = received.repeated or received.remind or received.told or received.settled
            replies = await _replies(ctx.store, message, received.entry_id) if said_already else []
            if received.owner == ASSISTANT and not received.settled and all(map(_only_asks_for_patience, replies)):
                replies = await _handled(ctx, events, message)
            return replies or await _replies(ctx.store, message, received.entry_id)
        except StoreUnavailable:
            # The message is stored; an error would make the caller send it again under another id.
            return []


async def _replies(store: Store, message: Message, entry_id: str) -> list[Message]:
    """What was said in reply to the message; else that a human takes over, said in reply to one beside it."""
    logged = await store.conversations.messages(message.conversation_id, after=entry_id)
    own = [reply for reply in logged if reply.in_reply_to == message.id]
    return own or [reply for reply in logged if reply.notice == "handed_over"]


async def _handled(ctx: Any, events: Subscription, message: Message) -> list[Message]:
    """Wait until the message was answered or the conversation went to a human, for as long as that may take.

    Returns the replies that the event brought; without any, the log has them.
    """
    loop = asyncio.get_running_loop()
    deadline = loop.time() + ctx.settings.turn_timeout_s + EXTRA_WAIT_S
    while (left_s := deadline - loop.time()) > 0:
        event = await events.next(left_s)
        if event is None or event["type"] == "owner" or _is_turn_of(event, message.id):
            return [reply for reply in event_messages(event or {}) if reply.in_reply_to == message.id]
        if event["type"] == "resync" and await _is_over(ctx.store, message):
            break
    return []


def _is_turn_of(event: Event, message_id: str) -> bool:
    return bool(event["type"] == "turn" and (event["in_reply_to"] == message_id or event["owner"] != ASSISTANT))


async def _is_over(store: Store, message: Message) -> bool:
    """Whether the turn was finished while no events came."""
    if (await store.conversations.get(message.conversation_id)).owner != ASSISTANT:
        return True
    logged = await store.conversations.messages(message.conversation_id)
    return any(reply.in_reply_to == message.id and not _only_asks_for_patience(reply) for reply in logged)


def _only_asks_for_patience(reply: Message) -> bool:
    """The assistant is busy and its answer is still to come."""
    return reply.notice == "patience"


def _wire(sender: str, message: Message) -> dict[str, Any]:
    wire: dict[str, Any] = {"recipient_id": sender, "text": message.text}
    if message.buttons:
        wire["buttons"] = [
            {"title": b.title, **({"url": b.url} if b.url else {"payload": b.payload})} for b in message.buttons
        ]
    if message.images:
        wire["image"] = message.images[0].url
    return wire
