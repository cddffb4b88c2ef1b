"""Tells every desk of this process which conversations changed, and how their rows look now.

Fifty desks that each read the list again after every message would read all day. Here what changed is collected for a
moment, read once and rendered once; every desk gets the same frame, and puts the rows where they belong in the list
that it shows. A desk that was away for a moment gets what it missed.
"""

from __future__ import annotations

import asyncio
import json
import re
import secrets
import time
from collections import deque
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import structlog
from jinja2 import Environment

from bot.logs import described
from bot.model import Conversation
from bot.store import Store
from bot.store.views import of_department
from bot.store.work import now_ms
from bot.web.desk.listing import COUNTED
from bot.web.desk.rows import Row, rows_of
from bot.web.live import Event, Live

log = structlog.get_logger()

# The first change after a quiet moment waits a little for what belongs to it; then there is a frame so often at most.
SETTLE_S = 0.05
EVERY_S = 0.2
# What changed beyond that goes into the next frame.
MAX_ROWS = 150
# A desk that is further behind, or was away for longer than what is kept, reads its list again. A full frame has some
# 300,000 characters.
MAX_BACKLOG = 100
MAX_BACKLOG_CHARS = 4_000_000
KEPT = 200
KEPT_CHARS = 4_000_000
# Open desks of one account in one process; the one that was opened first makes room.
MAX_DESKS = 20
TROUBLES_EVERY_S = 2.0
TROUBLES_AGAIN_S = 10.0
RETRY_S = 1.0
_NUMBER = re.compile(r"[0-9]{1,18}")

# These change what a list shows of a conversation; the last one only what its page shows.
_CHANGES = frozenset({"message", "turn", "owner", "mark", "state"})
_ON_PAGE_ONLY = frozenset({"state"})
# These go on as they are, at once: what a desk gets of each.
_PASSED = {
    "typing": ("conversation_id", "sender"),
    "viewing": ("conversation_id", "account_id", "name", "typing"),
    "notify": ("account_id", "why", "text", "url"),
    "notified": ("account_id",),
    "draft": ("account_id", "conversation_id", "has_draft"),
}
# Of those, what is only for the account that it names.
_PERSONAL = frozenset({"notify", "notified", "draft"})


@dataclass(frozen=True)
class Frame:
    """What goes over the wire. account_id: the only one that gets it, empty for all; number: 0 is not sent again."""

    text: str
    account_id: str = ""
    number: int = 0


@dataclass(eq=False)
class Desk:
    """One open event stream. session_id: of the browser. is_over: it is to end, with what it was given before."""

    account_id: str
    session_id: str = ""
    is_over: bool = False
    _frames: deque[Frame] = field(default_factory=deque)
    _chars: int = 0
    _ready: asyncio.Event = field(default_factory=asyncio.Event)

    def put(self, frame: Frame, if_behind: Frame) -> None:
        """Give it a frame, or in place of too many the frame `if_behind`."""
        if frame.account_id not in ("", self.account_id):
            return
        if self._frames and (len(self._frames) >= MAX_BACKLOG or self._chars + len(frame.text) > MAX_BACKLOG_CHARS):
            self.take()
            frame = if_behind
        self._frames.append(frame)
        self._chars += len(frame.text)
        self._ready.set()

    def end(self) -> None:
        self.is_over = True
        self._ready.set()

    async def next(self, timeout_s: float) -> str:
        """What there is to send, empty when that is nothing for so long."""
        try:
            await asyncio.wait_for(self._ready.wait(), timeout_s)
        except asyncio.TimeoutError:
            return ""
        return self.take()

    def take(self) -> str:
        """What there is to send now."""
        text = "".join(frame.text for frame in self._frames)
        self._frames.clear()
        self._chars = 0
        self._ready.clear()
        return text


