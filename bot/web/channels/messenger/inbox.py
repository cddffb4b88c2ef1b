"""Gives raw events their effect: one web process at a time, the events of one customer in order."""

from __future__ import annotations

import asyncio
import time
import uuid
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field

import structlog

from bot.errors import StoreUnavailable
from bot.logs import described
from bot.store.inbound import Inbound, RawEvent
from bot.web.channels.messenger.events import CommentChanged, Event
from bot.web.channels.messenger.parsing import Odd
from bot.web.operations.metrics import Metrics

log = structlog.get_logger()

PAUSE_S = 1.0
BLOCK_MS = 500
READ = 500
MAX_IN_HAND = 5_000


@dataclass(frozen=True)
class Pace:
    """How the inbox takes its time. Tests change it.

    lease_s: after so long without a sign of the leader another process leads. late_after_s: an event that came so long
    after it happened was sent again after a failure; others may follow. hold_s: so long they wait for each other, and
    max_hold_s at most. retries_s: waits after an effect failed. effect_s: longest time for one effect. at_a_time:
    customers whose events have their effects at the same time.
    """

    lease_s: float = 5.0
    late_after_s: float = 10.0
    hold_s: float = 2.0
    max_hold_s: float = 20.0
    retries_s: tuple[float, ...] = (0.5, 2.0, 8.0)
    effect_s: float = 60.0
    at_a_time: int = 32


class Inbox:
    """Every web process runs one; one of them leads. Another leads when that one is gone for a lease."""

    def __init__(
        self,
        inbound: Inbound,
        parse: Callable[[RawEvent], list[Event]],
        give: Callable[[Event], Awaitable[None]],
        metrics: Metrics,
        *,
        ahead_s: Callable[[], int] = lambda: 0,
        pace: Pace | None = None,
    ) -> None:
        """parse: raises Odd. give: gives an event its effect, and may be called again for the same one.

        ahead_s: how far our clock is ahead of the platform's.
        """
        self._inbound = inbound
        self._parse = parse
        self._give = give
        self._metrics = metrics
        self._ahead_s = ahead_s
        self._pace = pace or Pace()
        self._name = uuid.uuid4().hex
        self._shift = self._new_shift()

    async def run(self) -> None:
        """For ever: lead, or wait for the moment that nobody does. Cancel it, then `close`."""
        while True:
            try:
                await self._lead()
            except StoreUnavailable as exc:
                log.warning("inbox.paused", reason=str(exc))
            except Exception as exc:  # a mistake of ours must not end it: events would wait for ever
                log.error("inbox.failed", error=described(exc))
            await self._shift.end()
            await asyncio.sleep(min(PAUSE_S, self._pace.lease_s / 5))

    async def close(self) -> None:
        """End what is in hand, so that another process leads at once.

        Not at the end of `run`: when Sanic cancels its tasks, its loop turns once more and no further.
        """
        await self._shift.end()
        with suppress(StoreUnavailable):
            await self._inbound.resign(self._name)

    async def _lead(self) -> None:
        """As long as this process is the leader."""
        self._shift = self._new_shift()
        while await self._inbound.lead(self._name, int(self._pace.lease_s * 1000)):
            await self._shift.go_on()

    def _new_shift(self) -> Shift:
        return Shift(self._inbound, self._parse, self._give, self._metrics, self._ahead_s, self._pace)


@dataclass(frozen=True)
class _Waiting:
    """A raw event with what it says."""

    raw: RawEvent
    events: list[Event]

    @property
    def at_ms(self) -> int:
        """When it happened; without a time, when it came."""
        return self.events[0].where.at_ms or self.raw.received_at_ms


@dataclass
class _Lane:
    """The events of one customer. until_s: they wait till then for others that come late (steady clock)."""

    waiting: list[_Waiting] = field(default_factory=list)
    until_s: float = 0.0
    latest_s: float = 0.0
    is_mixed: bool = False
    task: asyncio.Task[None] | None = None


