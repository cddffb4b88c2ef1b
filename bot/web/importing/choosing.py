"""The form of the dry run: what is to become of the rows on a page of it."""

from __future__ import annotations

from dataclasses import replace
from typing import cast

from sanic import Request

from bot.store.imports import Choice, Import, ImportRow
from bot.web.editor.checks import MAX_TITLE_CHARS
from bot.web.form_fields import field, line_field

ROWS_PER_PAGE = 100
CHOICES = ("new", "example", "skip")


def read_choices(request: Request, found: Import, *, must_review: bool) -> tuple[Import, dict[str, str]]:
    """The import with what was chosen, and what is wrong: id of the control to Dutch sentence."""
    rows, errors = [], {}
    for at, row in enumerate(found.rows):
        chosen = _read(request, at, row)
        if chosen.choice == "new" and not 0 < len(chosen.button) <= MAX_TITLE_CHARS:
            errors[f"button-{at}"] = f"Zet op de knop van rij {row.place} 1 tot {MAX_TITLE_CHARS} tekens."
        rows.append(chosen)
    as_drafts = must_review or field(request, "as") == "drafts"
    changed = replace(found, rows=tuple(rows), as_drafts=as_drafts)
    if field(request, "deed") == "import" and not errors and not (changed.chosen("new") or changed.chosen("example")):
        errors["import"] = "Er is niets om te importeren: bij elke vraag staat 'sla over'."
    return changed, errors


def _read(request: Request, at: int, row: ImportRow) -> ImportRow:
    """A row that is not on this page, or can't be imported, stays as it is."""
    choice = field(request, f"choice-{at}")
    if choice not in CHOICES or row.problem or (choice == "example" and not row.target):
        return row
    return replace(row, choice=cast(Choice, choice), button=line_field(request, f"button-{at}"))
