"""The pages about training: the list, one training with what changes, and the buttons."""

from __future__ import annotations

from sanic import HTTPResponse, Request
from sanic.response import redirect

from bot.errors import Forbidden, InvalidMessage
from bot.web.access import signed_in
from bot.web.audit.noting import note_deed
from bot.web.form_fields import line_field
from bot.web.pages import render
from bot.web.rights import EDITORS, MANAGERS
from bot.web.training.going_live import NoFile, NoneBefore, NotPassed, activate, ask_training, roll_back
from bot.web.training.page import load_list_page, load_training_page

editors_only = signed_in(*EDITORS)

DONE = {"back": "Het vorige model antwoordt weer."}
NO_FILE = "Het bestand van dit model is er niet meer. Train een nieuw model."
NONE_BEFORE = "Er is geen ander model om naar terug te gaan, of iemand anders koos net al een ander model."
NOT_PASSED = "Dit model maakt fouten in de toetsvragen. Vul in waarom het toch live mag."
NO_MANAGER = "Alleen een teamleider mag een model live zetten dat fouten maakt in de toetsvragen."
LONG_REASON = "De reden is te lang."


@editors_only
async def show_list(request: Request) -> HTTPResponse:
    """The trainings, what answers now, and what is not trained yet."""
    page = await load_list_page(request.app.ctx.store, done=DONE.get(request.args.get("done", ""), ""))
    return render(request, "training/list.html", page=page)


@editors_only
async def ask(request: Request) -> HTTPResponse:
    """Train; who asks while it waits, or runs with the same topics, sees that one."""
    training = await ask_training(request)
    return redirect(f"/training/{training.id}", status=303)


@editors_only
async def show_training(request: Request, training_id: str) -> HTTPResponse:
    """How far it is, and then what changes."""
    return await _show(request, training_id)


@editors_only
async def cancel(request: Request, training_id: str) -> HTTPResponse:
    """Stop it; one that is over stays what it is."""
    store = request.app.ctx.store
    await store.trainings.get(training_id)
    if await store.trainings.cancel(training_id, request.ctx.account.id):
        await note_deed(request, "training.cancelled", training_id)
    return redirect(f"/training/{training_id}", status=303)


@editors_only
async def go_live(request: Request, name: str) -> HTTPResponse:
    """Answer with this model, if it passes or a manager says why it may."""
    record = await request.app.ctx.store.models.get(name)
    training_id, reason = line_field(request, "training"), line_field(request, "reason")
    try:
        await activate(request, record, reason)
    except NotPassed:
        return await _show(request, training_id, 409, problem=NOT_PASSED)
    except Forbidden:
        return await _show(request, training_id, 403, problem=NO_MANAGER, reason=reason)
    except InvalidMessage:
        return await _show(request, training_id, 400, problem=LONG_REASON, reason=reason)
    except NoFile:
        return await _show(request, training_id, 409, problem=NO_FILE, reason=reason)
    return redirect(f"/training/{training_id}#live", status=303)


@editors_only
async def go_back(request: Request) -> HTTPResponse:
    """Answer with the model of before again."""
    try:
        await roll_back(request, from_model=line_field(request, "model"))
    except (NoneBefore, NoFile) as exc:
        problem = NO_FILE if isinstance(exc, NoFile) else NONE_BEFORE
        page = await load_list_page(request.app.ctx.store, problem=problem)
        return render(request, "training/list.html", status=409, page=page)
    return redirect("/training?done=back", status=303)


async def _show(
    request: Request, training_id: str, status: int = 200, *, reason: str = "", problem: str = ""
) -> HTTPResponse:
    store = request.app.ctx.store
    training = await store.trainings.get(training_id)
    may_override = bool(set(MANAGERS) & set(request.ctx.account.roles))
    page = await load_training_page(store, training, may_override=may_override, reason=reason, problem=problem)
    return render(request, "training/training.html", status=status, page=page)
