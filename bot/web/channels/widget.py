"""The widget on the web site: one WebSocket a page, JSON frames; docs/reference/widget-socket.md."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import time
import uuid
from contextlib import suppress
from typing import Any, Literal

import msgspec
import structlog
from limits import RateLimitItemPerMinute
from limits.storage import MemoryStorage
from limits.strategies import FixedWindowRateLimiter
from sanic import Blueprint, Request, Websocket
from sanic.exceptions import WebsocketClosed

from bot.errors import BotError, InvalidMessage, NotFound, StoreUnavailable, TooManyRequests
from bot.model import AGENT_PREFIX, ASSISTANT, Message
from bot.store.conversations import ENTRY_ID, entry_order
from bot.web.access import is_own_origin
from bot.web.bodies import decode_json
from bot.web.channels.identity import CustomerClaim, Identity, verified
from bot.web.channels.in_order import InOrder
from bot.web.live import Event, Subscription, event_messages

CHANNEL = "widget"
HELLO_TIMEOUT_S = 10.0
# Without a frame from the page for so long, its connection counts as gone (the widget pings).
IDLE_TIMEOUT_S = 120.0
# As much as a page shows at once; `more` says that there is older.
HISTORY_MESSAGES = 200
NOT_HELLO, FORBIDDEN_ORIGIN, TRY_AGAIN_LATER = 4400, 1008, 1013
# A page says at most so often that its customer types.
TYPING_EVERY_S = 1.0

blueprint = Blueprint("widget")
log = structlog.get_logger()

# What a customer reads when a frame is refused.
_ERRORS = {
    "invalid": "Dit bericht kunnen we niet lezen. Typ je vraag als gewone tekst.",
    "too_many_requests": "Je stuurt veel berichten achter elkaar. Wacht even en probeer het opnieuw.",
    "store_unavailable": "Je bericht is nog niet verstuurd. We proberen het zo opnieuw.",
    "internal": "Er ging iets mis bij ons. Probeer het zo opnieuw.",
}
_RETRY = frozenset({"too_many_requests", "store_unavailable", "internal"})


MarkState = Literal["delivered", "read"]


class Frame(msgspec.Struct):
    """Any frame from the page; each kind uses the fields it needs."""

    type: Literal["hello", "message", "received", "read", "typing", "ping"]
    token: str | None = None
    after: str = ""
    id: str = ""
    text: str = ""
    payload: str | None = None
    up_to: str = ""
    customer: CustomerClaim | None = None


class Limits:
    """How often one conversation and one address may ask for something, in this process."""

    def __init__(self, *, messages_per_minute: int, conversations_per_minute: int) -> None:
        self._limiter = FixedWindowRateLimiter(MemoryStorage())
        self._messages = RateLimitItemPerMinute(messages_per_minute)
        self._conversations = RateLimitItemPerMinute(conversations_per_minute)

    def message(self, conversation_id: str) -> None:
        """Raises TooManyRequests."""
        self._hit(self._messages, "message", conversation_id)

    def new_conversation(self, address: str) -> None:
        """Raises TooManyRequests."""
        self._hit(self._conversations, "conversation", address)

    def _hit(self, limit: RateLimitItemPerMinute, kind: str, who: str) -> None:
        if not self._limiter.hit(limit, kind, who):
            raise TooManyRequests(f"at most {limit.amount} a minute")


@blueprint.websocket("/widget/socket")
async def socket(request: Request, ws: Websocket) -> None:
    """One page's connection, from hello to the end."""
    if not _origin_allowed(request):
        await ws.close(FORBIDDEN_ORIGIN, "origin not allowed")
        return
    try:
        hello = await _hello(ws)
        identity = _identity(request, hello.customer)
        conversation_id, token = await _conversation(request, hello.token, identity)
    except (TooManyRequests, StoreUnavailable) as exc:
        await ws.send(_error_frame(exc, None))
        await ws.close(TRY_AGAIN_LATER, "try again later")
        return
    except InvalidMessage:
        await ws.close(NOT_HELLO, "expected a hello frame first")
        return
    if hello.customer and not identity:
        log.info("identity.refused", conversation_id=conversation_id)
    await Page(request, ws, conversation_id, identity).run(hello, token)


