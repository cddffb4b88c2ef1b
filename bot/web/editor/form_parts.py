"""The parts of an answer's form: its buttons, its other wordings, its picture."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from sanic import Request

from bot.model import Button, Image, Template, Variant
from bot.web.editor.checks import MAX_TITLE_CHARS, is_https_url, limit, text_error
from bot.web.form_fields import line_field, text_field
from bot.web.pages import CHANNELS

MAX_BUTTONS = 3
MAX_VARIANTS = 6
MAX_ALT_CHARS = 200
# Read, so that a template with too many (the API can store one) isn't cut short in silence.
_MAX_ROWS_READ = 10
# What the choice of a button holds when it opens a page instead of a topic.
URL_TARGET = "url"


@dataclass(frozen=True)
class ButtonRow:
    """One row of the buttons. `target` is a payload (`/faq_garantie`), URL_TARGET, which goes to `url`, or empty."""

    title: str = ""
    target: str = ""
    url: str = ""

    @classmethod
    def of(cls, button: Button) -> ButtonRow:
        return cls(button.title, URL_TARGET if button.url else button.payload, button.url)

    @property
    def is_empty(self) -> bool:
        return not (self.title or self.target or self.url)

    def errors(self, id: str, number: int, payloads: set[str]) -> dict[str, str]:
        """What is wrong with row `number`, whose controls' ids start with `id`."""
        errors = {}
        if not self.title:
            errors[f"{id}-title"] = f"Vul de tekst van knop {number} in, of maak de knop leeg."
        elif len(self.title) > MAX_TITLE_CHARS:
            errors[f"{id}-title"] = f"Knop {number} mag {limit(self.title, MAX_TITLE_CHARS)}."
        if self.target == URL_TARGET:
            if not is_https_url(self.url):
                errors[f"{id}-url"] = f"Vul bij knop {number} een adres in dat begint met https://."
        elif self.target not in payloads:
            errors[f"{id}-target"] = f"Kies wat knop {number} doet."
        return errors

    def button(self) -> Button:
        if self.target == URL_TARGET:
            return Button(self.title, url=self.url)
        return Button(self.title, payload=self.target)


@dataclass(frozen=True)
class VariantRow:
    """Other words for the same answer; `channel` is empty for those that take turns with the answer's own text."""

    text: str = ""
    channel: str = ""

    @property
    def is_empty(self) -> bool:
        return not self.text

    def errors(self, id: str, number: int, own: Collection[str]) -> dict[str, str]:
        errors = {}
        if error := text_error(self.text, own, what=f"Andere tekst {number}"):
            errors[f"{id}-text"] = error
        if self.channel and self.channel not in CHANNELS:
            errors[f"{id}-channel"] = f"Kies wie andere tekst {number} leest."
        return errors


@dataclass(frozen=True)
class PictureFields:
    """Where the picture is, and what it shows."""

    url: str = ""
    alt: str = ""

    @classmethod
    def of(cls, image: Image | None) -> PictureFields:
        return cls(image.url, image.alt) if image else cls()

    def errors(self) -> dict[str, str]:
        if not (self.url or self.alt):
            return {}
        errors = {}
        if not is_https_url(self.url):
            errors["picture-url"] = (
                "Vul een adres van de afbeelding in dat begint met https://, of maak beide velden leeg."
            )
        if not self.alt:
            errors["picture-alt"] = "Beschrijf de afbeelding voor wie die niet kan zien."
        elif len(self.alt) > MAX_ALT_CHARS:
            errors["picture-alt"] = f"De beschrijving mag {limit(self.alt, MAX_ALT_CHARS)}."
        return errors

    def image(self) -> Image | None:
        return Image(self.url, self.alt) if self.url or self.alt else None


def read_buttons(request: Request) -> tuple[ButtonRow, ...]:
    return padded_buttons(tuple(_read_button(request, number) for number in range(1, _MAX_ROWS_READ + 1)))


def read_variants(request: Request) -> tuple[VariantRow, ...]:
    numbers = range(1, _MAX_ROWS_READ + 1)
    rows = tuple(
        VariantRow(text_field(request, f"variant-{one}-text"), line_field(request, f"variant-{one}-channel"))
        for one in numbers
    )
    return padded_variants(tuple(row for row in rows if not row.is_empty))


def read_picture(request: Request) -> PictureFields:
    return PictureFields(line_field(request, "picture-url"), line_field(request, "picture-alt"))


def button_rows(template: Template) -> tuple[ButtonRow, ...]:
    return padded_buttons(tuple(ButtonRow.of(button) for button in template.buttons))


def variant_rows(template: Template) -> tuple[VariantRow, ...]:
    return padded_variants(tuple(VariantRow(one.text, one.channel) for one in template.variants))


def padded_buttons(rows: tuple[ButtonRow, ...]) -> tuple[ButtonRow, ...]:
    """At least MAX_BUTTONS rows, and no more empty ones at the end than that takes."""
    filled = max((number for number, row in enumerate(rows, start=1) if not row.is_empty), default=0)
    return (*rows[:filled], *[ButtonRow()] * (MAX_BUTTONS - filled))


def padded_variants(rows: tuple[VariantRow, ...]) -> tuple[VariantRow, ...]:
    """With an empty one, as long as there may be more."""
    return (*rows, *[VariantRow()] * (len(rows) < MAX_VARIANTS))


def variants_of(rows: tuple[VariantRow, ...]) -> tuple[Variant, ...]:
    return tuple(Variant(row.text, row.channel) for row in rows if not row.is_empty)


def _read_button(request: Request, number: int) -> ButtonRow:
    target = line_field(request, f"button-{number}-target")
    # An address left over from an earlier choice doesn't count.
    url = line_field(request, f"button-{number}-url") if target in ("", URL_TARGET) else ""
    return ButtonRow(line_field(request, f"button-{number}-title"), URL_TARGET if url else target, url)
