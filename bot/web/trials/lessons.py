"""What an editor does with a message that they tried: an example of a topic, or a test."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from bot.errors import EditConflict, InvalidMessage, NotFound
from bot.personal_data import masked
from bot.store.topics import (
    MAX_EXAMPLE_CHARS,
    MAX_EXAMPLES,
    Example,
    TestMessage,
    Topic,
    TopicStore,
    same_words,
    with_examples,
    without_examples,
)
from bot.store.work import now_ms

# Each begins with what others saved in between.
TRIES = 5


def as_line(text: str) -> str:
    """The message as an example: one line, without personal numbers. Raises InvalidMessage if it is too long."""
    line = " ".join(masked(text).split())
    if len(line) > MAX_EXAMPLE_CHARS:
        raise InvalidMessage(f"expected at most {MAX_EXAMPLE_CHARS} characters")
    return line


async def add_example(topics: TopicStore, intent: str, text: str, *, by: str) -> None:
    """Give the topic the example, and take it away from any other. Raises NotFound, InvalidMessage, EditConflict."""
    example = Example(as_line(text), by, now_ms())

    def changed(topic: Topic, others: list[Topic]) -> list[Topic]:
        return [with_examples(topic, [example]), *(without_examples(one, [example.text]) for one in others)]

    await _save(topics, intent, changed, by=by)


async def add_test(topics: TopicStore, intent: str, text: str, *, must_answer: bool, by: str) -> None:
    """Let every model be tested with it, as being about this topic. Raises NotFound, InvalidMessage, EditConflict."""
    test = TestMessage(as_line(text), must_answer)

    def changed(topic: Topic, others: list[Topic]) -> list[Topic]:
        bare, *rest = (_without_test(one, test) for one in (topic, *others))
        return [replace(bare, tests=(*bare.tests, test)), *rest]

    await _save(topics, intent, changed, by=by)


async def _save(
    topics: TopicStore, intent: str, changed: Callable[[Topic, list[Topic]], list[Topic]], *, by: str
) -> None:
    for attempt in range(TRIES):
        known = {topic.intent: topic for topic in await topics.all()}
        if intent not in known:
            raise NotFound(f"no topic {intent!r}")
        others = [topic for topic in known.values() if topic.intent != intent]
        after = [topic for topic in changed(known[intent], others) if topic != known[topic.intent]]
        if any(max(len(topic.examples), len(topic.tests)) > MAX_EXAMPLES for topic in after):
            raise InvalidMessage(f"expected at most {MAX_EXAMPLES} examples and tests of a topic")
        try:
            await topics.save_all([replace(topic, edited_by=by, edited_at_ms=now_ms()) for topic in after])
            return
        except EditConflict:
            if attempt == TRIES - 1:
                raise


def _without_test(topic: Topic, test: TestMessage) -> Topic:
    words = same_words(test.text)
    return replace(topic, tests=tuple(one for one in topic.tests if same_words(one.text) != words))
