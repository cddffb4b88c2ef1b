"""One answer as its editors have it: what customers read, the draft, and who may publish that."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Literal

from bot.errors import EditConflict, NotFound
from bot.model import Template
from bot.store import Store
from bot.store.answer_drafts import AnswerDraft
from bot.store.editing_rules import EditingRules
from bot.store.house_style import HouseStyle
from bot.store.templates import same_answer
from bot.store.work import now_ms
from bot.web.editor.form import AnswerForm
from bot.web.editor.style import style_errors
from bot.web.editor.topics import payload_choices


class Overtaken(EditConflict):
    """Somebody else saved meanwhile; `theirs` is what they made of it, and is a draft or what customers read."""

    def __init__(self, answer: Answer, theirs: Template, by: str, *, is_draft: bool) -> None:
        super().__init__(f"{theirs.name!r} was changed by somebody else")
        self.answer = answer
        self.theirs = theirs
        self.by = by
        self.is_draft = is_draft


class NeedsReview(Exception):
    """Somebody else must look at it before customers read it."""


@dataclass(frozen=True)
class Answer:
    """As it is stored. stored_draft: also one that says what customers read already."""

    published: Template
    stored_draft: AnswerDraft | None
    rules: EditingRules
    style: HouseStyle
    choices: Mapping[str, str]
    """What a button can do: payload to Dutch words."""

    @property
    def draft(self) -> AnswerDraft | None:
        """What somebody works on. One that was published, just before a process died, is none."""
        draft = self.stored_draft
        return None if draft is None or same_answer(draft.template, self.published) else draft

    @property
    def draft_version(self) -> int:
        return self.stored_draft.version if self.stored_draft else 0

    def form(self) -> AnswerForm:
        """What its page shows: the draft if there is one."""
        if self.draft is None:
            version = self.published.version
            return AnswerForm.of(self.published, expected_version=version, draft_version=self.draft_version)
        template, because = self.draft.template, "" if self.draft.returned_by else self.draft.note
        return AnswerForm.of(
            template, expected_version=template.version, draft_version=self.draft_version, because=because
        )

    def errors(self, form: AnswerForm) -> dict[str, str]:
        wrong = form.errors(set(self.choices), self.rules.fields)
        return {**style_errors(self.published.name, form, self.style), **wrong}

    def may_publish(self, account_id: str, template: Template | None = None) -> bool:
        """Whether this account may let customers read `template`, or else the draft.

        With the rule of a second pair of eyes that is a draft just as somebody else saved it.
        """
        if not self.rules.answers_need_review:
            return True
        draft = self.draft
        if draft is None or draft.by == account_id:
            return False
        return template is None or same_answer(template, draft.template)

    def check_up_to_date(self, form: AnswerForm) -> None:
        """Raises Overtaken if somebody saved since the form was shown."""
        if form.draft_version != self.draft_version and self.draft:
            raise Overtaken(self, self.draft.template, self.draft.by, is_draft=True)
        if form.expected_version != self.published.version:
            raise Overtaken(self, self.published, self.published.edited_by, is_draft=False)


async def load_published(store: Store, name: str) -> Template:
    """As it was last published; one that there is a draft of only is empty, and its version is 0. Raises NotFound."""
    try:
        return await store.templates.published(name)
    except NotFound:
        if draft := await store.answer_drafts.get(name):
            return Template(name, draft.template.title, "")
        raise


async def load_answer(store: Store, name: str) -> Answer:
    """Raises NotFound."""
    return Answer(
        await load_published(store, name),
        await store.answer_drafts.get(name),
        await store.editing_rules.get(),
        await store.house_style.get(),
        await payload_choices(store),
    )


async def save_draft(store: Store, answer: Answer, form: AnswerForm, account_id: str, *, for_review: bool) -> int:
    """Keep it without customers reading it; returns the draft's version, 0 for no draft. Raises Overtaken."""
    template, known = form.template(answer.published), answer.draft
    if same_answer(template, answer.published):
        await _end_draft(store, answer, form)
        return 0
    is_same = known is not None and same_answer(known.template, template)
    state: Literal["draft", "review"] = "review" if for_review else "draft"
    if known and is_same and (known.state, known.note) == (state, form.because):
        return known.version  # the same form once more (a double click)
    answer.check_up_to_date(form)
    # Who asks for a review of what somebody else wrote has written nothing.
    by = known.by if known and is_same else account_id
    draft = AnswerDraft(template, state, by, now_ms(), form.because, version=answer.draft_version)
    try:
        return (await store.answer_drafts.save(draft)).version
    except EditConflict:
        raise await _overtaken(store, form, answer) from None


async def publish(store: Store, answer: Answer, form: AnswerForm, account_id: str) -> Template:
    """Let customers read it, and end the draft. Raises Overtaken, and NeedsReview where that is the rule."""
    template = form.template(answer.published)
    if same_answer(template, answer.published):
        # Nothing to change, or the same form once more (a double click).
        await _end_draft(store, answer, form)
        return answer.published
    answer.check_up_to_date(form)
    if not answer.may_publish(account_id, template):
        raise NeedsReview
    by_another = answer.draft and answer.draft.by != account_id and same_answer(answer.draft.template, template)
    signed = replace(
        template,
        edited_at_ms=now_ms(),
        edited_by=account_id,
        because=form.because,
        written_by=answer.draft.by if by_another and answer.draft else "",
    )
    try:
        published = await store.templates.save(signed, expected_version=answer.published.version)
    except EditConflict:
        raise await _overtaken(store, form, answer) from None
    await _end_draft(store, answer, form)
    return published


async def _end_draft(store: Store, answer: Answer, form: AnswerForm) -> None:
    """The one that the form was of; what somebody saved meanwhile is theirs to publish or to throw away."""
    if form.draft_version and form.draft_version == answer.draft_version:
        with suppress(EditConflict):
            await store.answer_drafts.remove(answer.published.name, expected_version=form.draft_version)


async def _overtaken(store: Store, form: AnswerForm, before: Answer) -> Overtaken:
    """Somebody was first in the moment between our look and our save."""
    now = await load_answer(store, before.published.name)
    try:
        now.check_up_to_date(form)
    except Overtaken as exc:
        return exc
    return Overtaken(now, now.published, now.published.edited_by, is_draft=False)
