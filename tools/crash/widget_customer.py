"""A customer with the widget, as bot/web/static/widget/ behaves: docs/reference/widget-socket.md."""

from __future__ import annotations

import asyncio
import json
from typing import Any, TypeAlias

import aiohttp

from tools.crash.customers import CONNECTION_ERRORS, Customer
from tools.crash.witness import Seen, Sent

WELCOME_TIMEOUT_S = 10.0
ACK_TIMEOUT_S = 4.0
RETRY_AFTER_S = 0.5
CLOSE_TIMEOUT_S = 1.0
# Of the messages that come, the share that the customer sees at once; the others were only received.
VISIBLE_SHARE = 0.6

Socket: TypeAlias = "aiohttp.ClientWebSocketResponse[bool]"


class WidgetCustomer(Customer):
    """Stop and wait: one message at a time, the same id until it is acknowledged."""

    channel = "widget"
    _token: str | None = None
    # The present connection, from its welcome on.
    _socket: Socket | None = None
    # The message that the server could not store just now.
    _refused = ""
    # Wakes whoever waits for an ack: at every frame, and when a connection begins or ends.
    _wakened: asyncio.Event | None = None

    async def read(self) -> None:
        """Stay connected, for ever."""
        while True:
            try:
                await self._one_connection()
            except CONNECTION_ERRORS:
                pass
            finally:
                self._socket = None
                self._wake()
            self.witness.reconnections += 1
            await self._web.failed()

    async def _send(self, sent: Sent) -> None:
        while not sent.acked:
            if self._socket is None:
                await self._news(ACK_TIMEOUT_S)
                continue
            await self._transmit(type="message", id=sent.id, text=sent.text, payload=None)
            self._said(self.witness.conversation_id)
            if not await self._answered(sent) and self._socket:
                await self._socket.close()  # no ack and no error: perhaps it is dead

    async def _answered(self, sent: Sent) -> bool:
        """Wait until the message is acknowledged, refused for now, or the connection gone; False if nothing came."""
        socket, self._refused = self._socket, ""
        while not sent.acked and self._socket is socket:
            if self._refused == sent.id:
                await asyncio.sleep(RETRY_AFTER_S)
                return True
            if not await self._news(ACK_TIMEOUT_S):
                return False
        return True

    def _wake(self) -> None:
        if self._wakened:
            self._wakened.set()

    async def _news(self, timeout_s: float) -> bool:
        """Wait for the next frame or change of the connection; whether there was one."""
        self._wakened = asyncio.Event()
        try:
            await asyncio.wait_for(self._wakened.wait(), timeout_s)
        except asyncio.TimeoutError:
            return False
        return True

    async def _one_connection(self) -> None:
        url = self._web.url.replace("http", "ws", 1) + "/widget/socket"
        timeout = aiohttp.ClientWSTimeout(ws_close=CLOSE_TIMEOUT_S)
        async with self._client.ws_connect(url, timeout=timeout) as socket:
            after = self.witness.seen[-1].entry_id if self.witness.seen and self._token else ""
            await socket.send_str(json.dumps({"type": "hello", "token": self._token, "after": after}))
            frame = await socket.receive(timeout=WELCOME_TIMEOUT_S)
            while frame.type == aiohttp.WSMsgType.TEXT:
                if await self._receive(socket, json.loads(frame.data), after=after):
                    return
                frame = await socket.receive()

    async def _receive(self, socket: Socket, frame: dict[str, Any], *, after: str) -> bool:
        """Take a frame in; True if the rest of the history needs another connection."""
        kind = frame["type"]
        if kind == "welcome":
            if self._welcome(frame) and after:
                return True
            self._socket = socket
            await self._mark()
        elif kind == "message":
            self._show(frame["message"])
            if frame["message"]["sender"] != "customer":
                await self._mark()
        elif kind == "ack":
            self.witness.acknowledged(frame["id"], frame["entry_id"])
        elif kind == "error":
            self._error(frame)
        self._wake()
        return False

    def _welcome(self, frame: dict[str, Any]) -> bool:
        """Whether more follows."""
        known = self.witness.conversation_id
        if known and frame["conversation_id"] != known:
            self.witness.troubles.append(f"the welcome is of another conversation, {frame['conversation_id']}")
        self.witness.conversation_id = known or frame["conversation_id"]
        self._token = frame["token"]
        for message in frame["messages"]:
            self._show(message)
        return bool(frame["more"])

    def _show(self, message: dict[str, Any]) -> None:
        """What the customer wrote comes back too; then it is stored, whether or not the ack arrived."""
        if message["sender"] == "customer":
            self.witness.acknowledged(message["id"], message["entry_id"])
        if message["sender"] == "assistant":
            self.witness.replied()
        self.witness.saw(Seen(message["entry_id"], message["sender"], message["text"], message["id"]))

    def _error(self, frame: dict[str, Any]) -> None:
        if not frame["retry"]:
            self.witness.troubles.append(f"refused for good: {frame['code']}, {frame['detail']}")
        self._refused = frame["id"] or ""

    async def _mark(self) -> None:
        """Received, or read if the customer looks: all up to here. Said again on every connection."""
        if self.witness.seen:
            kind = "read" if self._random.random() < VISIBLE_SHARE else "received"
            await self._transmit(type=kind, up_to=self.witness.seen[-1].entry_id)

    async def _transmit(self, **frame: Any) -> None:
        if self._socket:
            try:
                await self._socket.send_str(json.dumps(frame))
            except CONNECTION_ERRORS:
                pass  # the reader finds that out too, and connects again
