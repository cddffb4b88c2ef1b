"""The page of the crisis switch: editors see it, managers set it."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime
from zoneinfo import ZoneInfo

import structlog
from sanic import Blueprint, HTTPResponse, Request
from sanic.response import redirect

from bot.answers import EMERGENCY_TEMPLATES
from bot.errors import EditConflict, InvalidMessage
from bot.store.crisis import Crisis
from bot.store.work import now_ms
from bot.web.access import signed_in
from bot.web.audit.noting import note_deed
from bot.web.editor.crisis_form import MAX_BANNER_CHARS, MAX_DAYS, OWN, SAME, CrisisForm, Known, choices
from bot.web.editor.crisis_history import Line, history
from bot.web.editor.people import load_names
from bot.web.editor.topics import FAQ_PREFIX
from bot.web.form_fields import line_field
from bot.web.pages import render
from bot.web.rights import EDITORS, MANAGERS

HOUR_MS = 3_600_000
MINUTE_MS = 60_000
SAID = {
    "on": "De crisisstand is aan. Klanten merken het nu.",
    "changed": "Gewijzigd. Klanten merken het nu.",
    "kept": "Bewaard, maar niet aangezet. Klanten merken er niets van.",
    "extended": "De crisisstand duurt nu een uur langer.",
    "ended": "De crisisstand is uit. Alles is weer zoals het was.",
}

blueprint = Blueprint("crisis")
log = structlog.get_logger()


@dataclass(frozen=True)
class CrisisPage:
    """What crisis.html shows. set_by: who set it last; theirs: on a conflict, that a colleague was first."""

    crisis: Crisis
    is_on: bool
    set_by: str
    form: CrisisForm
    known: Known
    choices: list[tuple[str, str, datetime]]
    history: list[Line]
    may_switch: bool
    errors: dict[str, str] = field(default_factory=dict)
    theirs: bool = False
    said: str = ""
    max_banner: int = MAX_BANNER_CHARS
    same: str = SAME
    own: str = OWN


@signed_in(*EDITORS)
async def show(request: Request) -> HTTPResponse:
    """Whether there is a crisis, what it says, and how often there was one."""
    crisis = await request.app.ctx.store.crisis.get()
    return await _page(request, crisis, CrisisForm.of(crisis, _now(request)))


@signed_in(*MANAGERS)
async def switch(request: Request) -> HTTPResponse:
    """Switch it on, change it while it is on, or keep the form for later; `deed` says which."""
    deed, form, now = line_field(request, "deed"), CrisisForm.read(request), _now(request)
    before = await request.app.ctx.store.crisis.get()
    if deed == "more":
        return await _page(request, before, form.with_another_row())
    if deed not in ("on", "keep"):
        raise InvalidMessage("deed: expected on, keep or more")
    errors = form.errors(await _known(request, before))
    if deed == "on":
        errors |= form.until_errors(now, before)
    if errors:
        return await _page(request, before, form, errors=errors, status=400)
    wanted = form.crisis(before)
    if deed == "keep":
        return await _save(request, before, form, replace(wanted, is_on=False, from_ms=0, until_ms=0), "kept")
    is_on = before.holds(_ms(now))
    until_ms = form.until_ms(now) or before.until_ms
    from_ms = before.from_ms if is_on else _ms(now)
    wanted = replace(wanted, is_on=True, from_ms=from_ms, until_ms=until_ms)
    return await _save(request, before, form, wanted, "changed" if is_on else "on")


@signed_in(*MANAGERS)
async def extend(request: Request) -> HTTPResponse:
    """An hour longer than it was for who pressed the button; twice is once."""
    before = await request.app.ctx.store.crisis.get()
    seen = line_field(request, "until_ms")
    longer_ms = min(before.until_ms + HOUR_MS, now_ms() + MAX_DAYS * 24 * HOUR_MS)
    if before.holds(now_ms()) and seen == str(before.until_ms):
        return await _save(request, before, None, replace(before, until_ms=longer_ms), "extended")
    return redirect("/crisis", status=303)


@signed_in(*MANAGERS)
async def end(request: Request) -> HTTPResponse:
    """At once, whatever a colleague is doing with it; what was set is kept for the next time."""
    crises = request.app.ctx.store.crisis
    while (before := await crises.get()).holds(now_ms()):
        with suppress(EditConflict):
            await _set(request, replace(before, is_on=False, until_ms=now_ms()), "ended")
    return redirect("/crisis?done=ended", status=303)


blueprint.add_route(show, "/crisis", methods=["GET"])
blueprint.add_route(switch, "/crisis", methods=["POST"])
blueprint.add_route(extend, "/crisis/extend", methods=["POST"])
blueprint.add_route(end, "/crisis/end", methods=["POST"])


async def _save(request: Request, before: Crisis, form: CrisisForm | None, wanted: Crisis, what: str) -> HTTPResponse:
    """Set it and show the page; when a colleague was first, show what they set beside what was filled in."""
    try:
        await _set(request, wanted, what)
    except EditConflict:
        current = await request.app.ctx.store.crisis.get()
        if not _is_same(current, wanted) or current.by != request.ctx.account.id:
            mine = replace(form or CrisisForm.of(before, _now(request)), expected_version=current.version)
            return await _page(request, current, mine, theirs=True, status=409)
    return redirect(f"/crisis?done={what}", status=303)


async def _set(request: Request, wanted: Crisis, what: str) -> None:
    wanted = replace(wanted, by=request.ctx.account.id, at_ms=now_ms())
    saved = await request.app.ctx.store.crisis.save(wanted)
    request.app.ctx.crisis_watch.heard(saved)
    log.warning("crisis.set", is_on=saved.is_on, until_ms=saved.until_ms, account_id=saved.by)
    until = request.app.ctx.jinja.filters["moment"](saved.until_ms)
    await note_deed(request, f"crisis.{what}", "crisis", f"tot {until}" if saved.is_on else "")


async def _page(
    request: Request,
    crisis: Crisis,
    form: CrisisForm,
    *,
    errors: dict[str, str] | None = None,
    theirs: bool = False,
    status: int = 200,
) -> HTTPResponse:
    store, now = request.app.ctx.store, _now(request)
    names, known = await load_names(store), await _known(request, crisis)
    done = request.args.get("done", "") if status == 200 else ""
    page = CrisisPage(
        crisis=crisis,
        is_on=crisis.holds(_ms(now)),
        set_by=names.of(crisis.by),
        form=form,
        known=known,
        choices=choices(now),
        history=history(await store.crisis.history(), names, known, _ms(now)),
        may_switch=bool(set(MANAGERS) & set(request.ctx.account.roles)),
        errors=errors or {},
        theirs=theirs,
        said=SAID.get(done, ""),
    )
    return render(request, "editor/crisis.html", status=status, page=page)


async def _known(request: Request, crisis: Crisis) -> Known:
    """What can be chosen: answers and questions; and what was chosen before and is gone by now.

    Not what is said to who is in danger: no other news may take the place of the emergency numbers.
    """
    store = request.app.ctx.store
    published = [one for one in await store.templates.all_published() if one.name not in EMERGENCY_TEMPLATES]
    published.sort(key=lambda one: (one.title or one.name).casefold())
    questions = {one.intent: one.title for one in await store.topics.all() if one.is_question}
    if not questions:
        # As long as no topics are stored, the answers say which questions there are.
        answered = [one for one in published if one.name.startswith(FAQ_PREFIX)]
        questions = {one.name.removeprefix("utter_"): one.title for one in answered}
    questions |= {intent: intent for intent in crisis.intents if intent not in questions}
    topics = dict(sorted(questions.items(), key=lambda one: one[1].casefold()))
    return Known({one.name: one for one in published}, topics, (await store.editing_rules.get()).fields)


def _is_same(one: Crisis, other: Crisis) -> bool:
    """A double click is no conflict: "two hours" may end a minute later for the second."""
    is_same = (one.is_on, one.banner, one.texts, one.intents) == (other.is_on, other.banner, other.texts, other.intents)
    return is_same and abs(one.until_ms - other.until_ms) <= MINUTE_MS


def _now(request: Request) -> datetime:
    return datetime.now(ZoneInfo(request.app.ctx.settings.timezone))


def _ms(at: datetime) -> int:
    return int(at.timestamp() * 1000)
