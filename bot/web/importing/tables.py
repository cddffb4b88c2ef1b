"""Questions and answers in tables: CSV of every spelling, and XLSX."""

from __future__ import annotations

import codecs
import csv
import io
import zipfile
import zlib
from collections.abc import Iterable, Sequence
from xml.etree.ElementTree import ParseError

import openpyxl
from defusedxml.common import DefusedXmlException
from openpyxl.utils.exceptions import InvalidFileException

from bot.web.importing.rows import MAX_ROWS, ChooseColumns, Row, Unreadable, one_line, plain

QUESTION_WORDS = frozenset({"vraag", "vragen", "question", "questions", "q", "titel", "title"})
ANSWER_WORDS = frozenset({"antwoord", "antwoorden", "answer", "answers", "a", "tekst", "text"})
_DELIMITERS = ",;\t|"
_MAX_COLUMNS = 50
_MAX_CELL_CHARS = 50_000
# What a workbook of a few megabytes may unpack to; a bomb unpacks to gigabytes.
_MAX_UNPACKED_BYTES = 30 * 1024 * 1024
# An encrypted workbook is no zip file but an OLE container.
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"

Columns = tuple[int, int]


def decoded(content: bytes) -> str:
    """The text of a file: UTF-8, UTF-16 or what Windows writes. Raises Unreadable."""
    for mark, encoding in (
        (codecs.BOM_UTF8, "utf-8-sig"),
        (codecs.BOM_UTF16_LE, "utf-16"),
        (codecs.BOM_UTF16_BE, "utf-16"),
    ):
        if content.startswith(mark):
            return _as(content, encoding)
    # Every other byte is zero in UTF-16 of Western letters, and in nothing else that is text.
    for start, encoding in ((1, "utf-16-le"), (0, "utf-16-be")):
        sample = content[start:2_000:2]
        if sample and sample.count(0) > len(sample) * 0.7:
            return _as(content, encoding)
    if b"\0" in content:
        raise Unreadable("Dit is geen tekst. Stuur een CSV-, JSON-, XLSX- of HTML-bestand.")
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError:
        return content.decode("windows-1252", errors="replace")


def _as(content: bytes, encoding: str) -> str:
    try:
        return content.decode(encoding)
    except UnicodeDecodeError as exc:
        raise Unreadable("We kunnen de letters in dit bestand niet lezen. Sla het op als UTF-8.") from exc


def csv_rows(text: str, columns: Columns | None = None) -> list[Row]:
    """Raises Unreadable, ChooseColumns."""
    lines = io.StringIO(text, newline="")
    csv.field_size_limit(_MAX_CELL_CHARS)
    try:
        table = [row for row in csv.reader(lines, delimiter=_delimiter(text)) if any(cell.strip() for cell in row)]
    except csv.Error as exc:
        raise Unreadable(
            "Dit is geen CSV die we kunnen lezen: een cel is te lang of een aanhalingsteken staat verkeerd."
        ) from exc
    return table_rows(table, columns)


def _delimiter(text: str) -> str:
    """What parts the header's cells, or else what is found most; a comma for a file of one column."""
    first = next((line for line in text.splitlines() if line.strip()), "")
    return max(_DELIMITERS, key=lambda one: (first.count(one), text.count(one))) if first else ","


def xlsx_rows(content: bytes, columns: Columns | None = None) -> list[Row]:
    """The first sheet with something in it. Raises Unreadable, ChooseColumns."""
    if content.startswith(_OLE):
        raise Unreadable("Dit bestand heeft een wachtwoord of is een oude XLS. Sla het op als XLSX zonder wachtwoord.")
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as packed:
            if sum(member.file_size for member in packed.infolist()) > _MAX_UNPACKED_BYTES:
                raise Unreadable("Dit bestand is uitgepakt te groot.")
        # Values, so that a formula is what it last came to and never what it says.
        workbook = openpyxl.load_workbook(io.BytesIO(content), read_only=True, data_only=True)
        try:
            for sheet in workbook.worksheets:
                cells = sheet.iter_rows(max_row=MAX_ROWS * 2, max_col=_MAX_COLUMNS, values_only=True)
                table = [row for cell_row in cells if any(row := ["" if c is None else str(c) for c in cell_row])]
                if table:
                    return table_rows(table, columns)
        finally:
            workbook.close()
    except (
        zipfile.BadZipFile,
        zlib.error,
        InvalidFileException,
        DefusedXmlException,
        ParseError,
        KeyError,
        ValueError,
        TypeError,
        AttributeError,
        IndexError,
        EOFError,
        NotImplementedError,
        OSError,
    ) as exc:
        raise Unreadable("Dit is geen XLSX-bestand dat we kunnen lezen.") from exc
    raise Unreadable("Er staat niets in dit bestand.")


def table_rows(table: Sequence[Sequence[str]], columns: Columns | None = None) -> list[Row]:
    """columns: the numbers of those with questions and answers, for a table without words above them.

    Raises ChooseColumns if nobody said so and it can't be seen; Unreadable.
    """
    if not table:
        raise Unreadable("Er staat niets in dit bestand.")
    named = _named_columns(table[0])
    found = columns or named
    if found is None:
        if max(len(row) for row in table) < 2:
            raise Unreadable("We zien maar één kolom. Er is een kolom met vragen nodig, en een met antwoorden.")
        raise ChooseColumns([[plain(cell)[:100] for cell in row[:_MAX_COLUMNS]] for row in table[:5]])
    question, answer = found
    start = 1 if named else 0
    return [
        Row(one_line(_cell(row, question)), plain(_cell(row, answer)), place)
        for place, row in enumerate(table[start:], start + 1)
    ]


def _named_columns(header: Iterable[str]) -> Columns | None:
    names = [cell.strip().strip("?:*").casefold() for cell in header]
    question = next((at for at, name in enumerate(names) if name in QUESTION_WORDS), None)
    answer = next((at for at, name in enumerate(names) if name in ANSWER_WORDS), None)
    return None if question is None or answer is None else (question, answer)


def _cell(row: Sequence[str], column: int) -> str:
    return row[column] if column < len(row) else ""
