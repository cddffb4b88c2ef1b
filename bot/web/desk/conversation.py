"""The right side of the desk: one conversation, why it is here, and what the agent can do with it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from typing import Literal
from zoneinfo import ZoneInfo

from bot.answers import Answers
from bot.model import (
    ASSISTANT,
    CLOSED,
    META_INBOX,
    QUEUE,
    Account,
    Conversation,
    IntentScore,
    Message,
    Nlu,
    Template,
    TranscriptLine,
)
from bot.store import Store
from bot.web.channels.messenger.config import MessengerConfig
from bot.web.desk import words
from bot.web.desk.attachments import ShownAttachment, shown_attachments
from bot.web.desk.composer import Composer, Returned, load_composer
from bot.web.desk.deeds import Deeds, load_deeds
from bot.web.desk.filling import filling_of
from bot.web.desk.labels import Labels, load_labels
from bot.web.desk.mentions import Piece, mentionable_names, pieces
from bot.web.desk.platform import Platform, platform_of
from bot.web.pages import moment

Mode = Literal["mine", "waiting", "colleague", "assistant", "closed"]
# Intents of the ranking that stand in the line; the others are behind "meer".
TOP = 3
# Messages on a page; a link leads to those before.
LINES = 500
# How much of a message that is quoted.
QUOTE_CHARS = 100


@dataclass(frozen=True)
class Guess:
    """One intent of the NLU's ranking."""

    title: str  # in Dutch
    intent: str  # its name in the Rasa project
    percent: str


@dataclass(frozen=True)
class Recognised:
    """What the NLU made of a customer's message."""

    top: tuple[Guess, ...]
    rest: tuple[Guess, ...]
    outcome: str  # what the assistant did with it, in Dutch


@dataclass(frozen=True)
class Quote:
    """The message that another one answers in particular."""

    entry_id: str  # its place, empty when it is not there (any more)
    text: str  # the beginning of its words


@dataclass(frozen=True)
class Line:
    """One message of the transcript."""

    message: Message
    by: str  # who said it
    text: str  # as it is now
    pieces: tuple[Piece, ...]  # the text of a note, with whom it names apart; empty for all else
    first_text: str  # as it was before the customer changed it, empty if they did not
    quote: Quote | None
    attachments: tuple[ShownAttachment, ...]
    reaction: str  # the customer's, an emoji
    state: str  # the delivery state in Dutch, empty for a customer's message
    failed: bool  # it did not reach the customer
    problem: str  # why, as a sentence; empty if that is not known
    retry: bool  # the agent who looks may send it again
    recognised: Recognised | None
    caused_handoff: bool  # this message made the assistant call a human


@dataclass(frozen=True)
class Day:
    """The messages of one day."""

    key: str  # the date, to keep the day's place after a refresh
    title: str
    lines: tuple[Line, ...]


@dataclass(frozen=True)
class ConversationPage:
    """What the right side gets."""

    conversation: Conversation
    url: str  # of the page; the actions are below it
    who: str  # the customer's name
    mode: Mode  # whose it is, seen from this agent; decides which actions there are
    place: str  # the same in Dutch, as the end of a sentence
    priority: str  # of the handoff, in Dutch; empty without one
    elsewhere: bool  # somebody answers in Meta's own inbox
    alarm: str  # what the agent must know about somebody who may be in danger; empty for others
    platform: Platform | None  # what Messenger or Instagram allows, None for other channels
    days: tuple[Day, ...]
    older_url: str  # of the page with the messages before; empty when there are none
    newest_url: str  # of the page with the last messages; empty on that page
    deeds: Deeds
    composer: Composer
    labels: Labels
    notice: str  # what just happened, empty if nothing did


async def load_page(
    store: Store,
    answers: Answers,
    account: Account,
    conversation_id: str,
    *,
    timezone: str,
    messenger: MessengerConfig | None = None,
    notice: str = "",
    returned: Returned | None = None,
    inserted: str = "",
    before: str = "",
    query: str = "",
) -> ConversationPage:
    """The conversation as `account` sees it now. messenger: None while that channel is off. Raises NotFound.

    returned: what was typed and not sent. inserted: name of a template to put in the reply. before: place in the log
    that the messages shown come before; empty for the last ones. query: of the list beside it, for links.
    """
    conversation = await store.conversations.get(conversation_id)
    mode = _mode(conversation, account)
    url = words.page_url(conversation_id)
    lines = await store.conversations.transcript(conversation_id, limit=LINES + 1)
    # Whatever is shown, what is suggested and filled in is from the last messages.
    shown = lines
    if before:
        shown = await store.conversations.transcript(conversation_id, limit=LINES + 1, before=before)
    shown, older_url = _page_of(shown, url, query)
    quotes = await _quotes(store, conversation_id, shown)
    templates = await store.templates.get_many(words.template_name(name) for name in _intents([*lines, *shown]))
    names = await mentionable_names(store) if any(_may_mention(line.message) for line in shown) else ()
    composer = await load_composer(
        store,
        account,
        conversation,
        returned=returned,
        lines=lines,
        templates=templates,
        filling=await filling_of(answers, account.name, conversation, lines),
        inserted=inserted,
    )
    return ConversationPage(
        conversation=conversation,
        url=url,
        who=words.customer_name(conversation),
        mode=mode,
        place=words.place(conversation, mine=mode == "mine"),
        priority=words.PRIORITIES[conversation.handoff.priority] if conversation.handoff else "",
        elsewhere=conversation.owner == META_INBOX,
        alarm=words.alarm(conversation),
        platform=platform_of(conversation, messenger, ZoneInfo(timezone)),
        days=_days(
            [_line(line, conversation, templates, quotes, is_mine=mode == "mine", names=names) for line in shown],
            ZoneInfo(timezone),
        ),
        older_url=older_url,
        newest_url=url + query if before else "",
        deeds=await load_deeds(store, account, conversation, timezone=timezone),
        composer=composer,
        labels=await load_labels(store, conversation),
        notice=notice,
    )


