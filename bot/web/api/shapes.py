"""What the API takes and gives; the OpenAPI description is made from these."""

from __future__ import annotations

from typing import Literal

import msgspec

from bot.model import (
    Button,
    Conversation,
    Entity,
    Handoff,
    Image,
    ModelRecord,
    Priority,
    Role,
    Template,
    TranscriptLine,
    Variant,
)
from bot.store.audit import AuditEntry
from bot.store.departments import Department
from bot.store.labels import Label
from bot.store.tokens import ApiToken
from bot.store.topics import Topic
from bot.store.trainings import Report, TrainingState


class QueueItem(msgspec.Struct):
    """A conversation that waits for a human, with all that was said.

    handoff: with the department that it is for, and until when an answer and an end were promised (ms, 0 for never).
    entities: what the customer named in all messages that the assistant read, without repeats.
    """

    conversation: Conversation
    handoff: Handoff | None
    waiting_s: float
    entities: list[Entity]
    transcript: list[TranscriptLine]


class Queue(msgspec.Struct):
    """size: how many wait in all. after: of the next page, empty on the last one."""

    items: list[QueueItem]
    size: int
    after: str = ""


class ConversationList(msgspec.Struct):
    """after: of the next page, empty on the last one."""

    items: list[Conversation]
    after: str = ""


class ConversationDetail(msgspec.Struct):
    """entities: as in QueueItem. transcript: at most 5,000 lines. before: asks for those before; empty without any."""

    conversation: Conversation
    entities: list[Entity]
    transcript: list[TranscriptLine]
    before: str = ""


class Claim(msgspec.Struct):
    """seen_owner: the owner that the caller saw, as `queue`; the claim fails with 409 if it is another by now."""

    seen_owner: str = "queue"


class Reply(msgspec.Struct):
    """message_id: made by the caller; sending the same again stores it once.

    seen_entry_id: `customer_entry_id` of the conversation as the caller saw it; fails with 409 if the customer wrote
    again since. Without it, nothing is looked at.
    """

    text: str
    message_id: str = ""
    seen_entry_id: str = ""


class Note(msgspec.Struct):
    """message_id: as in Reply."""

    text: str
    message_id: str = ""


class Transfer(msgspec.Struct):
    """Either of the two; note: why, for the colleagues."""

    account: str = ""
    department: str = ""
    note: str = ""


class Snooze(msgspec.Struct):
    """until_ms: when it comes back, ms since 1970; 0 takes it up again. seen_entry_id: as in a reply."""

    until_ms: int
    seen_entry_id: str = ""


class Prioritise(msgspec.Struct):
    priority: Priority


class Labels(msgspec.Struct):
    labels: list[str]


class Close(msgspec.Struct):
    """reason: solved, no_reply, elsewhere, duplicate or spam. seen_entry_id: as in a reply."""

    reason: str = "solved"
    seen_entry_id: str = ""


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
    variants: list[Variant] | None = None
    image: Image | msgspec.UnsetType | None = msgspec.UNSET
    because: str = ""
    version: int | None = None


class TopicList(msgspec.Struct):
    """changes: goes up with every save of a topic."""

    items: list[Topic]
    changes: int


class TopicTest(msgspec.Struct):
    """A message that a new model is tested with; with must_answer it must be answered."""

    text: str
    must_answer: bool = False


class TopicEdit(msgspec.Struct):
    """What is left out stays as it is; of a new topic only the title must be there.

    examples, tests: all of them. threshold: null for the one that training chooses. version: the one that the edit
    started from, 0 for a new topic; without it the edit wins over whatever there is. take: examples that another topic
    has go from there to here; without it they are refused.
    """

    title: str | msgspec.UnsetType = msgspec.UNSET
    description: str | msgspec.UnsetType = msgspec.UNSET
    examples: list[str] | msgspec.UnsetType = msgspec.UNSET
    tests: list[TopicTest] | msgspec.UnsetType = msgspec.UNSET
    answering: Literal["automatic", "human"] | msgspec.UnsetType = msgspec.UNSET
    threshold: float | None | msgspec.UnsetType = msgspec.UNSET
    is_retired: bool | msgspec.UnsetType = msgspec.UNSET
    version: int | None = None
    take: bool = False


class ModelList(msgspec.Struct):
    items: list[ModelRecord]
    active: str | None


class DepartmentList(msgspec.Struct):
    items: list[Department]


class LabelList(msgspec.Struct):
    items: list[Label]


class AuditList(msgspec.Struct):
    """before: of the next page, empty when there are no older ones. A page may have few, and still have a next one."""

    items: list[AuditEntry]
    before: str


class Token(msgspec.Struct):
    """account_id: whose it is, empty for one of the installation. Times are ms since 1970; 0 for never."""

    id: str
    name: str
    role: Role
    account_id: str
    created_by: str
    created_at_ms: int
    expires_at_ms: int
    used_at_ms: int

    @classmethod
    def of(cls, token: ApiToken) -> Token:
        """Without its hash."""
        return cls(**{field: getattr(token, field) for field in cls.__struct_fields__})


class TokenList(msgspec.Struct):
    items: list[Token]


class NewToken(msgspec.Struct):
    """days: how long it works, 0 for ever."""

    name: str
    role: Role
    days: int = 0


class TokenMade(msgspec.Struct):
    token: Token
    text: str


class Activation(msgspec.Struct):
    """reason: why a model may answer that fails test messages."""

    reason: str = ""


class TrainingResult(msgspec.Struct):
    """A training, with the report once it is done; that is kept for 30 days."""

    id: str
    asked_by: str
    state: TrainingState
    asked_at_ms: int
    started_at_ms: int
    ended_at_ms: int
    trainer: str
    step: str
    percent: int
    topic_changes: int
    reason: str
    detail: str
    model: str
    cancelled_by: str
    report: Report | None


class Done(msgspec.Struct):
    ok: bool = True


class Problem(msgspec.Struct):
    """Every error."""

    error: str
    code: str
    status: int
    ok: bool = False
