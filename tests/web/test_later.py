"""Until when an agent can put a conversation aside."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from bot.errors import InvalidMessage
from bot.web.desk import later

ZONE = ZoneInfo("Europe/Amsterdam")


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZONE)


@pytest.mark.parametrize(
    ("now", "expected"),
    [
        ("2026-11-26T10:20", ["2026-11-26T11:20", "2026-11-26T14:00", "2026-11-27T09:00", "2026-11-30T09:00"]),
        ("2026-11-26T13:00", ["2026-11-26T14:00", "2026-11-27T09:00", "2026-11-30T09:00"]),
        ("2026-11-29T23:30", ["2026-11-30T00:30", "2026-11-30T09:00"]),  # a Sunday: tomorrow is Monday
        ("2026-10-24T12:00", ["2026-10-24T13:00", "2026-10-24T14:00", "2026-10-25T09:00", "2026-10-26T09:00"]),
    ],
)
def test_choices_are_later_and_each_another_time(now: str, expected: list[str]) -> None:
    found = later.choices(at(now))
    assert [one.until for one in found] == [at(one) for one in expected]
    assert [later.until_ms(one.value, at(now)) for one in found] == [at(one).timestamp() * 1000 for one in expected]


def test_an_own_time_is_the_companys() -> None:
    now = at("2026-11-26T10:20")
    assert later.until_ms("2027-01-04T08:30", now) == at("2027-01-04T08:30").timestamp() * 1000
    # The night in between has an hour more.
    assert later.until_ms("2026-10-25T09:00", at("2026-10-24T09:00")) == at("2026-10-24T09:00").timestamp() * 1000 + (
        25 * 3_600_000
    )


@pytest.mark.parametrize("value", ["", "ooit", "2026-11-27", "2026-11-27T09:00+05:00", "2026-13-01T09:00", "T" * 5000])
def test_anything_else_is_refused(value: str) -> None:
    with pytest.raises(InvalidMessage):
        later.until_ms(value, at("2026-11-26T10:20"))


@pytest.mark.parametrize("value", ["2026-11-26T10:19", "2027-02-25T10:20"])
def test_neither_the_past_nor_next_year(value: str) -> None:
    now = at("2026-11-26T10:20")
    with pytest.raises(InvalidMessage):
        later.check(later.until_ms(value, now), now)
