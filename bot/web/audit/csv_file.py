"""The audit log as a file for a spreadsheet."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from zoneinfo import ZoneInfo

from bot.web.audit.listing import Row
from bot.web.spreadsheet import MARK, csv_lines

HEADINGS = ("Tijd", "Wie", "Account", "Wat", "Code", "Over", "Details", "Adres")


def heading() -> str:
    """The first line."""
    return MARK + csv_lines([HEADINGS])


def lines(rows: Iterable[Row], timezone: ZoneInfo) -> str:
    """One line a row; times are the company's."""
    return csv_lines(_cells(row, timezone) for row in rows)


def _cells(row: Row, timezone: ZoneInfo) -> tuple[str, ...]:
    entry = row.entry
    at = datetime.fromtimestamp(entry.at_ms / 1000, timezone)
    return (
        f"{at:%Y-%m-%d %H:%M:%S}",
        row.who,
        entry.account_id,
        row.deed,
        entry.what,
        entry.about,
        row.details,
        entry.address,
    )
