"""What is done with a topic as a whole: merge it, retire it, take it back into use, restore an earlier version."""

from __future__ import annotations

from dataclasses import replace

from sanic import HTTPResponse, Request

from bot.errors import EditConflict, InvalidMessage, NotFound
from bot.store import Store
from bot.store.topics import MAX_EXAMPLES, Topic, with_examples, without_examples
from bot.web.audit.noting import note_deed
from bot.web.editor.form import version_field
from bot.web.form_fields import line_field
from bot.web.pages import render
from bot.web.topics.departments import department_of, give_topic
from bot.web.topics.pointing import pointing_to
from bot.web.topics.saving import examples_elsewhere, merge_topics, signed
from bot.web.topics.views import editors_only, show, to_topic

BEHIND = "Een collega heeft dit onderwerp net veranderd. Er is nog niets gedaan: bekijk het eerst."


@editors_only
async def show_merge(request: Request, intent: str) -> HTTPResponse:
    """What would happen, before it does."""
    source = await _question(request, intent)
    target = await _target(request, source, str(request.args.get("into", "")))
    if target is None:
        return await show(request, source, status=400, errors={"into": "Kies met welk onderwerp je dit samenvoegt."})
    return await _show_merge(request, source, target)


@editors_only
async def merge(request: Request, intent: str) -> HTTPResponse:
    """All of it goes to another topic; what asks for it leads there from now on."""
    store, by = request.app.ctx.store, request.ctx.account.id
    source = await _question(request, intent)
    target = await _target(request, source, line_field(request, "into"))
    if target is None:
        # The same form once more: it is done already.
        if source.merged_into and source.merged_into == line_field(request, "into"):
            return to_topic(await store.topics.get(source.merged_into), "merged")
        raise InvalidMessage("into: expected another question that is in use")
    versions = (version_field(request, "version"), version_field(request, "into_version"))
    if versions != (source.version, target.version):
        return await _show_merge(request, source, target, 409, problem=BEHIND)
    if len(with_examples(target, source.examples).examples) > MAX_EXAMPLES:
        problem = f"Samen hebben ze meer dan {MAX_EXAMPLES} voorbeelden. Haal er eerst een paar weg."
        return await _show_merge(request, source, target, 400, problem=problem)
    try:
        merged = await merge_topics(store, source, target, by=by)
    except EditConflict:
        return await _show_merge(request, source, target, 409, problem=BEHIND)
    if department_of(source.intent, await store.departments.all()):
        await give_topic(store, source.intent, "")  # the topic that it became has a department of its own
    await note_deed(request, "topic.merged", source.intent, merged.intent)
    return to_topic(merged, "merged")


@editors_only
async def retire(request: Request, intent: str) -> HTTPResponse:
    """No longer answered from now on, nor trained."""
    topic = await _question(request, intent)
    if topic.is_retired:
        return to_topic(topic, "retired")
    return await _store(request, topic, replace(topic, is_retired=True), "retired")


@editors_only
async def revive(request: Request, intent: str) -> HTTPResponse:
    """Back into use, without the examples that other topics have by now."""
    topic = await _question(request, intent)
    if not topic.is_retired:
        return to_topic(topic, "revived")
    back = await _without_others(request.app.ctx.store, replace(topic, is_retired=False, merged_into=""))
    return await _store(request, topic, back, "revived")


@editors_only
async def restore(request: Request, intent: str) -> HTTPResponse:
    """Save an earlier version as the newest, without the examples that other topics have by now."""
    store, wanted = request.app.ctx.store, version_field(request, "version")
    current = await store.topics.get(intent)
    for earlier in await store.topics.history(intent):
        if earlier.version == wanted:
            back = replace(earlier, version=current.version, is_retired=current.is_retired, place=current.place)
            back = await _without_others(store, replace(back, merged_into=current.merged_into))
            return await _store(request, current, back, "restored")
    raise NotFound(f"topic {intent!r} has no version {wanted}")


async def _store(request: Request, current: Topic, changed: Topic, done: str) -> HTTPResponse:
    """Save `changed` unless somebody saved since the page was made."""
    if version_field(request, "expected_version") != current.version:
        return await show(request, current, status=409, problem=BEHIND)
    try:
        saved = await request.app.ctx.store.topics.save(signed(changed, request.ctx.account.id))
    except EditConflict:
        return await show(request, await request.app.ctx.store.topics.get(current.intent), status=409, problem=BEHIND)
    await note_deed(request, f"topic.{done}", saved.intent, f"versie {saved.version}")
    return to_topic(saved, done)


async def _show_merge(
    request: Request, source: Topic, target: Topic, status: int = 200, *, problem: str = ""
) -> HTTPResponse:
    store: Store = request.app.ctx.store
    pointing = pointing_to(source.intent, await store.templates.all_published())
    page = {"source": source, "target": target, "pointing": pointing, "problem": problem}
    return render(request, "topics/merge.html", status=status, page=page)


async def _question(request: Request, intent: str) -> Topic:
    """Raises NotFound, and InvalidMessage for what every assistant must understand."""
    topic: Topic = await request.app.ctx.store.topics.get(intent)
    if not topic.is_question:
        raise InvalidMessage(f"{intent} is no question: it can't be merged or retired")
    return topic


async def _target(request: Request, source: Topic, intent: str) -> Topic | None:
    """What `source` can be merged with; none if there is no such topic."""
    if source.is_retired or intent == source.intent:
        return None
    try:
        target: Topic = await request.app.ctx.store.topics.get(intent)
    except NotFound:
        return None
    return target if target.is_question and not target.is_retired else None


async def _without_others(store: Store, topic: Topic) -> Topic:
    texts = [one.text for one in topic.examples]
    return without_examples(topic, examples_elsewhere(topic.intent, texts, await store.topics.all()))
