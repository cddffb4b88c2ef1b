"""What a training reads: the project's files as the store has them now, and what customers wrote lately."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import msgspec

from bot.assistant.comparing import RecentMessage
from bot.learning import is_for_editors
from bot.model import TranscriptLine
from bot.personal_data import masked
from bot.project.sync import take_over_files, write_project
from bot.store import Store

MOST_MESSAGES = 500
LINES_A_CONVERSATION = 30
# What is longer, customers seldom write; to read it takes as long as ten others.
MAX_CHARS = 400


@dataclass(frozen=True)
class Snapshot:
    """What a training reads. changes: `store.topics.changes()` then; versions: of each topic, by intent."""

    changes: int
    versions: dict[str, int]
    has_imported: bool


async def write_files(store: Store, folder: Path, base: Path) -> Snapshot:
    """Write the project as it is now, from the files in `base` and the store.

    Raises ConfigError if topics were changed in both.
    """
    imported = await take_over_files(store, base)
    changes = await store.topics.changes()  # first: what is saved from here on may be missing
    versions = {topic.intent: topic.version for topic in await store.topics.all()}
    await write_project(store, folder, base=base)
    return Snapshot(changes, versions, bool(imported and imported.topics))


async def write_messages(store: Store, file: Path) -> int:
    """Write the latest messages that the assistant read, masked; returns how many. Remove the file when it was read."""
    messages = await recent_messages(store)
    file.touch(mode=0o600)
    file.write_bytes(msgspec.json.encode(messages))
    return len(messages)


async def recent_messages(store: Store, limit: int = MOST_MESSAGES) -> list[RecentMessage]:
    """Of the conversations with the latest message first; each text once. Editors read those that change."""
    found: dict[str, RecentMessage] = {}
    for conversation in await store.conversations.recent(limit):
        if not is_for_editors(conversation):
            continue
        lines = await store.conversations.transcript(conversation.id, limit=LINES_A_CONVERSATION)
        for line in reversed(lines):
            if _counts(line):
                text = masked(line.message.text)
                found.setdefault(text.casefold(), RecentMessage(conversation.id, line.message.entry_id, text))
        if len(found) >= limit:
            break
    return list(found.values())[:limit]


def _counts(line: TranscriptLine) -> bool:
    """Whether the assistant read it as a question: no button, no emergency."""
    message, nlu = line.message, line.nlu
    is_text = message.sender == "customer" and message.text.strip() and not message.payload
    is_kept = len(message.text) <= MAX_CHARS and not line.marks.deleted_at_ms
    return bool(is_text and is_kept and nlu and not nlu.emergency)
