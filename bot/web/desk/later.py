"""Until when an agent can put a conversation aside: a few quick choices, or a date and time of their own."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from bot.errors import InvalidMessage
from bot.opening_hours import clock
from bot.web.handling import MAX_SNOOZE_DAYS

MORNING, AFTERNOON = time(9), time(14)
# With less than this to go, "this afternoon" is no choice: "in an hour" is.
_SOON = timedelta(minutes=90)


@dataclass(frozen=True)
class Choice:
    """value: what the form sends. title: in Dutch."""

    value: str
    title: str
    until: datetime


def choices(now: datetime) -> tuple[Choice, ...]:
    """The quick ones. now: in the company's time zone."""
    in_an_hour = _minute(now) + timedelta(hours=1)
    afternoon = datetime.combine(now.date(), AFTERNOON, now.tzinfo)
    tomorrow = datetime.combine(now.date() + timedelta(days=1), MORNING, now.tzinfo)
    monday = _next_monday(now)
    found = [Choice("hour", f"Over een uur ({clock(in_an_hour)})", in_an_hour)]
    if afternoon - now > _SOON:
        found.append(Choice("afternoon", f"Vanmiddag {clock(afternoon)}", afternoon))
    found.append(Choice("tomorrow", f"Morgenochtend {clock(tomorrow)}", tomorrow))
    if monday != tomorrow:
        found.append(Choice("monday", f"Maandag {clock(monday)}", monday))
    return tuple(found)


def until_ms(value: str, now: datetime) -> int:
    """The moment of a choice, or of a local date and time such as `2026-12-24T09:00`. now: in the company's time zone.

    "monday" and "afternoon" count also when they are no choice any more, since the page was opened earlier.
    Raises InvalidMessage for anything else.
    """
    for one in choices(now):
        if value == one.value:
            return _ms(one.until)
    if value == "monday":
        return _ms(_next_monday(now))
    if value == "afternoon":
        return _ms(datetime.combine(now.date(), AFTERNOON, now.tzinfo))
    try:
        local = datetime.fromisoformat(value)
    except ValueError as exc:
        raise InvalidMessage("until: expected a choice, or a local time such as 2026-12-24T09:00") from exc
    if local.tzinfo is not None or len(value) < len("2026-12-24T09:00"):
        raise InvalidMessage("until: expected a local date and time, without a time zone")
    return _ms(local.replace(tzinfo=now.tzinfo))


def check(until_ms: int, now: datetime) -> None:
    """Raises InvalidMessage for a time that is past, or further than a conversation can be put aside."""
    if not 0 < until_ms - _ms(now) <= MAX_SNOOZE_DAYS * 86_400_000:
        raise InvalidMessage(f"until: expected a time in the coming {MAX_SNOOZE_DAYS} days")


def now_in(timezone: str) -> datetime:
    return datetime.now(ZoneInfo(timezone))


def _minute(at: datetime) -> datetime:
    return at.replace(second=0, microsecond=0)


def _ms(at: datetime) -> int:
    return int(at.timestamp() * 1000)


def _next_monday(now: datetime) -> datetime:
    """Its morning; on a Monday that of a week later."""
    return datetime.combine(now.date() + timedelta(days=7 - now.weekday()), MORNING, now.tzinfo)
