"""The versions of an answer: side by side, back again, and an answer that customers don't get any more."""

from __future__ import annotations

from dataclasses import dataclass, replace

from sanic import HTTPResponse, Request

from bot.errors import EditConflict, InvalidMessage, NotFound
from bot.model import Template
from bot.store import Store
from bot.store.work import now_ms
from bot.web.access import signed_in
from bot.web.editor.answer import Overtaken, load_answer
from bot.web.editor.answer_page import load_answer_page
from bot.web.editor.compare import Piece, as_text, compare
from bot.web.editor.form import AnswerForm, version_field
from bot.web.editor.occasions import occasion
from bot.web.editor.people import load_names
from bot.web.editor.topics import ANSWER_PREFIX, payload_of
from bot.web.editor.views import note_save, show, show_overtaken, to_answer
from bot.web.pages import render
from bot.web.rights import EDITORS

editors_only = signed_in(*EDITORS)
# What stands for the draft where versions are numbers.
DRAFT = "concept"
_NEVER_READ = (
    "Niet teruggehaald: klanten hebben dit antwoord nog nooit gelezen, en een collega moet het eerst nakijken. "
    "Kies “Ter beoordeling”."
)


@dataclass(frozen=True)
class Side:
    """One of two versions. id: its number, or DRAFT."""

    id: str
    title: str
    about: str
    pieces: list[Piece]
    may_restore: bool


@dataclass(frozen=True)
class ComparePage:
    """choices: every version that there is, id to words."""

    current: Template
    choices: dict[str, str]
    left: Side
    right: Side
    same: bool


@dataclass(frozen=True)
class RemovePage:
    """used_by: answers with a button to it. topic: the question that it answers, empty for none."""

    current: Template
    used_by: list[Template]
    topic: str


@editors_only
async def compare_versions(request: Request, name: str) -> HTTPResponse:
    """Two versions side by side: `a` and `b`, each a number or `concept`; without them the last two."""
    answer = await load_answer(request.app.ctx.store, name)
    versions = {str(one.version): one for one in await request.app.ctx.store.templates.history(name)}
    if answer.draft:
        versions = {DRAFT: answer.draft.template, **versions}
    ids = list(versions)
    b = request.args.get("b", ids[0])
    a = request.args.get("a", ids[min(1, len(ids) - 1)])
    for one in (a, b):
        if one not in versions:
            raise NotFound(f"template {name!r} has no version {one!r}")
    names = await load_names(request.app.ctx.store)
    by = {one.version: names.of(one.edited_by) for one in versions.values()}
    left_text, right_text = (as_text(versions[one], answer.choices) for one in (a, b))
    left, right = compare(left_text, right_text)
    choices = {
        one: f"Concept van {names.of(answer.draft.by)}"
        if one == DRAFT and answer.draft
        else f"Versie {one}, {by[template.version]}"
        for one, template in versions.items()
    }
    page = ComparePage(
        answer.published,
        choices,
        _side(a, versions[a], answer.published, choices[a], left),
        _side(b, versions[b], answer.published, choices[b], right),
        same=left_text == right_text,
    )
    return render(request, "editor/compare.html", page=page)


def _side(id: str, template: Template, current: Template, title: str, pieces: list[Piece]) -> Side:
    is_current = id == str(current.version)
    about = "Klanten zien deze" if is_current and not current.is_removed else ""
    may_restore = id != DRAFT and not is_current and not template.is_removed
    return Side(id, title, about, pieces, may_restore)


@editors_only
async def restore_answer(request: Request, name: str) -> HTTPResponse:
    """Publish an earlier version again. Customers have read it before: nobody has to look at it once more."""
    wanted, expected = version_field(request, "version"), version_field(request, "expected_version")
    for earlier in await request.app.ctx.store.templates.history(name):
        if earlier.version == wanted and not earlier.is_removed:
            because = f"Versie {wanted} teruggezet"
            return await _save(request, replace(earlier, because=because), expected, "template.restored", "restored")
    raise NotFound(f"template {name!r} has no version {wanted}")


@editors_only
async def ask_removal(request: Request, name: str) -> HTTPResponse:
    """Where it is used, and whether to go on."""
    store = request.app.ctx.store
    current = await store.templates.published(name)
    _check_removable(current)
    intent = name.removeprefix(ANSWER_PREFIX)
    topics = {one.intent: one.title for one in await store.topics.all()}
    page = RemovePage(current, await _used_by(store, intent), topics.get(intent, ""))
    return render(request, "editor/remove.html", page=page)


@editors_only
async def remove_answer(request: Request, name: str) -> HTTPResponse:
    """Customers don't get it any more; its versions stay."""
    current = await request.app.ctx.store.templates.published(name)
    _check_removable(current)
    if current.is_removed:
        return to_answer(name, "removed", current.version)
    removed = replace(current, is_removed=True, because="Verwijderd")
    return await _save(request, removed, version_field(request, "expected_version"), "template.removed", "removed")


@editors_only
async def bring_back(request: Request, name: str) -> HTTPResponse:
    """As it was before it was removed."""
    store = request.app.ctx.store
    current = await store.templates.published(name)
    if not current.is_removed:
        return to_answer(name, "back", current.version)
    # An import that waits for a second pair of eyes has never been read by customers.
    was_read = any(not one.is_removed for one in await store.templates.history(name))
    if not was_read and (await store.editing_rules.get()).answers_need_review:
        answer = await load_answer(store, name)
        return show(request, await load_answer_page(request, answer, answer.form(), refused=_NEVER_READ), 403)
    there = replace(current, is_removed=False, because="Teruggehaald")
    return await _save(request, there, version_field(request, "expected_version"), "template.back", "back")


async def _save(request: Request, template: Template, expected: int, what: str, done: str) -> HTTPResponse:
    """Save it as the newest. On a conflict both are shown, with `template` in the form.

    what: the deed, for the audit log.
    """
    store, account = request.app.ctx.store, request.ctx.account
    signed = replace(template, edited_at_ms=now_ms(), edited_by=account.id, written_by="")
    try:
        saved = await store.templates.save(signed, expected_version=expected)
    except EditConflict:
        answer = await load_answer(store, template.name)
        overtaken = Overtaken(answer, answer.published, answer.published.edited_by, is_draft=False)
        if done in ("removed", "back"):
            refused = "Niet gedaan: iemand anders heeft dit antwoord intussen bewerkt. Kijk eerst wat er nu staat."
            return show(request, await load_answer_page(request, answer, answer.form(), refused=refused), 409)
        form = AnswerForm.of(template, expected_version=expected, draft_version=answer.draft_version)
        return await show_overtaken(request, overtaken, form)
    await note_save(request, what, saved)
    return to_answer(saved.name, done, saved.version)


def _check_removable(template: Template) -> None:
    """Raises InvalidMessage: what the program says by itself has a page, and is never missing."""
    if occasion(template.name):
        raise InvalidMessage("name: expected the answer to a question, this one belongs to the program")


async def _used_by(store: Store, intent: str) -> list[Template]:
    payload = payload_of(intent)
    templates = await store.templates.all_published()
    return [one for one in templates if any(button.payload == payload for button in one.buttons)]