class Shift:
    """One time of leading. What it has in hand is still in the store, so that it may end at any moment."""

    def __init__(
        self,
        inbound: Inbound,
        parse: Callable[[RawEvent], list[Event]],
        give: Callable[[Event], Awaitable[None]],
        metrics: Metrics,
        ahead_s: Callable[[], int],
        pace: Pace,
    ) -> None:
        self._inbound = inbound
        self._parse = parse
        self._give = give
        self._metrics = metrics
        self._ahead_s = ahead_s
        self._pace = pace
        self._lanes: dict[str, _Lane] = {}
        self._slots = asyncio.Semaphore(pace.at_a_time)
        self._in_hand = 0
        self._read_until = ""
        self._trouble: BaseException | None = None

    async def go_on(self) -> None:
        """Take in what is new, and wait a moment for more. Raises StoreUnavailable, also of the work in hand."""
        if self._trouble:
            raise self._trouble
        if self._in_hand == 0:
            self._read_until = ""  # after a fail-over the new primary may count on from an earlier place
        found = await self._inbound.waiting(READ, after=self._read_until) if self._in_hand < MAX_IN_HAND else []
        for raw in found:
            self._read_until = raw.entry_id
            await self._take(raw)
        if self._in_hand >= MAX_IN_HAND:
            await asyncio.sleep(BLOCK_MS / 1000)
        elif not found:
            await self._inbound.wait(self._read_until or "0-0", BLOCK_MS)

    async def end(self) -> None:
        tasks = [lane.task for lane in self._lanes.values() if lane.task]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _take(self, raw: RawEvent) -> None:
        try:
            events = self._parse(raw)
        except Odd as odd:
            await self._set_aside(raw, str(odd), kind="odd")
            return
        except Exception as exc:
            log.error("inbox.unread", error=described(exc))
            await self._set_aside(raw, f"not read: {type(exc).__name__}", kind="failed")
            return
        if events:
            self._line_up(_Waiting(raw, events))
        else:
            await self._inbound.done([raw.entry_id])
            self._count("ignored")

    def _line_up(self, waiting: _Waiting) -> None:
        key = _customer_of(waiting.events[0])
        lane = self._lanes.setdefault(key, _Lane())
        lane.waiting.append(waiting)
        self._in_hand += 1
        late_ms = waiting.raw.received_at_ms - self._ahead_s() * 1000 - waiting.at_ms
        if late_ms > self._pace.late_after_s * 1000:
            now_s = time.monotonic()
            if not lane.is_mixed:
                lane.is_mixed, lane.latest_s = True, now_s + self._pace.max_hold_s
            lane.until_s = min(now_s + self._pace.hold_s, lane.latest_s)
        if lane.task is None:
            lane.task = asyncio.create_task(self._serve(key, lane))

    async def _serve(self, key: str, lane: _Lane) -> None:
        """All of one customer's events, until there are no more."""
        try:
            while lane.waiting:
                while (left_s := lane.until_s - time.monotonic()) > 0:
                    await asyncio.sleep(left_s)
                batch, lane.waiting = lane.waiting, []
                if lane.is_mixed:
                    batch.sort(key=lambda waiting: waiting.at_ms)  # stable: those of one moment stay as they came
                    lane.is_mixed = False
                for waiting in batch:
                    await self._handle(waiting)
            del self._lanes[key]
        except StoreUnavailable as exc:
            self._trouble = exc
        except Exception as exc:
            log.error("inbox.failed", error=described(exc))
            self._trouble = exc

    async def _handle(self, waiting: _Waiting) -> None:
        """Give one raw event its effect, however often it takes; one that fails for good is set aside."""
        problem = ""
        for wait_s in (*self._pace.retries_s, None):
            try:
                async with self._slots:
                    await asyncio.wait_for(self._give_all(waiting.events), self._pace.effect_s)
                await self._inbound.done([waiting.raw.entry_id])
                self._in_hand -= 1
                return
            except StoreUnavailable:
                raise
            except Exception as exc:
                problem = f"failed: {type(exc).__name__}"
                kind = _kind(waiting.events[0])
                log.error("inbox.effect_failed", kind=kind, error=described(exc), again_in_s=wait_s)
            if wait_s is not None:
                await asyncio.sleep(wait_s)
        await self._set_aside(waiting.raw, problem, kind="failed")
        self._in_hand -= 1

    async def _give_all(self, events: list[Event]) -> None:
        for event in events:
            await self._give(event)
            self._count(_kind(event))

    async def _set_aside(self, raw: RawEvent, reason: str, *, kind: str) -> None:
        await self._inbound.set_aside(raw, reason)
        self._count(kind)
        log.info("inbox.set_aside", reason=reason, array=raw.array)

    def _count(self, kind: str) -> None:
        self._metrics.platform_events.labels(kind).inc()


def _customer_of(event: Event) -> str:
    """Events with the same word here have their effects one after the other."""
    if isinstance(event, CommentChanged):
        return f"comment {event.comment_id}"
    return event.where.conversation_id


def _kind(event: Event) -> str:
    return type(event).__name__.lower()
