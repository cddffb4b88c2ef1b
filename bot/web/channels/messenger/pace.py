"""How fast we may send for a page, as the headers of Meta's answers say."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import msgspec
import structlog

from bot.store.pages import PageStore
from bot.store.work import now_ms
from bot.web.channels.messenger.config import Page

log = structlog.get_logger()

SLOW_FROM_PERCENT = 90
FULL_PERCENT = 100
MINUTE_MS = 60_000
# Limits count over a day: a header that asks for more is not believed.
MAX_PAUSE_MINUTES = 24 * 60
_PERCENTS = ("call_count", "total_time", "total_cputime")


@dataclass(frozen=True)
class Usage:
    """percent: of what the page or the app may use. minutes: until more is allowed, 0 if nothing is said about that."""

    percent: float = 0.0
    minutes: float = 0.0


def usage_of(headers: Mapping[str, str]) -> Usage:
    """The worst of what an answer says; nothing that it says can be wrong enough to raise."""
    known = {name.lower(): value for name, value in headers.items()}
    records = [_decoded(known.get("x-app-usage", ""))]
    for of_object in _decoded(known.get("x-business-use-case-usage", "")).values():
        records += [record for record in of_object if isinstance(record, dict)] if isinstance(of_object, list) else []
    percents = [number for record in records for number in _numbers(record, _PERCENTS)]
    minutes = [number for record in records for number in _numbers(record, ("estimated_time_to_regain_access",))]
    return Usage(max(percents, default=0.0), min(max(minutes, default=0.0), MAX_PAUSE_MINUTES))


def _decoded(header: str) -> dict[str, Any]:
    try:
        return msgspec.json.decode(header, type=dict[str, Any])
    except (msgspec.DecodeError, UnicodeError):
        return {}


def _numbers(record: Mapping[str, Any], names: tuple[str, ...]) -> Iterator[float]:
    for name in names:
        value = record.get(name)
        if isinstance(value, int | float) and 0 <= value < float("inf"):
            yield float(value)


class Pace:
    """Pauses pages, for all processes."""

    def __init__(
        self,
        pages: PageStore,
        *,
        slow_down_ms: int = 1_000,
        first_pause_ms: int = MINUTE_MS,
        clock: Callable[[], int] = now_ms,
    ) -> None:
        """slow_down_ms: a pause for each percent from 90 on. first_pause_ms: if nothing is said; then twice that."""
        self._pages = pages
        self._now_ms = clock
        self._slow_down_ms = slow_down_ms
        self._first_pause_ms = first_pause_ms
        self._limits_reached: Counter[str] = Counter()
        self._until_ms: dict[str, int] = {}

    async def heed(self, page: Page, headers: Mapping[str, str]) -> None:
        """Of any answer: slow down before the limit, stop at it."""
        usage = usage_of(headers)
        if usage.percent >= FULL_PERCENT or usage.minutes:
            await self.limit_reached(page, headers)
        elif usage.percent >= SLOW_FROM_PERCENT:
            await self.slow_down(page, steps=int(usage.percent) - SLOW_FROM_PERCENT + 1)
        else:
            self._limits_reached.pop(page.id, None)

    async def limit_reached(self, page: Page, headers: Mapping[str, str]) -> None:
        """Further calls would lengthen the block."""
        until_ms = self._now_ms() + (int(usage_of(headers).minutes * MINUTE_MS) or self._guess_ms(page))
        if until_ms > self._until_ms.get(page.id, 0):
            self._until_ms[page.id] = until_ms
            log.warning("page.paused", page_id=page.id, seconds=round((until_ms - self._now_ms()) / 1000))
        await self._pages.pause(page.id, until_ms)

    def _guess_ms(self, page: Page) -> int:
        """Twice as long each time; what comes while the page is paused was sent before, and is the same time."""
        left_ms = self._until_ms.get(page.id, 0) - self._now_ms()
        if left_ms > 0:
            return left_ms
        times = self._limits_reached[page.id]
        self._limits_reached[page.id] += 1
        return min(self._first_pause_ms * 2 ** min(times, 20), MAX_PAUSE_MINUTES * MINUTE_MS)

    async def slow_down(self, page: Page, *, steps: int = 1) -> None:
        await self._pages.pause(page.id, self._now_ms() + steps * self._slow_down_ms)
