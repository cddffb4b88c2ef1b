"""The departments: which there are, what each gets, when it is open and what it promises."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime, timezone
from urllib.parse import quote, unquote

from sanic import HTTPResponse, Request
from sanic.response import redirect

from bot.errors import Conflict, InvalidMessage, NotFound
from bot.model import Account
from bot.store import Store
from bot.store.departments import Department, Target
from bot.web.access import signed_in
from bot.web.audit.noting import note_deed
from bot.web.editor.compare import Piece, compare
from bot.web.form_fields import line_field
from bot.web.pages import render
from bot.web.rights import AGENTS, MANAGERS
from bot.web.team.department_form import CHANNELS, DepartmentForm
from bot.web.team.department_text import as_text
from bot.web.team.example import example
from bot.web.team.topics import Topics, load_topics

managers_only = signed_in(*MANAGERS)

MAX_DEPARTMENTS = 50


@dataclass(frozen=True)
class Row:
    """One department in the list."""

    department: Department
    members: list[str]
    """Names of who is in it."""
    topics: list[str]
    """What goes there, in Dutch."""
    is_open: bool
    waiting: int
    """How many customers wait for it now."""
    company_hours: bool
    """Whether it has the hours of the company."""


@dataclass(frozen=True)
class ListPage:
    """What departments.html shows."""

    rows: list[Row]
    company_hours: str
    is_default: bool
    """Whether there is nothing but the department of the settings."""
    notice: str = ""
    problem: str = ""


@dataclass(frozen=True)
class DepartmentPage:
    """What department.html shows."""

    form: DepartmentForm
    topics: Topics
    agents: list[Account]
    """Who can be a member."""
    leaders: list[Account]
    """Who can be warned as its manager."""
    company_hours: str
    current: Department | None = None
    """As it is stored; none for a new one."""
    is_first: bool = False
    """Whether it gets what no other department wants."""
    errors: dict[str, str] = field(default_factory=dict)
    saved: bool = False
    mine: list[Piece] = field(default_factory=list)
    """On a conflict: the reader's own version, in pieces."""
    theirs: list[Piece] = field(default_factory=list)
    channels: tuple[str, ...] = CHANNELS


@managers_only
async def list_departments(request: Request) -> HTTPResponse:
    """All of them, in the order in which they are looked through."""
    return await _list(request, notice="De afdeling is verwijderd." if "removed" in request.args else "")


@managers_only
async def add_example(request: Request) -> HTTPResponse:
    """Departments to begin with, while there are none."""
    store = request.app.ctx.store
    departments = await store.departments.all()
    if any(one.version for one in departments):
        return await _list(request, 409, problem="Er zijn al afdelingen.")
    intents = (await load_topics(store, "", departments)).intents
    for one in example(intents):
        with suppress(Conflict):  # a double click
            await store.departments.save(one)
    await note_deed(request, "department.saved", "example")
    return redirect("/team", status=303)


@managers_only
async def show_new(request: Request) -> HTTPResponse:
    """The form for one more."""
    return await _show(request, None, DepartmentForm())


@managers_only
async def create(request: Request) -> HTTPResponse:
    """One more, at the end of the list."""
    store, form = request.app.ctx.store, replace(DepartmentForm.read(request), expected_version=0)
    departments = await store.departments.all()
    errors = await _errors(request, "", form, departments)
    if len(departments) >= MAX_DEPARTMENTS:
        errors[""] = f"Je kunt hoogstens {MAX_DEPARTMENTS} afdelingen maken."
    if errors:
        return await _show(request, None, form, 400, errors=errors)
    # The one of the settings stays the first: it gets what no other wants.
    for one in departments:
        if not one.version:
            with suppress(Conflict):
                await store.departments.save(one)
    place = max(one.place for one in departments) + 1
    made = form.department(Department(_new_id(form.name, departments), form.name, Target(0, 0), place=place))
    try:
        await store.departments.save(made)
    except Conflict:
        return await _show(
            request, None, form, 409, errors={"": "Iemand anders maakte net ook een afdeling. Sla nog eens op."}
        )
    await note_deed(request, "department.saved", made.id)
    return redirect(f"/team/departments/{made.id}?saved=1", status=303)


@managers_only
async def show_department(request: Request, department_id: str) -> HTTPResponse:
    """The form with a department as it is now."""
    current = await _department(request)
    saved = request.args.get("saved", "") == str(current.version)
    return await _show(request, current, DepartmentForm.of(current), saved=saved)


@managers_only
async def save(request: Request, department_id: str) -> HTTPResponse:
    """Save the form, unless it has errors or somebody else saved in between."""
    store, current, form = request.app.ctx.store, await _department(request), DepartmentForm.read(request)
    errors = await _errors(request, current.id, form, await store.departments.all())
    if errors:
        return await _show(request, current, form, 400, errors=errors)
    draft = form.department(current)
    if replace(draft, version=current.version) == current:
        return _to_department(current)
    try:
        saved = await store.departments.save(draft)
    except Conflict:
        return await _show_conflict(request, draft)
    await note_deed(request, "department.saved", saved.id)
    return _to_department(saved)


@managers_only
async def move(request: Request, department_id: str) -> HTTPResponse:
    """One place up or down in the list."""
    store = request.app.ctx.store
    departments = list(await store.departments.all())
    at = departments.index(await _department(request))
    to = at + (-1 if line_field(request, "direction") == "up" else 1)
    if 0 <= to < len(departments):
        departments[at], departments[to] = departments[to], departments[at]
        for place, one in enumerate(departments):
            if one.place != place:
                await store.departments.save(replace(one, place=place))
        await note_deed(request, "department.moved", departments[to].id)
    return redirect("/team", status=303)


