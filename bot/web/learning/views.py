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
from bot.web.learning.words import said, titles_of
from bot.web.pages import render
from bot.web.rights import EDITORS

editors_only = signed_in(*EDITORS)


@editors_only
async def list_groups(request: Request) -> HTTPResponse:
    """The groups of what is open, the largest first; `done` is the lesson that the reader just made."""
    store = request.app.ctx.store
    done, lesson_id = await _what_was_done(store, request.args.get("done", ""))
    page = await load_inbox(store, Filter.read(request), number=page_number(request), said=done, lesson_id=lesson_id)
    return render(request, "learning/list.html", page=page)


@editors_only
async def show_group(request: Request) -> HTTPResponse:
    """One group; who comes when all of it was dealt with goes to the list."""
    done, lesson_id = await _what_was_done(request.app.ctx.store, request.args.get("done", ""))
    page = await load_group_page(request, request.args.get("id", ""), said=done, lesson_id=lesson_id)
    if page is None:
        return redirect("/learning" + Filter.read(request).query(done=lesson_id), status=303)
    return render(request, "learning/group.html", page=page)


@editors_only
async def show_conversation(request: Request) -> HTTPResponse:
    """What was said around the message at `place`: what the page of a group puts beside it."""
    lines = await load_lines(request.app.ctx.store, request.args.get("place", ""))
    if not lines:
        raise NotFound("no such message in the inbox")
    return render(request, "learning/_conversation.html", lines=lines)


async def _what_was_done(store: Store, lesson_id: str) -> tuple[str, str]:
    """In words, and the id of the lesson if it can be undone; empty for what we don't know."""
    with suppress(NotFound):
        lesson = await store.lessons.get(lesson_id)
        can_undo = lesson.state == "applied" and lesson.kind != "personal"
        if lesson.state in ("applied", "proposed"):
            return said(lesson, titles_of(await store.topics.all(retired=True))), lesson_id if can_undo else ""
    return "", ""
