"""Storing topics by the rules that all pages and the API share."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace

from bot.errors import InvalidMessage, NotFound
from bot.store import Store
from bot.store.topics import Example, TestMessage, Topic, same_words, with_examples, without_examples
from bot.store.work import now_ms
from bot.web.topics.first_answer import give_answer
from bot.web.topics.naming import new_intent
from bot.web.topics.pointing import point_to


class ExamplesElsewhere(InvalidMessage):
    """Another topic has some of the examples. places: text -> that topic."""

    def __init__(self, places: Mapping[str, Topic]) -> None:
        self.places = places
        text, topic = next(iter(places.items()))
        super().__init__(f"examples: {text!r} is an example of {topic.intent} already ({len(places)} such in all)")


@dataclass(frozen=True)
class NewTopic:
    """What is asked for a new topic. answer_title: what stands on a button. answer_text: empty for no answer yet."""

    title: str
    description: str = ""
    examples: tuple[Example, ...] = ()
    tests: tuple[TestMessage, ...] = ()
    answer_title: str = ""
    answer_text: str = ""


async def make_topic(
    store: Store, new: NewTopic, *, by: str, take: bool = False, take_from: Collection[str] = ()
) -> Topic:
    """Store a new question and its answer, which customers can read once it is trained.

    take: examples that another topic has go from there to here, in the same step; take_from: only those of these
    intents. Raises ExamplesElsewhere without it, and InvalidMessage, EditConflict.
    """
    topics = await store.topics.all(retired=True)
    # The name of an answer that is there already belongs to another topic, even to one of before.
    answers = {template.name for template in await store.templates.all_published(removed=True)}
    answered = {name.removeprefix("utter_") for name in answers.union(await store.answer_drafts.all())}
    topic = Topic(
        new_intent(new.title, {one.intent for one in topics} | answered),
        new.title,
        new.description,
        tests=new.tests,
        place=last_place(topics),
    )
    saved = await _save(store, with_examples(topic, new.examples), topics, by=by, take=take, take_from=take_from)
    if new.answer_text:
        await give_answer(store, saved, new.answer_title, new.answer_text, by=by)
    return saved


async def save_topic(store: Store, draft: Topic, *, by: str, take: bool = False, beside: Iterable[Topic] = ()) -> Topic:
    """Store the version after `draft.version`; examples that it did not have before may be no other topic's.

    take: as in make_topic. beside: others that change in the same step. Raises ExamplesElsewhere, InvalidMessage and
    EditConflict.
    """
    try:
        before = await store.topics.get(draft.intent)
    except NotFound:
        before = replace(draft, examples=())
    # Thousands of examples are read only where one may be among them.
    topics = await store.topics.all() if _added(before, draft) else []
    return await _save(store, draft, [before, *topics], by=by, take=take, beside=beside)


async def merge_topics(store: Store, source: Topic, target: Topic, *, by: str) -> Topic:
    """All of `source` goes to `target`, also what asks for it; returns `target` as it is now.

    Raises InvalidMessage if there are too many examples, and EditConflict.
    """
    tests = {one.text: one for one in (*source.tests, *target.tests)}
    merged = replace(with_examples(target, source.examples), tests=tuple(tests.values()))
    retired = replace(source, examples=(), tests=(), is_retired=True, merged_into=target.intent)
    saved = await store.topics.save_all([signed(merged, by), signed(retired, by)])
    await point_to(store, source, target, by=by)
    return saved[0]


async def _save(
    store: Store,
    draft: Topic,
    topics: Iterable[Topic],
    *,
    by: str,
    take: bool,
    take_from: Collection[str] = (),
    beside: Iterable[Topic] = (),
) -> Topic:
    now = {one.intent: one for one in topics}
    changed = {one.intent: one for one in (draft, *beside)}
    added = _added(now.get(draft.intent, replace(draft, examples=())), draft)
    places = examples_elsewhere(draft.intent, added, {**now, **changed}.values())
    if not take and (kept := {text: one for text, one in places.items() if one.intent not in take_from}):
        raise ExamplesElsewhere(kept)
    for topic in {one.intent: one for one in places.values()}.values():
        changed[topic.intent] = without_examples(changed.get(topic.intent, topic), places)
    return (await store.topics.save_all([signed(topic, by) for topic in changed.values()]))[0]


def _added(before: Topic, draft: Topic) -> list[str]:
    """The examples that it did not have."""
    return [one.text for one in draft.examples if same_words(one.text) not in before.words]


def examples_elsewhere(intent: str, texts: Iterable[str], topics: Iterable[Topic]) -> dict[str, Topic]:
    """Those of `texts` that are examples of another topic than `intent` which is in use."""
    wanted = {same_words(text): text for text in texts}
    if not wanted:
        return {}
    return {
        wanted[words]: topic
        for topic in topics
        if topic.intent != intent and not topic.is_retired
        for words in topic.words & wanted.keys()
    }


def last_place(topics: Iterable[Topic]) -> int:
    """Where a new question goes in the order of the files: with the last one."""
    return max((one.place for one in topics if one.is_question), default=0)


def same_topic(one: Topic, other: Topic) -> bool:
    """Whether an editor sees no difference."""
    return _what_is_edited(one) == _what_is_edited(other)


def _what_is_edited(topic: Topic) -> tuple[object, ...]:
    examples = tuple(one.text for one in topic.examples)
    return (topic.title, topic.description, examples, topic.tests, topic.answering, topic.threshold, topic.is_retired)


def signed(topic: Topic, by: str) -> Topic:
    """With who saves it, and when."""
    return replace(topic, edited_at_ms=now_ms(), edited_by=by)
