"""How an operation of the API becomes a route: rights, query, body, and its line in the description."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Any
from urllib.parse import unquote

import msgspec
from sanic import Blueprint, HTTPResponse, Request
from sanic.response import raw

from bot.errors import InvalidMessage
from bot.model import Role
from bot.web.access import bearer
from bot.web.api.description import Operation, Parameter
from bot.web.bodies import decode_json

blueprint = Blueprint("api", url_prefix="/api")
OPERATIONS: list[Operation] = []
MAX_QUERY_CHARS = 300

Handler = Callable[..., Awaitable[Any]]


def operation(
    method: str,
    path: str,
    *roles: Role,
    summary: str,
    gives: Any,
    takes: Any = None,
    query: Sequence[Parameter] = (),
    errors: tuple[int, ...] = (),
) -> Callable[[Handler], Handler]:
    """Mount a handler that returns a `gives` and, if the operation takes a body, gets it as its last argument."""

    def decorate(handler: Handler) -> Handler:
        OPERATIONS.append(Operation(method, path, summary, roles, gives, takes, tuple(query), errors))

        async def respond(request: Request, **path_values: str) -> HTTPResponse:
            values = [unquote(value) for value in path_values.values()]
            # None is an empty object: who leaves everything out need not write the braces.
            body = [decode_json(request.body or b"{}", takes)] if takes is not None else []
            return json_response(await handler(request, *values, *body))

        route = f"/v1{path}".replace("{", "<").replace("}", ":str>")
        blueprint.add_route(bearer(*roles)(respond), route, methods=[method], name=handler.__name__)
        return handler

    return decorate


def json_response(value: Any, status: int = 200) -> HTTPResponse:
    """A record of ours as JSON."""
    return raw(msgspec.json.encode(value), status=status, content_type="application/json")


def text_of(request: Request, name: str) -> str:
    """A value of the query, empty without one. Raises InvalidMessage."""
    value = str(request.args.get(name, ""))
    if len(value) > MAX_QUERY_CHARS:
        raise InvalidMessage(f"{name}: expected at most {MAX_QUERY_CHARS} characters")
    return value


def number_of(request: Request, name: str, *, default: int, most: int) -> int:
    """A whole number of the query, from 1. Raises InvalidMessage."""
    text = text_of(request, name)
    if not text:
        return default
    if not (text.isascii() and text.isdigit() and 1 <= int(text) <= most):
        raise InvalidMessage(f"{name}: expected a whole number from 1 to {most}")
    return int(text)
