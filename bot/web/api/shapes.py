"""What the API takes and gives; the OpenAPI description is made from these."""

from __future__ import annotations

import msgspec

from bot.model import Button, Conversation, Entity, Handoff, ModelRecord, Template, TranscriptLine


class QueueItem(msgspec.Struct):
    """A conversation that waits for a human, with all that was said.

    entities: what the customer named in all messages that the assistant read, without repeats.
    """

    conversation: Conversation
    handoff: Handoff | None
    waiting_s: float
    entities: list[Entity]
    transcript: list[TranscriptLine]


class Queue(msgspec.Struct):
    items: list[QueueItem]
    size: int


class ConversationList(msgspec.Struct):
    items: list[Conversation]


class ConversationDetail(msgspec.Struct):
    """entities: as in QueueItem."""

    conversation: Conversation
    entities: list[Entity]
    transcript: list[TranscriptLine]


class Claim(msgspec.Struct):
    """seen_owner: the owner that the caller saw, as `queue`; the claim fails with 409 if it is another by now."""

    seen_owner: str = "queue"


class Reply(msgspec.Struct):
    """message_id: made by the caller; sending the same again stores it once."""

    text: str
    message_id: str = ""


class Stored(msgspec.Struct):
    entry_id: str
    message_id: str


class TemplateList(msgspec.Struct):
    items: list[Template]


class TemplateEdit(msgspec.Struct):
    """version: the one that the edit started from; without it the edit wins over whatever there is."""

    text: str
    title: str | None = None
    buttons: list[Button] | None = None
    version: int | None = None


class ModelList(msgspec.Struct):
    items: list[ModelRecord]
    active: str | None


class Problem(msgspec.Struct):
    """Every error."""

    error: str
    code: str
    status: int
    ok: bool = False
