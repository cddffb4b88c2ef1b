"""The list that an agent picks an answer from, to put it in a reply."""

from __future__ import annotations

from dataclasses import asdict, dataclass

from sanic import HTTPResponse, Request
from sanic.response import json

from bot.errors import NotFound
from bot.web.desk import words
from bot.web.desk.asked import agents_only
from bot.web.desk.filling import SHOWN, FilledAnswer, Filling, filling_of, found_answers
from bot.web.pages import render


@dataclass(frozen=True)
class AnswersPage:
    """The same for who has no JavaScript. url: of the conversation, empty without one."""

    query: str
    conversation_id: str
    url: str
    answers: tuple[FilledAnswer, ...]
    total: int


@agents_only
async def list_templates(request: Request) -> HTTPResponse:
    """The answers that fit `q`, filled in for `conversation`: JSON for who asks for that, else a page of links."""
    query, conversation_id = request.args.get("q", ""), request.args.get("conversation", "")
    filling = await _filling(request, conversation_id)
    found = found_answers(await request.app.ctx.store.templates.all(), query)
    if "application/json" in request.headers.get("accept", ""):
        answers = [asdict(filling.fill(template)) for template in found[:SHOWN]]
        return json({"answers": answers, "total": len(found)}, headers={"cache-control": "no-store"})
    url = words.page_url(conversation_id) if conversation_id else ""
    page = AnswersPage(query, conversation_id, url, tuple(filling.fill(template) for template in found), len(found))
    return render(request, "desk/answers.html", page=page)


async def _filling(request: Request, conversation_id: str) -> Filling:
    store, name = request.app.ctx.store, request.ctx.account.name
    if not conversation_id:
        return await filling_of(request.app.ctx.answers, name)
    try:
        conversation = await store.conversations.get(conversation_id)
    except NotFound:
        return await filling_of(request.app.ctx.answers, name)
    lines = await store.conversations.transcript(conversation_id)
    return await filling_of(request.app.ctx.answers, name, conversation, lines)
