"""The page where managers keep the list of labels tidy."""

from __future__ import annotations

from dataclasses import dataclass, field

from sanic import HTTPResponse, Request

from bot.errors import Conflict, InvalidMessage
from bot.store.labels import COLOURS, MAX_CHARS, Colour, Label, LabelChange, checked_colour
from bot.web.form_fields import line_field
from bot.web.pages import render
from bot.web.team.name_list import Done, NameList, Outcome

COLOUR_WORDS: dict[Colour, str] = {"grey": "Grijs", "blue": "Blauw", "green": "Groen", "yellow": "Geel", "red": "Rood"}


@dataclass(frozen=True)
class LabelsPage:
    """counts: how many conversations have each. changes: what conversations have still to follow.

    form: what was filled in for a new one, and refused.
    """

    labels: list[Label]
    counts: dict[str, int]
    changes: list[LabelChange]
    outcome: Outcome
    form: Label
    colours: dict[Colour, str] = field(default_factory=lambda: COLOUR_WORDS)
    max_chars: int = MAX_CHARS


async def _show(request: Request, outcome: Outcome) -> HTTPResponse:
    labels = request.app.ctx.store.labels
    form = Label(line_field(request, "name"), _colour(request)) if "name" in outcome.errors else Label("")
    page = LabelsPage(await labels.known(), await labels.counts(), await labels.changes(), outcome, form)
    return render(request, "team/labels.html", status=outcome.status, page=page)


async def _create(request: Request) -> Done:
    """A label that agents can choose."""
    label = await request.app.ctx.store.labels.create(line_field(request, "name"), _colour(request))
    return Done(label.name)


async def _change(request: Request) -> Done:
    """Another name or colour, also on the conversations that have it."""
    label, name = line_field(request, "label"), line_field(request, "name")
    await request.app.ctx.store.labels.change(label, name, _colour(request))
    return Done(label, name)


async def _remove(request: Request) -> Done:
    """Take it out of the list, and off every conversation."""
    label = line_field(request, "label")
    count = await request.app.ctx.store.labels.remove(label)
    return Done(label, f"{count} conversations")


def _colour(request: Request) -> Colour:
    return checked_colour(line_field(request, "colour") or COLOURS[0])


def _why_not(exc: InvalidMessage | Conflict) -> str:
    if isinstance(exc, InvalidMessage):
        return f"Een label heeft 1 tot {MAX_CHARS} tekens."
    return "Dit label is er al of was er net nog, of de lijst is vol."


NAMES = NameList(
    path="/team/labels",
    kind="label",
    said={
        "created": "Het label staat in de lijst.",
        "changed": "Het label is gewijzigd.",
        "removed": "Het label is weg.",
    },
    show=_show,
    create=_create,
    change=_change,
    remove=_remove,
    why_not=_why_not,
)
