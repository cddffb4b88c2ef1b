"""Reading conversations over the API: the queue, the lists, and one with all that was said."""

from __future__ import annotations

import re
from urllib.parse import unquote

from sanic import HTTPResponse, Request

from bot.errors import InvalidMessage
from bot.store.conversations import ENTRY_ID, TRANSCRIPT_LINES
from bot.store.entities import customer_entities
from bot.store.work import now_ms
from bot.web.access import bearer
from bot.web.api.description import Parameter
from bot.web.api.mounting import blueprint, number_of, operation, text_of
from bot.web.api.shapes import ConversationDetail, ConversationList, DepartmentList, LabelList, Queue, QueueItem
from bot.web.media.serving import send_media
from bot.web.rights import AGENTS

MOST = 100
_VIEW = re.compile(r"(?:waiting|open|held|snoozed)(?:/[\w.:-]{1,60})?|assistant|closed|alarm", re.ASCII)
AFTER = Parameter("after", "`after` of the page before; without it, the first page.")
LIMIT = Parameter("limit", f"How many at most, 1 to {MOST}; {MOST} without it.", "integer")


@operation(
    "GET",
    "/queue",
    *AGENTS,
    summary="Who waits for a human, first in line first",
    query=(Parameter("department", "Id of the only one that is asked for."), AFTER, LIMIT),
    gives=Queue,
    errors=(400, 404),
)
async def queue(request: Request) -> Queue:
    store, department = request.app.ctx.store, text_of(request, "department")
    if department:
        await store.departments.get(department)
    view = f"waiting/{department}" if department else "waiting"
    page = await store.views.page(view, after=text_of(request, "after"), limit=_limit(request))
    items = []
    for conversation in page.conversations:
        handoff = conversation.handoff
        waiting_s = max(0.0, (now_ms() - handoff.at_ms) / 1000) if handoff else 0.0
        transcript = await store.conversations.transcript(conversation.id)
        items.append(QueueItem(conversation, handoff, waiting_s, customer_entities(transcript), transcript))
    return Queue(items, (await store.views.counts([view]))[view], page.after)


@operation(
    "GET",
    "/conversations",
    *AGENTS,
    summary="The latest conversations, or those of one list in its own order",
    query=(
        Parameter(
            "view",
            "`waiting`, `held`, `snoozed`, `open`, `assistant`, `closed` or `alarm`; with a department behind "
            "`waiting/`, `open/` or `closed/`, an account behind `held/` or `snoozed/`. Without it, the latest of all.",
        ),
        AFTER,
        LIMIT,
    ),
    gives=ConversationList,
    errors=(400,),
)
async def conversations(request: Request) -> ConversationList:
    store, view = request.app.ctx.store, text_of(request, "view")
    if not view:
        return ConversationList(await store.conversations.recent(_limit(request)))
    if not _VIEW.fullmatch(view):
        raise InvalidMessage("view: expected one that the description names")
    page = await store.views.page(view, after=text_of(request, "after"), limit=_limit(request))
    return ConversationList(list(page.conversations), page.after)


@operation(
    "GET",
    "/conversations/{id}",
    *AGENTS,
    summary="A conversation with its transcript",
    query=(Parameter("before", "`before` of the answer with the lines that follow; without it, the last lines."),),
    gives=ConversationDetail,
    errors=(404,),
)
async def conversation(request: Request, conversation_id: str) -> ConversationDetail:
    before = text_of(request, "before")
    if before and not ENTRY_ID.fullmatch(before):
        raise InvalidMessage("before: expected the one of an earlier answer, as 1795000000000-0")
    return await detail(request, conversation_id, before)


async def detail(request: Request, conversation_id: str, before: str = "") -> ConversationDetail:
    """The conversation as it is now, with the lines before that place in its log. Raises NotFound."""
    store = request.app.ctx.store
    found = await store.conversations.get(conversation_id)
    lines = await store.conversations.transcript(conversation_id, limit=TRANSCRIPT_LINES + 1, before=before)
    transcript = lines[-TRANSCRIPT_LINES:]
    older = transcript[0].message.entry_id if len(lines) > len(transcript) else ""
    return ConversationDetail(found, customer_entities(transcript), transcript, older)


async def media(request: Request, conversation_id: str, message_id: str, place: int) -> HTTPResponse | None:
    """No operation: what it gives is a file."""
    return await send_media(request, unquote(conversation_id), unquote(message_id), place)


blueprint.add_route(
    bearer(*AGENTS)(media),  # type: ignore[arg-type]  # answers in pieces, so it returns nothing
    "/v1/conversations/<conversation_id:str>/media/<message_id:str>/<place:int>",
)


@operation("GET", "/departments", *AGENTS, summary="The departments, with what they promise", gives=DepartmentList)
async def departments(request: Request) -> DepartmentList:
    return DepartmentList(list(await request.app.ctx.store.departments.all()))


@operation("GET", "/labels", *AGENTS, summary="The labels that a conversation can have", gives=LabelList)
async def labels(request: Request) -> LabelList:
    return LabelList(await request.app.ctx.store.labels.known())


def _limit(request: Request) -> int:
    return number_of(request, "limit", default=MOST, most=MOST)
