"""data/retired.jsonl: topics that are no longer trained or answered, one a line, with their answers; not for Rasa."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from bot.model import Template
from bot.project.files import Place, read_text
from bot.store.topics import Topic

# What the store alone knows, and changes with every save.
_OF_THE_STORE = ("version", "edited_at_ms", "edited_by", "because", "by", "at_ms", "message_id")


@dataclass(frozen=True)
class Retired:
    topic: Topic
    answer: Template | None = None


def read_retired(file: Path) -> list[Retired]:
    """None if there is no such file. Raises ConfigError, which names the line."""
    if not file.exists():
        return []
    found: list[Retired] = []
    for number, line in enumerate(read_text(file).split("\n"), 1):
        if not line.strip():
            continue
        try:
            one = msgspec.json.decode(line, type=Retired, strict=True)
        except msgspec.DecodeError as exc:
            raise Place(file, number).error(f"this is no retired topic: {exc}") from exc
        if not one.topic.is_retired or one.topic.intent in {other.topic.intent for other in found}:
            raise Place(file, number).error(f"expected a topic once, with is_retired true: {one.topic.intent!r}")
        found.append(one)
    return found


def retired_line(one: Retired) -> str:
    """Without what has its default, and without what only the store knows."""
    record = msgspec.to_builtins(one)
    return json.dumps(_without_defaults(record), ensure_ascii=False) + "\n"


def _without_defaults(value: Any) -> Any:
    if isinstance(value, dict):
        kept = {key: _without_defaults(one) for key, one in value.items() if key not in _OF_THE_STORE}
        return {key: one for key, one in kept.items() if one or key in ("name", "title", "text", "alt")}
    if isinstance(value, (list, tuple)):
        return [_without_defaults(one) for one in value]
    return value
