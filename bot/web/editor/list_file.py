"""The list of answers as a file for a spreadsheet."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from zoneinfo import ZoneInfo

from bot.web.editor.list_rows import HELPED_DAYS, SENT_DAYS, Change, Row
from bot.web.spreadsheet import MARK, csv_lines

HEADINGS = (
    "Onderwerp",
    "Naam",
    "Antwoord",
    f"Gebruikt ({SENT_DAYS} dagen)",
    f"Geholpen ({HELPED_DAYS} dagen)",
    f"Niet geholpen ({HELPED_DAYS} dagen)",
    "Laatst gebruikt",
    "Status",
    "Gepland",
    "Versie",
    "Bewerkt door",
    "Bewerkt op",
)
_STATES = {"draft": "concept", "review": "ter beoordeling"}


def list_file(rows: Iterable[Row], timezone: ZoneInfo) -> str:
    """All of it; times are the company's."""
    return MARK + csv_lines([HEADINGS, *(_cells(row, timezone) for row in rows)])


def _cells(row: Row, timezone: ZoneInfo) -> tuple[str, ...]:
    def at(ms: int) -> str:
        return f"{datetime.fromtimestamp(ms / 1000, timezone):%Y-%m-%d %H:%M}" if ms else ""

    def planned(change: Change | None) -> str:
        return f"{'vanaf' if change.begins else 'tot'} {at(change.at_ms)}" if change else ""

    one = row.template
    return (
        one.title,
        one.name,
        one.text,
        str(row.sent),
        str(row.use.helped),
        str(row.use.not_helped),
        at(row.last_used_ms),
        "verwijderd" if one.is_removed else _STATES.get(row.draft, ""),
        planned(row.change),
        str(one.version),
        row.edited_by,
        at(one.edited_at_ms),
    )
