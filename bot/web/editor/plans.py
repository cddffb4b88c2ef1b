"""Planning answers: those of one answer, and the calendar of all."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from urllib.parse import quote
from zoneinfo import ZoneInfo

from sanic import Blueprint, HTTPResponse, Request
from sanic.response import redirect

from bot.errors import Conflict, EditConflict, InvalidMessage, NotFound
from bot.model import Template
from bot.store.plans import MAX_OF_ANSWER, Plan
from bot.store.templates import same_answer
from bot.store.work import now_ms
from bot.web.access import signed_in
from bot.web.audit.noting import note_deed
from bot.web.editor.answer_page import Limits
from bot.web.editor.form import AnswerForm
from bot.web.editor.form_parts import URL_TARGET
from bot.web.editor.occasions import takes_buttons
from bot.web.editor.people import load_names
from bot.web.editor.plan_form import FROM, PlanForm
from bot.web.editor.style import Remarks, style_errors
from bot.web.editor.timeline import Stretch, load_timeline
from bot.web.editor.topics import payload_choices
from bot.web.form_fields import line_field
from bot.web.pages import CHANNELS, render
from bot.web.rights import EDITORS

PAST_SHOWN = 50
SAID = {
    "saved": "Ingepland. Op die tijd lezen klanten het vanzelf.",
    "removed": "De planning is weg. Klanten lezen wat er zonder die planning zou staan.",
}
SECOND_PAIR = (
    "Een collega moet meekijken voordat klanten het lezen. Bewaar het als concept, en laat een collega dat inplannen."
)
DRAFT_CHANGED = "Niet ingepland: het concept is intussen veranderd. Bekijk het eerst, en plan het dan in."
DRAFT_GONE = "Niet ingepland: het concept is er niet meer, want iemand publiceerde het of gooide het weg."

blueprint = Blueprint("plans")
editors_only = signed_in(*EDITORS)


@dataclass(frozen=True)
class PlansPage:
    """What plans.html shows of one answer. draft_version: of its draft, 0 for none.

    theirs: on a conflict, the plan as a colleague left it; None: it is gone.
    """

    current: Template
    timeline: list[Stretch]
    form: PlanForm
    choices: dict[str, str]
    draft_version: int
    errors: dict[str, str] = field(default_factory=dict)
    is_conflict: bool = False
    theirs: Plan | None = None
    theirs_by: str = ""
    said: str = ""
    # For the parts of the form that it shares with the page of the answer.
    channels: dict[str, str] = field(default_factory=lambda: CHANNELS)
    limits: Limits = Limits()
    url_target: str = URL_TARGET
    # What a required rule of the house style finds is an error; its remarks are on the answer's own page.
    style: dict[str, Remarks] = field(default_factory=dict)

    @property
    def has_buttons(self) -> bool:
        return takes_buttons(self.current.name)


@dataclass(frozen=True)
class CalendarRow:
    """One plan. title: of its answer. by: who made it."""

    plan: Plan
    title: str
    by: str
    is_now: bool = False


@dataclass(frozen=True)
class CalendarPage:
    """What calendar.html shows: what is to come, the first on top, and what has been, the last on top."""

    coming: list[CalendarRow]
    past: list[CalendarRow]


@editors_only
async def show_calendar(request: Request) -> HTTPResponse:
    """All that is planned, and what has been."""
    store, now = request.app.ctx.store, now_ms()
    names, plans = await load_names(store), await store.plans.all()
    titles = {one.name: one.title for one in await store.templates.all_published(removed=True)}

    def row(plan: Plan) -> CalendarRow:
        name = plan.template.name
        return CalendarRow(plan, titles.get(name) or name, names.of(plan.by), plan.holds(now))

    known = sorted((one for of_answer in plans.values() for one in of_answer), key=lambda one: one.from_ms)
    coming = [row(one) for one in known if not one.is_over(now)]
    past = [row(one) for one in (await store.plans.past())[:PAST_SHOWN]]
    return render(request, "editor/calendar.html", page=CalendarPage(coming, past))


@editors_only
async def show_plans(request: Request, name: str) -> HTTPResponse:
    """What stands before, during and after, and a form: for a new one, or to change `?plan=`."""
    store = request.app.ctx.store
    current = await store.templates.published(name)
    wanted = request.args.get("plan", "")
    plan = await _plan(request, name, wanted) if wanted else None
    return await _page(request, current, PlanForm.of(current, plan, _zone(request)))


@editors_only
async def save_plan(request: Request, name: str) -> HTTPResponse:
    """A new one, or another one in the place of `plan`."""
    form, current = PlanForm.read(request), await request.app.ctx.store.templates.published(name)
    if line_field(request, "do") == "preview":  # another row
        return await _page(request, current, form)
    before = await _before(request, name, form)
    if form.plan_id and before is None:
        return await _conflict(request, current, form)
    plan, errors = await _planned(request, current, form, before)
    try:
        errors = errors or await _store(request, plan, before)
    except EditConflict:
        return await _conflict(request, current, form)
    if errors:
        return await _page(request, current, form, errors=errors, status=400)
    await note_deed(request, "plan.saved", name, _period(request, plan))
    return redirect(f"{_address(name)}?done=saved", status=303)


@editors_only
async def remove_plan(request: Request, name: str, plan_id: str) -> HTTPResponse:
    """Twice is once."""
    try:
        removed = await request.app.ctx.store.plans.remove(name, plan_id)
    except NotFound:
        await request.app.ctx.store.templates.published(name)
    else:
        await note_deed(request, "plan.removed", name, _period(request, removed))
    return redirect(f"{_address(name)}?done=removed", status=303)


blueprint.add_route(show_calendar, "/editor/plans", methods=["GET"])
blueprint.add_route(show_plans, "/editor/<name:str>/plans", methods=["GET"])
blueprint.add_route(save_plan, "/editor/<name:str>/plans", methods=["POST"])
blueprint.add_route(remove_plan, "/editor/<name:str>/plans/<plan_id:str>/remove", methods=["POST"])


async def _planned(
    request: Request, current: Template, form: PlanForm, before: Plan | None
) -> tuple[Plan, dict[str, str]]:
    """What the form makes, and what is wrong with it: id of the control to Dutch sentence."""
    store, account_id, at_ms = request.app.ctx.store, request.ctx.account.id, now_ms()
    rules = await store.editing_rules.get()
    from_ms, until_ms, errors = form.times(_zone(request), at_ms, before)
    draft = await store.answer_drafts.get(current.name) if form.uses_draft else None
    answer = AnswerForm.of(draft.template) if draft else form.answer
    wrong = style_errors(current.name, answer, await store.house_style.get())
    wrong |= answer.errors(set(await payload_choices(store)), rules.fields)
    if form.uses_draft and (draft is None or draft.version != form.answer.draft_version):
        wrong = {"": DRAFT_CHANGED if draft else DRAFT_GONE}
    elif draft and wrong:  # it may be unfinished, and its fields are not on this page
        wrong = {"": f"Het concept is nog niet af. {next(iter(wrong.values()))}"}
    errors |= wrong
    if current.is_removed:
        errors[""] = "Dit antwoord is verwijderd. Zet het eerst terug."
    by_another = draft is not None and draft.by != account_id
    template = answer.template(current) if not errors else current
    is_seen = by_another or (before and same_answer(template, before.template))
    if rules.answers_need_review and not is_seen:
        errors[""] = SECOND_PAIR
    template = replace(template, written_by=draft.by if draft and by_another else "")
    return Plan(template, from_ms, until_ms, account_id, at_ms), errors


async def _store(request: Request, plan: Plan, before: Plan | None) -> dict[str, str]:
    """Store it and return nothing, or why not. Raises EditConflict."""
    plans = request.app.ctx.store.plans
    try:
        await (plans.change(before, plan) if before else plans.add(plan))
    except EditConflict:
        raise
    except Conflict:
        return {FROM: await _meeting(request, plan, before)}
    except InvalidMessage:
        return {"": f"Een antwoord kan hoogstens {MAX_OF_ANSWER} keer ingepland staan. Verwijder er eerst een."}
    return {}


async def _page(
    request: Request,
    current: Template,
    form: PlanForm,
    *,
    errors: dict[str, str] | None = None,
    is_conflict: bool = False,
    theirs: Plan | None = None,
    status: int = 200,
) -> HTTPResponse:
    store = request.app.ctx.store
    draft = await store.answer_drafts.get(current.name)
    page = PlansPage(
        current=current,
        timeline=await load_timeline(store, current, now_ms()),
        form=form,
        choices=await payload_choices(store),
        draft_version=draft.version if draft else 0,
        errors=errors or {},
        is_conflict=is_conflict,
        theirs=theirs,
        theirs_by=(await load_names(store)).of(theirs.by) if theirs else "",
        said=SAID.get(request.args.get("done", ""), "") if status == 200 else "",
    )
    return render(request, "editor/plans.html", status=status, page=page)


async def _conflict(request: Request, current: Template, form: PlanForm) -> HTTPResponse:
    """Somebody changed the plan, or it is gone: the form then makes a new one."""
    known = [one for one in await request.app.ctx.store.plans.of(current.name) if one.id == form.plan_id]
    theirs = known[0] if known else None
    mine = replace(form, plan_id=theirs.id if theirs else "", made_at_ms=str(theirs.made_at_ms) if theirs else "")
    return await _page(request, current, mine, is_conflict=True, theirs=theirs, status=409)


async def _before(request: Request, name: str, form: PlanForm) -> Plan | None:
    """The plan that the form changes, if nobody else did since it was opened."""
    known = await request.app.ctx.store.plans.of(name)
    return next((one for one in known if (one.id, str(one.made_at_ms)) == (form.plan_id, form.made_at_ms)), None)


async def _plan(request: Request, name: str, plan_id: str) -> Plan:
    for one in await request.app.ctx.store.plans.of(name):
        if one.id == plan_id:
            return one
    raise NotFound(f"no plan {plan_id!r} of {name!r}")


async def _meeting(request: Request, plan: Plan, before: Plan | None) -> str:
    known = await request.app.ctx.store.plans.of(plan.template.name)
    other = next((one for one in known if one.meets(plan) and not (before and one.id == before.id)), None)
    when = f" {_period(request, other)}" if other else ""
    return f"Er staat al iets gepland{when}. Kies een andere tijd, of wijzig die planning."


def _period(request: Request, plan: Plan) -> str:
    moment = request.app.ctx.jinja.filters["moment"]
    return f"vanaf {moment(plan.from_ms)}" + (f" tot {moment(plan.until_ms)}" if plan.until_ms else "")


def _address(name: str) -> str:
    return f"/editor/{quote(name, safe='')}/plans"


def _zone(request: Request) -> ZoneInfo:
    return ZoneInfo(request.app.ctx.settings.timezone)
