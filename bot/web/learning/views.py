"""The inbox, a group, and the conversation around a message."""

from __future__ import annotations

from contextlib import suppress

from sanic import HTTPResponse, Request
from sanic.response import redirect

from bot.errors import NotFound
from bot.store import Store
from bot.web.access import signed_in
from bot.web.learning.group_page import load_group_page, load_lines, page_number
from bot.web.learning.inbox import Filter, load_inbox
from bot.web.learning.words import Done, said_of, titles_of
from bot.web.pages import render
from bot.web.rights import EDITORS

editors_only = signed_in(*EDITORS)


@editors_only
async def list_groups(request: Request) -> HTTPResponse:
    """The groups of what is open, the largest first; `done` is the lesson that the reader just made."""
    store, wanted = request.app.ctx.store, Filter.read(request)
    page = await load_inbox(store, wanted, number=page_number(request), done=await _done(request))
    return render(request, "learning/list.html", page=page)


@editors_only
async def show_group(request: Request) -> HTTPResponse:
    """One group; who comes when all of it was dealt with goes to the list."""
    page = await load_group_page(request, request.args.get("id", ""), done=await _done(request))
    if page is None:
        return redirect("/learning" + Filter.read(request).query(done=request.args.get("done", "")), status=303)
    return render(request, "learning/group.html", page=page)


@editors_only
async def show_conversation(request: Request) -> HTTPResponse:
    """What was said around the message at `place`: what the page of a group puts beside it."""
    lines = await load_lines(request.app.ctx.store, request.args.get("place", ""))
    if not lines:
        raise NotFound("no such message in the inbox")
    return render(request, "learning/_conversation.html", lines=lines)


async def _done(request: Request) -> Done:
    """Nothing for a lesson that we don't know, or that is undone."""
    store: Store = request.app.ctx.store
    with suppress(NotFound):
        lesson = await store.lessons.get(request.args.get("done", ""))
        if lesson.state in ("applied", "proposed"):
            can_undo = lesson.state == "applied" and lesson.kind != "personal"
            return Done(
                said_of(lesson, titles_of(await store.topics.standings())),
                lesson.id if can_undo else "",
                f"/editor/utter_{lesson.intent}" if lesson.state == "applied" and lesson.answer else "",
                needs_training=lesson.state == "applied" and lesson.kind in ("assign", "new_topic"),
            )
    return Done()
