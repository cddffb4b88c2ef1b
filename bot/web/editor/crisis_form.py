"""The form of the crisis switch: what was filled in, what is wrong with it, what it becomes."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, time, timedelta, timezone

from sanic import Request

from bot.model import Template
from bot.opening_hours import clock
from bot.store.crisis import Crisis
from bot.web.editor.form import AnswerForm, version_field
from bot.web.editor.local_times import UnclearMoment, read_moment
from bot.web.form_fields import fields, line_field, text_field

MAX_BANNER_CHARS = 300
MAX_TEXTS = 10
MAX_DAYS = 31
EMPTY_ROWS = 2
# What the choice of an end holds when it stays as it is, or when a time is typed.
SAME, OWN = "same", "own"


@dataclass(frozen=True)
class TextRow:
    """An answer and what it says instead."""

    name: str = ""
    text: str = ""

    @property
    def is_empty(self) -> bool:
        return not (self.name or self.text)


@dataclass(frozen=True)
class Known:
    """What can be chosen. answers: name -> the published one; topics: intent -> title; fields: own variables."""

    answers: Mapping[str, Template]
    topics: Mapping[str, str]
    fields: Mapping[str, str]


@dataclass(frozen=True)
class CrisisForm:
    """As it was filled in. until: a choice; own: the time that was typed. expected_version: what it began with."""

    banner: str
    rows: tuple[TextRow, ...]
    intents: tuple[str, ...]
    until: str
    own: str
    expected_version: int

    @classmethod
    def of(cls, crisis: Crisis, now: datetime) -> CrisisForm:
        """With what was set last, on or off. now: in the company's time zone."""
        is_on = crisis.holds(_ms(now))
        rows = tuple(TextRow(name, text) for name, text in crisis.texts.items())
        return cls(crisis.banner, _padded(rows), crisis.intents, SAME if is_on else "2h", "", crisis.version)

    @classmethod
    def read(cls, request: Request) -> CrisisForm:
        """From the fields of a request. Raises InvalidMessage if `expected_version` is no number."""
        numbers = range(1, MAX_TEXTS + 1)
        rows = tuple(TextRow(line_field(request, f"text-{n}-name"), text_field(request, f"text-{n}")) for n in numbers)
        return cls(
            text_field(request, "banner"),
            _padded(rows),
            tuple(dict.fromkeys(fields(request, "intents"))),
            line_field(request, "until"),
            line_field(request, "own"),
            version_field(request, "expected_version"),
        )

    def with_another_row(self) -> CrisisForm:
        return replace(self, rows=(*self.rows, TextRow())[:MAX_TEXTS])

    def errors(self, known: Known) -> dict[str, str]:
        """What is wrong with what it would do: id of the control to Dutch sentence, in the order of the page."""
        errors = {}
        if len(self.banner) > MAX_BANNER_CHARS:
            errors["banner"] = (
                f"De melding mag hoogstens {MAX_BANNER_CHARS} tekens lang zijn; het zijn er nu {len(self.banner)}."
            )
        elif set("{}") & set(self.banner):
            errors["banner"] = "In de melding kunnen geen variabelen staan. Haal de tekens { en } weg."
        for number, row in enumerate(self.rows, start=1):
            if not row.is_empty:
                errors.update(self._row_errors(number, row, known))
        if not set(self.intents) <= set(known.topics):
            errors["intents"] = "Een van de onderwerpen bestaat niet meer. Kies opnieuw."
        return errors

    def until_errors(self, now: datetime, before: Crisis) -> dict[str, str]:
        """What is wrong with its end, and with a switch that would change nothing. before: what is set now."""
        errors = {}
        if not (self.banner or self.intents or any(not row.is_empty for row in self.rows)):
            errors["banner"] = "Vul een melding in, of kies een antwoord of een onderwerp: nu verandert er niets."
        if self.own and self.until != OWN:
            return {
                **errors,
                "own": "Je koos een ander eind dan deze tijd. Kies ‘Op een andere tijd’, of maak die leeg.",
            }
        try:
            ahead = (self.until_ms(now) or before.until_ms) - _ms(now)
        except UnclearMoment as exc:
            return {**errors, "own": str(exc)}
        if self.until == SAME and not before.holds(_ms(now)):
            return {**errors, "own": "De crisisstand is intussen vanzelf uitgegaan. Kies opnieuw tot wanneer."}
        if not 0 < ahead <= MAX_DAYS * 86_400_000:
            errors["own"] = f"Kies een tijd die nog komt, hoogstens {MAX_DAYS} dagen vooruit."
        return errors

    def until_ms(self, now: datetime) -> int:
        """When it would end; 0 if that stays as it is. Raises UnclearMoment."""
        if self.until == SAME:
            return 0
        if self.until == OWN:
            return read_moment(self.own, now.tzinfo)  # type: ignore[arg-type]
        for value, _, until in choices(now):
            if value == self.until:
                return _ms(until)
        raise UnclearMoment("Kies wanneer de crisisstand vanzelf uitgaat.")

    def crisis(self, before: Crisis) -> Crisis:
        """What it says, with the rest of `before`."""
        texts = {row.name: row.text for row in self.rows if not row.is_empty}
        return replace(before, banner=self.banner, texts=texts, intents=self.intents, version=self.expected_version)

    def _row_errors(self, number: int, row: TextRow, known: Known) -> dict[str, str]:
        id = f"text-{number}"
        if row.name not in known.answers:
            return {f"{id}-name": f"Kies welk antwoord vervangen wordt door tekst {number}."}
        if [one.name for one in self.rows].index(row.name) < number - 1:
            return {f"{id}-name": "Dit antwoord staat er al. Kies een ander, of maak deze tekst leeg."}
        said = replace(known.answers[row.name], text=row.text, buttons=(), variants=(), image=None)
        problem = AnswerForm.of(said).errors(set(), known.fields).get("text")
        return {id: f"Tekst {number}: {problem[0].lower()}{problem[1:]}"} if problem else {}


def choices(now: datetime) -> list[tuple[str, str, datetime]]:
    """Quick ends: what the form sends, its title, and when that is. now: in the company's time zone."""
    # Two hours as they pass, also when the clock is changed in them.
    later = (now.astimezone(timezone.utc) + timedelta(hours=2)).astimezone(now.tzinfo).replace(second=0, microsecond=0)
    evening = datetime.combine(now.date(), time(18), now.tzinfo)
    morning = datetime.combine(now.date() + timedelta(days=1), time(9), now.tzinfo)
    found = [("2h", f"2 uur, tot {clock(later)} uur", later)]
    if evening > now:
        found.append(("today", "Tot vandaag 18.00 uur", evening))
    return [*found, ("morning", "Tot morgen 9.00 uur", morning)]


def chosen_titles(names: Collection[str], known: Known) -> list[str]:
    """How people call these answers."""
    found = [known.answers.get(name) for name in names]
    return [one.title or one.name if one else name for name, one in zip(names, found, strict=True)]


def _padded(rows: tuple[TextRow, ...]) -> tuple[TextRow, ...]:
    """With EMPTY_ROWS at the end, where there is room for more."""
    filled = max((number for number, row in enumerate(rows, start=1) if not row.is_empty), default=0)
    return (*rows[:filled], *[TextRow()] * EMPTY_ROWS)[:MAX_TEXTS] if filled < MAX_TEXTS else rows[:MAX_TEXTS]


def _ms(at: datetime) -> int:
    return int(at.timestamp() * 1000)
