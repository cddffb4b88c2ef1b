"""Keeps this process's search index as Redis is: whole at first, then by events, and by comparing what was missed."""

from __future__ import annotations

import asyncio
import hashlib
import sqlite3
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import structlog

from bot.errors import StoreUnavailable
from bot.logs import described
from bot.personal_data import masked
from bot.store import Store
from bot.store.contents import Content, Seen
from bot.web.live import Live
from bot.web.search.index import Document, Found, Query, Row, SearchIndex, SearchUnavailable

log = structlog.get_logger()

# What happens is in the index about so much later.
EVERY_S = 1.0
# What came without an event, and what has expired.
COMPARE_EVERY_S = 3600.0
RETRY_S = 30.0
# Conversations that are read and written at once: more would keep other work of the process waiting.
AT_ONCE = 40
_KINDS = frozenset({"message", "turn", "owner", "mark"})
Result = TypeVar("Result")


class Search:
    """Every web process has one, with a file of its own. Nothing of it runs in the event loop but reading Redis."""

    def __init__(self, store: Store, live: Live, folder: Path, *, prefix: str) -> None:
        self._store = store
        self._live = live
        self._folder = folder
        self._prefix = prefix
        self._index: SearchIndex | None = None
        self._writing = ThreadPoolExecutor(1, "search-write")
        self._reading = ThreadPoolExecutor(2, "search-read")
        self._changed: dict[str, None] = {}
        self._compare_at_s = 0.0
        self._total = self._missing = 0
        # Why it does not work, for the engineer.
        self.problem = ""

    @property
    def percent(self) -> int:
        """How much is in the index, 100 when all is."""
        return 100 - -(-100 * self._missing // self._total) if self._missing else 100

    async def ask(self, query: Query, *, offset: int = 0, limit: int = 20) -> Found:
        """Raises SearchUnavailable, TooBroad."""
        index = self._index
        if index is None:
            raise SearchUnavailable(self.problem or "not open yet")
        ask = partial(index.ask, query, offset=offset, limit=limit)
        return await asyncio.get_running_loop().run_in_executor(self._reading, ask)

    def health(self) -> dict[str, Any]:
        """For /health/ready: an index that is being built is well."""
        if self.problem:
            return {"ok": False, "reason": self.problem}
        if self._index is None:
            return {"ok": True, "reason": "the index is being opened"}
        full = self.percent == 100
        return {"ok": True, "reason": "finds every conversation" if full else f"is being built ({self.percent}%)"}

    async def run(self) -> None:
        """For ever."""
        listening = asyncio.create_task(self._listen())
        try:
            while True:
                await asyncio.sleep(await self._step())
        finally:
            listening.cancel()

    async def close(self) -> None:
        """Another process may have the file."""
        index, self._index = self._index, None
        self._reading.shutdown(wait=True, cancel_futures=True)
        self._writing.shutdown(wait=True, cancel_futures=True)
        if index:
            with suppress(sqlite3.Error):
                index.close()

    async def _listen(self) -> None:
        with self._live.subscribe() as events:
            while True:
                event = await events.next()
                if event and event["type"] == "resync":
                    self._compare_at_s = 0.0
                elif event and event["type"] in _KINDS:
                    self._changed[event["conversation_id"]] = None

    async def _step(self) -> float:
        """Do what there is to do; returns after how many seconds to look again."""
        try:
            await self._work()
            self.problem = ""
            return EVERY_S
        except StoreUnavailable:
            self._compare_at_s = 0.0  # what was in hand is done again
            return EVERY_S
        except (SearchUnavailable, sqlite3.OperationalError) as exc:
            if self.problem != str(exc):
                log.error("search.off", reason=str(exc))
            self.problem = str(exc)
        except sqlite3.DatabaseError as exc:
            log.error("search.damaged", error=described(exc))
            self.problem = "the search index was damaged and is made anew"
            await self._discard()
        except Exception as exc:
            log.error("search.failed", error=described(exc))
            self.problem = "the search index could not be kept up to date"
        self._compare_at_s = 0.0  # which finds all that changed in the meantime
        self._changed.clear()
        return RETRY_S if self._index else EVERY_S * 5

    async def _work(self) -> None:
        if self._index is None:
            source = hashlib.sha256(await self._store.secret() + self._prefix.encode()).hexdigest()
            self._index = await self._in_thread(lambda: SearchIndex(self._folder, source))
        if time.monotonic() >= self._compare_at_s:
            await self._compare(self._index)
        changed = list(self._changed)
        self._changed.clear()
        await self._refresh(self._index, changed)

    async def _compare(self, index: SearchIndex) -> None:
        """Read again what is not as the index has it, and take out what is gone."""
        next_at_s = self._compare_at_s = time.monotonic() + COMPARE_EVERY_S
        self._total = self._missing = 0
        known = await self._in_thread(index.known)
        missed, is_new = [], not known
        async for stamps in self._store.contents.stamps():
            missed += [one for one, stamp in stamps.items() if known.pop(one, None) != stamp]
            self._total += len(stamps)
        self._total, self._missing = max(1, self._total), len(missed)
        began_at_s = time.monotonic()
        await self._refresh(index, missed)
        await self._in_thread(lambda: index.remove(list(known)))
        if missed or known:
            took_ms = int((time.monotonic() - began_at_s) * 1000)
            log.info("search.caught_up", conversations=len(missed), removed=len(known), is_new=is_new, took_ms=took_ms)
        self._total = self._missing = 0
        self._compare_at_s = min(self._compare_at_s, next_at_s)

    async def _refresh(self, index: SearchIndex, ids: Sequence[str]) -> None:
        for at in range(0, len(ids), AT_ONCE):
            await self._read(index, ids[at : at + AT_ONCE])
            self._missing = max(0, self._missing - AT_ONCE)

    async def _read(self, index: SearchIndex, ids: Sequence[str]) -> None:
        """Bring some conversations up to date; long ones take more than one turn."""
        while ids:
            seen = await self._in_thread(lambda ids=ids: index.seen(ids))  # type: ignore[misc]
            wanted = [Seen(one, seen[one].after, seen[one].marks) if one in seen else Seen(one) for one in ids]
            contents = await self._store.contents.read(wanted)
            await self._in_thread(lambda contents=contents: index.write(map(_document, contents)))  # type: ignore[misc]
            ids = [one.conversation.id for one in contents if one.has_more]

    async def _discard(self) -> None:
        index, self._index = self._index, None
        if index:
            with suppress(sqlite3.Error):
                await self._in_thread(index.discard)

    async def _in_thread(self, work: Callable[[], Result]) -> Result:
        return await asyncio.get_running_loop().run_in_executor(self._writing, work)


def _document(content: Content) -> Document:
    """Personal data that nobody searches for stays in the message log."""
    conversation = content.conversation
    return Document(
        id=conversation.id,
        stamp=content.stamp,
        marks=content.marks,
        begun_ms=conversation.created_at_ms,
        last_ms=conversation.last_at_ms,
        channel=conversation.channel,
        departments=content.departments,
        agents=content.agents,
        labels=frozenset(label.casefold() for label in conversation.labels),
        about=_about(content),
        rows=[Row(one.entry_id, one.sender, masked(one.text)) for one in content.words],
        is_whole=content.is_whole,
    )


def _about(content: Content) -> str:
    """Who the customer is, and what the team noted about them."""
    conversation, person = content.conversation, content.person
    said = [conversation.customer_name, conversation.customer_email, *conversation.labels]
    if person:
        said += [person.name, *person.lists, *(note.text for note in person.notes)]
    said += [conversation.identity, conversation.customer_id, conversation.id]
    return masked(" · ".join(dict.fromkeys(filter(None, said))))
