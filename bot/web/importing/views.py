"""The pages: send a list, see what would happen, import, undo."""

from __future__ import annotations

import asyncio
import uuid
from dataclasses import replace
from typing import cast

from sanic import HTTPResponse, Request
from sanic.http import Http
from sanic.response import redirect

from bot.errors import EditConflict
from bot.store import Store
from bot.store.imports import Import
from bot.store.work import now_ms
from bot.web.access import signed_in
from bot.web.audit.noting import note_deed
from bot.web.form_fields import field, line_field
from bot.web.importing.applying import apply, undo
from bot.web.importing.choosing import ROWS_PER_PAGE, read_choices
from bot.web.importing.comparing import dry_run
from bot.web.importing.reading import read_file, read_text
from bot.web.importing.rows import MAX_BYTES, ChooseColumns, Row, Unreadable
from bot.web.importing.start_page import StartPage
from bot.web.importing.tables import Columns
from bot.web.pages import render
from bot.web.rights import EDITORS

editors_only = signed_in(*EDITORS)

# Of a request: the file, what is pasted, and what a form has around them. What is larger is refused without reading on.
_MAX_REQUEST_BYTES = 3 * MAX_BYTES
_BEHIND = "Een collega, of jij in een ander venster, heeft deze import net veranderd. Dit is hoe hij nu is."


@editors_only
async def show_start(request: Request) -> HTTPResponse:
    """The form to send a list with, and the imports of before."""
    return await _start(request, StartPage())


@editors_only
async def read(request: Request) -> HTTPResponse:
    """Read what was sent, and lead to what would happen with it."""
    await _receive(request)
    upload = request.files.get("file") if request.files else None
    pasted = field(request, "pasted")
    page = StartPage(pasted=pasted if len(pasted) <= MAX_BYTES else "")
    try:
        # The columns of a table that was sent before, without words above them.
        columns = _columns(request)
        if not (upload and upload.name) and not pasted.strip():
            raise Unreadable("Kies een bestand, of plak je vragen en antwoorden.")
        if upload and upload.body:
            source, rows = upload.name[:100] or "bestand", await _rows(upload.body, upload.name, columns)
        else:
            source, rows = "geplakte tekst", await _rows(pasted.encode(), "", columns)
    except ChooseColumns as exc:
        text = pasted if not (upload and upload.body) else ""
        return await _start(request, replace(page, table=exc.rows, pasted=text), 400)
    except Unreadable as exc:
        return await _start(
            request, replace(page, errors={"file" if upload and upload.name else "pasted": str(exc)}), 400
        )
    store = _store(request)
    topics, rules = await store.topics.all(), await store.editing_rules.get()
    compared = await asyncio.to_thread(dry_run, rows, topics, rules.fields)
    found = Import(
        uuid.uuid4().hex, source, request.ctx.account.id, now_ms(), compared, as_drafts=rules.answers_need_review
    )
    await store.imports.save(found)
    return redirect(f"/importing/{found.id}", status=303)


@editors_only
async def show(request: Request, import_id: str) -> HTTPResponse:
    """What would happen, or what did."""
    return await _show(request, await _store(request).imports.get(import_id))


@editors_only
async def choose(request: Request, import_id: str) -> HTTPResponse:
    """Keep what was chosen on this page of the rows; with `deed=import` do all of it."""
    store = _store(request)
    found = await store.imports.get(import_id)
    try:
        if found.state == "draft":
            rules = await store.editing_rules.get()
            found, errors = read_choices(request, found, must_review=rules.answers_need_review)
            if errors:
                return await _show(request, found, 400, errors=errors)
            found = await store.imports.save(found)
        if field(request, "deed") == "import" or found.state == "importing":
            before = found.state
            found = await apply(store, found, by=request.ctx.account.id)
            if before != found.state:
                made = f"{len(found.chosen('new'))} onderwerpen, {len(found.chosen('example'))} voorbeelden"
                await note_deed(request, "import.done", found.source, made)
    except EditConflict:
        return await _show(request, await store.imports.get(import_id), 409, notice=("bad", _BEHIND))
    return redirect(_path(found, line_field(request, "to")), status=303)


@editors_only
async def undo_import(request: Request, import_id: str) -> HTTPResponse:
    """Take away what an import made."""
    store = _store(request)
    found = await store.imports.get(import_id)
    try:
        undone = await undo(store, found, by=request.ctx.account.id)
    except EditConflict:
        return await _show(request, await store.imports.get(import_id), 409, notice=("bad", _BEHIND))
    if undone.state != found.state:
        await note_deed(request, "import.undone", found.source)
    return redirect(_path(undone), status=303)


async def _receive(request: Request) -> None:
    """The whole body, which may be larger here than elsewhere."""
    stream = cast(Http, request.stream)
    stream.request_max_size = _MAX_REQUEST_BYTES
    request.body = b"".join([piece async for piece in stream])


async def _rows(content: bytes, name: str, columns: Columns | None) -> list[Row]:
    """In a thread: a large file takes seconds, and customers don't wait for it."""
    if name or columns:
        return await asyncio.to_thread(read_file, content, name, columns)
    return await asyncio.to_thread(read_text, content.decode())


def _columns(request: Request) -> Columns | None:
    """Raises Unreadable."""
    question, answer = line_field(request, "question_column"), line_field(request, "answer_column")
    if not question and not answer:
        return None
    if not (question.isascii() and question.isdigit() and answer.isascii() and answer.isdigit()) or question == answer:
        raise Unreadable("Kies twee verschillende kolommen: een met de vragen en een met de antwoorden.")
    return int(question[:3]), int(answer[:3])


async def _start(request: Request, page: StartPage, status: int = 200) -> HTTPResponse:
    latest = await _store(request).imports.latest()
    return render(request, "importing/start.html", status=status, page=replace(page, latest=latest))


async def _show(
    request: Request,
    found: Import,
    status: int = 200,
    *,
    notice: tuple[str, str] | None = None,
    errors: dict[str, str] | None = None,
) -> HTTPResponse:
    if found.state != "draft":
        return render(request, "importing/result.html", status=status, found=found, notice=notice)
    pages = max(1, -(-len(found.rows) // ROWS_PER_PAGE))
    number = line_field(request, "page") or request.args.get("page", "1")
    at = min(int(number), pages) if number.isascii() and number.isdigit() and 0 < len(number) < 5 and int(number) else 1
    rules = await _store(request).editing_rules.get()
    return render(
        request,
        "importing/dry_run.html",
        status=status,
        found=found,
        rows=found.rows[(at - 1) * ROWS_PER_PAGE : at * ROWS_PER_PAGE],
        page=at,
        pages=pages,
        notice=notice,
        errors=errors or {},
        must_review=rules.answers_need_review,
    )


def _path(found: Import, page: str = "") -> str:
    wanted = f"?page={page}" if page.isascii() and page.isdigit() and len(page) < 5 else ""
    return f"/importing/{found.id}{wanted}"


def _store(request: Request) -> Store:
    store: Store = request.app.ctx.store
    return store
