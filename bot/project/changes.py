"""What differs between the topics of the files and those of the store."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import msgspec

from bot.store.topics import Example, Topic


@dataclass(frozen=True)
class Changes:
    """Names of topics (intents) or answers. kept: that differ, and stay as an editor wrote them."""

    added: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    kept: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.added or self.changed or self.removed)


def essence(topic: Topic) -> Topic:
    """Without what only the store knows: who wrote what when, and the number of its place."""
    examples = tuple(Example(one.text) for one in topic.examples)
    return replace(topic, examples=examples, place=0, version=0, edited_at_ms=0, edited_by="")


def fingerprint(topics: Iterable[Topic]) -> str:
    """The same for topics that say the same, in the same order."""
    return hashlib.sha256(msgspec.json.encode([essence(topic) for topic in topics])).hexdigest()


def topic_changes(files: Sequence[Topic], store: Sequence[Topic]) -> Changes:
    """What becomes of the store's topics when they are made those of the files."""
    known = {topic.intent: topic for topic in store}
    wanted = {topic.intent for topic in files}
    return Changes(
        added=tuple(one.intent for one in files if one.intent not in known),
        changed=tuple(
            one.intent for one in files if one.intent in known and essence(one) != essence(known[one.intent])
        ),
        removed=tuple(one.intent for one in store if one.intent not in wanted and not one.is_retired),
    )
