"""What editors made of messages: proposals that wait for a colleague, and what was done, to undo it."""

from __future__ import annotations

from dataclasses import dataclass

from sanic import HTTPResponse, Request
from sanic.response import redirect

from bot.errors import Conflict, EditConflict, Forbidden, InvalidMessage
from bot.store import Store
from bot.store.lessons import Lesson
from bot.web.audit.noting import note_deed
from bot.web.editor.people import load_names
from bot.web.form_fields import text_field
from bot.web.learning.applying import MessagesGone, TitleTaken
from bot.web.learning.applying import approve as do_approve
from bot.web.learning.applying import reject as do_reject
from bot.web.learning.applying import undo as do_undo
from bot.web.learning.views import editors_only
from bot.web.learning.words import KINDS, STATES, count_of, titles_of
from bot.web.pages import render

MAX_NOTE_CHARS = 500
_SHOWN = 100
_TOO_LATE = "Een collega was je voor. Hieronder staat hoe het nu is."
_SAME_TITLE = "Er is al een onderwerp met deze naam. Wijs het voorstel af, en zet de berichten bij dat onderwerp."
_GONE = "De klant nam deze berichten terug, of ze zijn te oud. Wijs het voorstel af."
_OWN = "Je kunt je eigen voorstel niet goedkeuren. Vraag het een collega."


@dataclass(frozen=True)
class LessonRow:
    """One lesson, in words. can_look: whether the reader may be the second pair of eyes."""

    lesson: Lesson
    what: str
    topic: str
    messages: str
    state: str
    by: str
    looked_by: str
    can_look: bool
    can_undo: bool


@dataclass(frozen=True)
class LessonsPage:
    """What lessons.html shows."""

    proposed: list[LessonRow]
    others: list[LessonRow]
    error: str
    said: str
    max_note: int = MAX_NOTE_CHARS


@editors_only
async def list_lessons(request: Request) -> HTTPResponse:
    """Proposals first, then what was done, the latest first."""
    said = {"approve": "Goedgekeurd. De assistent kent ze na de volgende training.", "reject": "Afgewezen."}
    said["undo"] = "Ongedaan gemaakt. De berichten staan weer in de leerinbox."
    return await _show(request, said=said.get(request.args.get("done", ""), ""))


@editors_only
async def approve(request: Request, lesson_id: str) -> HTTPResponse:
    """Another editor than who proposed it agrees: it is done."""
    store: Store = request.app.ctx.store
    lesson, by = await store.lessons.get(lesson_id), request.ctx.account.id
    if lesson.state != "proposed":
        return await _show(request, error=_TOO_LATE, status=409)
    if lesson.by == by:
        raise Forbidden(_OWN)
    try:
        done = await do_approve(store, lesson, by=by)
    except EditConflict:
        return await _show(request, error=_TOO_LATE, status=409)
    except MessagesGone:
        return await _show(request, error=_GONE, status=409)
    except TitleTaken:
        return await _show(request, error=_SAME_TITLE, status=409)
    except Conflict:
        return await _show(request, error="Dit onderwerp is niet meer in gebruik. Wijs het voorstel af.", status=409)
    except InvalidMessage:
        return await _show(request, error="Dit onderwerp krijgt dan te veel voorbeelden.", status=400)
    return await _after(request, done, "approve")


@editors_only
async def reject(request: Request, lesson_id: str) -> HTTPResponse:
    """The messages are open again. Who proposed it may take it back so too."""
    store: Store = request.app.ctx.store
    lesson = await store.lessons.get(lesson_id)
    note = text_field(request, "note")
    if lesson.state != "proposed":
        return await _show(request, error=_TOO_LATE, status=409)
    if len(note) > MAX_NOTE_CHARS:
        return await _show(request, error=f"Schrijf hoogstens {MAX_NOTE_CHARS} tekens.", status=400)
    try:
        done = await do_reject(store, lesson, note, by=request.ctx.account.id)
    except EditConflict:
        return await _show(request, error=_TOO_LATE, status=409)
    return await _after(request, done, "reject")


@editors_only
async def undo(request: Request, lesson_id: str) -> HTTPResponse:
    """Everything back as it was, but for what was personal: that is gone."""
    store: Store = request.app.ctx.store
    lesson = await store.lessons.get(lesson_id)
    if not _can_undo(lesson):
        return await _show(request, error=_TOO_LATE, status=409)
    try:
        done = await do_undo(store, lesson, by=request.ctx.account.id)
    except EditConflict:
        return await _show(request, error=_TOO_LATE, status=409)
    return await _after(request, done, "undo")


async def _after(request: Request, lesson: Lesson, what: str) -> HTTPResponse:
    await note_deed(request, f"lesson.{what}", lesson.intent or lesson.id, f"{len(lesson.taught)} messages")
    return redirect(f"/learning/lessons?done={what}", status=303)


async def _show(request: Request, *, error: str = "", said: str = "", status: int = 200) -> HTTPResponse:
    store: Store = request.app.ctx.store
    titles = titles_of(await store.topics.standings())
    names = await load_names(store)
    rows = [
        LessonRow(
            one,
            what=KINDS[one.kind],
            topic=one.title or titles.get(one.intent, one.intent),
            messages=count_of(len(one.taught)),
            state=STATES[one.state],
            by=names.of(one.by),
            looked_by=names.of(one.looked_by) if one.looked_by else "",
            can_look=one.by != request.ctx.account.id,
            can_undo=_can_undo(one),
        )
        for one in await store.lessons.all()
    ]
    proposed = [row for row in rows if row.lesson.state == "proposed"]
    others = [row for row in rows if row.lesson.state != "proposed"][:_SHOWN]
    page = LessonsPage(proposed, others, error, said)
    return render(request, "learning/lessons.html", status=status, page=page)


def _can_undo(lesson: Lesson) -> bool:
    return lesson.state == "applied" and lesson.kind != "personal"
