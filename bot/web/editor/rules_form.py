"""The form of what managers set about editing."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from sanic import Request

from bot.answers import VARIABLES
from bot.store.editing_rules import EditingRules
from bot.web.editor.form import version_field
from bot.web.form_fields import field, line_field

MAX_FIELDS = 50
MAX_NAME_CHARS = 30
MAX_VALUE_CHARS = 200
# So many empty rows to add one in; the next ones come after saving.
_EMPTY_ROWS = 3
_NAME = re.compile(r"[a-z][a-z0-9_]{0,29}")


@dataclass(frozen=True)
class FieldRow:
    """One variable of the company's own, as it was filled in."""

    name: str = ""
    value: str = ""

    def errors(self, id: str, known: set[str]) -> dict[str, str]:
        """What is wrong with it. known: names of the rows above."""
        errors = {}
        if not self.name:
            errors[f"{id}-name"] = "Geef deze tekst een naam, zoals telefoonnummer."
        elif not _NAME.fullmatch(self.name):
            errors[f"{id}-name"] = (
                f"De naam “{self.name[:MAX_NAME_CHARS]}” kan niet. Gebruik hoogstens {MAX_NAME_CHARS} kleine letters, "
                "cijfers en _, met een letter vooraan."
            )
        elif self.name in VARIABLES or self.name in known:
            errors[f"{id}-name"] = f"De naam “{self.name}” bestaat al. Kies een andere."
        if len(self.value) > MAX_VALUE_CHARS:
            errors[f"{id}-value"] = f"Hoogstens {MAX_VALUE_CHARS} tekens; het zijn er nu {len(self.value)}."
        elif set("{}") & set(self.value):
            errors[f"{id}-value"] = "Hier mogen geen { en } in staan."
        return errors


@dataclass(frozen=True)
class RulesForm:
    """As it was filled in; `expected_version` is that of the rules which it began with."""

    answers_need_review: bool
    topics_need_review: bool
    rows: tuple[FieldRow, ...]
    expected_version: int

    @classmethod
    def of(cls, rules: EditingRules) -> RulesForm:
        rows = tuple(FieldRow(name, value) for name, value in rules.fields.items())
        return cls(rules.answers_need_review, rules.topics_need_review, _padded(rows), rules.version)

    @classmethod
    def read(cls, request: Request) -> RulesForm:
        """Raises InvalidMessage if the version is no number."""
        rows = tuple(
            FieldRow(
                line_field(request, f"field-{number}-name").strip("{}"), line_field(request, f"field-{number}-value")
            )
            for number in range(1, MAX_FIELDS + _EMPTY_ROWS + 1)
        )
        filled = tuple(row for row in rows if row.name or row.value)
        return cls(
            field(request, "answers_need_review") == "on",
            field(request, "topics_need_review") == "on",
            _padded(filled),
            version_field(request, "version"),
        )

    @property
    def fields(self) -> dict[str, str]:
        return {row.name: row.value for row in self.rows if row.name}

    def errors(self) -> dict[str, str]:
        """What is wrong: id of the control to Dutch sentence."""
        errors: dict[str, str] = {}
        known: set[str] = set()
        for number, row in enumerate(self.rows, start=1):
            if row.name or row.value:
                errors.update(row.errors(f"field-{number}", known))
                known.add(row.name)
        if len(known) > MAX_FIELDS:
            errors["field-1-name"] = f"Hoogstens {MAX_FIELDS} eigen variabelen."
        return errors

    def rules(self, before: EditingRules) -> EditingRules:
        return replace(
            before,
            answers_need_review=self.answers_need_review,
            topics_need_review=self.topics_need_review,
            fields=self.fields,
        )


def _padded(rows: tuple[FieldRow, ...]) -> tuple[FieldRow, ...]:
    return (*rows, *[FieldRow()] * min(_EMPTY_ROWS, MAX_FIELDS + _EMPTY_ROWS - len(rows)))
