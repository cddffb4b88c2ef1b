"""The list of topics, and finding one in it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from bot.store import Store
from bot.store.topics import Topic
from bot.web.editor.list_rows import folded
from bot.web.editor.people import load_names
from bot.web.topics.hints import has_too_few
from bot.web.topics.topic_page import untrained_changes
from bot.web.topics.words import shown_threshold

# Filter -> what its link says. Without one: all that are in use.
FILTERS = {
    "": "In gebruik",
    "few": "Te weinig voorbeelden",
    "human": "Alleen medewerker",
    "retired": "Uit gebruik",
}


@dataclass(frozen=True)
class Row:
    """One topic in the list. found: an example with the words that were looked for, if its name has them not."""

    topic: Topic
    department: str
    edited_by: str
    threshold: str
    has_too_few: bool
    found: str


@dataclass(frozen=True)
class Filter:
    """A choice above the list. count: how many topics it has."""

    id: str
    title: str
    count: int


@dataclass(frozen=True)
class ListPage:
    """What list.html shows."""

    query: str
    filters: list[Filter]
    chosen: str
    rows: list[Row]
    has_departments: bool
    untrained: int
    is_empty: bool
    """Whether no topic is stored at all yet."""
    has_questions: bool


async def load_list_page(store: Store, query: str, chosen: str) -> ListPage:
    """The topics of one filter with the words of `query`: questions by title, then the others."""
    topics, departments = await store.topics.all(retired=True), await store.departments.all()
    names = (await load_names(store)).of
    chosen = chosen if chosen in FILTERS else ""
    belongs = {intent: one.name for one in departments for intent in one.intents}
    rows = [
        Row(
            topic=topic,
            department=belongs.get(topic.intent, ""),
            edited_by=names(topic.edited_by),
            threshold=shown_threshold(topic.threshold),
            has_too_few=has_too_few(topic),
            found=found,
        )
        for topic, found in _matching((one for one in topics if _is_in(one, chosen)), query)
    ]
    return ListPage(
        query=query,
        filters=[Filter(id, title, sum(_is_in(one, id) for one in topics)) for id, title in FILTERS.items()],
        chosen=chosen,
        rows=sorted(rows, key=lambda row: (not row.topic.is_question, row.topic.title.casefold())),
        has_departments=len(departments) > 1,
        untrained=await untrained_changes(store),
        is_empty=not topics,
        has_questions=any(topic.is_question for topic in topics),
    )


def _matching(topics: Iterable[Topic], query: str) -> Iterable[tuple[Topic, str]]:
    """Those with the words of `query` in their name, or in one example, which comes along then."""
    words = folded(query).split()

    def has_them(text: str) -> bool:
        found = folded(text)
        return all(word in found for word in words)

    for topic in topics:
        if has_them(f"{topic.title} {topic.intent} {topic.description}"):
            yield topic, ""
        elif found := next((one.text for one in topic.examples if has_them(one.text)), ""):
            yield topic, found


def _is_in(topic: Topic, chosen: str) -> bool:
    if chosen == "retired":
        return topic.is_retired
    if chosen == "few":
        return has_too_few(topic)
    return not topic.is_retired and (chosen != "human" or topic.answering == "human")
