"""What an editor makes of messages of a group, many at once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from sanic import HTTPResponse, Request
from sanic.response import redirect

from bot.errors import Conflict, EditConflict, InvalidMessage
from bot.store import Store
from bot.store.missed import Missed
from bot.web.audit.noting import note_deed
from bot.web.learning.applying import TitleTaken, begin
from bot.web.learning.form import LessonForm
from bot.web.learning.group_page import load_group_page
from bot.web.learning.inbox import Filter, load_sorted
from bot.web.learning.views import editors_only
from bot.web.pages import render

GONE = "Iemand anders heeft deze berichten net al behandeld. Er is niets gedaan."
CHANGED = "Er is niets gedaan: deze groep heeft intussen andere berichten. Kijk ze na, en kies opnieuw."
BUSY = "Iemand anders bewaart dit onderwerp op dit moment. Probeer het nog eens."
NOT_IN_USE = "Dit onderwerp is net uit gebruik genomen. Kies een ander."
SAME_TITLE = "Er is net een onderwerp met deze naam gemaakt. Zet de berichten daarbij, of kies een andere naam."
TOO_MANY = "Dit onderwerp heeft dan te veel voorbeelden. Kies er minder."


@editors_only
async def teach(request: Request) -> HTTPResponse:
    """Do with the chosen messages what the button says; a refusal keeps what was filled in."""
    store, form = request.app.ctx.store, LessonForm.read(request)
    group_id = request.args.get("id", "")
    topics, chosen = await store.topics.all(), await _chosen(store, request, form, group_id)
    if form.chosen and not chosen:
        return await _refuse(request, group_id, form, {"": GONE}, 409)
    if form.everything and len(chosen) != form.everything:
        # Nobody has seen what came since, and what is personal does not come back.
        return await _refuse(request, group_id, form, {"messages": CHANGED}, 409)
    if errors := form.errors(topics, chosen):
        return await _refuse(request, group_id, form, errors, 400)
    try:
        lesson = await begin(store, form.lesson(chosen, topics, by=request.ctx.account.id))
    except EditConflict:
        return await _refuse(request, group_id, form, {"": BUSY}, 409)
    except TitleTaken:
        return await _refuse(request, group_id, form, {"title": SAME_TITLE}, 409)
    except Conflict:
        return await _refuse(request, group_id, form, {"topic": NOT_IN_USE}, 409)
    except InvalidMessage:
        return await _refuse(request, group_id, form, {"topic": TOO_MANY}, 400)
    what = "lesson.proposed" if lesson.state == "proposed" else f"lesson.{lesson.kind}"
    await note_deed(request, what, lesson.intent or lesson.id, f"{len(lesson.taught)} messages")
    query = Filter.read(request).query(id=group_id, done=lesson.id)
    return redirect(f"/learning/group{query}", status=303)


async def _chosen(store: Store, request: Request, form: LessonForm, group_id: str) -> list[Missed]:
    """Those that are still open."""
    if form.everything:
        found, _ = await load_sorted(store, Filter.read(request))
        return found.members(group_id)[1]
    return [one for one in await store.missed.get_many(form.chosen) if one.state == "open"]


async def _refuse(
    request: Request, group_id: str, form: LessonForm, errors: Mapping[str, str], status: int
) -> HTTPResponse:
    page = await load_group_page(request, group_id, form=form, errors=errors)
    if page is None:  # a colleague dealt with all of it
        return render(request, "learning/gone.html", status=409, said=GONE, form=form)
    return render(request, "learning/group.html", status=status, page=replace(page, errors=errors))
