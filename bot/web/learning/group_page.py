"""What the page of one group shows: its messages, what can be made of them, and a conversation beside them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sanic import Request

from bot.model import TranscriptLine
from bot.personal_data import masked
from bot.store import Store
from bot.store.missed import Missed
from bot.store.topics import MAX_DESCRIPTION_CHARS, MAX_EXAMPLE_CHARS, MAX_TITLE_CHARS, Topic
from bot.web.editor.checks import MAX_TEXT_CHARS
from bot.web.importing.titles import title_of
from bot.web.learning.first_draft import first_draft
from bot.web.learning.form import ROWS, LessonForm
from bot.web.learning.hints import Hint, Hints
from bot.web.learning.inbox import NEW, Filter, load_sorted
from bot.web.learning.words import SHORT_REASONS, Done, percent, titles_of

# Lines of a conversation around a message.
LINES_BEFORE, LINES_BEHIND = 5, 8
_READ_LINES = 200
# Replies that a first draft is made of.
_MOST_REPLIES = 50
# What an editor reads of a conversation: nothing of what is for agents only.
SPEAKERS = {"customer": "Klant", "assistant": "Assistent", "agent": "Medewerker", "system": "Melding"}


@dataclass(frozen=True)
class Line:
    """A line of a conversation, masked. is_it: the message that it is about."""

    sender: str
    speaker: str
    text: str
    at_ms: int
    is_it: bool


@dataclass(frozen=True)
class Item:
    """One message. text: as it is in the form."""

    missed: Missed
    text: str
    chosen: bool
    reasons: list[str]
    guesses: str
    hints: list[Hint]
    look_url: str


@dataclass(frozen=True)
class GroupPage:
    """What group.html shows. id: of the group; url: of this page, as forms send it. beside: a conversation."""

    id: str
    url: str
    back_url: str
    name: str
    words: tuple[str, ...]
    nearest: str
    likeness: str
    size: int
    items: list[Item]
    form: LessonForm
    errors: Mapping[str, str]
    topics: list[Topic]
    replies: list[str]
    look: str
    beside: list[Line]
    number: int
    pages: int
    earlier_url: str
    later_url: str
    needs_review: bool
    done: Done = Done()
    max_example: int = MAX_EXAMPLE_CHARS
    max_title: int = MAX_TITLE_CHARS
    max_description: int = MAX_DESCRIPTION_CHARS
    max_answer: int = MAX_TEXT_CHARS


async def load_group_page(
    request: Request,
    group_id: str,
    *,
    form: LessonForm | None = None,
    errors: Mapping[str, str] | None = None,
    done: Done | None = None,
) -> GroupPage | None:
    """None when all of the group was dealt with. form, errors: what was filled in and refused."""
    store: Store = request.app.ctx.store
    wanted, number = Filter.read(request), page_number(request)
    found, _ = await load_sorted(store, wanted)
    group, members = found.members(group_id)
    if not members:
        return None
    topics = await store.topics.all()
    titles = titles_of(topics, await store.templates.all_published())
    pages = -(-len(members) // ROWS)
    number = min(number, pages)
    shown = members[(number - 1) * ROWS :][:ROWS]
    look = request.args.get("look", "") or shown[0].place
    replies = list(dict.fromkeys(one.reply for one in members if one.reply))[:_MOST_REPLIES]
    form = form or await _suggested(store, group.words, members, replies, titles.get(group.intent, ""))
    hints = Hints(shown, topics, titles)

    def url(**more: str | int) -> str:
        return "/learning/group" + wanted.query(id=group.id, **more)

    return GroupPage(
        id=group.id,
        url=url(page=number),
        back_url="/learning" + wanted.query(),
        name="Nog niet gegroepeerd" if group.id == NEW else members[0].text,
        words=group.words,
        nearest=titles.get(group.intent, ""),
        likeness=percent(group.likeness),
        size=len(members),
        items=[_item(one, form, hints, titles, url(page=number, look=one.place)) for one in shown],
        form=form,
        errors=errors or {},
        topics=sorted(topics, key=lambda one: one.title.casefold()),
        replies=replies,
        look=look,
        beside=await load_lines(store, look),
        number=number,
        pages=pages,
        earlier_url=url(page=number - 1) if number > 1 else "",
        later_url=url(page=number + 1) if number < pages else "",
        needs_review=(await store.editing_rules.get()).topics_need_review,
        done=done or Done(),
    )


def page_number(request: Request) -> int:
    number = request.args.get("page", "")
    return max(1, int(number)) if number.isascii() and number.isdigit() and len(number) < 6 else 1


async def _suggested(
    store: Store, words: Sequence[str], members: Sequence[Missed], replies: Sequence[str], nearest: str
) -> LessonForm:
    """What the form begins with: the nearest topic, and a first draft of a new one."""
    conversations = await store.conversations.get_many(
        list(dict.fromkeys(one.conversation_id for one in members if one.reply))[:_MOST_REPLIES]
    )
    names = {name for one in conversations for name in (one.customer_name, one.agent_name) if name}
    title = title_of(" ".join(words) or " ".join(members[0].text.split()))
    return LessonForm(
        chosen=(members[0].place,) if len(members) == 1 else (),
        topic=nearest,
        title=title[:1].upper() + title[1:],
        answer=first_draft(replies, names),
    )


def _item(missed: Missed, form: LessonForm, hints: Hints, titles: Mapping[str, str], look_url: str) -> Item:
    verdict = missed.latest
    ranked = verdict.ranking[:3] if verdict else ()
    return Item(
        missed,
        text=form.text_of(missed),
        chosen=missed.place in form.chosen,
        reasons=[SHORT_REASONS[one] for one in reversed(missed.reasons)],
        guesses=" · ".join(f"{titles.get(one.name, one.name)} {percent(one.confidence)}" for one in ranked),
        hints=hints.of(missed),
        look_url=look_url,
    )


async def load_lines(store: Store, place: str) -> list[Line]:
    """What was said around a message of the inbox, masked; nothing if it is not there any more.

    Only around what is in the inbox: an editor reads no other conversations.
    """
    missed = await store.missed.get(place)
    if not missed or missed.state == "personal":
        return []
    lines = await store.conversations.transcript(missed.conversation_id, limit=_READ_LINES)
    if not any(line.message.id == missed.message_id for line in lines):
        before = f"{missed.at_ms + 1}-0"
        lines = await store.conversations.transcript(missed.conversation_id, limit=LINES_BEFORE + 1, before=before)
    said = [line for line in lines if line.message.sender in SPEAKERS and line.message.text]
    at = next((at for at, line in enumerate(said) if line.message.id == missed.message_id), len(said))
    return [_line(line, missed.message_id) for line in said[max(0, at - LINES_BEFORE) : at + LINES_BEHIND + 1]]


def _line(line: TranscriptLine, message_id: str) -> Line:
    message = line.message
    text = message.text if line.marks.edited_text is None else line.marks.edited_text
    is_it = message.id == message_id
    return Line(message.sender, SPEAKERS[message.sender], masked(text), message.sent_at_ms, is_it)
