"""The page where managers make the stakeholder lists, and see who is on them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sanic import HTTPResponse, Request

from bot.errors import Conflict, InvalidMessage
from bot.store import Store
from bot.store.people import Person
from bot.store.stakeholders import MAX_LISTS, MAX_NAME_CHARS, StakeholderList
from bot.web.desk import words
from bot.web.form_fields import line_field
from bot.web.pages import render
from bot.web.team.name_list import Done, NameList, Outcome

# Of each list; who was noted last first.
SHOWN = 50


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
    """form_name: what was filled in for a new one, and refused."""

    lists: tuple[ListLine, ...]
    outcome: Outcome
    form_name: str
    max_chars: int = MAX_NAME_CHARS


async def _show(request: Request, outcome: Outcome) -> HTTPResponse:
    store = request.app.ctx.store
    people = await store.people.all()
    lines = [await _line(store, one, people) for one in await store.stakeholders.all()]
    page = ListsPage(tuple(lines), outcome, line_field(request, "name") if "name" in outcome.errors else "")
    return render(request, "team/lists.html", status=outcome.status, page=page)


async def _create(request: Request) -> Done:
    """A list that agents can put customers on."""
    made = await request.app.ctx.store.stakeholders.add(line_field(request, "name"))
    return Done(made.id)


async def _change(request: Request) -> Done:
    """Another name; who is on it stays."""
    list_id = line_field(request, "list")
    await request.app.ctx.store.stakeholders.rename(list_id, line_field(request, "name"))
    return Done(list_id)


async def _remove(request: Request) -> Done:
    """No customer is on it any more."""
    list_id = line_field(request, "list")
    await request.app.ctx.store.stakeholders.remove(list_id)
    return Done(list_id)


def _why_not(exc: InvalidMessage | Conflict) -> str:
    if isinstance(exc, InvalidMessage):
        return f"Een naam heeft 1 tot {MAX_NAME_CHARS} tekens, en er zijn hooguit {MAX_LISTS} lijsten."
    return "Er is al een lijst met deze naam."


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


NAMES = NameList(
    path="/team/lijsten",
    kind="list",
    said={"created": "De lijst is gemaakt.", "changed": "De lijst is gewijzigd.", "removed": "De lijst is weg."},
    show=_show,
    create=_create,
    change=_change,
    remove=_remove,
    why_not=_why_not,
)
