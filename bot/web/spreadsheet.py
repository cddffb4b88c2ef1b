"""Tables as files for a spreadsheet."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable

CSV_TYPE = "text/csv; charset=utf-8"
# A Dutch Excel takes the semicolon for the border of a cell, and reads UTF-8 only behind this mark.
MARK = "\ufeff"
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")


def csv_headers(file_name: str) -> dict[str, str]:
    """Of an answer that is such a file."""
    return {"content-disposition": f'attachment; filename="{file_name}"', "cache-control": "no-store"}


def csv_lines(records: Iterable[Iterable[str]]) -> str:
    """One line a record."""
    file = io.StringIO()
    csv.writer(file, delimiter=";").writerows([_harmless(cell) for cell in record] for record in records)
    return file.getvalue()


def _harmless(cell: str) -> str:
    """A spreadsheet calculates what looks like a formula, whoever wrote it: with a quote in front it is text."""
    return f"'{cell}" if cell.startswith(_FORMULA) else cell
