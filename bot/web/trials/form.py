"""The form with the message to try."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from sanic import Request

from bot.model import ModelRecord
from bot.store.trials import Trial
from bot.web.form_fields import line_field, text_field
from bot.web.pages import CHANNELS

MAX_TEXT_CHARS = 2_000


@dataclass(frozen=True)
class TrialForm:
    """As it was filled in. other: the model to compare the live one with, or empty."""

    text: str = ""
    before: str = ""
    channel: str = "widget"
    other: str = ""

    @classmethod
    def read(cls, request: Request) -> TrialForm:
        return cls(
            text_field(request, "text"),
            text_field(request, "before"),
            line_field(request, "channel"),
            line_field(request, "other"),
        )

    @classmethod
    def of(cls, trial: Trial) -> TrialForm:
        return cls(trial.text, trial.before, trial.channel, trial.other)

    def errors(self, models: Collection[str]) -> dict[str, str]:
        """What is wrong: id of the control to Dutch sentence. models: the names to choose from."""
        errors = {}
        if not self.text:
            errors["text"] = "Vul een bericht in, zoals een klant het schrijft."
        for name, text in (("text", self.text), ("before", self.before)):
            if len(text) > MAX_TEXT_CHARS:
                errors[name] = (
                    f"Een bericht mag hoogstens {MAX_TEXT_CHARS} tekens lang zijn; het zijn er nu {len(text)}."
                )
        if self.channel not in CHANNELS:
            errors["channel"] = "Kies een kanaal."
        if self.other and self.other not in models:
            errors["other"] = "Dit model is er niet meer. Kies een ander."
        return errors


def others(records: Sequence[ModelRecord], active: ModelRecord | None) -> list[ModelRecord]:
    """The models to compare with, the newest first."""
    return [record for record in records if active is None or record.name != active.name]


def proposed(records: Sequence[ModelRecord], active: ModelRecord | None) -> str:
    """The newest model, if that is waiting to go live; else none: what is older than the live one was left behind."""
    newest = records[0] if records else None
    return newest.name if newest and active and newest.trained_at_ms > active.trained_at_ms else ""
