"""Request bodies: JSON of a declared shape, or a clear 400."""

from __future__ import annotations

from typing import TypeVar

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
