"""When a customer hears that a human answers."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from bot.errors import ConfigError
from bot.opening_hours import OpeningHours

AMSTERDAM = ZoneInfo("Europe/Amsterdam")
HOURS = OpeningHours.parse("ma-vr 9:00-21:00, za 9:00-17:00", timezone="Europe/Amsterdam", country="NL")


@pytest.mark.parametrize(
    ("at", "said"),
    [
        ("2026-11-18 10:00", "Je krijgt meestal binnen 10 minuten antwoord."),
        ("2026-11-18 09:00", "Je krijgt meestal binnen 10 minuten antwoord."),
        ("2026-11-18 08:59", "Je krijgt vandaag vanaf 9.00 uur antwoord."),
        # Ten minutes of opening time: not before the next morning.
        ("2026-11-18 20:55", "Je krijgt uiterlijk morgen om 9.05 uur antwoord."),
        ("2026-11-18 21:00", "Je krijgt morgen vanaf 9.00 uur antwoord."),
        ("2026-11-18 23:30", "Je krijgt morgen vanaf 9.00 uur antwoord."),
        ("2026-11-21 17:00", "Je krijgt maandag vanaf 9.00 uur antwoord."),
        ("2026-11-22 12:00", "Je krijgt morgen vanaf 9.00 uur antwoord."),
        # Christmas 2026: Friday and Saturday are holidays, Sunday is closed.
        ("2026-12-24 22:00", "Je krijgt maandag vanaf 9.00 uur antwoord."),
        ("2026-12-25 12:00", "Je krijgt maandag vanaf 9.00 uur antwoord."),
        # King's Day on a Monday in 2026, after a Sunday.
        ("2026-04-26 12:00", "Je krijgt dinsdag vanaf 9.00 uur antwoord."),
        ("2026-04-27 12:00", "Je krijgt morgen vanaf 9.00 uur antwoord."),
        # The night in which summer time begins.
        ("2026-03-29 01:30", "Je krijgt morgen vanaf 9.00 uur antwoord."),
    ],
)
def test_when_somebody_answers(at: str, said: str) -> None:
    moment = datetime.fromisoformat(at).replace(tzinfo=AMSTERDAM)
    assert HOURS.when_answered(moment, reply_minutes=10) == said


@pytest.mark.parametrize(
    ("minutes", "said"),
    [
        (0, "Je krijgt zo snel mogelijk antwoord."),
        (1, "Je krijgt meestal binnen 1 minuut antwoord."),
        (90, "Je krijgt meestal binnen 90 minuten antwoord."),
        (121, "Je krijgt meestal binnen 3 uur antwoord."),
        # 7 hours of this Tuesday, 8 of Wednesday, 3 of Friday.
        (18 * 60, "Je krijgt uiterlijk vrijdag om 12.00 uur antwoord."),
    ],
)
def test_a_promise_is_said_in_words(minutes: int, said: str) -> None:
    hours = OpeningHours.parse("di-wo 9:00-17:00, vr 9:00-12:00", timezone="Europe/Amsterdam")
    assert hours.when_answered(datetime(2026, 11, 17, 10, tzinfo=AMSTERDAM), minutes) == said


def test_the_shops_clock_counts_not_the_servers() -> None:
    in_utc = datetime(2026, 7, 1, 7, 30, tzinfo=ZoneInfo("UTC"))  # 9.30 in Amsterdam
    assert HOURS.is_open(in_utc)


def test_without_holidays_christmas_is_a_day_like_others() -> None:
    hours = OpeningHours.parse("ma-zo 9:00-17:00", timezone="Europe/Amsterdam")
    assert hours.is_open(datetime(2026, 12, 25, 12, tzinfo=AMSTERDAM))


def test_a_day_far_away_has_its_date() -> None:
    hours = OpeningHours.parse("vr 10:00-12:00", timezone="Europe/Amsterdam", country="NL")
    # Good Friday is no public holiday, but Christmas and New Year's Day 2026/2027 both fall on a Friday.
    at = datetime(2026, 12, 18, 13, tzinfo=AMSTERDAM)
    assert hours.when_answered(at, 10) == "Je krijgt vrijdag 8 januari vanaf 10.00 uur antwoord."


def test_todays_hours() -> None:
    assert HOURS.today(datetime(2026, 11, 18, 10, tzinfo=AMSTERDAM)) == "vandaag van 9.00 tot 21.00 uur"
    assert HOURS.today(datetime(2026, 11, 22, 10, tzinfo=AMSTERDAM)) == "vandaag gesloten"


@pytest.mark.parametrize(
    "text", ["", "altijd", "ma-vr", "ma 9-17", "xx 9:00-17:00", "ma 25:00-26:00", "ma 17:00-9:00", "vr-ma 9:00-17:00"]
)
def test_hours_that_make_no_sense_are_refused_with_an_example(text: str) -> None:
    with pytest.raises(ConfigError, match="BOT_OPENING_HOURS"):
        OpeningHours.parse(text, timezone="Europe/Amsterdam")


def test_an_unknown_country_is_refused() -> None:
    with pytest.raises(ConfigError, match="BOT_HOLIDAYS"):
        OpeningHours.parse("ma 9:00-17:00", timezone="Europe/Amsterdam", country="Sinkelland")


@pytest.mark.parametrize(
    ("at", "minutes", "end"),
    [
        ("2026-11-26T10:00", 30, "2026-11-26T10:30"),
        ("2026-11-26T20:50", 30, "2026-11-27T09:20"),
        ("2026-11-28T16:50", 30, "2026-11-30T09:20"),  # over a Sunday
        ("2026-12-24T20:50", 30, "2026-12-28T09:20"),  # two days of Christmas, and a Sunday; closed on the 26th
        ("2026-04-26T12:00", 60, "2026-04-28T10:00"),  # Koningsdag is on a Monday
        ("2026-03-28T16:00", 120, "2026-03-30T10:00"),  # the clock goes forward on Sunday night
        ("2026-11-26T07:00", 5, "2026-11-26T09:05"),
    ],
)
def test_minutes_of_opening_time(at: str, minutes: int, end: str) -> None:
    hours = OpeningHours.parse("ma-vr 9:00-21:00, za 9:00-17:00", timezone="Europe/Amsterdam", country="NL")
    zone = ZoneInfo("Europe/Amsterdam")
    found = hours.after(datetime.fromisoformat(at).replace(tzinfo=zone), minutes)
    assert found == datetime.fromisoformat(end).replace(tzinfo=zone)


@pytest.mark.parametrize(
    ("at", "minutes", "due"),
    [
        # An hour goes missing, or comes twice, in an open night: real minutes count.
        ("2026-03-29 01:30", 60, "2026-03-29 03:30"),
        ("2026-10-25 01:30", 180, "2026-10-25 03:30"),
        # King's Day (a Monday in 2026) and Christmas are closed.
        ("2026-04-26 23:00", 90, "2026-04-28 00:30"),
        ("2026-12-24 23:30", 45, "2026-12-27 00:15"),
    ],
)
def test_a_promise_counts_opening_time(at: str, minutes: int, due: str) -> None:
    hours = OpeningHours.parse("ma-zo 0:00-23:59", timezone="Europe/Amsterdam", country="NL")
    moment = datetime.fromisoformat(at).replace(tzinfo=AMSTERDAM)
    found = hours.after(moment, minutes)
    assert found is not None
    assert abs((found - datetime.fromisoformat(due).replace(tzinfo=AMSTERDAM)).total_seconds()) <= 60
