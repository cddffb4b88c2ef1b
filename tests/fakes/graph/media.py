"""The CDN with what customers send, and what happens to the attachments that we send."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlencode, urlsplit

import aiohttp
from aiohttp import web

from tests.fakes.graph import media_files
from tests.fakes.graph.errors import bad_parameter
from tests.fakes.graph.records import DAY_MS, Json, Page
from tests.fakes.graph.requests import GraphRequest, Upload

if TYPE_CHECKING:
    from tests.fakes.graph.server import FakeGraph

MEGABYTE = 1024 * 1024
UPLOAD_LIFE_MS = 90 * DAY_MS
FETCH_TIMEOUT_S = 10.0
MAX_BYTES = {"image": 8 * MEGABYTE}
MAX_OTHER_BYTES = 25 * MEGABYTE

FILES: dict[str, tuple[str, Callable[[], bytes]]] = {
    "image.jpg": ("image/jpeg", media_files.jpeg),
    "image.png": ("image/png", media_files.png),
    "sticker.png": ("image/png", lambda: media_files.png(96, 96, (0, 132, 255))),
    "profile.png": ("image/png", lambda: media_files.png(48, 48, (120, 94, 240))),
    "video.mp4": ("video/mp4", media_files.mp4),
    "audio.mp4": ("audio/mp4", media_files.mp4),
    "file.pdf": ("application/pdf", media_files.pdf),
}
NAME_OF = {
    "image": "image.jpg",
    "video": "video.mp4",
    "audio": "audio.mp4",
    "file": "file.pdf",
    "sticker": "sticker.png",
    "story_mention": "image.jpg",
    "share": "image.jpg",
    "ig_post": "image.jpg",
}


@dataclass(frozen=True)
class Uploaded:
    page_id: str
    kind: str
    at_ms: int


class Media:
    """`url` makes an address of the CDN; `check` looks at the attachments of a message that we send."""

    def __init__(self, graph: FakeGraph) -> None:
        self._graph = graph
        self._uploads: dict[str, Uploaded] = {}

    def url(self, name: str, *, hours: float = 24.0, **how: str | int) -> str:
        """An address that can be read for so many hours of the fake's clock.

        name: one of FILES, or a kind of attachment. how: `size=bytes` makes it so big, `endless=1` never ends,
        `type=text/html` says so, `redirect=address` or `redirect=1` (to itself), `slow_s=seconds`, `status=500`.
        """
        expires = self._graph.clock.now_ms() + int(hours * 3_600_000)
        query = {"oh": secrets.token_hex(8), "oe": format(expires, "x"), **how}
        return f"{self._graph.url}/cdn/{NAME_OF.get(name, name)}?{urlencode(query)}"

    def attachment(self, kind: str) -> Json:
        """As a customer sends one of that kind."""
        payload: Json = {"url": self.url(kind)}
        if kind == "sticker":
            payload["sticker_id"] = 369239263222822
        return {"type": kind, "payload": payload}

    async def serve(self, request: web.Request) -> web.StreamResponse:
        """GET /cdn/{name}."""
        query = request.query
        name = request.match_info["name"]
        if name not in FILES:
            raise web.HTTPNotFound
        if int(query.get("oe", "0"), 16) <= self._graph.clock.now_ms():
            return web.Response(status=403, text="URL signature expired")
        if slow_s := float(query.get("slow_s", 0)):
            await asyncio.sleep(slow_s)
        if status := int(query.get("status", 0)):
            return web.Response(status=status, text="error")
        if target := query.get("redirect"):
            # Written by hand: the location may be any text, an address that must not be followed too.
            return web.Response(status=302, headers={"Location": str(request.url) if target == "1" else target})
        return await self._body(request, name)

    async def _body(self, request: web.Request, name: str) -> web.StreamResponse:
        query = request.query
        kind, make = FILES[name]
        kind = query.get("type", kind)
        size = int(query.get("size", 0))
        if not size and not query.get("endless"):
            return web.Response(body=make(), content_type=kind)
        response = web.StreamResponse(headers={"Content-Type": kind})
        await response.prepare(request)
        await response.write(make())
        left = size - len(make())
        while query.get("endless") or left > 0:
            await response.write(bytes(65_536 if query.get("endless") else min(65_536, left)))
            left -= 65_536
        return response

    async def check(self, message: Json, uploads: list[Upload], page: Page) -> Json:
        """Raises GraphError for what can't be had. Returns `attachment_id` if it was to be kept."""
        attachment = message.get("attachment") or {}
        kind, payload = attachment.get("type", ""), attachment.get("payload") or {}
        if kind in ("", "template", "like_heart", "MEDIA_SHARE"):
            return {}
        if payload.get("attachment_id"):
            self._check_id(str(payload["attachment_id"]), page)
        elif payload.get("url"):
            await self._fetch(str(payload["url"]), kind)
        elif not uploads:
            raise bad_parameter("Een bijlage heeft een url, een attachment_id of een bestand")
        return {"attachment_id": self._keep(kind, page)} if payload.get("is_reusable") else {}

    async def upload(self, request: GraphRequest) -> Json:
        """POST /{page}/message_attachments."""
        message = request.params.get("message")
        if not isinstance(message, dict) or not message.get("attachment"):
            raise bad_parameter("The parameter message is required")
        kept = await self.check(message, request.uploads, request.the_page)
        return kept or {"attachment_id": self._keep(message["attachment"]["type"], request.the_page)}

    def _keep(self, kind: str, page: Page) -> str:
        attachment_id = str(secrets.randbelow(10**15) + 10**15)
        self._uploads[attachment_id] = Uploaded(page.id, kind, self._graph.clock.now_ms())
        return attachment_id

    def _check_id(self, attachment_id: str, page: Page) -> None:
        known = self._uploads.get(attachment_id)
        is_old = known is not None and self._graph.clock.now_ms() - known.at_ms > UPLOAD_LIFE_MS
        if known is None or known.page_id != page.id or is_old:
            raise bad_parameter("Ongeldig ID van een bijlage", 2018074)

    async def _fetch(self, url: str, kind: str) -> None:
        """As Meta does, but only from this machine: tests have no other network. Raises GraphError."""
        if urlsplit(url).scheme not in ("http", "https"):
            raise bad_parameter("De URL kan niet worden opgehaald", 2018008)
        if urlsplit(url).hostname not in ("127.0.0.1", "localhost"):
            return
        most = MAX_BYTES.get(kind, MAX_OTHER_BYTES)
        try:
            async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(FETCH_TIMEOUT_S)) as session:
                async with session.get(url) as answer:
                    answer.raise_for_status()
                    size = 0
                    async for chunk in answer.content.iter_chunked(65_536):
                        size += len(chunk)
                        if size > most:
                            raise bad_parameter("De bijlage is te groot", 2018109)
        except (aiohttp.ClientError, asyncio.TimeoutError) as exc:
            raise bad_parameter("De URL kan niet worden opgehaald", 2018008) from exc
        if not answer.content_type.startswith({"file": ""}.get(kind, kind)):
            raise bad_parameter("De soort bijlage past niet bij het bestand", 2018047)
