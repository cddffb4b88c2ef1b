"""The operations of the API, all of them mounted, and their description."""

from __future__ import annotations

from sanic import HTTPResponse, Request

import bot
from bot.errors import NotFound
from bot.web.api import administration, conversations, deeds, models, templates, topics
from bot.web.api.description import openapi
from bot.web.api.mounting import OPERATIONS, blueprint, json_response

__all__ = ["OPERATIONS", "administration", "blueprint", "conversations", "deeds", "models", "templates", "topics"]


@blueprint.get("/openapi.json")
async def description(_: Request) -> HTTPResponse:
    return json_response(openapi(OPERATIONS, bot.__version__))


async def unknown(_: Request, path: str) -> HTTPResponse:
    raise NotFound(f"no such route; /api/openapi.json lists them (asked for {path[:80]!r})")


blueprint.add_route(unknown, "/<path:path>", methods=["GET", "POST", "PUT", "DELETE", "PATCH"])
