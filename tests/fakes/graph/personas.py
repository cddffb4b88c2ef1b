"""Personas: the names and faces under which the page may speak."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

from tests.fakes.graph.errors import bad_parameter, missing_object
from tests.fakes.graph.records import Json, Persona
from tests.fakes.graph.requests import GraphRequest

if TYPE_CHECKING:
    from tests.fakes.graph.server import FakeGraph

MAX_NAME_CHARS = 50


def create(graph: FakeGraph, request: GraphRequest) -> Json:
    name, picture = request.params.get("name"), request.params.get("profile_picture_url")
    if not isinstance(name, str) or not 0 < len(name) <= MAX_NAME_CHARS:
        raise bad_parameter(f"Param name must be 1 to {MAX_NAME_CHARS} characters")
    if not isinstance(picture, str) or not picture.startswith(("https://", "http://")):
        raise bad_parameter("Param profile_picture_url must be a valid URL")
    persona = Persona(str(secrets.randbelow(10**15) + 10**15), request.the_page.id, name, picture)
    graph.personas[persona.id] = persona
    graph.happened()
    return {"id": persona.id}


def listed(graph: FakeGraph, request: GraphRequest) -> Json:
    """With a cursor for the next page; `limit` is 25 without one."""
    known = [p for p in graph.personas.values() if p.page_id == request.the_page.id and not p.is_deleted]
    limit, start = int(request.params.get("limit", 25)), int(request.params.get("after", 0) or 0)
    shown = known[start : start + limit]
    answer: Json = {"data": [_described(each) for each in shown]}
    if shown:
        answer["paging"] = {"cursors": {"before": str(start), "after": str(start + len(shown))}}
        if start + limit < len(known):
            answer["paging"]["next"] = f"{graph.url}/{request.the_page.id}/personas?after={start + len(shown)}"
    return answer


def read(graph: FakeGraph, request: GraphRequest) -> Json:
    return _described(_mine(graph, request))


def delete(graph: FakeGraph, request: GraphRequest) -> Json:
    """Soft: old messages keep name and face."""
    _mine(graph, request).is_deleted = True
    return {"success": True}


def _mine(graph: FakeGraph, request: GraphRequest) -> Persona:
    persona = graph.personas.get(request.node)
    if persona is None or persona.page_id != request.the_page.id or persona.is_deleted:
        raise missing_object(request.node)
    return persona


def _described(persona: Persona) -> Json:
    return {"id": persona.id, "name": persona.name, "profile_picture_url": persona.picture}
