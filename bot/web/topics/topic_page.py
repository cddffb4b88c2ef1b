"""What the page of one topic shows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from sanic import Request

from bot.errors import NotFound
from bot.example_rules import ENOUGH_EXAMPLES
from bot.model import Template
from bot.store import Store
from bot.store.departments import Department
from bot.store.topics import HISTORY_LENGTH, MAX_DESCRIPTION_CHARS, MAX_TITLE_CHARS, Topic
from bot.web.editor.checks import MAX_TEXT_CHARS as MAX_ANSWER_CHARS
from bot.web.editor.checks import MAX_TITLE_CHARS as MAX_BUTTON_CHARS
from bot.web.editor.people import Names, load_names
from bot.web.topics.departments import department_of
from bot.web.topics.form import TopicForm
from bot.web.topics.hints import example_hints, topic_hints
from bot.web.topics.pointing import pointing_to
from bot.web.topics.saving import examples_elsewhere
from bot.web.topics.words import changes, special

HISTORY_SHOWN = 20


@dataclass(frozen=True)
class Limits:
    """The limits that the pages count with."""

    title: int = MAX_TITLE_CHARS
    description: int = MAX_DESCRIPTION_CHARS
    button: int = MAX_BUTTON_CHARS
    answer: int = MAX_ANSWER_CHARS
    enough: int = ENOUGH_EXAMPLES


@dataclass(frozen=True)
class ExampleRow:
    """One example. place: in the topic. elsewhere: another topic that has it too."""

    place: int
    text: str
    by: str
    at_ms: int
    learned: bool
    hints: list[str]
    elsewhere: Topic | None
    picked: bool


@dataclass(frozen=True)
class Version:
    """One line of the history. changes: what differs from the version before, in sentences."""

    topic: Topic
    edited_by: str
    changes: list[str]
    is_current: bool


@dataclass(frozen=True)
class Conflict:
    """What the reader and a colleague changed of the same version, in sentences."""

    mine: list[str]
    theirs: list[str]


@dataclass(frozen=True)
class TopicPage:
    """What topic.html shows."""

    topic: Topic
    """As it is stored now."""
    edited_by: str
    form: TopicForm
    rows: list[ExampleRow]
    """Those that stay: without what the form has to be put right."""
    explained: str
    """What a topic that is no question is for."""
    hints: list[str]
    answer: Template | None
    """As it was last published, also if it was removed."""
    has_draft: bool
    """Whether somebody works on the answer."""
    departments: list[Department]
    """Those to choose from; empty if there is one."""
    first_department: str
    """What gets a topic that no department names."""
    others: list[Topic]
    """Where examples can go to, by title."""
    pointing: list[Template]
    """Answers with a button that asks for it."""
    merged_into: Topic | None
    history: list[Version]
    more_history: bool
    untrained: int
    """How often topics were saved since the model of now was trained; 0 if that is not known."""
    errors: dict[str, str] = field(default_factory=dict)
    elsewhere: Mapping[str, Topic] = field(default_factory=dict)
    """Examples that the reader wants to add, and the topic that has them."""
    conflict: Conflict | None = None
    notice: str = ""
    is_new: bool = False
    """Whether the reader just made it."""
    problem: str = ""
    answer_form: Mapping[str, str] = field(default_factory=dict)
    """The first answer that was typed and not stored."""
    limits: Limits = Limits()

    @property
    def mergeable(self) -> list[Topic]:
        """What it can be merged with."""
        return [one for one in self.others if one.is_question]


async def load_topic_page(request: Request, topic: Topic, form: TopicForm | None = None, **shown: object) -> TopicPage:
    """`topic` with the form as it was filled in; without one, as it is stored. shown: more fields of TopicPage."""
    store: Store = request.app.ctx.store
    topics, departments = await store.topics.all(retired=True), await store.departments.all()
    names, templates = await load_names(store), await store.templates.all_published()
    form = form or TopicForm.of(topic, department_of(topic.intent, departments))
    most = HISTORY_LENGTH if "history" in request.args else HISTORY_SHOWN
    history = await _history(store, topic, topics, names, most=most + 1)
    in_use = [one for one in topics if not one.is_retired and one.intent != topic.intent]
    return TopicPage(
        topic=topic,
        edited_by=names.of(topic.edited_by),
        form=form,
        rows=_rows(topic, form, names, examples_elsewhere(topic.intent, [one.text for one in topic.examples], in_use)),
        explained=special(topic),
        hints=topic_hints(topic),
        answer=await _published(store, topic.answer),
        has_draft=await store.answer_drafts.get(topic.answer) is not None,
        departments=list(departments) if len(departments) > 1 else [],
        first_department=departments[0].name,
        others=sorted(in_use, key=lambda one: one.title.casefold()),
        pointing=pointing_to(topic.intent, templates),
        merged_into=next((one for one in topics if one.intent == topic.merged_into), None),
        history=history[:most],
        more_history=len(history) > most,
        untrained=await untrained_changes(store),
        **shown,  # type: ignore[arg-type]
    )


async def _published(store: Store, name: str) -> Template | None:
    try:
        return await store.templates.published(name)
    except NotFound:
        return None


async def untrained_changes(store: Store) -> int:
    """How often topics were saved since the model of now was trained; 0 if that is not known."""
    model = await store.models.active()
    trained_at = model.card.get("topics_changes") if model else None
    return max(0, await store.topics.changes() - trained_at) if isinstance(trained_at, int) else 0


def _rows(topic: Topic, form: TopicForm, names: Names, elsewhere: Mapping[str, Topic]) -> list[ExampleRow]:
    picked, replaced = set(form.picked), set(form.replaced)
    return [
        ExampleRow(
            place=place,
            text=one.text,
            by=names.of(one.by) if one.by else "",
            at_ms=one.at_ms,
            learned=bool(one.message_id),
            hints=example_hints(one.text),
            elsewhere=elsewhere.get(one.text),
            picked=place in picked,
        )
        for place, one in enumerate(topic.examples)
        if place not in replaced
    ]


async def _history(store: Store, topic: Topic, topics: Sequence[Topic], names: Names, *, most: int) -> list[Version]:
    titles = {one.intent: one.title for one in topics}
    versions = await store.topics.history(topic.intent, most=most)
    return [
        Version(
            one,
            names.of(one.edited_by),
            changes(before, one, titles) if before else ["Gemaakt"] if one.version == 1 else [],
            one.version == topic.version,
        )
        for one, before in zip(versions, [*versions[1:], None], strict=True)
    ]
