"""The page's files, its state (a long poll) and its buttons. Anything that Meta has not, stands under `/_fake/`."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from aiohttp import web

from tests.fakes.graph.inspector.actions import do
from tests.fakes.graph.inspector.state import state_of

if TYPE_CHECKING:
    from tests.fakes.graph.server import FakeGraph

STATIC = Path(__file__).parent / "static"
LONGEST_WAIT_S = 20.0
# A picture may come from anywhere: the bot decides what it sends.
POLICY = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' http: https:"
HEADERS = {
    "Content-Security-Policy": POLICY + "; form-action 'none'; base-uri 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-store",
}
KINDS = {".html": "text/html", ".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}
OWN_HOSTS = ("127.0.0.1", "localhost")
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def add_routes(app: web.Application, graph: FakeGraph) -> None:
    async def page(_: web.Request) -> web.Response:
        return _file("index.html")

    async def file(request: web.Request) -> web.Response:
        return _file(request.match_info["name"])

    async def state(request: web.Request) -> web.Response:
        """`?after=version` waits until there is something newer, 20 s at most."""
        after = request.query.get("after", "")
        if after == str(graph.version):
            await graph.changes(LONGEST_WAIT_S)
        return web.json_response(state_of(graph), headers=HEADERS)

    async def action(request: web.Request) -> web.Response:
        """POST /_fake/do/{name} with a JSON object; 400 with the reason."""
        try:
            given = json.loads(await request.read() or b"{}")
            if not isinstance(given, dict):
                raise ValueError("expected a JSON object")
            result = await do(graph, request.match_info["name"], given)
        except (LookupError, ValueError, TypeError) as exc:
            return web.json_response({"error": str(exc)}, status=400, headers=HEADERS)
        return web.json_response({"result": result if isinstance(result, str) else None}, headers=HEADERS)

    app.router.add_get("/", _own(page))
    app.router.add_get("/_fake/state", _own(state))
    app.router.add_get("/_fake/static/{name}", _own(file))
    app.router.add_post("/_fake/do/{name}", _own(action))


def _own(handler: Handler) -> Handler:
    """Only for pages of this machine: not for another site's script, whatever name that gave this address."""

    async def checked(request: web.Request) -> web.StreamResponse:
        is_here = urlsplit(f"//{request.host}").hostname in OWN_HOSTS
        is_cross_site = request.headers.get("Sec-Fetch-Site", "none") not in ("none", "same-origin")
        if not is_here or is_cross_site or (request.method == "POST" and request.content_type != "application/json"):
            raise web.HTTPForbidden
        return await handler(request)

    return checked


def _file(name: str) -> web.Response:
    path = STATIC / name
    if path.parent != STATIC or path.suffix not in KINDS or not path.is_file():
        raise web.HTTPNotFound
    return web.Response(body=path.read_bytes(), content_type=KINDS[path.suffix], charset="utf-8", headers=HEADERS)
