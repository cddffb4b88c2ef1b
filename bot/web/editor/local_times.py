"""A date and time as somebody types it, on the company's clock, also on the days that this clock is changed."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from zoneinfo import ZoneInfo

from bot.opening_hours import clock
from bot.web.pages import moment

# As a browser's `datetime-local` sends it.
EXAMPLE = "2026-12-24T09:00"
MAX_AHEAD = timedelta(days=730)


class UnclearMoment(ValueError):
    """No one moment; the message is a Dutch sentence for who typed it."""


def read_moment(typed: str, zone: ZoneInfo) -> int:
    """In ms. Raises UnclearMoment, also for an hour that the change to summer time skips, or that comes twice."""
    try:
        local = datetime.fromisoformat(typed)
        if local.tzinfo is not None or len(typed) < len(EXAMPLE):
            raise ValueError
        at = local.replace(tzinfo=zone)
        utc = at.astimezone(timezone.utc)
        back = utc.astimezone(zone)
    except (ValueError, OverflowError) as exc:
        raise UnclearMoment("Kies een dag en een tijd, zoals 24-12-2026 9.00 uur.") from exc
    if back.replace(tzinfo=None) != local:
        raise UnclearMoment(
            f"{clock(at)} uur bestaat niet op {moment(at, with_time=False)}: dan gaat de klok een uur vooruit. "
            f"Kies een tijd ervoor, of vanaf {clock(back)} uur."
        )
    if at.utcoffset() != at.replace(fold=1).utcoffset():
        raise UnclearMoment(
            f"{clock(at)} uur komt twee keer voor op {moment(at, with_time=False)}: dan gaat de klok een uur terug. "
            "Kies een tijd vóór of na dat uur."
        )
    return int(utc.timestamp() * 1000)


def typed_moment(at_ms: int, zone: ZoneInfo) -> str:
    """As a form shows it; empty for 0."""
    return f"{datetime.fromtimestamp(at_ms / 1000, zone):%Y-%m-%dT%H:%M}" if at_ms else ""
