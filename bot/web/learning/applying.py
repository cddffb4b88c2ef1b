"""What becomes of a lesson: examples, a topic, a draft of its answer; and all of it back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import replace

from bot.errors import Conflict, EditConflict, NotFound
from bot.model import Template
from bot.store import Store
from bot.store.answer_drafts import AnswerDraft
from bot.store.lessons import Lesson
from bot.store.topics import Example, Topic, same_words, with_examples, without_examples
from bot.store.work import now_ms
from bot.web.editor.checks import MAX_TITLE_CHARS
from bot.web.importing.titles import button_of
from bot.web.learning.form import called
from bot.web.topics.saving import NewTopic, examples_elsewhere, make_topic, save_topic, signed

# Somebody else may save the topic at the same moment, but not for ever.
_TRIES = 5


class TitleTaken(Conflict):
    """There is a topic of that name by now: a second one would take its examples."""


class MessagesGone(Conflict):
    """Customers took back what was proposed, or it is past its retention."""


async def begin(store: Store, lesson: Lesson) -> Lesson:
    """Do it, or propose it where managers ask for a second pair of eyes.

    Raises Conflict when the topic is not there to learn, TitleTaken when a new one has the name of another, and
    InvalidMessage when it would get too many examples.
    """
    rules = await store.editing_rules.get()
    if lesson.kind in ("assign", "new_topic") and rules.topics_need_review:
        return await _settled(store, replace(lesson, state="proposed"))
    return await _settled(store, await _done(store, lesson, by=lesson.by))


async def approve(store: Store, lesson: Lesson, *, by: str) -> Lesson:
    """A second pair of eyes agrees; what a customer took back meanwhile is left out.

    Raises as `begin`, MessagesGone if nothing is left, and EditConflict if somebody else was first.
    """
    there = {one.place for one in await store.missed.get_many(lesson.places)}
    lesson = replace(lesson, taught=tuple(one for one in lesson.taught if one.place in there))
    if not lesson.taught:
        raise MessagesGone(f"nothing is left of lesson {lesson.id!r}")
    looked = await store.lessons.save(replace(lesson, state="applied", looked_by=by, looked_at_ms=now_ms()))
    try:
        return await _settled(store, await _done(store, looked, by=lesson.by))
    except Exception:
        await store.lessons.save(replace(lesson, version=looked.version))  # it waits again
        raise


async def reject(store: Store, lesson: Lesson, note: str, *, by: str) -> Lesson:
    """A second pair of eyes does not agree: the messages are open again. Raises EditConflict."""
    return await _settled(store, replace(lesson, state="rejected", looked_by=by, looked_at_ms=now_ms(), note=note))


async def undo(store: Store, lesson: Lesson, *, by: str) -> Lesson:
    """Examples go back where they were, and the messages are open again. Raises EditConflict if somebody did so."""
    undone = await store.lessons.save(replace(lesson, state="undone", looked_by=by, looked_at_ms=now_ms()))
    if lesson.kind in ("assign", "new_topic"):
        await _take_back(store, lesson, by=by)
    await store.missed.settle(lesson.places, "open")
    return undone


async def _settled(store: Store, lesson: Lesson) -> Lesson:
    """Store the lesson, and what became of its messages."""
    saved = await store.lessons.save(lesson)
    if saved.state == "rejected":
        await store.missed.settle(saved.places, "open")
    elif saved.state == "proposed":
        await store.missed.settle(saved.places, "proposed", saved.id)
    elif saved.kind == "personal":
        await store.missed.settle(saved.places, "personal")
        await store.lessons.forget_words(saved.places)
    else:
        await store.missed.settle(saved.places, "ignored" if saved.kind == "ignore" else "applied", saved.id)
    return saved


async def _done(store: Store, lesson: Lesson, *, by: str) -> Lesson:
    """The lesson as it was applied."""
    if lesson.kind == "assign":
        return await _assign(store, lesson, by=by)
    if lesson.kind == "new_topic":
        return await _new_topic(store, lesson, by=by)
    return replace(lesson, state="applied")


async def _assign(store: Store, lesson: Lesson, *, by: str) -> Lesson:
    for tried in range(1, _TRIES + 1):
        topic = await _topic(store, lesson.intent)
        examples = _examples(lesson, by)
        added, taken = _new_to(topic, examples), await _taken(store, topic.intent, examples)
        try:
            if added or taken:
                await save_topic(store, with_examples(topic, examples), by=by, take=True)
            return replace(lesson, state="applied", added=added, taken=taken)
        except EditConflict:
            if tried == _TRIES:
                raise
    raise AssertionError


async def _new_topic(store: Store, lesson: Lesson, *, by: str) -> Lesson:
    if called(lesson.title, await store.topics.all()):
        raise TitleTaken(f"there is a topic {lesson.title!r}")
    examples = _examples(lesson, by)
    taken = await _taken(store, "", examples)
    new = NewTopic(lesson.title, lesson.description, examples)
    topic = await make_topic(store, new, by=by, take=True)
    if lesson.answer:
        draft = AnswerDraft(
            _answer(replace(lesson, intent=topic.intent)), "draft", by, now_ms(), note="Van antwoorden van medewerkers"
        )
        with suppress(EditConflict):  # somebody began one in this very moment: theirs stays
            await store.answer_drafts.save(draft)
    return replace(lesson, state="applied", intent=topic.intent, added=topic.examples, taken=taken)


def _answer(lesson: Lesson) -> Template:
    """The first draft of it."""
    title = lesson.title if len(lesson.title) <= MAX_TITLE_CHARS else button_of(lesson.title)
    return Template(f"utter_{lesson.intent}", title, lesson.answer)


async def _topic(store: Store, intent: str) -> Topic:
    with suppress(NotFound):
        topic = await store.topics.get(intent)
        if not topic.is_retired:
            return topic
    raise Conflict(f"topic {intent!r} is not in use")


def _examples(lesson: Lesson, by: str) -> tuple[Example, ...]:
    at_ms = now_ms()
    return tuple(Example(one.text, by, at_ms, one.place.partition(" ")[2]) for one in lesson.taught if one.text.strip())


def _new_to(topic: Topic, examples: Sequence[Example]) -> tuple[Example, ...]:
    known = {same_words(one.text) for one in topic.examples}
    return tuple(
        one
        for one in with_examples(replace(topic, examples=()), examples).examples
        if same_words(one.text) not in known
    )


async def _taken(store: Store, intent: str, examples: Sequence[Example]) -> dict[str, tuple[Example, ...]]:
    """What other topics lose by it, by intent."""
    topics = await store.topics.all(retired=True)
    places = examples_elsewhere(intent, [one.text for one in examples], topics)
    unwanted = set(map(same_words, places))
    return {
        topic.intent: tuple(one for one in topic.examples if same_words(one.text) in unwanted)
        for topic in {one.intent: one for one in places.values()}.values()
    }


async def _take_back(store: Store, lesson: Lesson, *, by: str) -> None:
    for tried in range(1, _TRIES + 1):
        now = {one.intent: one for one in await store.topics.all(retired=True)}
        changed: dict[str, Topic] = {}
        if topic := _now(lesson.intent, now):
            kept = without_examples(topic, [one.text for one in lesson.added])
            # Made by this lesson, and nothing is left of it.
            is_empty = lesson.kind == "new_topic" and topic.intent == lesson.intent and not kept.examples
            changed[topic.intent] = replace(kept, is_retired=kept.is_retired or is_empty)
        for intent, examples in lesson.taken.items():
            if other := _now(intent, now):
                changed[other.intent] = with_examples(changed.get(other.intent, other), examples)
        try:
            await store.topics.save_all([signed(one, by) for one in changed.values()])
            break
        except EditConflict:
            if tried == _TRIES:
                raise
    if lesson.kind == "new_topic":
        await _drop_draft(store, lesson)


def _now(intent: str, topics: Mapping[str, Topic]) -> Topic | None:
    """The topic that has its examples now: it may have been merged since, and that one too."""
    topic = topics.get(intent)
    for _ in topics:
        if topic is None or not topic.merged_into:
            break
        topic = topics.get(topic.merged_into)
    return topic


async def _drop_draft(store: Store, lesson: Lesson) -> None:
    """Unless somebody worked on it."""
    draft = await store.answer_drafts.get(f"utter_{lesson.intent}")
    if draft and draft.by == lesson.by and draft.template == _answer(lesson):
        with suppress(EditConflict):
            await store.answer_drafts.remove(draft.name, expected_version=draft.version)
