"""What the page of one answer shows."""

from __future__ import annotations

from dataclasses import dataclass, field

from sanic import Request

from bot.answers import VARIABLES, render
from bot.model import Template
from bot.store.work import now_ms
from bot.web.editor.compare import Piece, as_text, compare
from bot.web.editor.form import (
    MAX_TEXT_CHARS,
    MAX_TITLE_CHARS,
    MESSENGER_CHARS,
    URL_TARGET,
    AnswerForm,
)
from bot.web.editor.occasions import answers_question, occasion, takes_buttons
from bot.web.editor.people import load_names
from bot.web.editor.timeline import Stretch, load_timeline
from bot.web.editor.topics import payload_choices

HISTORY_SHOWN = 20
# An agent's name in the preview; the real one is only known in a conversation.
_AGENT = "Sanne"


@dataclass(frozen=True)
class Limits:
    """The limits that the page counts with."""

    title: int = MAX_TITLE_CHARS
    text: int = MAX_TEXT_CHARS
    messenger: int = MESSENGER_CHARS


@dataclass(frozen=True)
class Version:
    """One line of the history."""

    template: Template
    edited_by: str
    is_current: bool


@dataclass(frozen=True)
class AnswerPage:
    """What answer.html shows."""

    current: Template
    """The answer as customers get it now."""
    edited_by: str
    """Who saved it, by name."""
    occasion: str
    """When customers read it, empty for the answer to a question."""
    on_a_button: bool
    """Whether its title may stand on a button."""
    has_buttons: bool
    """Whether it may have buttons itself, or has."""
    form: AnswerForm
    """What is in the form."""
    errors: dict[str, str]
    """What is wrong with the form: id of the control to Dutch sentence."""
    choices: dict[str, str]
    """What a button can do: payload to Dutch words."""
    preview_text: str
    """The form's text as a customer would read it now."""
    values: dict[str, str]
    """What each variable would be now."""
    history: list[Version]
    """Newest first."""
    more_history: bool
    """Whether there are older versions that aren't on the page."""
    saved: bool = False
    """Whether the reader just saved this version."""
    timeline: list[Stretch] = field(default_factory=list)
    """What customers read from now on, with all that is planned."""
    mine: list[Piece] = field(default_factory=list)
    """On a conflict: the reader's own version, in pieces."""
    theirs: list[Piece] = field(default_factory=list)
    """On a conflict: what somebody else saved, in pieces."""
    variables: dict[str, str] = field(default_factory=lambda: VARIABLES)
    limits: Limits = Limits()
    url_target: str = URL_TARGET


async def load_answer_page(
    request: Request,
    current: Template,
    form: AnswerForm,
    *,
    errors: dict[str, str] | None = None,
    saved: bool = False,
    conflict: bool = False,
) -> AnswerPage:
    """`current` with the form as it was filled in; with `conflict` both are compared."""
    store = request.app.ctx.store
    names, values = await load_names(store), await request.app.ctx.answers.values(_AGENT)
    history = await store.templates.history(current.name)
    shown = history if "history" in request.args else history[:HISTORY_SHOWN]
    mine, theirs = compare(as_text(form.template(current)), as_text(current)) if conflict else ([], [])
    return AnswerPage(
        current=current,
        edited_by=names.of(current.edited_by),
        occasion=occasion(current.name),
        on_a_button=answers_question(current.name),
        has_buttons=takes_buttons(current.name) or any(not row.is_empty for row in form.rows),
        form=form,
        errors=errors or {},
        choices=await payload_choices(store),
        preview_text=render(form.text, values),
        values=values,
        history=[Version(one, names.of(one.edited_by), one.version == current.version) for one in shown],
        more_history=len(shown) < len(history),
        saved=saved,
        timeline=await load_timeline(store, current, now_ms()),
        mine=mine,
        theirs=theirs,
    )
