"""The form of one answer: what was filled in, what is wrong with it, what it becomes."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass, replace

from sanic import Request

from bot.errors import InvalidMessage
from bot.model import Template
from bot.web.editor.checks import MAX_TEXT_CHARS, MAX_TITLE_CHARS, limit, text_error
from bot.web.editor.form_parts import (
    MAX_BUTTONS,
    MAX_VARIANTS,
    ButtonRow,
    PictureFields,
    VariantRow,
    button_rows,
    read_buttons,
    read_picture,
    read_variants,
    variant_rows,
    variants_of,
)
from bot.web.form_fields import line_field, text_field

MAX_BECAUSE_CHARS = 300
# A draft may be unfinished, but no store of things.
_MAX_DRAFT_CHARS = 4 * MAX_TEXT_CHARS


@dataclass(frozen=True)
class AnswerForm:
    """As it was filled in. because: why it changes, for colleagues.

    expected_version, draft_version: what the editor started from, of what customers read and of the draft (0: none).
    """

    title: str
    text: str
    rows: tuple[ButtonRow, ...]
    variants: tuple[VariantRow, ...]
    picture: PictureFields
    because: str
    expected_version: int
    draft_version: int

    @classmethod
    def of(
        cls, template: Template, *, expected_version: int = 0, draft_version: int = 0, because: str = ""
    ) -> AnswerForm:
        """The form that shows `template`."""
        return cls(
            template.title,
            template.text,
            button_rows(template),
            variant_rows(template),
            PictureFields.of(template.image),
            because,
            expected_version,
            draft_version,
        )

    @classmethod
    def read(cls, request: Request) -> AnswerForm:
        """From the fields of a request. Raises InvalidMessage if a version is no number."""
        return cls(
            line_field(request, "title"),
            text_field(request, "text"),
            read_buttons(request),
            read_variants(request),
            read_picture(request),
            line_field(request, "because"),
            version_field(request, "expected_version"),
            version_field(request, "draft_version") if line_field(request, "draft_version") else 0,
        )

    def errors(self, payloads: set[str], own: Collection[str]) -> dict[str, str]:
        """What is wrong: id of the control to Dutch sentence, in the order of the page. own: the company's fields."""
        errors = {**self._title_errors(), **self._text_errors(own)}
        for number, variant in enumerate(self.variants, start=1):
            if number > MAX_VARIANTS and not variant.is_empty:
                errors[f"variant-{number}-text"] = f"Een antwoord heeft hoogstens {MAX_VARIANTS} andere teksten."
            elif not variant.is_empty:
                errors.update(variant.errors(f"variant-{number}", number, own))
        errors.update(self.picture.errors())
        for number, row in enumerate(self.rows, start=1):
            if row.is_empty:
                continue
            if number > MAX_BUTTONS:
                errors[f"button-{number}-title"] = (
                    f"Een antwoord heeft hoogstens {MAX_BUTTONS} knoppen. Maak deze leeg."
                )
            else:
                errors.update(row.errors(f"button-{number}", number, payloads))
        return {**errors, **self._because_errors()}

    def draft_errors(self) -> dict[str, str]:
        """The same for a draft, which may be unfinished."""
        errors = self._because_errors()
        texts = {"title": self.title, "text": self.text}
        texts |= {f"variant-{number}-text": one.text for number, one in enumerate(self.variants, start=1)}
        texts |= {f"button-{number}-title": one.title for number, one in enumerate(self.rows, start=1)}
        texts |= {f"button-{number}-url": one.url for number, one in enumerate(self.rows, start=1)}
        texts |= {"picture-url": self.picture.url, "picture-alt": self.picture.alt}
        for id, text in texts.items():
            if len(text) > _MAX_DRAFT_CHARS:
                errors[id] = f"Dit mag {limit(text, _MAX_DRAFT_CHARS)}."
        return errors

    def template(self, current: Template) -> Template:
        """`current` with what was filled in, for customers to read."""
        return replace(
            current,
            title=self.title,
            text=self.text,
            buttons=tuple(row.button() for row in self.rows if not row.is_empty),
            variants=variants_of(self.variants),
            image=self.picture.image(),
            is_removed=False,
        )

    def _title_errors(self) -> dict[str, str]:
        if not self.title:
            return {"title": "Vul een titel in."}
        if len(self.title) > MAX_TITLE_CHARS:
            return {"title": f"De titel mag {limit(self.title, MAX_TITLE_CHARS)}."}
        return {}

    def _text_errors(self, own: Collection[str]) -> dict[str, str]:
        error = text_error(self.text, own) if self.text else "Vul het antwoord in."
        return {"text": error} if error else {}

    def _because_errors(self) -> dict[str, str]:
        if len(self.because) <= MAX_BECAUSE_CHARS:
            return {}
        return {"because": f"De uitleg mag {limit(self.because, MAX_BECAUSE_CHARS)}."}


def version_field(request: Request, name: str) -> int:
    """The number of a version. Raises InvalidMessage."""
    number = line_field(request, name)
    if not re.fullmatch(r"[0-9]{1,15}", number):
        raise InvalidMessage(f"{name}: expected a number")
    return int(number)
