"""The page where managers make the stakeholder lists, and see who is on them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from sanic import Blueprint, HTTPResponse, Request
from sanic.response import redirect

from bot.errors import Conflict, InvalidMessage
from bot.store import Store
from bot.store.people import Person
from bot.store.stakeholders import MAX_LISTS, MAX_NAME_CHARS, StakeholderList
from bot.web.access import signed_in
from bot.web.desk import words
from bot.web.form_fields import line_field
from bot.web.pages import render
from bot.web.rights import MANAGERS

blueprint = Blueprint("stakeholders")

# Of each list; who was noted last first.
SHOWN = 50
_DONE = {"created": "De lijst is gemaakt.", "changed": "De lijst is gewijzigd.", "removed": "De lijst is weg."}


@dataclass(frozen=True)
class Member:
    """Somebody on a list. `url`: of the latest conversation."""

    name: str
    url: str


@dataclass(frozen=True)
class ListLine:
    """One list with who is on it; total: with those that are not shown."""

    id: str
    name: str
    members: tuple[Member, ...]
    total: int


@dataclass(frozen=True)
class ListsPage:
    """form_name: what was filled in for a new one. notice: what just happened."""

    lists: tuple[ListLine, ...]
    form_name: str = ""
    errors: dict[str, str] = field(default_factory=dict)
    notice: str = ""
    max_chars: int = MAX_NAME_CHARS


@blueprint.get("/team/lijsten")
@signed_in(*MANAGERS)
async def list_lists(request: Request) -> HTTPResponse:
    """All of them, and the form for a new one."""
    return await _page(request, notice=_DONE.get(request.args.get("done", ""), ""))


@blueprint.post("/team/lijsten")
@signed_in(*MANAGERS)
async def create_list(request: Request) -> HTTPResponse:
    """A list that agents can put customers on."""
    name = line_field(request, "name")
    try:
        made = await request.app.ctx.store.stakeholders.add(name)
    except (InvalidMessage, Conflict) as exc:
        return await _page(request, exc.status, form_name=name, errors={"name": _why_not(exc)})
    return await _done(request, "created", made.id)


@blueprint.post("/team/lijsten/change")
@signed_in(*MANAGERS)
async def change_list(request: Request) -> HTTPResponse:
    """Another name; who is on it stays."""
    list_id, name = line_field(request, "list"), line_field(request, "name")
    try:
        await request.app.ctx.store.stakeholders.rename(list_id, name)
    except (InvalidMessage, Conflict) as exc:
        return await _page(request, exc.status, errors={"": f"{name}: {_why_not(exc)}" if name else _why_not(exc)})
    return await _done(request, "changed", list_id)


@blueprint.post("/team/lijsten/remove")
@signed_in(*MANAGERS)
async def remove_list(request: Request) -> HTTPResponse:
    """No customer is on it any more."""
    list_id = line_field(request, "list")
    await request.app.ctx.store.stakeholders.remove(list_id)
    return await _done(request, "removed", list_id)


def _why_not(exc: InvalidMessage | Conflict) -> str:
    if isinstance(exc, InvalidMessage):
        return f"Een naam heeft 1 tot {MAX_NAME_CHARS} tekens, en er zijn hooguit {MAX_LISTS} lijsten."
    return "Er is al een lijst met deze naam."


async def _done(request: Request, what: str, list_id: str) -> HTTPResponse:
    await request.app.ctx.store.audit.note(
        request.ctx.account.id, f"list.{what}", about=list_id, address=request.client_ip
    )
    return redirect(f"/team/lijsten?done={what}", status=303)


async def _page(request: Request, status: int = 200, **values: object) -> HTTPResponse:
    store = request.app.ctx.store
    people = await store.people.all()
    lines = [await _line(store, one, people) for one in await store.stakeholders.all()]
    page = ListsPage(tuple(lines), **values)  # type: ignore[arg-type]
    return render(request, "team/lists.html", status=status, page=page)


async def _line(store: Store, one: StakeholderList, people: Sequence[Person]) -> ListLine:
    on_it = [person for person in people if one.id in person.lists]
    members = [await _member(store, person) for person in on_it[-SHOWN:][::-1]]
    return ListLine(one.id, one.name, tuple(members), len(on_it))


async def _member(store: Store, person: Person) -> Member:
    found = await store.people.conversations(person)
    if not found:
        return Member(person.name or "Klant zonder gesprekken", "")
    named = next((one.customer_name for one in found if one.customer_name), words.customer_name(found[0]))
    return Member(person.name or named, words.page_url(found[0].id))
