"""The editor's pages of one answer: parse, call the store once, show."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from urllib.parse import quote
from zoneinfo import ZoneInfo

from sanic import HTTPResponse, Request
from sanic.response import empty, json, redirect, text

from bot.errors import NotFound
from bot.model import Template
from bot.store.answer_drafts import AnswerDraft
from bot.store.notifications import Notification
from bot.store.work import now_ms
from bot.web.access import signed_in
from bot.web.audit.noting import note_deed
from bot.web.content_policy import with_pictures
from bot.web.editor.answer import Answer, NeedsReview, Overtaken, load_answer, load_published, publish, save_draft
from bot.web.editor.answer_page import AnswerPage, load_answer_page, load_preview
from bot.web.editor.form import MAX_BECAUSE_CHARS, AnswerForm, version_field
from bot.web.editor.list_file import list_file
from bot.web.editor.list_query import ListQuery
from bot.web.editor.listing import chosen_rows, load_list_page, load_rows
from bot.web.form_fields import field, line_field
from bot.web.pages import render
from bot.web.rights import EDITORS
from bot.web.spreadsheet import CSV_TYPE, csv_headers

editors_only = signed_in(*EDITORS)

_DONE = frozenset({"published", "draft", "review", "discarded", "returned", "restored", "removed", "back", "unchanged"})
_NEEDS_REVIEW = (
    "Nog niet gepubliceerd: een collega moet dit eerst nakijken. Kies “Ter beoordeling”. Wat je typte staat hieronder."
)


@editors_only
async def list_answers(request: Request) -> HTTPResponse:
    """Every answer, or those of a `filter` and with the words of `q`; by `sort` and `order`, a `page` at a time."""
    page = await load_list_page(request.app.ctx.store, ListQuery.read(request))
    return render(request, "editor/list.html", page=page)


@editors_only
async def export_answers(request: Request) -> HTTPResponse:
    """The same as a file, with all pages."""
    store, at_ms = request.app.ctx.store, now_ms()
    rows, _ = await load_rows(store, at_ms)
    timezone = ZoneInfo(request.app.ctx.settings.timezone)
    file = list_file(chosen_rows(rows, ListQuery.read(request), at_ms), timezone)
    return text(file, content_type=CSV_TYPE, headers=csv_headers("antwoorden.csv"))


@editors_only
async def show_answer(request: Request, name: str) -> HTTPResponse:
    """The form with the draft, or the answer as it is now; `done` is what the reader just did, to version `saved`."""
    answer = await load_answer(request.app.ctx.store, name)
    form, done = answer.form(), request.args.get("done", "")
    saved = request.args.get("saved", "") in (str(answer.published.version), str(answer.draft_version))
    done = done if saved and done in _DONE else ""
    # What is still to be done before it can be published; one that is in use was checked when it was.
    errors = answer.errors(form) if answer.draft else {}
    return show(request, await load_answer_page(request, answer, form, errors=errors, done=done))


@editors_only
async def save_answer(request: Request, name: str) -> HTTPResponse:
    """What the button says: keep it as a draft, ask a colleague to look at it, publish it, or only show the preview."""
    answer, form = await load_answer(request.app.ctx.store, name), AnswerForm.read(request)
    do = field(request, "do") or "publish"
    if do == "preview":
        return show(request, await load_answer_page(request, answer, form, done="preview"))
    errors = form.draft_errors() if do == "draft" else answer.errors(form)
    if errors:
        return show(request, await load_answer_page(request, answer, form, errors=errors), 400)
    try:
        if do in ("draft", "review"):
            return await _keep(request, answer, form, for_review=do == "review")
        return await _publish(request, answer, form)
    except Overtaken as exc:
        return await show_overtaken(request, exc, form)
    except NeedsReview:
        return show(request, await load_answer_page(request, answer, form, refused=_NEEDS_REVIEW), 403)


async def _keep(request: Request, answer: Answer, form: AnswerForm, *, for_review: bool) -> HTTPResponse:
    account = request.ctx.account
    version = await save_draft(request.app.ctx.store, answer, form, account.id, for_review=for_review)
    if version not in (0, answer.draft_version):
        await note_deed(request, "template.review" if for_review else "template.draft", answer.published.name)
    if not version:
        return to_answer(answer.published.name, "unchanged", answer.published.version)
    return to_answer(answer.published.name, "review" if for_review else "draft", version)


async def _publish(request: Request, answer: Answer, form: AnswerForm) -> HTTPResponse:
    published = await publish(request.app.ctx.store, answer, form, request.ctx.account.id)
    if published.version != answer.published.version:
        await note_save(request, "template.saved", published)
    return to_answer(published.name, "published", published.version)


@editors_only
async def discard_draft(request: Request, name: str) -> HTTPResponse:
    """Throw the draft away; what customers read stays as it is."""
    store = request.app.ctx.store
    answer = await load_answer(store, name)
    expected = version_field(request, "draft_version")
    if answer.draft and answer.draft_version != expected:
        overtaken = Overtaken(answer, answer.draft.template, answer.draft.by, is_draft=True)
        return await show_overtaken(request, overtaken, answer.form())
    if answer.stored_draft:
        await store.answer_drafts.remove(name, expected_version=expected)
        await note_deed(request, "template.discarded", name)
    if not answer.published.version:  # nothing is left of it
        return redirect("/editor", status=303)
    return to_answer(name, "discarded", answer.published.version)


@editors_only
async def return_draft(request: Request, name: str) -> HTTPResponse:
    """Send a draft back to who made it, with a note."""
    store = request.app.ctx.store
    answer = await load_answer(store, name)
    expected, note = version_field(request, "draft_version"), line_field(request, "note")
    if answer.draft is None or answer.draft_version != expected:
        refused = "Niet teruggestuurd: het concept is intussen veranderd. Lees het eerst."
        return show(request, await load_answer_page(request, answer, answer.form(), refused=refused), 409)
    if not 1 <= len(note) <= MAX_BECAUSE_CHARS:
        errors = {"note": f"Schrijf wat er anders moet, in 1 tot {MAX_BECAUSE_CHARS} tekens."}
        return show(request, await load_answer_page(request, answer, answer.form(), errors=errors), 400)
    returned = replace(answer.draft, state="draft", note=note, returned_by=request.ctx.account.id, at_ms=now_ms())
    saved = await store.answer_drafts.save(returned)
    await note_deed(request, "template.returned", name)
    await _tell_author(request, saved)
    return to_answer(name, "returned", saved.version)


@editors_only
async def preview_answer(request: Request, name: str) -> HTTPResponse:
    """What is in the form as customers would read it: a part of the page."""
    current = await load_published(request.app.ctx.store, name)
    page = await load_preview(request, AnswerForm.read(request).template(current))
    return render(request, "editor/_preview.html", preview=page)


@editors_only
async def viewing(request: Request, name: str) -> HTTPResponse:
    """The page is open (`doing` is `here`), somebody types in it (`typing`), or it closes (`gone`).

    Answers with who else is there, and what is stored now.
    """
    store, account, doing = request.app.ctx.store, request.ctx.account, field(request, "doing")
    published = await load_published(store, name)
    if doing == "gone":
        await store.answer_viewers.gone(name, account)
        return empty()
    others = await store.answer_viewers.here(name, account, types=doing == "typing")
    draft = await store.answer_drafts.get(name)
    return json(
        {
            "others": [{"name": one.name, "types": one.types} for one in others],
            "version": published.version,
            "draft_version": draft.version if draft else 0,
        }
    )


async def _tell_author(request: Request, draft: AnswerDraft) -> None:
    """That a colleague sent their draft back, unless they are gone or did so themselves."""
    me = request.ctx.account
    if draft.by == me.id:
        return
    with suppress(NotFound):
        author = await request.app.ctx.store.accounts.get(draft.by)
        text = f"{me.name} stuurde je concept van “{draft.template.title or draft.name}” terug: {draft.note}"
        told = Notification("answer", text, f"/editor/{quote(draft.name, safe='')}", at_ms=now_ms())
        await request.app.ctx.telling.tell(author, told)


async def note_save(request: Request, what: str, saved: Template) -> None:
    """Write it in the audit log."""
    written_by = f", concept van {saved.written_by}" if saved.written_by else ""
    await note_deed(request, what, saved.name, f"versie {saved.version}{written_by}")


async def show_overtaken(request: Request, overtaken: Overtaken, form: AnswerForm) -> HTTPResponse:
    """Both texts, with the reader's own still in the form: saving once more, having seen both, is a choice."""
    answer = overtaken.answer
    seen = replace(form, expected_version=answer.published.version, draft_version=answer.draft_version)
    return show(request, await load_answer_page(request, answer, seen, overtaken=overtaken), 409)


def show(request: Request, page: AnswerPage, status: int = 200) -> HTTPResponse:
    return with_pictures(render(request, "editor/answer.html", status=status, page=page))


def to_answer(name: str, done: str, version: int) -> HTTPResponse:
    return redirect(f"/editor/{quote(name, safe='')}?done={done}&saved={version}", status=303)
