"""Which messages go to the learning inbox: noticed where they are dealt with, after the customer has been answered.

What goes wrong here costs nobody an answer: it is logged, and the message is not in the inbox.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace

import structlog

from bot.logs import described
from bot.model import Conversation, Handoff, Message, Nlu, TranscriptLine
from bot.personal_data import masked
from bot.store import Store
from bot.store.missed import MAX_REPLY_CHARS, MAX_TEXT_CHARS, Missed, Reason, Verdict
from bot.store.topics import FAQ_PREFIX
from bot.store.work import QUESTION_PREFIX, Turn, Unread, now_ms

log = structlog.get_logger()

# Nobody learns an answer from these; abuse and complaints are for people.
NOTHING_TO_LEARN = frozenset(
    {
        "klacht",
        "schelden",
        "compliment",
        "groet",
        "bedankt",
        "afscheid",
        "bevestigen",
        "ontkennen",
        "wat_kun_je",
        "bot_challenge",
    }
)
# Handed over for these, nothing of the conversation is for the inbox.
NOT_FOR_EDITORS = frozenset({"self_harm", "emergency", "complaint", "topic_for_humans"})
ASKS_FOR_HUMAN = "medewerker_spreken"
_REASON_OF: dict[str, Reason] = {"not_confident": "unsure", "unclear_twice": "unsure"}
# Who asks for a human asks something else too when a question is at least so likely.
MIN_QUESTION = 0.1
# Of a message that no model has read yet: shorter ones are hardly a question.
MIN_WORDS = 3
# An agent answers what was asked just before.
LOOK_BACK_LINES, LOOK_BACK_MESSAGES = 40, 5
RANKED = 5
_WORD = re.compile(r"\w+")


class Noticing:
    """What the worker and the desk tell the inbox."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def turn(self, turn: Turn, nlu: Nlu, handoff: Handoff | None, model: str) -> None:
        """The assistant finished a message. model: the name of the one that read it."""
        async with _only_logged(turn.conversation_id):
            if handoff and handoff.reason == "not_helped":
                await self._answer_did_not_help(turn.conversation_id, before=turn.message.entry_id)
            elif reason := _reason(turn.message, nlu, handoff):
                await self._note(turn.message, turn.channel, reason, verdict(nlu, model))

    async def not_helped(self, conversation: Conversation) -> None:
        """The customer pressed that the last answer did not help."""
        async with _only_logged(conversation.id):
            await self._answer_did_not_help(conversation.id)

    async def answered(self, conversation_id: str, entry_id: str, text: str) -> None:
        """An agent's reply is stored at this place."""
        async with _only_logged(conversation_id):
            conversation = await self._store.conversations.get(conversation_id)
            if not is_for_editors(conversation):
                return
            lines = await self._store.conversations.transcript(conversation_id, limit=LOOK_BACK_LINES, before=entry_id)
            for line in _asked_last(lines):
                if _may_be_question(line):
                    await self._note_line(line, conversation.channel, "agent_answered", reply=text)

    async def read(self, unread: Unread, nlu: Nlu, model: str) -> None:
        """The assistant read a message that a human got: what it means may be known later than the answer."""
        async with _only_logged(unread.conversation_id):
            place = f"{unread.conversation_id} {unread.message_id}"
            known = await self._store.missed.get(place)
            if not known or known.state != "open":
                return
            if known.reasons == ("agent_answered",) and _is_nothing(nlu):
                await self._store.missed.forget(place)
            else:
                await self._store.missed.understood(place, verdict(nlu, model))

    async def _answer_did_not_help(self, conversation_id: str, *, before: str = "") -> None:
        lines = await self._store.conversations.transcript(conversation_id, limit=LOOK_BACK_LINES, before=before)
        if line := _question_answered_last(lines):
            conversation = await self._store.conversations.get(conversation_id)
            await self._note_line(line, conversation.channel, "not_helped")

    async def _note_line(self, line: TranscriptLine, channel: str, reason: Reason, *, reply: str = "") -> None:
        # The transcript does not say which model read it.
        known = verdict(line.nlu, "") if line.nlu and line.nlu.intent else None
        await self._note(_as_it_reads(line), channel, reason, known, reply=reply)

    async def _note(
        self, message: Message, channel: str, reason: Reason, known: Verdict | None, *, reply: str = ""
    ) -> None:
        missed = Missed(
            message.conversation_id,
            message.id,
            masked(message.text)[:MAX_TEXT_CHARS],
            channel,
            int(message.entry_id.partition("-")[0] or now_ms()),
            (reason,),
            known,
            reply=masked(reply)[:MAX_REPLY_CHARS],
        )
        if await self._store.missed.note(missed):
            log.info("missed.noted", conversation_id=message.conversation_id, reason=reason)


