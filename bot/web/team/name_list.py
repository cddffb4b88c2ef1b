"""What the two pages share on which managers keep a list of names tidy: labels, and stakeholder lists.

Each has a table, a form for a new name, and on every row a form that changes it and one that removes it. Their
templates fill in what differs in `team/_name_list.html`.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field

from sanic import Blueprint, HTTPResponse, Request
from sanic.response import redirect

from bot.errors import Conflict, InvalidMessage
from bot.web.access import signed_in
from bot.web.audit.noting import note_deed
from bot.web.form_fields import line_field
from bot.web.rights import MANAGERS


@dataclass(frozen=True)
class Outcome:
    """What the page says of the form that was sent. notice: it went well. errors: of field -> why it did not."""

    status: int = 200
    notice: str = ""
    errors: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Done:
    """What the audit log says about it."""

    about: str
    details: str = ""


Deed = Callable[[Request], Awaitable[Done]]


@dataclass(frozen=True)
class NameList:
    """kind: that of the audit log. said: of created, changed, removed -> what the page says.

    create, change, remove: read the form; raise InvalidMessage, Conflict, NotFound. why_not: in Dutch, for two.
    """

    path: str
    kind: str
    said: Mapping[str, str]
    show: Callable[[Request, Outcome], Awaitable[HTTPResponse]]
    create: Deed
    change: Deed
    remove: Deed
    why_not: Callable[[InvalidMessage | Conflict], str]


def add_pages(blueprint: Blueprint, names: NameList) -> None:
    """The page itself, and where its three forms go."""

    @signed_in(*MANAGERS)
    async def show(request: Request) -> HTTPResponse:
        return await names.show(request, Outcome(notice=names.said.get(request.args.get("done", ""), "")))

    @signed_in(*MANAGERS)
    async def create(request: Request) -> HTTPResponse:
        try:
            done = await names.create(request)
        except (InvalidMessage, Conflict) as exc:
            return await names.show(request, Outcome(exc.status, errors={"name": names.why_not(exc)}))
        return await _finish(request, names, "created", done)

    @signed_in(*MANAGERS)
    async def change(request: Request) -> HTTPResponse:
        try:
            done = await names.change(request)
        except (InvalidMessage, Conflict) as exc:
            said = ": ".join(part for part in (line_field(request, "name"), names.why_not(exc)) if part)
            return await names.show(request, Outcome(exc.status, errors={"": said}))
        return await _finish(request, names, "changed", done)

    @signed_in(*MANAGERS)
    async def remove(request: Request) -> HTTPResponse:
        return await _finish(request, names, "removed", await names.remove(request))

    path, kind = names.path, names.kind
    blueprint.add_route(show, path, methods=["GET"], name=f"show_{kind}s")
    blueprint.add_route(create, path, methods=["POST"], name=f"create_{kind}")
    blueprint.add_route(change, f"{path}/change", methods=["POST"], name=f"change_{kind}")
    blueprint.add_route(remove, f"{path}/remove", methods=["POST"], name=f"remove_{kind}")


async def _finish(request: Request, names: NameList, what: str, done: Done) -> HTTPResponse:
    await note_deed(request, f"{names.kind}.{what}", done.about, done.details)
    return redirect(f"{names.path}?done={what}", status=303)
