"""A bucket that speaks as much S3 as our storage needs: whole objects, parts of them, lists, and deleting several."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from xml.sax.saxutils import escape

from aiohttp import web

ACCESS_KEY = "access-key-of-tests"


@dataclass
class Bucket:
    name: str
    port: int
    objects: dict[str, bytes] = field(default_factory=dict)
    is_down: bool = False

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def respond(self, request: web.Request) -> web.StreamResponse:
        if self.is_down:
            return web.Response(status=503)
        signature = request.headers.get("authorization", "")
        if not signature.startswith(f"AWS4-HMAC-SHA256 Credential={ACCESS_KEY}/"):
            return web.Response(status=403)
        bucket, _, key = request.match_info["path"].partition("/")
        if bucket != self.name:
            return web.Response(status=404, text="<Error><Code>NoSuchBucket</Code></Error>")
        if request.method == "POST" and "delete" in request.query:
            return await self._delete(request)
        if not key:
            return self._list(request.query.get("prefix", ""))
        if request.method == "PUT":
            self.objects[key] = await request.read()
            return web.Response(headers={"etag": '"1"'})
        if key not in self.objects:
            return web.Response(status=404)
        return self._get(request, self.objects[key])

    def _get(self, request: web.Request, content: bytes) -> web.Response:
        headers = {"etag": '"1"', "last-modified": "Thu, 26 Nov 2026 12:00:00 GMT"}
        found = re.fullmatch(r"bytes=(\d+)-(\d+)", request.headers.get("range", ""))
        if not found:
            return web.Response(body=content, headers=headers)
        start, last = int(found[1]), int(found[2])
        headers["content-range"] = f"bytes {start}-{last}/{len(content)}"
        return web.Response(status=206, body=content[start : last + 1], headers=headers)

    def _list(self, prefix: str) -> web.Response:
        found = "".join(
            f"<Contents><Key>{escape(key)}</Key><LastModified>2026-11-26T12:00:00.000Z</LastModified>"
            f"<ETag>1</ETag><Size>{len(content)}</Size></Contents>"
            for key, content in self.objects.items()
            if key.startswith(prefix)
        )
        text = f"<ListBucketResult><IsTruncated>false</IsTruncated>{found}</ListBucketResult>"
        return web.Response(text=text, content_type="application/xml")

    async def _delete(self, request: web.Request) -> web.Response:
        keys = re.findall(r"<Key>([^<]+)</Key>", (await request.read()).decode())
        for key in keys:
            self.objects.pop(key, None)
        found = "".join(f"<Deleted><Key>{key}</Key></Deleted>" for key in keys)
        return web.Response(text=f"<DeleteResult>{found}</DeleteResult>", content_type="application/xml")


@asynccontextmanager
async def running_bucket(name: str, port: int) -> AsyncIterator[Bucket]:
    bucket = Bucket(name, port)
    app = web.Application(client_max_size=30 * 1024 * 1024)
    app.router.add_route("*", "/{path:.*}", bucket.respond)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    try:
        yield bucket
    finally:
        await runner.cleanup()
