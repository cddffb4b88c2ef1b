"""The editor's pages: parse, call the store once, show."""

from __future__ import annotations

from dataclasses import replace
from urllib.parse import quote

from sanic import HTTPResponse, Request
from sanic.response import redirect

from bot.errors import EditConflict, NotFound
from bot.model import Template
from bot.store.templates import TemplateStore, same_answer
from bot.store.work import now_ms
from bot.web.access import signed_in
from bot.web.audit.noting import note_deed
from bot.web.editor.answer_page import AnswerPage, load_answer_page
from bot.web.editor.form import AnswerForm, version_field
from bot.web.editor.listing import load_list_page
from bot.web.editor.topics import payload_choices
from bot.web.pages import render
from bot.web.rights import EDITORS

editors_only = signed_in(*EDITORS)


@editors_only
async def list_answers(request: Request) -> HTTPResponse:
    """Every answer, or those in which the words of `q` occur."""
    query = " ".join(request.args.get("q", "").split())[:100]
    return render(request, "editor/list.html", page=await load_list_page(request.app.ctx.store, query))


@editors_only
async def show_answer(request: Request, name: str) -> HTTPResponse:
    """The form with the answer as it is now; `saved` is the version that the reader just made."""
    current = await _templates(request).published(name)
    saved = request.args.get("saved", "") == str(current.version)
    return _show(request, await load_answer_page(request, current, AnswerForm.of(current), saved=saved))


@editors_only
async def save_answer(request: Request, name: str) -> HTTPResponse:
    """Save the form as the next version, unless it has errors or somebody else saved in between."""
    templates = _templates(request)
    current, form = await templates.published(name), AnswerForm.read(request)
    store = request.app.ctx.store
    errors = form.errors(set(await payload_choices(store)), (await store.editing_rules.get()).fields)
    if errors:
        return _show(request, await load_answer_page(request, current, form, errors=errors), 400)
    draft = form.template(current)
    # Nothing to change, or the same form once more (a double click).
    if same_answer(draft, current):
        return _to_answer(current)
    return await _save(request, draft, form.expected_version, what="template.saved")


@editors_only
async def restore_answer(request: Request, name: str) -> HTTPResponse:
    """Save an earlier version as the newest."""
    wanted, expected = version_field(request, "version"), version_field(request, "expected_version")
    for earlier in await _templates(request).history(name):
        if earlier.version == wanted:
            return await _save(request, earlier, expected, what="template.restored")
    raise NotFound(f"template {name!r} has no version {wanted}")


async def _save(request: Request, draft: Template, expected_version: int, *, what: str) -> HTTPResponse:
    """Save and go to the answer's page; on a conflict show both, with the draft still in the form.

    what: the deed, for the audit log.
    """
    templates = _templates(request)
    try:
        saved = await templates.save(_signed(request, draft), expected_version=expected_version)
    except EditConflict:
        current = await templates.published(draft.name)
        form = AnswerForm.of(draft, expected_version=current.version)
        return _show(request, await load_answer_page(request, current, form, conflict=True), 409)
    await note_save(request, what, saved)
    return _to_answer(saved)


async def note_save(request: Request, what: str, saved: Template) -> None:
    """Write it in the audit log."""
    await note_deed(request, what, saved.name, f"versie {saved.version}")


def _signed(request: Request, draft: Template) -> Template:
    return replace(draft, edited_at_ms=now_ms(), edited_by=request.ctx.account.id, because="")


def _show(request: Request, page: AnswerPage, status: int = 200) -> HTTPResponse:
    return render(request, "editor/answer.html", status=status, page=page)


def _to_answer(saved: Template) -> HTTPResponse:
    return redirect(f"/editor/{quote(saved.name, safe='')}?saved={saved.version}", status=303)


def _templates(request: Request) -> TemplateStore:
    templates: TemplateStore = request.app.ctx.store.templates
    return templates
