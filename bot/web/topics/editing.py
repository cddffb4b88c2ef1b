"""Saving the form of a topic, and what its buttons do with the examples that are picked."""

from __future__ import annotations

from dataclasses import dataclass, replace

from sanic import HTTPResponse, Request

from bot.errors import EditConflict, NotFound
from bot.store import Store
from bot.store.topics import MAX_EXAMPLES, Example, Topic, with_examples, without_examples
from bot.web.audit.noting import note_deed
from bot.web.form_fields import line_field
from bot.web.topics.departments import give_topic
from bot.web.topics.form import TopicForm, lines_of, picked_examples
from bot.web.topics.new_form import NewTopicForm
from bot.web.topics.saving import ExamplesElsewhere, same_topic, save_topic
from bot.web.topics.topic_page import Conflict
from bot.web.topics.views import editors_only, show, show_new_form, to_topic
from bot.web.topics.words import changes

# What buttons do with picked examples; without one the form is saved, and `take` also takes examples from others.
_WITH_PICKED = ("remove", "move", "split")


@dataclass(frozen=True)
class _Edit:
    """A form that was sent. base: the version that its editor started from. target: where picked examples go."""

    current: Topic
    base: Topic
    form: TopicForm
    deed: str
    target: Topic | None

    @property
    def picked(self) -> list[Example]:
        return picked_examples(self.base, self.form.picked)

    @property
    def shown(self) -> TopicForm:
        """The form for the version of now."""
        return self.form.on(self.base, self.current)

    @property
    def added(self) -> int:
        """How many examples the form has that the topic had not."""
        return len(self.draft("").examples) - len(self.base.examples) + len(self.form.replaced)

    def draft(self, by: str) -> Topic:
        """The topic as the editor wants it."""
        return self.form.topic(self.base, by=by)

    def without_gone(self, by: str) -> Topic:
        """The draft without the examples that leave by this button; a split takes them once the new topic is made."""
        leaving = self.picked if self.deed in ("remove", "move") else []
        return without_examples(self.draft(by), [one.text for one in leaving])

    def beside(self) -> list[Topic]:
        """The other topic that changes with it."""
        return [with_examples(self.target, self.picked)] if self.target else []

    def errors(self) -> dict[str, str]:
        """What is wrong: id of the control to Dutch sentence."""
        errors = self.form.errors()
        if self.deed in _WITH_PICKED and not self.picked:
            errors["picked"] = "Vink eerst een of meer voorbeelden aan."
        if self.deed == "move" and self.target is None:
            errors["to"] = "Kies naar welk onderwerp de voorbeelden gaan."
        too_many = f"Een onderwerp heeft hoogstens {MAX_EXAMPLES} voorbeelden. Dat worden er te veel."
        if any(len(topic.examples) > MAX_EXAMPLES for topic in self.beside()):
            errors["to"] = too_many
        if len(self.draft("").examples) > MAX_EXAMPLES:
            errors["added"] = too_many
        return errors


@editors_only
async def save(request: Request, intent: str) -> HTTPResponse:
    """Save the form, and do with the picked examples what the button says, in one step."""
    store, edit = request.app.ctx.store, await _read(request, intent)
    if edit.deed == "edit":
        return await show(request, edit.current, edit.shown.taken_up(edit.current))
    if errors := edit.errors():
        return await show(request, edit.current, edit.shown, 400, errors=errors)
    try:
        saved = await _store(request, edit)
    except ExamplesElsewhere as exc:
        return await show(request, edit.current, edit.shown, 400, elsewhere=exc.places)
    except EditConflict:
        return await _show_conflict(request, edit)
    if edit.form.department != edit.form.department_was:
        await give_topic(store, intent, edit.form.department)
        await note_deed(request, "department.saved", edit.form.department, intent)
    if edit.deed == "split":
        examples = "\n".join(one.text for one in edit.picked)
        return await show_new_form(request, NewTopicForm(examples=examples, split_from=intent))
    return to_topic(saved, "saved", known=len(lines_of(edit.form.added)) - edit.added)


async def _read(request: Request, intent: str) -> _Edit:
    store, form = request.app.ctx.store, TopicForm.read(request)
    current, deed = await store.topics.get(intent), line_field(request, "deed")
    base = await _base(store, current, form.expected_version)
    if base is None:
        # So long ago that nobody knows which examples were picked.
        base, form = replace(current, version=form.expected_version), replace(form, picked=(), replaced=())
    target = await _target(store, current, line_field(request, "to")) if deed == "move" else None
    return _Edit(current, base, form, deed, target)


async def _base(store: Store, current: Topic, version: int) -> Topic | None:
    """The version that the editor started from, if it is still there."""
    if version == current.version:
        return current
    return next((one for one in await store.topics.history(current.intent) if one.version == version), None)


async def _target(store: Store, topic: Topic, intent: str) -> Topic | None:
    """The other topic that examples can go to."""
    try:
        found = await store.topics.get(intent)
    except NotFound:
        return None
    return None if found.is_retired or found.intent == topic.intent else found


async def _store(request: Request, edit: _Edit) -> Topic:
    """Raises ExamplesElsewhere and EditConflict. Nothing to change, or the same form once more, saves nothing."""
    by = request.ctx.account.id
    draft = edit.without_gone(by)
    if same_topic(draft, edit.current):
        return edit.current
    if edit.base.version != edit.current.version:
        raise EditConflict(f"topic {draft.intent!r} is at version {edit.current.version}, not {edit.base.version}")
    store = request.app.ctx.store
    saved = await save_topic(store, draft, by=by, take=edit.deed == "take", beside=edit.beside())
    await note_deed(request, "topic.saved", saved.intent, f"versie {saved.version}")
    return saved


async def _show_conflict(request: Request, edit: _Edit) -> HTTPResponse:
    """What both changed, with the reader's form still filled in."""
    store = request.app.ctx.store
    topics = await store.topics.all(retired=True)
    titles, now = {one.intent: one.title for one in topics}, await store.topics.get(edit.current.intent)
    mine = changes(edit.base, edit.without_gone(request.ctx.account.id), titles)
    conflict = Conflict(mine, changes(edit.base, now, titles))
    return await show(request, now, edit.form.on(edit.base, now), 409, conflict=conflict)
