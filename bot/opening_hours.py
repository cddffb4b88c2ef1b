"""When live agents answer, and how a customer reads that."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, timezone
from functools import lru_cache
from zoneinfo import ZoneInfo

import holidays

from bot.errors import ConfigError

DAYS = ("ma", "di", "wo", "do", "vr", "za", "zo")
DAY_NAMES = ("maandag", "dinsdag", "woensdag", "donderdag", "vrijdag", "zaterdag", "zondag")
MONTHS = (
    "januari",
    "februari",
    "maart",
    "april",
    "mei",
    "juni",
    "juli",
    "augustus",
    "september",
    "oktober",
    "november",
    "december",
)
_PART = re.compile(
    rf"(?P<first>{'|'.join(DAYS)})(?:\s*-\s*(?P<last>{'|'.join(DAYS)}))?\s+"
    r"(?P<open>\d{1,2}[:.]\d\d)\s*-\s*(?P<close>\d{1,2}[:.]\d\d)"
)
# Longest closed period that is looked through for the next opening.
HORIZON_DAYS = 60


@dataclass(frozen=True)
class OpeningHours:
    """Opening and closing time per weekday (0 is Monday), in the company's time zone, and the days closed."""

    week: dict[int, tuple[time, time]]
    timezone: ZoneInfo
    country: str = ""
    closed_days: frozenset[date] = frozenset()

    @classmethod
    def parse(cls, text: str, *, timezone: str, country: str = "", closed_days: Iterable[str] = ()) -> OpeningHours:
        """Read `ma-vr 9:00-21:00, za 9:00-17:00`; closed_days: ISO dates besides the country's holidays.

        Raises ConfigError for anything else, or an unknown country.
        """
        week: dict[int, tuple[time, time]] = {}
        for part in text.split(","):
            match = _PART.fullmatch(part.strip().lower())
            if not match:
                raise ConfigError(f"BOT_OPENING_HOURS has {part.strip()!r}, expected for example 'ma-vr 9:00-21:00'")
            first = DAYS.index(match["first"])
            last = DAYS.index(match["last"]) if match["last"] else first
            hours = (_time(match["open"]), _time(match["close"]))
            if first > last or hours[0] >= hours[1]:
                raise ConfigError(f"BOT_OPENING_HOURS has {part.strip()!r}, expected earlier before later")
            week.update(dict.fromkeys(range(first, last + 1), hours))
        if country and country not in holidays.list_supported_countries():
            raise ConfigError(f"BOT_HOLIDAYS is {country!r}, expected a country code such as NL, or nothing")
        return cls(week, ZoneInfo(timezone), country, frozenset(_date(day) for day in closed_days))

    def hours_on(self, day: date) -> tuple[time, time] | None:
        """Opening and closing time on a day, None when closed."""
        if day in self.closed_days or (self.country and day in _holidays_of(self.country, day.year)):
            return None
        return self.week.get(day.weekday())

    def is_open(self, at: datetime) -> bool:
        """`at` is a moment with a time zone."""
        local = at.astimezone(self.timezone)
        hours = self.hours_on(local.date())
        return hours is not None and hours[0] <= local.time() < hours[1]

    def next_opening(self, at: datetime) -> datetime | None:
        """The first opening after `at`, None if there is none in the coming two months."""
        local = at.astimezone(self.timezone)
        for ahead in range(HORIZON_DAYS):
            day = local.date() + timedelta(days=ahead)
            hours = self.hours_on(day)
            if hours is None:
                continue
            opening = datetime.combine(day, hours[0], self.timezone)
            if opening > local:
                return opening
        return None

    def after(self, at: datetime, minutes: float) -> datetime | None:
        """The moment that is so many minutes of opening time behind `at`, in UTC.

        None if there are not enough in the coming two months.
        """
        left = timedelta(minutes=minutes)
        now = at.astimezone(timezone.utc)
        for ahead in range(HORIZON_DAYS):
            day = at.astimezone(self.timezone).date() + timedelta(days=ahead)
            hours = self.hours_on(day)
            if hours is None:
                continue
            # In UTC, so that the night on which the clocks change counts its real minutes.
            opens, closes = (datetime.combine(day, one, self.timezone).astimezone(timezone.utc) for one in hours)
            start = max(opens, now)
            if start < closes and left <= closes - start:
                return start + left
            if start < closes:
                left -= closes - start
        return None

    def when_answered(self, at: datetime, reply_minutes: int) -> str:
        """A Dutch sentence that says when a customer who writes `at` gets an answer from a human.

        reply_minutes: of opening time; 0 promises nothing.
        """
        if self.is_open(at):
            return self._when_answered_in_time(at, reply_minutes)
        opening = self.next_opening(at)
        if opening is None:
            return "Je krijgt antwoord zodra we weer open zijn."
        day = _day_phrase(at.astimezone(self.timezone).date(), opening)
        return f"Je krijgt {day} vanaf {clock(opening)} uur antwoord."

    def _when_answered_in_time(self, at: datetime, reply_minutes: int) -> str:
        due = self.after(at, reply_minutes) if reply_minutes else None
        if due is None:
            return "Je krijgt zo snel mogelijk antwoord."
        today, due = at.astimezone(self.timezone).date(), due.astimezone(self.timezone)
        if due.date() == today:
            return f"Je krijgt meestal binnen {_minutes(reply_minutes)} antwoord."
        return f"Je krijgt uiterlijk {_day_phrase(today, due)} om {clock(due)} uur antwoord."

    def today(self, at: datetime) -> str:
        """The opening hours of the day of `at`, as in `vandaag van 9.00 tot 21.00 uur`."""
        hours = self.hours_on(at.astimezone(self.timezone).date())
        return f"vandaag van {clock(hours[0])} tot {clock(hours[1])} uur" if hours else "vandaag gesloten"


@lru_cache
def _holidays_of(country: str, year: int) -> frozenset[date]:
    """Kept: the library works a calendar out anew each time, for milliseconds of every turn."""
    return frozenset(holidays.country_holidays(country, years=year))


def clock(at: time | datetime) -> str:
    """Dutch notation: 9.00."""
    return f"{at.hour}.{at.minute:02d}"


def _minutes(minutes: int) -> str:
    """In Dutch, from two hours on in whole hours: rather too many than too few."""
    if minutes < 120:
        return "1 minuut" if minutes == 1 else f"{minutes} minuten"
    return f"{-(-minutes // 60)} uur"


def _day_phrase(today: date, opening: datetime) -> str:
    ahead = (opening.date() - today).days
    if ahead == 0:
        return "vandaag"
    if ahead == 1:
        return "morgen"
    name = DAY_NAMES[opening.weekday()]
    return name if ahead < 7 else f"{name} {opening.day} {MONTHS[opening.month - 1]}"


def _date(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as exc:
        raise ConfigError(f"closed days have {text!r}, expected a date such as 2026-12-24") from exc


def _time(text: str) -> time:
    hour, minute = re.split("[:.]", text)
    try:
        return time(int(hour), int(minute))
    except ValueError as exc:
        raise ConfigError(f"BOT_OPENING_HOURS has {text!r}, expected a time such as 9:00") from exc
