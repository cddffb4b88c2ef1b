"""Makes topics and answers of an import, once, however often it is asked; and takes them away again."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace

from bot.errors import EditConflict, NotFound
from bot.model import Template
from bot.store import Store
from bot.store.answer_drafts import AnswerDraft
from bot.store.imports import Import, ImportRow
from bot.store.topics import MAX_EXAMPLES, Example, Topic, same_words, with_examples
from bot.store.work import now_ms
from bot.web.importing.titles import title_of
from bot.web.topics.naming import new_intent
from bot.web.topics.saving import signed

_TRIES = 5


async def apply(store: Store, found: Import, *, by: str) -> Import:
    """What was chosen becomes topics and answers; returns the import as it is then.

    Who asks for it again, or at the same time, makes nothing twice. Raises EditConflict if topics change all the time.
    """
    if found.state == "draft":
        found = await store.imports.save(await _decided(store, replace(found, state="importing")))
    if found.state == "importing":
        await _save_answers(store, found, by=by)
        await _save_topics(store, found, by=by)
        found = await store.imports.save(replace(found, state="done"))
    return found


async def undo(store: Store, found: Import, *, by: str) -> Import:
    """Its topics go out of use, and its examples and answers away; what was edited since stays."""
    if found.state != "done":
        return found
    kept = await _retire_topics(store, found, by=by)
    for row in found.chosen("new"):
        if row.intent not in kept:
            await _remove_answer(store, f"utter_{row.intent}", by=by)
    return await store.imports.save(replace(found, state="undone", kept=tuple(sorted(kept))))


async def _decided(store: Store, found: Import) -> Import:
    """With the names of the new topics, so that whoever goes on with it uses the same."""
    topics = await store.topics.all(retired=True)
    templates = await store.templates.all_published(removed=True)
    answered = {one.name for one in templates}.union(await store.answer_drafts.all())
    taken = {topic.intent for topic in topics} | {name.removeprefix("utter_") for name in answered}
    rows = []
    for row in found.rows:
        if row.choice == "new":
            row = replace(row, intent=new_intent(title_of(row.question), taken))
            taken.add(row.intent)
        rows.append(row)
    return replace(found, rows=tuple(rows))


async def _save_answers(store: Store, found: Import, *, by: str) -> None:
    rules = await store.editing_rules.get()
    known = {one.name for one in await store.templates.all_published(removed=True)}
    because, state = f"Import van {found.source}", "review" if rules.answers_need_review else "draft"
    for row in found.chosen("new"):
        template = Template(f"utter_{row.intent}", row.button, row.answer, edited_at_ms=now_ms(), edited_by=by)
        if template.name in known:
            continue  # made when this import was begun before
        if found.as_drafts:  # first: an import that is cut off in between goes on with those that have no answer
            draft = AnswerDraft(replace(template, version=1), state, by, now_ms(), because)  # type: ignore[arg-type]
            with suppress(EditConflict):
                await store.answer_drafts.save(draft)
        with suppress(EditConflict):  # somebody else goes on with the same import
            stored = replace(template, because=because, is_removed=found.as_drafts)
            await store.templates.save(stored, expected_version=0)


async def _save_topics(store: Store, found: Import, *, by: str) -> None:
    """All of them in one step."""
    for _ in range(_TRIES):
        topics = {topic.intent: topic for topic in await store.topics.all(retired=True)}
        place = max((topic.place for topic in topics.values() if topic.is_question), default=0)
        changed: dict[str, Topic] = {}
        for row in found.chosen("new"):
            if row.intent not in topics:
                topic = Topic(row.intent, title_of(row.question), place=place)
                changed[row.intent] = with_examples(topic, [_example(row, by)])
        for row in found.chosen("example"):
            if (target := changed.get(row.target) or topics.get(row.target)) and len(target.examples) < MAX_EXAMPLES:
                longer = with_examples(target, [_example(row, by)])
                if longer != target:
                    changed[row.target] = longer
        try:
            await store.topics.save_all([signed(topic, by) for topic in changed.values()])
            return
        except EditConflict:
            continue
    raise EditConflict("the topics changed all the time")


async def _retire_topics(store: Store, found: Import, *, by: str) -> set[str]:
    """Returns the intents that stay in use."""
    for _ in range(_TRIES):
        topics = {topic.intent: topic for topic in await store.topics.all(retired=True)}
        made = [topics[row.intent] for row in found.chosen("new") if row.intent in topics]
        changed = {one.intent: replace(one, is_retired=True) for one in made if one.version == 1}
        for row in found.chosen("example"):
            if target := changed.get(row.target) or topics.get(row.target):
                shorter = _without_added(target, row, found)
                if shorter != target:
                    changed[row.target] = shorter
        try:
            await store.topics.save_all([signed(topic, by) for topic in changed.values()])
            return {one.intent for one in made if one.version > 1 and not one.is_retired}
        except EditConflict:
            continue
    raise EditConflict("the topics changed all the time")


async def _remove_answer(store: Store, name: str, *, by: str) -> None:
    try:
        published, draft = await store.templates.published(name), await store.answer_drafts.get(name)
        if draft:
            await store.answer_drafts.remove(name, expected_version=draft.version)
        if published.version == 1 and not published.is_removed:
            removed = replace(
                published, is_removed=True, edited_at_ms=now_ms(), edited_by=by, because="Import ongedaan gemaakt"
            )
            await store.templates.save(removed, expected_version=published.version)
    except (NotFound, EditConflict):
        return  # gone, or somebody is busy with it: then it is theirs


def _without_added(topic: Topic, row: ImportRow, found: Import) -> Topic:
    """Without the example that the import added; one that the topic had before it stays."""
    words = same_words(row.question)
    return replace(
        topic,
        examples=tuple(one for one in topic.examples if same_words(one.text) != words or one.at_ms < found.at_ms),
    )


def _example(row: ImportRow, by: str) -> Example:
    return Example(row.question, by=by, at_ms=now_ms())
