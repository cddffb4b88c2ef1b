"""Agents' browsers: each has the event stream open, reads again what its page would, and answers customers."""

from __future__ import annotations

import asyncio
import html
import json
import re
import time
import uuid
from dataclasses import dataclass, field
from random import Random
from typing import Any
from urllib.parse import quote

import aiohttp

from bot.store.work import now_ms

RECONNECT_S = 1.0  # as the stream's `retry` says
_OWNER = re.compile(r'data-owner="([^"]*)"')


@dataclass(frozen=True)
class Frame:
    """What changed in a moment. read_at_ms: the rows are those of then, by the machine's clock."""

    ids: frozenset[str]
    read_at_ms: int


@dataclass
class Frames:
    """All that any desk was told; desks of one web process get the same, so each is read once."""

    known: dict[str, Frame] = field(default_factory=dict)
    by_conversation: dict[str, list[str]] = field(default_factory=dict)
    waiting: set[str] = field(default_factory=set)
    sizes: list[int] = field(default_factory=list)

    def note(self, frame_id: str, data: bytes) -> None:
        if frame_id in self.known:
            return
        event: dict[str, Any] = json.loads(data)
        self.known[frame_id] = frame = Frame(frozenset(event.get("ids", ())), event.get("now", 0))
        self.sizes.append(len(data))
        for conversation_id in frame.ids:
            self.by_conversation.setdefault(conversation_id, []).append(frame_id)
        for row in event.get("rows", ()):
            owner = _OWNER.search(row["row"])
            is_waiting = owner is not None and html.unescape(owner[1]) == "queue"
            (self.waiting.add if is_waiting else self.waiting.discard)(row["id"])


@dataclass(frozen=True)
class Deed:
    """What an agent did. message_id: of the reply; empty for a claim."""

    conversation_id: str
    agent_name: str
    at_s: float
    message_id: str = ""


class Desk:
    """One agent's browser. `received`: frame to the moment that it came; `read_all`: when it read everything again."""

    def __init__(self, client: aiohttp.ClientSession, url: str, token: str, name: str, frames: Frames) -> None:
        self.name = name
        self.received: dict[str, float] = {}
        self.read_all: list[tuple[float, int]] = []
        self.deeds: list[Deed] = []
        self.troubles: list[str] = []
        self.listening = asyncio.Event()
        self._client = client
        self._url = url
        self._headers = {"cookie": f"bot_session={token}", "x-fragment": "1"}
        self._frames = frames
        self._last_id = ""
        self._open_id = ""
        self._reading: set[asyncio.Task[None]] = set()

    async def listen(self) -> None:
        """Have the stream open, for ever; it ends now and then, as it should."""
        timeout = aiohttp.ClientTimeout(total=None)
        while True:
            headers = {**self._headers, "last-event-id": self._last_id}
            try:
                async with self._client.get(f"{self._url}/desk/events", headers=headers, timeout=timeout) as response:
                    response.raise_for_status()
                    await self._read(response)
            except aiohttp.ClientError as exc:
                self.troubles.append(f"stream: {exc!r}")
            await asyncio.sleep(RECONNECT_S)

    async def work(self, random: Random, *, every_s: float) -> None:
        """Take over who waits and answer, for ever."""
        await asyncio.sleep(random.uniform(0, every_s))
        while True:
            if self._frames.waiting:
                await self._answer(random.choice(sorted(self._frames.waiting)))
            await asyncio.sleep(random.uniform(0.5, 1.5) * every_s)

    async def _read(self, response: aiohttp.ClientResponse) -> None:
        rest = b""
        async for chunk in response.content.iter_any():
            *whole, rest = (rest + chunk).split(b"\n\n")
            for text in whole:
                self._hear(text)

    def _hear(self, text: bytes) -> None:
        lines = dict(line.split(b": ", 1) for line in text.split(b"\n") if b": " in line)
        data, frame_id = lines.get(b"data", b"{}"), lines.get(b"id", b"").decode()
        self._last_id = frame_id or self._last_id
        if b'"type": "resync"' in data:
            self._later(self._read_list())
        elif frame_id:
            self.received[frame_id] = time.monotonic()
            self._frames.note(frame_id, data)
            if self._open_id in self._frames.known[frame_id].ids and not self._reading:
                self._later(self._read_conversation())

    async def _read_list(self) -> None:
        at_ms = now_ms()
        await self._get("/desk/list")
        self.read_all.append((time.monotonic(), at_ms))
        self.listening.set()

    async def _read_conversation(self) -> None:
        await self._get(f"/desk/{quote(self._open_id, safe='')}/transcript")

    async def _answer(self, conversation_id: str) -> None:
        path = f"/desk/{quote(conversation_id, safe='')}"
        await self._get(path)
        claim = Deed(conversation_id, self.name, time.monotonic())
        if await self._post(f"{path}/claim", seen_owner="queue") != 303:
            return  # a colleague was first
        self._open_id = conversation_id
        reply = Deed(conversation_id, self.name, time.monotonic(), uuid.uuid4().hex)
        await self._post(f"{path}/reply", text="Ik kijk het voor je na.", message_id=reply.message_id)
        self.deeds += [claim, reply]

    async def _get(self, path: str) -> None:
        async with self._client.get(self._url + path, headers=self._headers) as response:
            await response.read()
            if response.status != 200:
                self.troubles.append(f"GET: {response.status}")

    async def _post(self, path: str, **form: str) -> int:
        url = self._url + path
        async with self._client.post(url, data=form, headers=self._headers, allow_redirects=False) as response:
            await response.read()
            if response.status not in (303, 409):
                self.troubles.append(f"POST: {response.status}")
            return response.status

    def _later(self, work: Any) -> None:
        task = asyncio.create_task(work)
        self._reading.add(task)
        task.add_done_callback(self._reading.discard)
