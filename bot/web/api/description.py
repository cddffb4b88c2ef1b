"""The OpenAPI description, made from the operations themselves, so that it can't differ from them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from bot.model import Role
from bot.web.api.shapes import Problem

_SHAPES_AT = "#/components/schemas/{name}"


@dataclass(frozen=True)
class Parameter:
    """A value that may stand in the query."""

    name: str
    description: str
    kind: str = "string"


@dataclass(frozen=True)
class Operation:
    """One route of the API. `path` is relative to /api/v1, with `{name}` for what varies."""

    method: str
    path: str
    summary: str
    roles: tuple[Role, ...]
    gives: Any
    takes: Any = None
    query: tuple[Parameter, ...] = ()
    errors: tuple[int, ...] = ()


def openapi(operations: Sequence[Operation], version: str) -> dict[str, Any]:
    """The description as OpenAPI 3.1."""
    shapes = [shape for op in operations for shape in (op.gives, op.takes) if shape is not None] + [Problem]
    references, components = msgspec.json.schema_components(shapes, ref_template=_SHAPES_AT)
    by_shape = dict(zip([id(shape) for shape in shapes], references, strict=True))
    paths: dict[str, dict[str, Any]] = {}
    for op in operations:
        paths.setdefault(f"/api/v1{op.path}", {})[op.method.lower()] = _describe(op, by_shape)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Vraagbaak",
            "version": version,
            "description": "Conversations, the human queue and answers.",
        },
        "servers": [{"url": "/"}],
        "security": [{"token": []}, {"session": []}],
        "paths": paths,
        "components": {
            "schemas": components,
            "securitySchemes": {
                "token": {"type": "http", "scheme": "bearer", "description": "docs/how-to/api-tokens.md"},
                "session": {"type": "apiKey", "in": "cookie", "name": "bot_session"},
            },
        },
    }


def _describe(op: Operation, by_shape: dict[int, dict[str, Any]]) -> dict[str, Any]:
    problem = {"content": {"application/json": {"schema": by_shape[id(Problem)]}}}
    described: dict[str, Any] = {
        "summary": op.summary,
        "description": f"Roles: {', '.join(op.roles)}.",
        "operationId": re.sub(r"\W+", "_", f"{op.method.lower()}{op.path}").strip("_"),
        "responses": {
            "200": {
                "description": "Done",
                "content": {"application/json": {"schema": by_shape[id(op.gives)]}},
            },
            **{str(status): {"description": "Problem", **problem} for status in (*op.errors, 401, 403, 503)},
        },
    }
    parameters = _parameters(op)
    if parameters:
        described["parameters"] = parameters
    if op.takes is not None:
        described["requestBody"] = {
            "required": any(field.required for field in msgspec.structs.fields(op.takes)),
            "content": {"application/json": {"schema": by_shape[id(op.takes)]}},
        }
    return described


def _parameters(op: Operation) -> list[dict[str, Any]]:
    in_path = [
        {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}
        for name in re.findall(r"{(\w+)}", op.path)
    ]
    in_query = [
        {"name": one.name, "in": "query", "description": one.description, "schema": {"type": one.kind}}
        for one in op.query
    ]
    return in_path + in_query
