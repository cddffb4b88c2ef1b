"""A small chat server for the widget's tests: real HTTP, real WebSockets, and faults on request.

It speaks the widget's protocol but knows no assistant: it answers every question with the same sentence. Tests of
faults (a lost connection, a late ack, an error frame) need a server that misbehaves exactly when told; everything else
can run on the real one. It also serves the files that the widget consists of, as the real server does.

    python -m tests.fakes.widget_server 8090      # to look at the widget by hand
"""

from __future__ import annotations

import asyncio
import json
import mimetypes
import sys
import threading
import time
import uuid
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from websockets.asyncio.server import Server, ServerConnection, serve
from websockets.datastructures import Headers
from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request, Response

WEB = Path(__file__).parents[2] / "bot" / "web"
ANSWER = "Op zondag zijn onze winkels open van 12.00 tot 17.00 uur."
MAX_TEXT_CHARS = 400
Frame = dict[str, Any]


@dataclass
class FakeConversation:
    """What the server knows of one customer."""

    id: str
    token: str
    messages: list[Frame] = field(default_factory=list)
    owner: str = "assistant"
    agent_name: str | None = None


class WidgetServer:
    """Runs in a thread of its own, so that a test can play the other side step by step."""

    def __init__(self) -> None:
        self.port = 0
        self.frames: list[Frame] = []  # everything that customers sent, in order of arrival
        self.holds_acks = False
        self.is_silent = False  # no assistant
        self.answers_pings = True
        self.echoes = True  # a customer's message also goes to the socket that sent it
        self.next_error: Frame | None = None
        self.refusal: Frame | None = None  # the error that every message gets
        self.page_size = 200
        self.pages: dict[str, str] = {}  # HTML by path, besides the demo page
        self.conversations: dict[str, FakeConversation] = {}
        self._sockets: dict[ServerConnection, FakeConversation] = {}
        self._entry = 0
        self._loop = asyncio.new_event_loop()
        self._server: Server | None = None
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def conversation(self) -> FakeConversation:
        """The one that began last."""
        return list(self.conversations.values())[-1]

    @property
    def connections(self) -> int:
        return len(self._sockets)

    def received(self, kind: str) -> list[Frame]:
        return [frame for frame in self.frames if frame.get("type") == kind]

    # What a test can do

    def start(self) -> None:
        if not self._thread.is_alive():
            self._thread.start()
        self._do(self._listen())

    def stop(self) -> None:
        """Gone from the network, as in a restart; `start` comes back on the same port with the same conversations."""
        self._do(self._leave())

    def close(self) -> None:
        self.stop()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(30.0)
        self._loop.close()

    def drop(self) -> None:
        """Cut every connection without a goodbye."""
        self._do(self._cut())

    def close_all(self, code: int) -> None:
        self._do(self._close(code))

    def say(self, text: str, sender: str = "assistant", **more: Any) -> Frame:
        """Let somebody say something to the customer; `more` are fields of the message."""
        message: Frame = self._do(self._say(self.conversation, text, sender, **more))
        return message

    def send(self, frame: Frame) -> None:
        """Send a frame as it is to everybody."""
        self._do(self._broadcast(self.conversation, frame))

    def set_owner(self, owner: str, agent_name: str | None = None) -> None:
        self.conversation.owner, self.conversation.agent_name = owner, agent_name
        self.send({"type": "owner", "owner": owner, "agent_name": agent_name})

    def wait_for(self, condition: Callable[[], bool], timeout_s: float = 30.0) -> None:
        """Raises TimeoutError if the condition doesn't come true."""
        until = time.monotonic() + timeout_s
        while not condition():
            if time.monotonic() > until:
                raise TimeoutError(f"not within {timeout_s} s; frames so far: {self.frames}")
            time.sleep(0.01)

    # The network

    def _do(self, work: Coroutine[Any, Any, Any]) -> Any:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(10)

    async def _listen(self) -> None:
        self._server = await serve(
            self._talk, "127.0.0.1", self.port, process_request=self._serve_page, max_size=16_384, ping_interval=None
        )
        self.port = self._server.sockets[0].getsockname()[1]

    async def _leave(self) -> None:
        if self._server:
            self._server.close()
            await self._cut()
            await self._server.wait_closed()
            self._server = None

    async def _cut(self) -> None:
        for socket in list(self._sockets):
            socket.transport.abort()
            await socket.wait_closed()

    async def _close(self, code: int) -> None:
        for socket in list(self._sockets):
            await socket.close(code)

    def _serve_page(self, connection: ServerConnection, request: Request) -> Response | None:
        path = request.path.partition("?")[0]
        if path == "/widget/socket":
            return None
        if path == "/demo" or path in self.pages:
            html = self.pages.get(path) or self._demo()
            return _response(html.encode(), "text/html; charset=utf-8")
        file = WEB / "static" / path.removeprefix("/static/").lstrip("/")
        if not file.is_file() or not file.resolve().is_relative_to(WEB / "static"):
            return connection.respond(404, "not found\n")
        return _response(file.read_bytes(), mimetypes.guess_type(file.name)[0] or "application/octet-stream")

    def _demo(self) -> str:
        jinja = Environment(loader=FileSystemLoader(WEB / "templates"), autoescape=True, undefined=StrictUndefined)
        jinja.globals.update(company="Winkel van Sinkel", static=lambda name: f"/static/{name}")
        return jinja.get_template("demo.html").render(site_url=self.url)

    # The protocol

    async def _talk(self, socket: ServerConnection) -> None:
        try:
            async for text in socket:
                frame = json.loads(text)
                self.frames.append(frame)
                await self._handle(socket, frame)
        except ConnectionClosed:
            pass
        finally:
            self._sockets.pop(socket, None)

    async def _handle(self, socket: ServerConnection, frame: Frame) -> None:
        conversation = self._sockets.get(socket)
        if frame["type"] == "hello":
            await self._welcome(socket, frame)
        elif conversation is None:
            await socket.close(4400)
        elif frame["type"] == "message":
            await self._take(socket, conversation, frame)
        elif frame["type"] == "ping" and self.answers_pings:
            await _send(socket, {"type": "pong"})

    async def _welcome(self, socket: ServerConnection, hello: Frame) -> None:
        conversation = self.conversations.get(hello["token"] or "") or self._begin()
        self._sockets[socket] = conversation
        after = _order(hello["after"] or "0-0")
        missed = [message for message in conversation.messages if _order(message["entry_id"]) > after]
        welcome = {
            "type": "welcome",
            "conversation_id": conversation.id,
            "token": conversation.token,
            "messages": missed[: self.page_size] if hello["after"] else missed[-self.page_size :],
            "owner": conversation.owner,
            "agent_name": conversation.agent_name,
            "max_text_chars": MAX_TEXT_CHARS,
            "more": len(missed) > self.page_size,
        }
        await _send(socket, welcome)

    def _begin(self) -> FakeConversation:
        conversation = FakeConversation(id=uuid.uuid4().hex, token=uuid.uuid4().hex)
        self.conversations[conversation.token] = conversation
        return conversation

    async def _take(self, socket: ServerConnection, conversation: FakeConversation, frame: Frame) -> None:
        if error := self.next_error or self.refusal:
            self.next_error = None
            await _send(socket, {"type": "error", "id": frame["id"], **error})
            return
        known = next((message for message in conversation.messages if message["id"] == frame["id"]), None)
        message = known or self._append(conversation, frame["text"], "customer", id=frame["id"])
        if self.holds_acks:
            return
        ack = {"type": "ack", "id": frame["id"], "entry_id": message["entry_id"], "repeated": known is not None}
        await _send(socket, ack)
        if known is None:
            await self._broadcast(conversation, {"type": "message", "message": message}, not_to=socket)
            await self._answer(conversation)

    async def _answer(self, conversation: FakeConversation) -> None:
        if self.is_silent:
            return
        await self._broadcast(conversation, {"type": "typing", "sender": "assistant"})
        await asyncio.sleep(0.05)
        await self._say(conversation, ANSWER, "assistant")

    async def _say(self, conversation: FakeConversation, text: str, sender: str, **more: Any) -> Frame:
        message = self._append(conversation, text, sender, **more)
        await self._broadcast(conversation, {"type": "message", "message": message})
        return message

    def _append(self, conversation: FakeConversation, text: str, sender: str, **more: Any) -> Frame:
        self._entry += 1
        message: Frame = {
            "id": uuid.uuid4().hex,
            "entry_id": f"1795000000000-{self._entry}",
            "sender": sender,
            "text": text,
            "buttons": [],
            "agent_name": None,
            "sent_at_ms": int(time.time() * 1000),
            **more,
        }
        conversation.messages.append(message)
        return message

    async def _broadcast(
        self, conversation: FakeConversation, frame: Frame, not_to: ServerConnection | None = None
    ) -> None:
        for socket, shown in list(self._sockets.items()):
            if shown is conversation and (self.echoes or socket is not not_to):
                await _send(socket, frame)


async def _send(socket: ServerConnection, frame: Frame) -> None:
    try:
        await socket.send(json.dumps(frame))
    except ConnectionClosed:
        pass


def _order(entry_id: str) -> tuple[int, ...]:
    return tuple(int(part) for part in entry_id.split("-"))


def _response(body: bytes, content_type: str) -> Response:
    headers = Headers()
    headers["Content-Type"] = content_type
    headers["Content-Length"] = str(len(body))
    headers["Cache-Control"] = "no-cache"
    headers["Access-Control-Allow-Origin"] = "*"
    headers["Connection"] = "close"
    return Response(200, "OK", headers, body)


if __name__ == "__main__":
    server = WidgetServer()
    server.port = int(sys.argv[1]) if len(sys.argv) > 1 else 8090
    server.start()
    print(f"{server.url}/demo")
    try:
        threading.Event().wait()
    except KeyboardInterrupt:
        server.close()
