"""A week of the roster, in the company's time zone, and what nobody has duty in yet."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta, timezone
from uuid import uuid4
from zoneinfo import ZoneInfo

from bot.opening_hours import DAY_NAMES, OpeningHours, clock
from bot.store.duty import Shift

# When customers write; nobody is asked to stay up at night.
PARTS = (("overdag", time(9), time(18)), ("avond", time(18), time(23)))
# Less than this between two shifts is no gap.
LEAST_GAP = timedelta(minutes=15)
DAYS_AHEAD = 7

Span = tuple[datetime, datetime]


@dataclass(frozen=True)
class Week:
    """A week from Monday on."""

    monday: date
    zone: ZoneInfo

    @classmethod
    def of(cls, text: str, zone: ZoneInfo, now: datetime) -> Week:
        """That of an ISO week such as 2026-W48; for anything else the week of `now`."""
        match = re.fullmatch(r"(\d{4})-W(\d{2})", text)
        try:
            monday = date.fromisocalendar(int(match[1]), int(match[2]), 1) if match else None
            if monday and 2000 < monday.year < 2200:
                return cls(monday, zone)
        except ValueError:
            pass
        today = now.astimezone(zone).date()
        return cls(today - timedelta(days=today.weekday()), zone)

    @property
    def name(self) -> str:
        """As `of` reads it."""
        year, week, _ = self.monday.isocalendar()
        return f"{year}-W{week:02d}"

    @property
    def number(self) -> int:
        return self.monday.isocalendar().week

    @property
    def days(self) -> list[date]:
        return [self.monday + timedelta(days=day) for day in range(7)]

    @property
    def next(self) -> Week:
        return Week(self.monday + timedelta(days=7), self.zone)

    @property
    def previous(self) -> Week:
        return Week(self.monday - timedelta(days=7), self.zone)

    @property
    def from_ms(self) -> int:
        return to_ms(self.monday, time(0), self.zone)

    @property
    def until_ms(self) -> int:
        return self.next.from_ms


def to_ms(day: date, at: time, zone: ZoneInfo) -> int:
    """The moment at which the clock of the company shows that."""
    return int(datetime.combine(day, at, zone).timestamp() * 1000)


def shift_on(account_id: str, department: str, day: date, begins: time, ends: time, zone: ZoneInfo) -> Shift:
    """From `begins` on that day until `ends`, the next day if that is not later."""
    last_day = day if ends > begins else day + timedelta(days=1)
    return Shift(account_id, to_ms(day, begins, zone), to_ms(last_day, ends, zone), department)


def weeks_later(shift: Shift, weeks: int, zone: ZoneInfo) -> Shift:
    """The same by the clock, so many weeks later."""
    begins, ends = (datetime.fromtimestamp(ms / 1000, zone) for ms in (shift.from_ms, shift.until_ms))
    later = timedelta(days=7 * weeks)
    return replace(
        shift,
        from_ms=to_ms(begins.date() + later, begins.time(), zone),
        until_ms=to_ms(ends.date() + later, ends.time(), zone),
        id=uuid4().hex,
    )


def gaps(shifts: Sequence[Shift], hours: Sequence[OpeningHours], now: datetime, zone: ZoneInfo) -> list[str]:
    """Dutch sentences: in the coming week, the days and evenings outside opening hours that nobody has duty in."""
    today, found = now.astimezone(zone).date(), []
    on_duty = [_span(shift) for shift in shifts]
    for ahead in range(DAYS_AHEAD):
        day = today + timedelta(days=ahead)
        covered = [*on_duty, *_open(day, hours, zone)]
        for name, begins, ends in PARTS:
            whole = (_at(day, begins, zone), _at(day, ends, zone))
            left = without((max(whole[0], now), whole[1]), covered)
            left = [span for span in left if span[1] - span[0] >= LEAST_GAP]
            if left:
                found.append(_sentence(day, today, name, whole, left, zone))
    return found


def without(span: Span, taken: Iterable[Span]) -> list[Span]:
    """What is left of a span, in pieces, the earliest first."""
    left = [span] if span[0] < span[1] else []
    for begins, ends in taken:
        pieces = []
        for start, end in left:
            pieces += [(start, min(end, begins)), (max(start, ends), end)]
        left = [piece for piece in pieces if piece[0] < piece[1]]
    return left


def _open(day: date, hours: Sequence[OpeningHours], zone: ZoneInfo) -> list[Span]:
    spans = [one.hours_on(day) for one in hours]
    return [(_at(day, span[0], zone), _at(day, span[1], zone)) for span in spans if span]


def _span(shift: Shift) -> Span:
    return tuple(datetime.fromtimestamp(ms / 1000, timezone.utc) for ms in (shift.from_ms, shift.until_ms))  # type: ignore[return-value]


def _at(day: date, at: time, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, at, zone).astimezone(timezone.utc)


def _sentence(day: date, today: date, part: str, whole: Span, left: list[Span], zone: ZoneInfo) -> str:
    if part == "avond":
        when = "Vanavond" if day == today else f"{DAY_NAMES[day.weekday()].capitalize()}avond"
    else:
        when = "Vandaag overdag" if day == today else f"{DAY_NAMES[day.weekday()].capitalize()} overdag"
    if left == [whole]:
        return f"{when} heeft nog niemand dienst."
    times = " en ".join(f"van {clock(a.astimezone(zone))} tot {clock(b.astimezone(zone))}" for a, b in left)
    return f"{when} heeft {times} uur nog niemand dienst."
