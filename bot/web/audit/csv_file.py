"""The audit log as a file for a spreadsheet."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable
from datetime import datetime
from zoneinfo import ZoneInfo

from bot.web.audit.listing import Row

HEADINGS = ("Tijd", "Wie", "Account", "Wat", "Code", "Over", "Details", "Adres")
# A Dutch Excel takes the semicolon for the border of a cell, and reads UTF-8 only behind this mark.
MARK = "\ufeff"
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")


def heading() -> str:
    """The first line."""
    return MARK + _lines([HEADINGS])


def lines(rows: Iterable[Row], timezone: ZoneInfo) -> str:
    """One line a row; times are the company's."""
    return _lines(_cells(row, timezone) for row in rows)


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


def _lines(records: Iterable[Iterable[str]]) -> str:
    file = io.StringIO()
    csv.writer(file, delimiter=";").writerows([_harmless(cell) for cell in record] for record in records)
    return file.getvalue()


def _harmless(cell: str) -> str:
    """A spreadsheet calculates what looks like a formula, whoever wrote it: with a quote in front it is text."""
    return f"'{cell}" if cell.startswith(_FORMULA) else cell
