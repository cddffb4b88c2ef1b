"""What the page of one answer shows."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field

from sanic import Request

from bot.answers import VARIABLES
from bot.model import Template
from bot.store.answer_drafts import AnswerDraft
from bot.store.crisis import Crisis
from bot.store.work import now_ms
from bot.web.editor.answer import Answer, Overtaken
from bot.web.editor.checks import INSTAGRAM_BYTES, MAX_TEXT_CHARS, MAX_TITLE_CHARS, MESSENGER_CHARS
from bot.web.editor.compare import Piece, as_text, compare
from bot.web.editor.figures import Figures, load_figures
from bot.web.editor.form import MAX_BECAUSE_CHARS, AnswerForm
from bot.web.editor.form_parts import MAX_ALT_CHARS, MAX_VARIANTS, URL_TARGET
from bot.web.editor.occasions import answers_question, occasion, takes_buttons
from bot.web.editor.people import Names, load_names
from bot.web.editor.preview import PLATFORMS, WIDGET, Preview, preview
from bot.web.editor.style import Remarks, remarks_of
from bot.web.editor.timeline import Stretch, load_timeline
from bot.web.editor.topics import OwnTopic, load_topic
from bot.web.form_fields import line_field
from bot.web.pages import CHANNELS

HISTORY_SHOWN = 20
# An agent's name in the preview; the real one is only known in a conversation.
_AGENT = "Sanne"


@dataclass(frozen=True)
class Limits:
    """The limits that the page counts with."""

    title: int = MAX_TITLE_CHARS
    text: int = MAX_TEXT_CHARS
    messenger: int = MESSENGER_CHARS
    instagram: int = INSTAGRAM_BYTES
    alt: int = MAX_ALT_CHARS
    because: int = MAX_BECAUSE_CHARS
    variants: int = MAX_VARIANTS


@dataclass(frozen=True)
class Version:
    """One line of the history. written_by: by name, if somebody else published it."""

    template: Template
    edited_by: str
    written_by: str
    is_current: bool


@dataclass(frozen=True)
class Conflict:
    """Both texts in pieces. theirs_title: whose the other one is."""

    by: str
    is_draft: bool
    is_removed: bool
    version: int
    mine: list[Piece]
    theirs: list[Piece]


@dataclass(frozen=True)
class AnswerPage:
    """What answer.html shows."""

    current: Template
    """The answer as it was last published."""
    edited_by: str
    """Who published it, by name."""
    draft: AnswerDraft | None
    """What somebody works on, if anybody does."""
    draft_by: str
    returned_by: str
    """Who sent the draft back, by name; empty if nobody did."""
    needs_review: bool
    """Whether the rule is that somebody else publishes."""
    may_publish: bool
    """Whether the reader may let customers read what is in the form, as it was loaded."""
    is_own_draft: bool
    others: list[str]
    """Names of who has this answer open too."""
    occasion: str
    """When customers read it, empty for the answer to a question."""
    topic: OwnTopic | None
    """What it answers, where that is a topic."""
    on_a_button: bool
    """Whether its title may stand on a button."""
    has_buttons: bool
    """Whether it may have buttons itself, or has."""
    form: AnswerForm
    """What is in the form."""
    errors: dict[str, str]
    """What is wrong with the form: id of the control to Dutch sentence."""
    choices: Mapping[str, str]
    """What a button can do: payload to Dutch words."""
    style: Mapping[str, Remarks]
    """What the house style says of each text, by the id of its control."""
    preview: Preview
    variables: dict[str, str]
    """What may stand between braces, with what it becomes."""
    history: list[Version]
    """Newest first."""
    more_history: bool
    """Whether there are older versions that aren't on the page."""
    timeline: list[Stretch] = field(default_factory=list)
    """What customers read from now on, with all that is planned."""
    figures: Figures | None = None
    """How often it was sent, and whether it helped."""
    done: str = ""
    """What the reader just did: `published`, `draft`, `review` or another; empty for nothing."""
    is_returned: bool = False
    """Whether the form is as it was sent, and not stored so."""
    refused: str = ""
    """Why what the reader asked for was not done, in Dutch."""
    conflict: Conflict | None = None
    channels: dict[str, str] = field(default_factory=lambda: CHANNELS)
    limits: Limits = Limits()
    url_target: str = URL_TARGET

    def is_read_now(self, crisis: Crisis | None) -> bool:
        """Whether customers read what was published, and nothing that is planned or said in `crisis` instead."""
        in_crisis = crisis is not None and self.current.name in crisis.texts
        return not in_crisis and not (self.timeline and self.timeline[0].plan)

    @property
    def state(self) -> str:
        """For the script: whether the form is stored as it is."""
        if self.done and self.done != "preview":
            return "saved"
        return "returned" if self.done or self.is_returned else "fresh"


