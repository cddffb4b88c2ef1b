"""The page where managers keep the list of labels tidy."""

from __future__ import annotations

from dataclasses import dataclass, field

from sanic import Blueprint, HTTPResponse, Request
from sanic.response import redirect

from bot.errors import Conflict, InvalidMessage
from bot.store.labels import COLOURS, MAX_CHARS, Colour, Label, checked_colour
from bot.web.access import signed_in
from bot.web.form_fields import line_field
from bot.web.pages import render
from bot.web.rights import MANAGERS

blueprint = Blueprint("labels")

COLOUR_WORDS: dict[Colour, str] = {"grey": "Grijs", "blue": "Blauw", "green": "Groen", "yellow": "Geel", "red": "Rood"}
_DONE = {
    "created": "Het label staat in de lijst.",
    "changed": "Het label is gewijzigd.",
    "removed": "Het label is weg.",
}


@dataclass(frozen=True)
class LabelsPage:
    """counts: how many conversations have each. form: what was filled in for a new one. notice: what just happened."""

    labels: list[Label]
    counts: dict[str, int]
    form: Label = Label("")
    errors: dict[str, str] = field(default_factory=dict)
    notice: str = ""
    colours: dict[Colour, str] = field(default_factory=lambda: COLOUR_WORDS)
    max_chars: int = MAX_CHARS


@blueprint.get("/team/labels")
@signed_in(*MANAGERS)
async def list_labels(request: Request) -> HTTPResponse:
    """All of them, and the form for a new one."""
    return await _page(request, notice=_DONE.get(request.args.get("done", ""), ""))


@blueprint.post("/team/labels")
@signed_in(*MANAGERS)
async def create_label(request: Request) -> HTTPResponse:
    """A label that agents can choose."""
    form = Label(line_field(request, "name"), _colour(request))
    try:
        label = await request.app.ctx.store.labels.create(form.name, form.colour)
    except (InvalidMessage, Conflict) as exc:
        return await _page(request, exc.status, form=form, errors={"name": _why_not(exc)})
    return await _done(request, "created", label.name)


@blueprint.post("/team/labels/change")
@signed_in(*MANAGERS)
async def change_label(request: Request) -> HTTPResponse:
    """Another name or colour, also on the conversations that have it."""
    label, name = line_field(request, "label"), line_field(request, "name")
    try:
        await request.app.ctx.store.labels.change(label, name, _colour(request))
    except (InvalidMessage, Conflict) as exc:
        return await _page(request, exc.status, errors={"": f"{label}: {_why_not(exc)}"})
    return await _done(request, "changed", label, name)


@blueprint.post("/team/labels/remove")
@signed_in(*MANAGERS)
async def remove_label(request: Request) -> HTTPResponse:
    """Take it out of the list, and off every conversation."""
    label = line_field(request, "label")
    count = await request.app.ctx.store.labels.remove(label)
    return await _done(request, "removed", label, f"{count} conversations")


def _colour(request: Request) -> Colour:
    return checked_colour(line_field(request, "colour") or COLOURS[0])


def _why_not(exc: InvalidMessage | Conflict) -> str:
    if isinstance(exc, InvalidMessage):
        return f"Een label heeft 1 tot {MAX_CHARS} tekens."
    return "Dit label is er al, of de lijst is vol."


async def _done(request: Request, what: str, label: str, details: str = "") -> HTTPResponse:
    await request.app.ctx.store.audit.note(
        request.ctx.account.id, f"label.{what}", about=label, details=details, address=request.client_ip
    )
    return redirect(f"/team/labels?done={what}", status=303)


async def _page(request: Request, status: int = 200, **values: object) -> HTTPResponse:
    labels = request.app.ctx.store.labels
    page = LabelsPage(await labels.known(), await labels.counts(), **values)  # type: ignore[arg-type]
    return render(request, "team/labels.html", status=status, page=page)
