"""Tells what kind of file it is, by what is in it, and has it read."""

from __future__ import annotations

from bot.web.importing.documents import html_rows, json_rows, text_rows
from bot.web.importing.rows import MAX_BYTES, Row, Unreadable, checked
from bot.web.importing.tables import Columns, csv_rows, decoded, xlsx_rows

_PACKED = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0")
_REFUSED = {b"%PDF": "PDF", b"\x89PNG": "afbeelding", b"\xff\xd8\xff": "afbeelding", b"GIF8": "afbeelding"}


def read_file(content: bytes, name: str, columns: Columns | None = None) -> list[Row]:
    """The rows of a file. Raises Unreadable, ChooseColumns."""
    if not content.strip():
        raise Unreadable("Dit bestand is leeg.")
    if len(content) > MAX_BYTES:
        raise Unreadable(f"Dit bestand is te groot. Het mag hoogstens {MAX_BYTES // 1024 // 1024} MB zijn.")
    for start, kind in _REFUSED.items():
        if content.startswith(start):
            raise Unreadable(f"Dit is een {kind}. Stuur een CSV-, JSON-, XLSX- of HTML-bestand.")
    if content.startswith(_PACKED):
        return checked(xlsx_rows(content, columns))
    text = decoded(content)
    ending = name.casefold().rpartition(".")[2]
    if ending in ("html", "htm", "json"):
        return read_text(text)
    if text.lstrip().startswith(("<", "[", "{")) and ending != "csv":
        return read_text(text)
    return checked(csv_rows(text, columns) if ending in ("csv", "tsv", "txt") or columns else _table_or_text(text))


def read_text(text: str) -> list[Row]:
    """The rows of what was pasted. Raises Unreadable."""
    if len(text) > MAX_BYTES:
        raise Unreadable(
            f"Dit is te veel tekst. Het mogen er hoogstens {MAX_BYTES // 1024 // 1024} miljoen tekens zijn."
        )
    start = text.lstrip("\ufeff \t\r\n")[:1]
    if not start:
        raise Unreadable("Er staat niets in het bestand.")
    if start in "[{":
        return checked(json_rows(text))
    return checked(html_rows(text) if start == "<" else text_rows(text))


def _table_or_text(text: str) -> list[Row]:
    return text_rows(text) if "?\n" in text.replace("\r", "") else csv_rows(text)
