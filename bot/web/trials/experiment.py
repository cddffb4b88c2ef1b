"""Letting another model run beside the live one: start, watch, stop, go live."""

from __future__ import annotations

import re

from sanic import HTTPResponse, Request
from sanic.response import redirect

from bot.errors import Conflict
from bot.model import ModelRecord
from bot.store import Store
from bot.store.experiments import MAX_DAYS, MAX_SHARE, Experiment
from bot.store.work import now_ms
from bot.web.access import signed_in
from bot.web.audit.noting import note_deed
from bot.web.form_fields import line_field
from bot.web.pages import render
from bot.web.rights import EDITORS
from bot.web.training.going_live import NoFile, NotPassed, activate, failed_tests
from bot.web.trials.experiment_page import ExperimentForm, load_experiment_page

editors_only = signed_in(*EDITORS)

PATH = "/trials/experiment"
DAY_MS = 86_400_000
_SAID = {
    "begun": "Het vergelijken is begonnen. Assistenten laden het model in een paar seconden.",
    "stopped": "Het vergelijken is gestopt. Het live model beantwoordt weer iedereen.",
    "live": "Het model is nu live. Het vergelijken is gestopt.",
}


@editors_only
async def show(request: Request) -> HTTPResponse:
    """The experiment that runs with its figures, or the form to start one."""
    return await _show(request, said=_SAID.get(request.args.get("said", ""), ""))


@editors_only
async def begin(request: Request) -> HTTPResponse:
    """Start one, unless another one runs."""
    store: Store = request.app.ctx.store
    form = ExperimentForm(*(line_field(request, name) for name in ("model", "mode", "share", "days")))
    records, active = {record.name: record for record in await store.models.all()}, await store.models.active()
    errors = _errors(form, records, active)
    if errors or active is None:
        return await _show(request, form=form, errors=errors, status=400)
    at_ms, share = now_ms(), int(form.share) if form.mode == "split" else 0
    wanted = Experiment(
        form.model,
        active.name,
        "split" if form.mode == "split" else "shadow",
        request.ctx.account.id,
        at_ms,
        at_ms + int(form.days) * DAY_MS,
        share,
    )
    try:
        await store.experiments.begin(wanted)
    except Conflict:
        return await _show(request, form=form, errors={"": "Er loopt al een vergelijking. Stop die eerst."}, status=409)
    await note_deed(request, "experiment.begun", form.model, f"{share}%" if share else "")
    return redirect(f"{PATH}?said=begun", status=303)


@editors_only
async def stop(request: Request) -> HTTPResponse:
    """Stop the one that the page was about."""
    store: Store = request.app.ctx.store
    running = await store.experiments.current()
    experiment_id = line_field(request, "id")
    if running and running.id == experiment_id:
        await store.experiments.end(experiment_id, "stopped", by=request.ctx.account.id)
        await note_deed(request, "experiment.stopped", running.model)
    return redirect(f"{PATH}?said=stopped", status=303)


@editors_only
async def go_live(request: Request) -> HTTPResponse:
    """Let the other model answer everybody from now on."""
    store: Store = request.app.ctx.store
    running = await store.experiments.current()
    if not running or running.id != line_field(request, "id"):
        return await _show(request, errors={"": "Deze vergelijking is al gestopt. Er is niets veranderd."}, status=409)
    try:
        await activate(request, await _record(store, running.model))
    except NotPassed:
        return await _show(request, errors={"": _FAILS}, status=409)
    except NoFile:
        return await _show(request, errors={"": _NO_FILE}, status=409)
    await store.experiments.end(running.id, "replaced", by=request.ctx.account.id)
    return redirect(f"{PATH}?said=live", status=303)


_FAILS = "Dit model haalt niet alle toetsvragen. Klanten krijgen er dus geen antwoord van; meelezen kan wel."


_NO_FILE = "Het bestand van dit model is er niet meer. Train een nieuw model."


async def _record(store: Store, name: str) -> ModelRecord:
    """Raises NoFile."""
    records = {record.name: record for record in await store.models.all()}
    if name not in records:
        raise NoFile(f"model {name} is not kept any more")
    return records[name]


def _errors(form: ExperimentForm, records: dict[str, ModelRecord], active: ModelRecord | None) -> dict[str, str]:
    errors = {}
    if active is None:
        errors[""] = "Er is nog geen model live. Train eerst een model."
    if form.model not in records or (active and form.model == active.name):
        errors["model"] = "Kies een model dat nu niet live is."
    elif form.mode == "split" and failed_tests(records[form.model]):
        errors["model"] = _FAILS
    if form.mode not in ("shadow", "split"):
        errors["mode"] = "Kies meelezen of verdelen."
    if form.mode == "split" and not _is_number(form.share, MAX_SHARE):
        errors["share"] = f"Vul een deel in van 1 tot {MAX_SHARE} procent."
    if not _is_number(form.days, MAX_DAYS):
        errors["days"] = f"Vul 1 tot {MAX_DAYS} dagen in."
    return errors


def _is_number(text: str, most: int) -> bool:
    return bool(re.fullmatch(r"[0-9]{1,3}", text)) and 1 <= int(text) <= most


async def _show(
    request: Request,
    *,
    form: ExperimentForm | None = None,
    errors: dict[str, str] | None = None,
    said: str = "",
    status: int = 200,
) -> HTTPResponse:
    page = await load_experiment_page(request, form=form, errors=errors, said=said)
    return render(request, "trials/experiment.html", status=status, page=page)
