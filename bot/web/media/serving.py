"""Our copies of what customers sent, for who may read their conversations."""

from __future__ import annotations

import re
from urllib.parse import quote

from sanic import HTTPResponse, Request

from bot.errors import NotFound
from bot.model import Media
from bot.web.media.kinds import is_shown

# One part; a header with more, or another unit, is passed over and gets the whole.
_RANGE = re.compile(r"bytes=(?=[0-9]|-[0-9])([0-9]{0,15})-([0-9]{0,15})")
# What is in the file can do nothing in our pages, whatever it is: a sandbox without scripts and without our origin.
_HEADERS = {
    "content-security-policy": "default-src 'none'; style-src 'unsafe-inline'; sandbox",
    "x-content-type-options": "nosniff",
    "cross-origin-resource-policy": "same-origin",
    # A browser asks each time, and hears at once when the customer took the message back.
    "cache-control": "private, no-cache",
    "accept-ranges": "bytes",
}


async def send_media(request: Request, conversation_id: str, message_id: str, place: int) -> HTTPResponse | None:
    """Answer with one attachment, or the part of it that the browser asks for. Raises NotFound, UpstreamError."""
    ctx = request.app.ctx
    media = (await ctx.store.conversations.media(conversation_id, message_id, [place]))[0]
    if media is None or not media.key:
        raise NotFound("no such attachment")
    # What is under a key never changes.
    etag = f'"{media.key.replace("/", "-")}"'
    headers = {**_HEADERS, "content-disposition": _disposition(media), "etag": etag}
    if request.headers.get("if-none-match") == etag:
        return HTTPResponse(status=304, headers=headers)
    wanted = _RANGE.fullmatch(request.headers.get("range", ""))
    start, end = _part(wanted, media.size_bytes) if wanted else (0, media.size_bytes)
    if start >= end:
        return HTTPResponse(status=416, headers={**headers, "content-range": f"bytes */{media.size_bytes}"})
    if wanted:
        headers["content-range"] = f"bytes {start}-{end - 1}/{media.size_bytes}"
    pieces = (await ctx.media.ready()).read(media.key, start, end)
    # The first one before the headers: a file that is gone becomes a 404.
    first = await anext(pieces)
    headers["content-length"] = str(end - start)
    response = await request.respond(status=206 if wanted else 200, headers=headers, content_type=media.content_type)
    await response.send(first)
    async for piece in pieces:
        await response.send(piece)
    await response.eof()
    return None


def _part(wanted: re.Match[str], size: int) -> tuple[int, int]:
    """Start and end (exclusive) of what a Range header asks for; nothing is there when the end is not behind it."""
    if not wanted[1]:
        return max(0, size - int(wanted[2])), size
    return int(wanted[1]), min(size, int(wanted[2]) + 1) if wanted[2] else size


def _disposition(media: Media) -> str:
    """Only what a browser shows safely is shown; all else is saved. The name has no quotes and no line ends."""
    how = "inline" if is_shown(media.content_type) else "attachment"
    plain = re.sub(r"[^A-Za-z0-9._ -]", "_", media.name) or "bestand"
    return f"{how}; filename=\"{plain}\"; filename*=UTF-8''{quote(media.name, safe='')}"
