"""Bodies: of requests JSON of a declared shape, or a clear 400; of what other servers answer no more than is sane."""

from __future__ import annotations

from typing import TypeVar

import aiohttp
import msgspec
from sanic import Request

from bot.errors import InvalidMessage

Shape = TypeVar("Shape")


def decode(request: Request, shape: type[Shape]) -> Shape:
    """The body as `shape`. Raises InvalidMessage, saying which field had what and what was expected."""
    return decode_json(request.body, shape)


def decode_json(body: bytes | str, shape: type[Shape]) -> Shape:
    """As `decode`, for JSON from elsewhere."""
    try:
        return msgspec.json.decode(body, type=shape)
    except (msgspec.DecodeError, UnicodeError, RecursionError) as exc:
        raise InvalidMessage(f"body: {exc}") from exc


class AnswerTooLong(ValueError):
    """Another server sent more than any answer that we ask for has."""


async def read_answer(response: aiohttp.ClientResponse, *, max_bytes: int) -> bytes:
    """The whole body of another server's answer. Raises AnswerTooLong, and what aiohttp raises."""
    content = bytearray()
    async for chunk in response.content.iter_chunked(64 * 1024):
        content += chunk
        if len(content) > max_bytes:
            raise AnswerTooLong("answer too long")
    return bytes(content)