@managers_only
async def remove(request: Request, department_id: str) -> HTTPResponse:
    """Take one away that has nothing to do any more."""
    store, current = request.app.ctx.store, await _department(request)
    view = f"open/{current.id}"
    count = (await store.views.counts([view]))[view]
    if count:
        conversations = "staat nog 1 gesprek" if count == 1 else f"staan nog {count} gesprekken"
        problem = f"Bij {current.name} {conversations} open. Rond die eerst af, of stuur ze door."
        return await _list(request, 409, problem=problem)
    await store.departments.remove(current.id)
    await note_deed(request, "department.removed", current.id)
    return redirect("/team?removed=1", status=303)


async def _list(request: Request, status: int = 200, *, notice: str = "", problem: str = "") -> HTTPResponse:
    store: Store = request.app.ctx.store
    departments = await store.departments.all()
    names = {one.id: one.name for one in await store.accounts.all()}
    titles = (await load_topics(store, "", departments)).titles
    counts = await store.views.counts([f"waiting/{one.id}" for one in departments])
    at = datetime.now(timezone.utc)
    rows = [
        Row(
            department=one,
            members=[names[account_id] for account_id in one.members if account_id in names],
            topics=[titles.get(topic, topic) for topic in (*one.reasons, *one.intents)],
            is_open=store.departments.hours(one).is_open(at),
            waiting=counts[f"waiting/{one.id}"],
            company_hours=not one.hours,
        )
        for one in departments
    ]
    page = ListPage(
        rows=rows,
        company_hours=request.app.ctx.settings.opening_hours,
        is_default=not any(one.version for one in departments),
        notice=notice,
        problem=problem,
    )
    return render(request, "team/departments.html", status=status, page=page)


async def _show(
    request: Request,
    current: Department | None,
    form: DepartmentForm,
    status: int = 200,
    *,
    errors: dict[str, str] | None = None,
    saved: bool = False,
    mine: list[Piece] | None = None,
    theirs: list[Piece] | None = None,
) -> HTTPResponse:
    store: Store = request.app.ctx.store
    departments, accounts = await store.departments.all(), await store.accounts.all()
    page = DepartmentPage(
        form=form,
        topics=await load_topics(store, current.id if current else "", departments),
        agents=_offered(accounts, set(AGENTS), form.members),
        leaders=_offered(accounts, set(MANAGERS), form.managers),
        company_hours=request.app.ctx.settings.opening_hours,
        current=current,
        is_first=bool(current and departments[0].id == current.id),
        errors=errors or {},
        saved=saved,
        mine=mine or [],
        theirs=theirs or [],
    )
    return render(request, "team/department.html", status=status, page=page)


async def _show_conflict(request: Request, draft: Department) -> HTTPResponse:
    """Both versions, with the reader's still in the form."""
    store: Store = request.app.ctx.store
    # As it is now: what is a second old may be what was saved over.
    await store.departments.all()
    current = await store.departments.get(draft.id)
    names = {one.id: one.name for one in await store.accounts.all()}
    titles = (await load_topics(store, "", [current])).titles
    mine, theirs = compare(as_text(draft, names, titles), as_text(current, names, titles))
    form = replace(DepartmentForm.of(draft), expected_version=current.version)
    return await _show(request, current, form, 409, mine=mine, theirs=theirs)


async def _errors(
    request: Request, department_id: str, form: DepartmentForm, departments: Sequence[Department]
) -> dict[str, str]:
    store: Store = request.app.ctx.store
    topics = await load_topics(store, department_id, departments)
    errors = form.errors(topics.taken, topics.titles)
    known = {one.id for one in await store.accounts.all()}
    if not {*form.members, *form.managers} <= known or not {*form.intents, *form.reasons} <= {*topics.titles}:
        raise InvalidMessage("members, managers, intents, reasons: expected ones that exist")
    others = {one.name.casefold() for one in departments if one.id != department_id}
    if form.name.strip().casefold() in others:
        errors["name"] = "Er is al een afdeling die zo heet. Pas die aan, of kies een andere naam."
    return errors


async def _department(request: Request) -> Department:
    """That of the path, as it is now. Raises NotFound."""
    wanted = unquote(request.path.split("/")[3])
    departments: Sequence[Department] = await request.app.ctx.store.departments.all()
    for one in departments:
        if one.id == wanted:
            return one
    raise NotFound(f"no department {wanted!r}")


def _to_department(department: Department) -> HTTPResponse:
    return redirect(f"/team/departments/{quote(department.id, safe='')}?saved={department.version}", status=303)


def _offered(accounts: Sequence[Account], roles: set[str], chosen: Sequence[str]) -> list[Account]:
    """Who has one of the roles and may sign in, and who was chosen before losing that; by name."""
    found = [one for one in accounts if roles & set(one.roles) and not one.is_disabled or one.id in chosen]
    return sorted(found, key=lambda one: one.name.casefold())


def _new_id(name: str, departments: Sequence[Department]) -> str:
    """From the name, without article and accents: `de afdeling Zakelijk` becomes `zakelijk`."""
    ascii_name = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    words = re.findall(r"[a-z0-9]+", ascii_name)
    while len(words) > 1 and words[0] in ("de", "het", "onze", "afdeling"):
        words.pop(0)
    base = "-".join(words)[:36].strip("-") or "afdeling"
    taken, number, found = {one.id for one in departments}, 1, base
    while found in taken:
        number += 1
        found = f"{base}-{number}"
    return found