class Page:
    """The widget on one open page."""

    def __init__(self, request: Request, ws: Websocket, conversation_id: str, identity: Identity | None) -> None:
        self._ctx = request.app.ctx
        self._ws = ws
        self._conversation_id = conversation_id
        # Until the conversation has it, which exists from its first message on.
        self._identity = identity
        self._owner = ASSISTANT
        self._last_entry_id = ""
        self._typed_at_s = 0.0
        self._in_order = InOrder()
        # What was said to the customer and is not known to be read: (entry id, message id), in log order.
        self._unread: list[tuple[str, str]] = []
        # How far the customer is, by state, where Redis was not there to hear it.
        self._unmarked: dict[MarkState, str] = {}

    async def run(self, hello: Frame, token: str) -> None:
        pages = self._ctx.metrics.pages.track_inprogress()
        with self._ctx.live.subscribe(self._conversation_id) as events, pages:
            try:
                await self._welcome(hello, token)
                await _first_done(self._read(), self._write(events))
            except WebsocketClosed:
                return
            except StoreUnavailable:
                await self._ws.close(TRY_AGAIN_LATER, "try again later")

    async def _welcome(self, hello: Frame, token: str) -> None:
        conversations = self._ctx.store.conversations
        if hello.after:
            self._last_entry_id = hello.after
            messages = await conversations.messages(self._conversation_id, after=hello.after, limit=HISTORY_MESSAGES)
        else:
            messages = await conversations.latest_messages(self._conversation_id, HISTORY_MESSAGES)
        agent_name = ""
        try:
            conversation = await conversations.get(self._conversation_id)
            self._owner, agent_name = conversation.owner, conversation.agent_name
        except NotFound:
            pass  # it exists from its first message on
        self._unread = await conversations.unread(self._conversation_id)
        verdict = _verdict(hello, self._identity)
        await self._identify()
        if messages:
            self._last_entry_id = messages[-1].entry_id
        await self._send(
            type="welcome",
            conversation_id=self._conversation_id,
            token=token,
            messages=[_wire(message) for message in messages],
            more=len(messages) == HISTORY_MESSAGES,
            max_text_chars=self._ctx.settings.max_text_chars,
            identity=verdict,
            banner=self._ctx.crisis_watch.banner,
            **_owner_fields(self._owner, agent_name),
        )

    async def _read(self) -> None:
        """Frames from the page, until it goes."""
        while True:
            raw = await self._ws.recv(timeout=IDLE_TIMEOUT_S)
            if raw is None:
                return
            frame = None
            try:
                frame = decode_json(raw, Frame)
                await self._handle(frame)
            except BotError as exc:
                if frame and frame.type == "message":
                    self._note_refusal(frame.id, exc)
                self._ctx.metrics.refused.labels(CHANNEL, exc.code).inc()
                if not _goes_unnoticed(exc, frame):
                    await self._ws.send(_error_frame(exc, frame))

    async def _handle(self, frame: Frame) -> None:
        if frame.type == "message":
            await self._take(frame)
        elif frame.type == "received":
            await self._mark(frame.up_to, "delivered")
        elif frame.type == "read":
            await self._mark(frame.up_to, "read")
        elif frame.type == "typing":
            await self._pass_typing_on()
        elif frame.type == "ping":
            await self._send(type="pong")
        else:
            raise InvalidMessage("hello: expected only as the first frame")

    async def _pass_typing_on(self) -> None:
        now_s = time.monotonic()
        if now_s - self._typed_at_s >= TYPING_EVERY_S:
            self._typed_at_s = now_s
            await self._ctx.store.events.publish("typing", conversation_id=self._conversation_id, sender="customer")

    async def _take(self, frame: Frame) -> None:
        message = self._ctx.intake.message(self._conversation_id, frame.id, frame.text, frame.payload)
        self._in_order.check(message.id)
        self._ctx.limits.message(self._conversation_id)
        received = await self._ctx.intake.store(message, channel=CHANNEL, customer_id=self._conversation_id)
        self._in_order.settled(message.id)
        # Before the ack: a page that has it may go, and takes with it who its customer is.
        with suppress(StoreUnavailable):  # the message is stored; with the next one, or the next hello
            await self._identify()
        await self._send(type="ack", id=frame.id, entry_id=received.entry_id, repeated=received.repeated)
        if received.owner == ASSISTANT and not (received.repeated or received.settled):
            await self._send(type="typing", sender="assistant")

    async def _identify(self) -> None:
        """Note who the customer is, once there is a conversation to note it in."""
        if self._identity and await self._ctx.store.conversations.get_many([self._conversation_id]):
            identity, people = self._identity, self._ctx.store.people
            await people.identify(self._conversation_id, identity.id, name=identity.name, email=identity.email)
            self._identity = None

    def _note_refusal(self, message_id: str, exc: BotError) -> None:
        if _wire_code(exc) in _RETRY:
            self._in_order.refused(message_id, exc)
        else:
            self._in_order.settled(message_id)

    async def _mark(self, up_to: str, state: MarkState) -> None:
        if not up_to or not ENTRY_ID.fullmatch(up_to):
            raise InvalidMessage("up_to: expected an entry_id, as 1795000000000-0")
        limit = entry_order(up_to)
        seen = [message_id for entry_id, message_id in self._unread if entry_order(entry_id) <= limit]
        self._unmarked[state] = up_to
        changed = await self._ctx.store.conversations.mark(self._conversation_id, seen, state)
        if self._unmarked.get(state) == up_to:
            del self._unmarked[state]
        if state == "read":
            self._unread = [one for one in self._unread if entry_order(one[0]) > limit]
        if changed:
            log.info(
                "message.read" if state == "read" else "message.delivered",
                conversation_id=self._conversation_id,
                channel=CHANNEL,
                messages=changed,
            )

    async def _write(self, events: Subscription) -> None:
        """What happens in the conversation, to the page."""
        while True:
            event = await events.next()
            if event is None:
                continue
            if event["type"] == "resync":
                await self._catch_up()
                await self._mark_again()
            elif event["type"] == "banner":
                await self._send(type="banner", text=event["text"])
            elif event["type"] == "typing" and event["sender"] == "agent":
                await self._send(type="typing", sender="agent")
            elif "messages" in event:
                await self._pass_on(event)

    async def _catch_up(self) -> None:
        conversations = self._ctx.store.conversations
        while messages := await conversations.messages(self._conversation_id, after=self._last_entry_id):
            await self._show(messages)
        try:
            found = await conversations.get(self._conversation_id)
        except NotFound:
            return  # it exists from its first message on
        await self._show_owner(found.owner, found.agent_name)

    async def _mark_again(self) -> None:
        """The page says once what it has; it need not know that Redis was away."""
        for state in list(self._unmarked):
            await self._mark(self._unmarked[state], state)

    async def _pass_on(self, event: Event) -> None:
        await self._show(event_messages(event))
        await self._show_owner(event["owner"], event.get("agent_name", ""))

    async def _show_owner(self, owner: str, agent_name: str) -> None:
        if owner != self._owner:
            self._owner = owner
            await self._send(type="owner", **_owner_fields(owner, agent_name))

    async def _show(self, messages: list[Message]) -> None:
        new = [m for m in messages if entry_order(m.entry_id) > entry_order(self._last_entry_id)]
        self._note_sent(new)
        for message in new:
            await self._send(type="message", message=_wire(message))
        self._ctx.metrics.passed_on([message for message in new if message.to_customer], CHANNEL)

    def _note_sent(self, messages: list[Message]) -> None:
        for message in messages:
            self._last_entry_id = message.entry_id
            self._in_order.settled(message.id)
            if message.to_customer:
                self._unread.append((message.entry_id, message.id))

    async def _send(self, **frame: Any) -> None:
        await self._ws.send(msgspec.json.encode(frame).decode())