def _page_of(lines: list[TranscriptLine], url: str, query: str) -> tuple[list[TranscriptLine], str]:
    """The lines of one page, and where those before them are."""
    if len(lines) <= LINES:
        return lines, ""
    shown = lines[-LINES:]
    return shown, f"{url}{query}{'&' if query else '?'}before={shown[0].message.entry_id}"


def who_was_first(conversation: Conversation) -> str:
    """For an agent who came second."""
    if conversation.owner == META_INBOX:
        return "Iemand in de Meta-inbox was je voor."
    if conversation.agent_id:
        return f"{conversation.agent_name or conversation.agent_id} was je voor."
    return f"Er is intussen iets veranderd: dit gesprek is nu {words.place(conversation, mine=False)}."


def _mode(conversation: Conversation, account: Account) -> Mode:
    if conversation.agent_id:
        return "mine" if conversation.agent_id == account.id else "colleague"
    modes: dict[str, Mode] = {QUEUE: "waiting", ASSISTANT: "assistant", CLOSED: "closed"}
    return modes[conversation.owner]


def _intents(lines: list[TranscriptLine]) -> list[str]:
    return [score.name for line in lines if line.nlu for score in line.nlu.ranking]


def _may_mention(message: Message) -> bool:
    return message.sender == "note" and "@" in message.text


async def _quotes(store: Store, conversation_id: str, lines: list[TranscriptLine]) -> dict[str, Quote]:
    """By the id that a message has for the one it quotes: ours, or the platform's of what we sent."""
    known = {line.message.id: line for line in lines}
    quoted = {line.message.quoted_id for line in lines} - {""}
    ours = await store.sending.named(conversation_id, sorted(quoted - set(known)))
    found = {quoted_id: known.get(ours.get(quoted_id, quoted_id)) for quoted_id in quoted}
    return {quoted_id: _quote(line) for quoted_id, line in found.items()}


def _quote(line: TranscriptLine | None) -> Quote:
    if line is None:
        return Quote("", "een eerder bericht")
    text = " ".join(_text(line).split()) or ", ".join(one.kind.lower() for one in shown_attachments(line))
    return Quote(line.message.entry_id, f"{text[:QUOTE_CHARS]}…" if len(text) > QUOTE_CHARS else text)


def _text(line: TranscriptLine) -> str:
    return line.message.text if line.marks.edited_text is None else line.marks.edited_text


def _line(
    line: TranscriptLine,
    conversation: Conversation,
    templates: dict[str, Template],
    quotes: dict[str, Quote],
    *,
    is_mine: bool,
    names: Sequence[str],
) -> Line:
    message, handoff = line.message, conversation.handoff
    by = message.agent_name if message.sender == "agent" and message.agent_name else words.SPEAKERS[message.sender]
    if message.sender == "note" and message.agent_name and not message.notice:
        by = f"{message.agent_name}, alleen voor medewerkers"
    return Line(
        message=message,
        by=by,
        text=_text(line),
        pieces=pieces(message.text, names) if message.sender == "note" else (),
        first_text="" if line.marks.edited_text is None else message.text,
        quote=quotes.get(message.quoted_id),
        attachments=shown_attachments(line),
        reaction=line.marks.reaction,
        state=words.STATES[line.state] if line.state else "",
        failed=line.state == "failed",
        problem=words.problem(line.marks.problem) if line.marks.problem else "",
        retry=line.state == "failed" and is_mine and bool(conversation.page_id),
        recognised=_recognised(line.nlu, templates) if line.nlu else None,
        caused_handoff=handoff is not None and bool(handoff.message_id) and handoff.message_id == message.id,
    )


def _recognised(nlu: Nlu, templates: dict[str, Template]) -> Recognised:
    ranking = nlu.ranking or (IntentScore(nlu.intent, nlu.confidence),)
    guesses = tuple(Guess(words.intent_title(one.name, templates), one.name, words.percent(one)) for one in ranking)
    return Recognised(guesses[:TOP], guesses[TOP:], words.outcome(nlu))


def _days(lines: list[Line], zone: ZoneInfo) -> tuple[Day, ...]:
    def moment_of(line: Line) -> datetime:
        # The store's clock, which also orders the log; a sender's clock may be wrong.
        stored_ms = int(line.message.entry_id.partition("-")[0])
        return datetime.fromtimestamp(stored_ms / 1000, zone)

    today = datetime.now(zone).date()
    days = []
    for date, group in groupby(lines, key=lambda line: moment_of(line).date()):
        of_day = tuple(group)
        title = moment(moment_of(of_day[0]), with_time=False)
        days.append(Day(date.isoformat(), f"Vandaag, {title}" if date == today else title, of_day))
    return tuple(days)