async def load_answer_page(
    request: Request,
    answer: Answer,
    form: AnswerForm,
    *,
    errors: dict[str, str] | None = None,
    done: str = "",
    refused: str = "",
    overtaken: Overtaken | None = None,
) -> AnswerPage:
    """`answer` with the form as it was filled in; with `overtaken` both are compared."""
    store, account = request.app.ctx.store, request.ctx.account
    names, current, draft = await load_names(store), answer.published, answer.draft
    history = await store.templates.history(current.name)
    shown = history if "history" in request.args else history[:HISTORY_SHOWN]
    others = await store.answer_viewers.here(current.name, account)
    return AnswerPage(
        current=current,
        edited_by=names.of(current.edited_by),
        draft=draft,
        draft_by=names.of(draft.by) if draft else "",
        returned_by=names.of(draft.returned_by) if draft and draft.returned_by else "",
        needs_review=answer.rules.answers_need_review,
        may_publish=answer.may_publish(account.id),
        is_own_draft=draft is not None and draft.by == account.id,
        others=[one.name for one in others],
        occasion=occasion(current.name),
        topic=await load_topic(store, current.name),
        on_a_button=answers_question(current.name),
        has_buttons=takes_buttons(current.name) or any(not row.is_empty for row in form.rows),
        form=form,
        errors=errors or {},
        choices=answer.choices,
        style=await asyncio.to_thread(remarks_of, current.name, form, answer.style),
        preview=await load_preview(request, form.template(current)),
        variables=VARIABLES | {name: f"“{text}”" if text else "(leeg)" for name, text in answer.rules.fields.items()},
        history=[_version(one, current, names) for one in shown],
        more_history=len(shown) < len(history),
        timeline=await load_timeline(store, current, now_ms()),
        figures=await load_figures(store, current.name),
        done=done,
        is_returned=bool(refused or overtaken or request.method == "POST"),
        refused=refused,
        conflict=_conflict(overtaken, form, names) if overtaken else None,
    )


async def load_preview(request: Request, template: Template) -> Preview:
    """With what variables are now; `preview_channel` is what stands beside the widget."""
    answers = request.app.ctx.answers
    values = {channel: await answers.values(_AGENT, channel=channel) for channel in (WIDGET, *PLATFORMS)}
    other = line_field(request, "preview_channel") or request.args.get("preview_channel", "")
    return preview(template, values, other=other, takes_buttons=takes_buttons(template.name))


def _version(template: Template, current: Template, names: Names) -> Version:
    written_by = names.of(template.written_by) if template.written_by else ""
    return Version(template, names.of(template.edited_by), written_by, template.version == current.version)


def _conflict(overtaken: Overtaken, form: AnswerForm, names: Names) -> Conflict:
    theirs = overtaken.theirs
    mine, other = compare(*(as_text(one, overtaken.answer.choices) for one in (form.template(theirs), theirs)))
    return Conflict(
        names.of(overtaken.by), overtaken.is_draft, theirs.is_removed, overtaken.answer.published.version, mine, other
    )
