"""Topics over the API, by the rules of their pages."""

from __future__ import annotations

from dataclasses import replace

import msgspec
from sanic import Request

from bot.errors import EditConflict, InvalidMessage, NotFound
from bot.store.topics import FAQ_PREFIX, Example, TestMessage, Topic, same_words
from bot.store.work import now_ms
from bot.web.api.description import Parameter
from bot.web.api.mounting import operation, text_of
from bot.web.api.shapes import TopicEdit, TopicList
from bot.web.audit.noting import note_deed
from bot.web.form_fields import clean_line
from bot.web.rights import EDITORS
from bot.web.topics.form import MIN_THRESHOLD
from bot.web.topics.saving import last_place, same_topic, save_topic


@operation(
    "GET",
    "/topics",
    *EDITORS,
    summary="Every topic with its examples and tests, in the order of the project's files",
    query=(Parameter("retired", "`yes`: also those that are no longer used."),),
    gives=TopicList,
    errors=(400,),
)
async def topics(request: Request) -> TopicList:
    store, retired = request.app.ctx.store, text_of(request, "retired")
    if retired not in ("", "yes"):
        raise InvalidMessage("retired: expected yes, or nothing")
    changes = await store.topics.changes()
    return TopicList(await store.topics.all(retired=retired == "yes"), changes)


@operation("GET", "/topics/{intent}", *EDITORS, summary="One topic", gives=Topic, errors=(404,))
async def topic(request: Request, intent: str) -> Topic:
    found: Topic = await request.app.ctx.store.topics.get(intent)
    return found


@operation(
    "PUT",
    "/topics/{intent}",
    *EDITORS,
    summary="Make or change a topic; the assistant learns it at the next training",
    takes=TopicEdit,
    gives=Topic,
    errors=(400, 409),
)
async def edit_topic(request: Request, intent: str, body: TopicEdit) -> Topic:
    store, by = request.app.ctx.store, request.ctx.account.id
    current = await _current(request, intent)
    if body.version is not None and body.version != current.version:
        raise EditConflict(f"topic {intent!r} is at version {current.version}, expected {body.version}")
    draft = _edited(current, body, by=by)
    if current.version and same_topic(draft, current):
        return current
    saved: Topic = await save_topic(store, draft, by=by, take=body.take)
    await note_deed(request, "topic.saved" if current.version else "topic.created", intent, f"versie {saved.version}")
    return saved


async def _current(request: Request, intent: str) -> Topic:
    """As it is stored, or a new one without a title. Raises InvalidMessage for a name that no new one can have."""
    store = request.app.ctx.store
    try:
        found: Topic = await store.topics.get(intent)
        return found
    except NotFound:
        if not intent.startswith(FAQ_PREFIX):
            raise InvalidMessage(f"intent: expected {FAQ_PREFIX}... for a new topic") from None
        return Topic(intent, "", place=last_place(await store.topics.all(retired=True)))


def _edited(current: Topic, body: TopicEdit, *, by: str) -> Topic:
    fields = {name: getattr(body, name) for name in ("answering", "threshold", "is_retired")}
    changed = {name: value for name, value in fields.items() if value is not msgspec.UNSET}
    if body.title is not msgspec.UNSET:
        changed["title"] = clean_line(body.title)
    if body.description is not msgspec.UNSET:
        changed["description"] = body.description.strip()
    if body.examples is not msgspec.UNSET:
        changed["examples"] = _examples(current, body.examples, by=by)
    if body.tests is not msgspec.UNSET:
        lines = {clean_line(one.text): one.must_answer for one in body.tests}
        changed["tests"] = tuple(TestMessage(text, must) for text, must in lines.items())
    edited = replace(current, **changed)
    _check(current, edited)
    return edited


def _examples(current: Topic, texts: list[str], *, by: str) -> tuple[Example, ...]:
    """In the order given, without repeats; who added one that was there stays known."""
    known = {one.text: one for one in current.examples}
    added: dict[str, Example] = {}
    for text in map(clean_line, texts):
        added.setdefault(same_words(text), known.get(text) or Example(text, by, now_ms()))
    return tuple(added.values())


def _check(current: Topic, edited: Topic) -> None:
    """What the store does not look at. Raises InvalidMessage."""
    if edited.threshold is not None and edited.threshold < MIN_THRESHOLD:
        raise InvalidMessage(f"threshold: expected a number from {MIN_THRESHOLD} to 1, or null")
    if edited.is_retired != current.is_retired and not current.is_question:
        raise InvalidMessage("is_retired: only a question can be retired")
    if current.merged_into and edited.is_retired != current.is_retired:
        raise InvalidMessage("is_retired: this topic was merged; take it back into use on its page")