class Board:
    """The desks of this process. troubles: why nothing can be sent for a page, read now and then."""

    def __init__(
        self, store: Store, live: Live, jinja: Environment, troubles: Callable[[], Awaitable[tuple[str, ...]]]
    ) -> None:
        self._store = store
        self._live = live
        self._jinja = jinja
        self._troubles = troubles
        # The one that was opened first comes first.
        self._desks: dict[Desk, None] = {}
        self._is_closed = False
        # So that a desk that comes back to another process, or after a restart, is not taken for one of ours.
        self._name = secrets.token_hex(4)
        self._number = 0
        self._kept: deque[Frame] = deque()
        self._kept_chars = 0
        # Conversation to whether its row changed, the one that waits longest first.
        self._changed: dict[str, bool] = {}
        self._due_s = 0.0
        self._sent_s = 0.0
        self._counts: dict[str, int] = {}
        self._told_troubles: tuple[str, ...] | None = None
        self._told_troubles_at_s = 0.0
        self._troubles_due_s = 0.0

    @contextmanager
    def open(self, account_id: str, last_id: str = "", *, session_id: str = "") -> Iterator[Desk]:
        """A desk, from now on. last_id: of the last frame that it had before; what came since is sent again.

        session_id: it ends when that browser is signed out.
        """
        desk = Desk(account_id, session_id, is_over=self._is_closed)
        # They were not followed while nobody looked.
        self._counts = {view: count for view, count in self._counts.items() if not _is_of(view, account_id)}
        for frame in () if self._is_closed else self._since(last_id):
            desk.put(frame, self._resync())
        self._make_room(account_id)
        self._desks[desk] = None
        try:
            yield desk
        finally:
            self._desks.pop(desk, None)

    def _make_room(self, account_id: str) -> None:
        """A browser that comes back leaves nothing behind, but a program that opens one after another does."""
        own = [desk for desk in self._desks if desk.account_id == account_id and not desk.is_over]
        for desk in own[: max(0, len(own) + 1 - MAX_DESKS)]:
            desk.put(Frame(_data({"type": "replaced"})), self._resync())
            desk.end()
            log.info("board.replaced", account_id=account_id, desks=MAX_DESKS)

    def close(self) -> None:
        """End all streams: a server that stops waits for what is open. The browsers come back to the next one."""
        self._is_closed = True
        for desk in self._desks:
            desk.end()

    async def run(self) -> None:
        """Pass on what happens, for ever."""
        while True:
            try:
                await self._listen()
            except Exception as exc:  # Redis is away, or one conversation can't be read: the desks read it all again
                log.error("board.failed", error=described(exc))
                self._changed.clear()
                await asyncio.sleep(RETRY_S)
                self._restart()

    async def _listen(self) -> None:
        with self._live.subscribe() as events:
            while True:
                event = await events.next(self._wait_s())
                if event is not None:
                    self._hear(event)
                if self._changed and time.monotonic() >= self._due_s:
                    await self._tell()
                if time.monotonic() >= self._troubles_due_s:
                    await self._tell_troubles()

    def _wait_s(self) -> float:
        until_s = min(self._due_s, self._troubles_due_s) if self._changed else self._troubles_due_s
        return max(0.001, until_s - time.monotonic())

    def _hear(self, event: Event) -> None:
        kind = event["type"]
        if kind == "resync":
            self._restart()
        elif kind in _CHANGES:
            self._note(event["conversation_id"], row_too=kind not in _ON_PAGE_ONLY)
        elif kind == "signed_out":
            self._sign_out(event["account_id"], event["session_id"])
        elif kind in _PASSED:
            passed = {"type": kind, **{name: event[name] for name in _PASSED[kind] if name in event}}
            self._send(self._frame(passed, event.get("account_id", "") if kind in _PERSONAL else ""))

    def _sign_out(self, account_id: str, session_id: str) -> None:
        """End what that browser has open, or without a session all of the account: it may not read on.

        It is told to read again, which shows it at once that it is signed out.
        """
        for desk in self._desks:
            if desk.account_id == account_id and session_id in ("", desk.session_id):
                desk.put(self._resync(), self._resync())
                desk.end()

    def _note(self, conversation_id: str, *, row_too: bool) -> None:
        if not self._changed:
            self._due_s = max(time.monotonic() + SETTLE_S, self._sent_s + EVERY_S)
        self._changed[conversation_id] = self._changed.get(conversation_id, False) or row_too

    async def _tell(self) -> None:
        """One frame with what changed. While nobody looks there is none."""
        part = dict(list(self._changed.items())[:MAX_ROWS])
        for conversation_id in part:
            del self._changed[conversation_id]
        self._sent_s = time.monotonic()
        self._due_s = self._sent_s + EVERY_S
        if not self._desks:
            self._restart()
            return
        read_at_ms = now_ms()
        with_row = [conversation_id for conversation_id, row_too in part.items() if row_too]
        found = await self._store.conversations.get_many(with_row)
        rows, counts = await asyncio.gather(
            self._rows(with_row, found), self._changed_counts({one.agent_id for one in found})
        )
        changes = {"ids": list(part), "rows": rows, "counts": counts, "now": read_at_ms}
        self._send(self._frame({"type": "changes", **changes}))

    async def _rows(self, conversation_ids: list[str], found: list[Conversation]) -> list[dict[str, str]]:
        """What lists show of each now; of one that is gone only its id."""
        rows = {row.conversation.id: row for row in await rows_of(self._store, found)}
        return [self._rendered(one, rows.get(one)) for one in conversation_ids]

    def _rendered(self, conversation_id: str, row: Row | None) -> dict[str, str]:
        if row is None:
            return {"id": conversation_id, "row": "", "alarm": ""}
        macros: Any = self._jinja.get_template("desk/_row.html").module
        return {"id": conversation_id, "row": macros.row_of(row), "alarm": macros.alarm_of(row) if row.alarm else ""}

    async def _changed_counts(self, agents: set[str]) -> dict[str, int]:
        """The sizes of the lists that are others than those that were told last. agents: who have what changed."""
        departments = [one.id for one in await self._store.departments.recent()]
        accounts = {desk.account_id for desk in self._desks}
        own = {f"{view}/{one}": one for view in ("held", "snoozed") for one in accounts}
        of_all = [of_department(view, one) for view in COUNTED if view != "assistant" for one in departments]
        changed = await self._recounted([*COUNTED, *of_all, *own])
        # An agent's lists of each department are many: only those of whom something came or went.
        moved = [view for view, account_id in own.items() if view in changed or account_id in agents]
        return changed | await self._recounted([of_department(view, one) for view in moved for one in departments])

    async def _recounted(self, views: list[str]) -> dict[str, int]:
        counts = await self._store.views.counts(views)
        changed = {view: count for view, count in counts.items() if self._counts.get(view) != count}
        self._counts |= changed
        return changed

    async def _tell_troubles(self) -> None:
        self._troubles_due_s = time.monotonic() + TROUBLES_EVERY_S
        troubles = await self._troubles()
        if troubles != self._told_troubles:
            self._told_troubles = troubles
            self._told_troubles_at_s = time.monotonic()
            self._send(self._frame({"type": "troubles", "troubles": troubles}))
        elif time.monotonic() - self._told_troubles_at_s > TROUBLES_AGAIN_S:
            # A page that read its list between two looks may show what was over before the second.
            self._told_troubles_at_s = time.monotonic()
            self._send(Frame(_data({"type": "troubles", "troubles": troubles})))

    def _frame(self, event: Event, account_id: str = "") -> Frame:
        """Numbered, and sent again to a desk that missed it, unless it is over in a moment."""
        data = _data(event)
        if event["type"] in ("typing", "viewing"):
            return Frame(data)
        self._number += 1
        return Frame(f"id: {self._name}-{self._number}\n{data}", account_id, self._number)

    def _resync(self) -> Frame:
        """Says to read everything again, and that what was said so far is known then."""
        return Frame(f'id: {self._name}-{self._number}\ndata: {{"type": "resync"}}\n\n')

    def _restart(self) -> None:
        """What was said so far is not enough any more, also for a desk that comes back."""
        self._number += 1
        self._kept.clear()
        self._counts.clear()
        self._kept_chars = 0
        self._send(self._resync())

    def _send(self, frame: Frame) -> None:
        if frame.number:
            self._keep(frame)
        for desk in self._desks:
            desk.put(frame, self._resync())

    def _keep(self, frame: Frame) -> None:
        self._kept.append(frame)
        self._kept_chars += len(frame.text)
        while len(self._kept) > KEPT or self._kept_chars > KEPT_CHARS:
            self._kept_chars -= len(self._kept.popleft().text)

    def _since(self, last_id: str) -> list[Frame]:
        name, _, number = last_id.partition("-")
        first_kept = self._number - len(self._kept)
        if name != self._name or not _NUMBER.fullmatch(number) or not first_kept <= int(number) <= self._number:
            return [self._resync()]
        return [frame for frame in self._kept if frame.number > int(number)]


def _is_of(view: str, account_id: str) -> bool:
    return view.split("/")[1:2] == [account_id]


def _data(event: Event) -> str:
    return f"data: {json.dumps(event, ensure_ascii=False)}\n\n"