async def _hello(ws: Websocket) -> Frame:
    raw = await ws.recv(timeout=HELLO_TIMEOUT_S)
    if raw is None:
        raise InvalidMessage("expected a hello frame within 10 s")
    frame = decode_json(raw, Frame)
    if frame.type != "hello" or (frame.after and not ENTRY_ID.fullmatch(frame.after)):
        raise InvalidMessage("expected a hello frame first")
    return frame


def _identity(request: Request, claim: CustomerClaim | None) -> Identity | None:
    return verified(claim, request.app.ctx.settings.identity_secret) if claim else None


def _verdict(hello: Frame, identity: Identity | None) -> str | None:
    """What the page hears about who it says the customer is; nothing if it does not say."""
    if hello.customer is None:
        return None
    return "verified" if identity else "refused"


async def _conversation(request: Request, token: str | None, identity: Identity | None) -> tuple[str, str]:
    """The conversation that the page's token belongs to, or a new one, with its token.

    Who signed in as somebody else on the same browser does not read on in that conversation.
    Raises TooManyRequests, and StoreUnavailable as long as Redis has never been there.
    """
    ctx = request.app.ctx
    secret = await ctx.store.secret()
    conversation_id, _, signature = (token or "").partition(".")
    is_ours = conversation_id and hmac.compare_digest(signature.encode(), _sign(secret, conversation_id).encode())
    if is_ours and not await _is_of_another(request, conversation_id, identity):
        return conversation_id, f"{conversation_id}.{signature}"
    ctx.limits.new_conversation(request.remote_addr or request.ip)
    conversation_id = f"widget-{uuid.uuid4().hex}"
    return conversation_id, f"{conversation_id}.{_sign(secret, conversation_id)}"


