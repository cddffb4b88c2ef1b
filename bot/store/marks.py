"""What happens to a message after it was stored, as the store keeps it: one hash field `<kind> <message id>` each."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from typing import Any

import msgspec

from bot.model import Marks, Media

NO_MARKS = Marks()


class Edit(msgspec.Struct):
    """number: of the edit, counted by the platform; a lower one came late."""

    number: int
    text: str


def edited_text(record: str) -> str:
    """The text after an edit, from its field."""
    return msgspec.json.decode(record, type=Edit).text


def marks_by_message(fields: Mapping[str, str]) -> dict[str, Marks]:
    """The hash of one conversation as `Marks` by message id."""
    found: defaultdict[str, dict[str, Any]] = defaultdict(dict)
    for name, value in fields.items():
        kind, _, message_id = name.partition(" ")
        if kind == "edit":
            edit = msgspec.json.decode(value, type=Edit)
            found[message_id] |= {"edited_text": edit.text, "edits": edit.number}
        elif kind == "deleted":
            found[message_id]["deleted_at_ms"] = int(value)
        elif kind == "reaction":
            found[message_id]["reaction"] = value.partition(" ")[2]
        elif kind == "problem":
            found[message_id]["problem"] = value
        elif kind == "media":
            message_id, _, place = message_id.rpartition(" ")
            found[message_id].setdefault("media", {})[int(place)] = msgspec.json.decode(value, type=Media)
    return {message_id: Marks(**values) for message_id, values in found.items()}
