"""Passes events from Redis on to whoever in this process waits for them: sockets, event streams, REST requests."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import msgspec
import structlog

from bot.logs import described
from bot.model import Message
from bot.store.events import RESYNC, Events

log = structlog.get_logger()

# A reader that is further behind than this is told to read the log instead.
MAX_BACKLOG = 500

Event = dict[str, Any]


def event_messages(event: Event) -> list[Message]:
    """The messages that an event brings, as stored."""
    found = [(item["entry_id"], msgspec.convert(item["message"], Message)) for item in event.get("messages", ())]
    return [replace(message, entry_id=entry_id) for entry_id, message in found]


class Subscription:
    """The events of one conversation, or of all, in order."""

    def __init__(self) -> None:
        self._queue: asyncio.Queue[Event] = asyncio.Queue()

    def put(self, event: Event) -> None:
        if self._queue.qsize() >= MAX_BACKLOG:
            while not self._queue.empty():
                self._queue.get_nowait()
            event = RESYNC
        self._queue.put_nowait(event)

    async def next(self, timeout_s: float | None = None) -> Event | None:
        """The next event, or None after `timeout_s` without one."""
        try:
            return await asyncio.wait_for(self._queue.get(), timeout_s)
        except asyncio.TimeoutError:
            return None


class Live:
    """One listener on Redis for all subscriptions of this process."""

    def __init__(self, events: Events) -> None:
        self._events = events
        self._all: set[Subscription] = set()
        self._by_conversation: defaultdict[str, set[Subscription]] = defaultdict(set)

    async def run(self) -> None:
        """Pass events on, for ever."""
        while True:
            try:
                async for event in self._events.listen():
                    self._pass_on(event)
            except Exception as exc:  # one event that can't be read must not make every page deaf
                log.error("live.failed", error=described(exc))
                await asyncio.sleep(1.0)

    @contextmanager
    def subscribe(self, conversation_id: str | None = None) -> Iterator[Subscription]:
        """The events from now on: of one conversation, or of all when no id is given."""
        subscription = Subscription()
        group = self._all if conversation_id is None else self._by_conversation[conversation_id]
        group.add(subscription)
        try:
            yield subscription
        finally:
            group.discard(subscription)
            if conversation_id is not None and not group:
                self._by_conversation.pop(conversation_id, None)

    def tell_conversations(self, event: Event) -> None:
        """What every reader of a single conversation in this process has to know."""
        for reader in [reader for group in self._by_conversation.values() for reader in group]:
            reader.put(event)

    def _pass_on(self, event: Event) -> None:
        readers = list(self._all)
        if event["type"] == RESYNC["type"]:
            self.tell_conversations(event)
        else:
            readers += self._by_conversation.get(event.get("conversation_id", ""), ())
        for reader in readers:
            reader.put(event)