async def _is_of_another(request: Request, conversation_id: str, identity: Identity | None) -> bool:
    found = await request.app.ctx.store.conversations.get_many([conversation_id]) if identity else []
    return any(one.identity not in ("", identity.id) for one in found if identity)


def _sign(secret: bytes, conversation_id: str) -> str:
    return hmac.new(secret, conversation_id.encode(), hashlib.sha256).hexdigest()


def _origin_allowed(request: Request) -> bool:
    origin = request.headers.get("origin")
    if origin is None:  # not a browser
        return True
    return is_own_origin(request, origin) or origin in request.app.ctx.settings.widget_origins


def _owner_fields(owner: str, agent_name: str) -> dict[str, str | None]:
    is_agent = owner.startswith(AGENT_PREFIX)
    return {"owner": "agent" if is_agent else owner, "agent_name": agent_name if is_agent else None}


def _wire(message: Message) -> dict[str, Any]:
    return {
        "id": message.id,
        "entry_id": message.entry_id,
        "sender": message.sender,
        "text": message.text,
        "buttons": [{"title": b.title, "payload": b.payload, "url": b.url} for b in message.buttons],
        "image": {"url": message.images[0].url, "alt": message.images[0].title} if message.images else None,
        "agent_name": message.agent_name or None,
        "sent_at_ms": message.sent_at_ms,
    }


def _wire_code(exc: BotError) -> str:
    return exc.code if exc.code in _ERRORS else "internal"


def _goes_unnoticed(exc: BotError, frame: Frame | None) -> bool:
    """Nobody waits for what the page tells by itself; a customer who wrote nothing reads of no message that waits."""
    return isinstance(exc, StoreUnavailable) and frame is not None and frame.type in ("typing", "read", "received")


def _error_frame(exc: BotError, frame: Frame | None) -> str:
    code = _wire_code(exc)
    body = {
        "type": "error",
        "code": code,
        "error": _ERRORS[code],
        "detail": str(exc),
        "id": frame.id or None if frame else None,
        "retry": code in _RETRY,
    }
    return msgspec.json.encode(body).decode()


async def _first_done(*work: Any) -> None:
    """Run together until one ends, then end the others; an error of any goes up."""
    tasks = [asyncio.ensure_future(one) for one in work]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    for task in done:
        task.result()
