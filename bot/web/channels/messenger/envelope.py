"""Takes a webhook's request apart, without looking into its events: whatever can be kept apart is."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import msgspec

from bot.store.inbound import RawEvent
from bot.web.channels.messenger.fields import whole_characters

ARRAYS = ("messaging", "standby", "changes")
PLATFORMS = ("page", "instagram")
# Meta says: at most a thousand updates in a request.
MAX_EVENTS = 10_000
# Of a body that is no request of Meta's so much is kept, for who wants to know.
KEPT_CHARS = 64 * 1024
MAX_NAME_CHARS = 50

_Object = dict[str, msgspec.Raw]
_List = list[msgspec.Raw]
_UNREADABLE = (msgspec.MsgspecError, UnicodeError, RecursionError, ValueError)


def events_in(body: bytes, *, received_at_ms: int) -> list[RawEvent]:
    """Every event of a request, raw and in order; at least one, whatever the body is.

    What is not as Meta describes it becomes an event too: the smallest part that holds it, with `array` empty.
    """
    body = _utf8(body)
    envelope = _as(_Object, body) or _as(_Object, _repaired(body))
    if envelope is None:
        return [_whole("", body, received_at_ms)]
    platform = _text(envelope.get("object"))
    entries = _as(_List, envelope.get("entry"))
    if platform not in PLATFORMS or not entries:
        return [_whole(platform[:MAX_NAME_CHARS], body, received_at_ms)]
    events = [event for entry in entries for event in _events_of(entry, platform, received_at_ms)]
    return events if 0 < len(events) <= MAX_EVENTS else [_whole(platform, body, received_at_ms)]


def _events_of(entry: msgspec.Raw, platform: str, received_at_ms: int) -> Iterator[RawEvent]:
    parts = _as(_Object, entry) or {}
    account_id = _text(parts.get("id"))[:MAX_NAME_CHARS]
    arrays = {name: _as(_List, parts[name]) for name in ARRAYS if name in parts}
    if not arrays or None in arrays.values():
        yield RawEvent(platform, account_id, "", entry, received_at_ms)
    for name, found in arrays.items():
        for event in found or ():
            yield RawEvent(platform, account_id, name, event, received_at_ms)


def _as(kind: Any, raw: msgspec.Raw | bytes | None) -> Any:
    """The JSON as an object or a list of raw parts; None if it is none."""
    if raw is None:
        return None
    try:
        return msgspec.json.decode(raw, type=kind)
    except _UNREADABLE:
        return None


def _text(raw: msgspec.Raw | None) -> str:
    """A string or a number as text."""
    value = _as(str | int, raw)
    return "" if value is None or isinstance(value, bool) else str(value)


def _utf8(body: bytes) -> bytes:
    try:
        body.decode()
    except UnicodeDecodeError:
        return body.decode(errors="replace").encode()
    return body


def _repaired(body: bytes) -> bytes | None:
    """The same JSON without what only some can read: NaN, a byte order mark, halves of surrogate pairs."""
    try:
        value = json.loads(body.decode("utf-8-sig"), parse_constant=lambda _: None)
        return whole_characters(json.dumps(value, ensure_ascii=False)).encode()
    except _UNREADABLE:
        return None


def _whole(platform: str, body: bytes, received_at_ms: int) -> RawEvent:
    """The body as text, so that it can be kept whatever it is."""
    text = msgspec.json.encode(body[:KEPT_CHARS].decode(errors="replace"))
    return RawEvent(platform, "", "", msgspec.Raw(text), received_at_ms)
