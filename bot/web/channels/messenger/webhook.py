"""Meta's webhook: proves that it is ours, and stores every event raw before it says that it has it."""

from __future__ import annotations

import asyncio
import hmac
import re
from typing import cast

from sanic import Blueprint, HTTPResponse, Request
from sanic.http import Http
from sanic.response import text

from bot.errors import Forbidden, InvalidMessage, NotFound, StoreUnavailable
from bot.store.work import now_ms
from bot.web.channels.messenger.channel import Messenger
from bot.web.channels.messenger.envelope import events_in
from bot.web.channels.messenger.signature import HEADER, Signature

# A request may have a thousand events, of a few kilobytes each. One that is refused for its size would come again and
# again, and after an hour Meta sends nothing any more.
MAX_BODY_BYTES = 10 * 1024 * 1024
# Until it is read nobody knows whether a body is signed: larger ones are read a few at a time.
LARGE_BYTES = 64 * 1024
# One command to Redis stores so many: it does nothing else meanwhile.
STORED_AT_ONCE = 500
_CHALLENGE = re.compile(r"[ -~]{1,1000}")

blueprint = Blueprint("messenger")


@blueprint.get("/webhooks/messenger")
async def verify(request: Request) -> HTTPResponse:
    """What Meta asks when the webhook is saved: whether we know the same word."""
    config = _channel(request).config
    word, mode = request.args.get("hub.verify_token", ""), request.args.get("hub.mode")
    is_ours = hmac.compare_digest(word.encode(errors="replace"), config.verify_token.encode())
    if not is_ours or mode != "subscribe":
        raise Forbidden("hub.mode or hub.verify_token is not what was agreed")
    challenge = request.args.get("hub.challenge", "")
    if not _CHALLENGE.fullmatch(challenge):
        raise InvalidMessage("hub.challenge: expected 1 to 1000 printable ASCII characters")
    return text(challenge)


@blueprint.post("/webhooks/messenger", stream=True)
async def receive(request: Request) -> HTTPResponse:
    """Store all events of a signed request. Whatever is in it, the answer is 200: sent again it would be the same.

    503 while Redis can't store: Meta sends it again, and what had been stored of it is recognised.
    """
    channel = _channel(request)
    requests = request.app.ctx.metrics.webhook_requests
    try:
        body = await _signed_body(request, channel)
        events = events_in(body, received_at_ms=now_ms())
        for first in range(0, len(events), STORED_AT_ONCE):
            await request.app.ctx.store.inbound.put(events[first : first + STORED_AT_ONCE])
    except Forbidden:
        requests.labels("refused").inc()
        raise
    except StoreUnavailable:
        requests.labels("unavailable").inc()
        raise
    requests.labels("stored").inc()
    return text("EVENT_RECEIVED")


def _channel(request: Request) -> Messenger:
    channel: Messenger | None = request.app.ctx.messenger
    if channel is None:
        raise NotFound("the Messenger channel is off; docs/how-to/messenger.md says how to turn it on")
    return channel


async def _signed_body(request: Request, channel: Messenger) -> bytes:
    """The body, read only as long as it may still be Meta's. Raises Forbidden, StoreUnavailable; Sanic's for its size.

    The server's own limit for a body is far lower, so this route reads it itself (`stream=True`).
    """
    signature = Signature(request.headers.get(HEADER), channel.config.app_secret)
    if not signature.is_there:
        raise Forbidden(f"expected the header {HEADER} with a SHA-256 signature")
    stream = cast(Http, request.stream)
    stream.request_max_size = MAX_BODY_BYTES
    body = bytearray()
    with channel.large_bodies.request(lambda: _drop(request)) as is_large:
        async for piece in stream:
            signature.update(piece)
            body += piece
            if len(body) > LARGE_BYTES:
                is_large()
    if not signature.is_right():
        raise Forbidden("the signature does not fit the body")
    return bytes(body)


def _drop(request: Request) -> None:
    """End the connection without an answer; whoever reads from it is cancelled."""
    if request.transport:
        cast(asyncio.Transport, request.transport).abort()