@asynccontextmanager
async def _only_logged(conversation_id: str) -> AsyncIterator[None]:
    try:
        yield
    except Exception as exc:
        log.error("missed.not_noted", conversation_id=conversation_id, error=described(exc))


def _reason(message: Message, nlu: Nlu, handoff: Handoff | None) -> Reason | None:
    """Why a message that the assistant had belongs in the inbox; None if it does not."""
    if message.payload or not message.text or nlu.emergency or not nlu.intent or _is_nothing(nlu):
        return None
    if not handoff:
        return "asked_back" if nlu.outcome == "ask" else None
    if handoff.reason == "asked_for_human":
        return "handed_over" if _best_question(nlu) >= MIN_QUESTION else None
    return _REASON_OF.get(handoff.reason)


def is_for_editors(conversation: Conversation) -> bool:
    """Whether editors may read a message of it: not of who is in danger, or complains."""
    return not conversation.handoff or conversation.handoff.reason not in NOT_FOR_EDITORS


def _is_nothing(nlu: Nlu) -> bool:
    """Small talk, abuse, or a complaint: what is surely one, or the likeliest of an unsure message."""
    return bool(nlu.emergency) or nlu.intent in NOTHING_TO_LEARN


def _best_question(nlu: Nlu) -> float:
    return max((score.confidence for score in nlu.ranking if score.name.startswith(FAQ_PREFIX)), default=0.0)


def _asked_last(lines: Sequence[TranscriptLine]) -> Iterator[TranscriptLine]:
    """What the customer wrote since somebody answered, the latest first."""
    count = 0
    for line in reversed(lines):
        message = line.message
        if message.sender == "agent" or message.template.startswith(QUESTION_PREFIX):
            return
        if message.sender == "customer" and message.text and not message.payload and not line.marks.deleted_at_ms:
            yield line
            count += 1
            if count == LOOK_BACK_MESSAGES:
                return


def _question_answered_last(lines: Sequence[TranscriptLine]) -> TranscriptLine | None:
    """What the customer wrote before the assistant's last answer; a button that they pressed is no words of theirs."""
    is_before = False
    for line in reversed(lines):
        message = line.message
        if is_before and message.sender == "customer" and message.text and not message.payload:
            return line
        is_before = is_before or message.template.startswith(QUESTION_PREFIX)
    return None


def _may_be_question(line: TranscriptLine) -> bool:
    if not line.nlu or not line.nlu.intent:
        return len(_WORD.findall(line.message.text)) >= MIN_WORDS
    if line.nlu.intent == ASKS_FOR_HUMAN and _best_question(line.nlu) < MIN_QUESTION:
        return False
    return not _is_nothing(line.nlu)


def _as_it_reads(line: TranscriptLine) -> Message:
    edited = line.marks.edited_text
    return replace(line.message, text=edited) if edited is not None else line.message


def verdict(nlu: Nlu, model: str) -> Verdict:
    """What the inbox keeps of it."""
    return Verdict(model, nlu.outcome, nlu.intent, nlu.confidence, nlu.threshold, nlu.ranking[:RANKED])
