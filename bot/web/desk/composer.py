"""The foot of a conversation: the reply box, what helps to fill it, and the box for notes."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from bot.model import Account, Conversation, Template, TranscriptLine
from bot.store import Store
from bot.store.drafts import Draft, DraftKind
from bot.store.viewers import Viewer
from bot.web.desk.filling import Filling
from bot.web.desk.limits import TextLimit, text_limit
from bot.web.desk.suggestions import Suggestion, suggestions
from bot.web.handling import MAX_REPLY_CHARS


@dataclass(frozen=True)
class Box:
    """A text field with what was typed in it and not sent.

    message_id: goes along with the text: sending it twice stores it once.
    """

    text: str = ""
    message_id: str = field(default_factory=lambda: uuid.uuid4().hex)
    seen_entry_id: str = ""


@dataclass(frozen=True)
class Composer:
    """Everything below the transcript."""

    reply: Box
    note: Box
    opened: DraftKind  # which of the two is in view
    missed: str  # what the customer wrote since typing began, if that kept the answer back; else empty
    max_chars: int
    limit: TextLimit | None  # of the channel, None where only max_chars counts
    suggestions: tuple[Suggestion, ...]
    viewers: tuple[Viewer, ...]  # who else has the conversation open

    @property
    def who_else(self) -> str:
        """`Karim kijkt mee. Lotte typt.`"""
        return " ".join(f"{one.name} {'typt' if one.types else 'kijkt mee'}." for one in self.viewers)


@dataclass(frozen=True)
class Returned:
    """What comes back with a page that says why something was not sent."""

    box: Box
    kind: DraftKind = "reply"
    missed: str = ""


async def load_composer(
    store: Store,
    account: Account,
    conversation: Conversation,
    *,
    returned: Returned | None,
    lines: Sequence[TranscriptLine],
    templates: Mapping[str, Template],
    filling: Filling,
    inserted: str = "",
) -> Composer:
    """As `account` finds it now. inserted: name of a template that is put into the reply."""
    boxes = _boxes(await store.drafts.get(conversation.id, account.id), conversation, returned)
    reply = boxes["reply"]
    if inserted and conversation.agent_id == account.id:
        reply = _with_answer(reply, filling.fill(await store.templates.get(inserted)).text)
    is_mine = conversation.agent_id == account.id
    return Composer(
        reply=reply,
        note=boxes["note"],
        opened=returned.kind if returned else "reply",
        missed=returned.missed if returned else "",
        max_chars=MAX_REPLY_CHARS,
        limit=text_limit(conversation),
        suggestions=suggestions(lines, templates, filling) if is_mine else (),
        viewers=tuple(await store.viewers.others(conversation.id, account)),
    )


def _boxes(
    drafts: Mapping[DraftKind, Draft], conversation: Conversation, returned: Returned | None
) -> dict[DraftKind, Box]:
    found = {kind: Box(draft.text, draft.message_id, draft.seen_entry_id) for kind, draft in drafts.items()}
    boxes: dict[DraftKind, Box] = {
        "reply": found.get("reply") or Box(seen_entry_id=conversation.customer_entry_id),
        "note": found.get("note") or Box(),
    }
    if returned:
        boxes[returned.kind] = returned.box
    return boxes


def _with_answer(box: Box, text: str) -> Box:
    if text in box.text:
        return box
    joined = f"{box.text.rstrip()}\n\n{text}" if box.text.strip() else text
    return Box(joined, box.message_id, box.seen_entry_id)
