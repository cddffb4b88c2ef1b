"""The page of the house style, and the check while somebody types."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace

from sanic import HTTPResponse, Request
from sanic.response import redirect

from bot.errors import EditConflict, InvalidMessage, TooManyRequests
from bot.house_style import RULES, Rule
from bot.store.attempts import Limit
from bot.store.house_style import HouseStyle
from bot.store.work import now_ms
from bot.web.access import signed_in
from bot.web.audit.noting import note_deed
from bot.web.editor.people import load_names
from bot.web.editor.style import remarks
from bot.web.form_fields import field, line_field
from bot.web.house_style.form import MAX_LINES, StyleForm
from bot.web.house_style.words import Difference, changes, differences
from bot.web.pages import render
from bot.web.rights import EDITORS, MANAGERS

editors_only = signed_in(*EDITORS)
managers_only = signed_in(*MANAGERS)

# Of one account: as fast as a person types, in a few tabs.
LIMIT = Limit("house-style", 300, 60)
# A draft may be longer than an answer; beyond this it is no answer any more.
MAX_CHECKED_CHARS = 5_000


@dataclass(frozen=True)
class StylePage:
    """may_edit: whether the reader is a manager. differences: with what a colleague saved meanwhile."""

    style: HouseStyle
    set_by: str
    form: StyleForm
    errors: dict[str, str]
    may_edit: bool
    saved: bool = False
    differences: tuple[Difference, ...] = ()
    rules: tuple[Rule, ...] = tuple(rule for rule in RULES.values() if rule.may_be_required)
    max_lines: int = MAX_LINES


@editors_only
async def show_style(request: Request) -> HTTPResponse:
    style = await request.app.ctx.store.house_style.get()
    return await _show(request, style, StyleForm.of(style))


@managers_only
async def save_style(request: Request) -> HTTPResponse:
    store, form = request.app.ctx.store, StyleForm.read(request)
    before = await store.house_style.get()
    if errors := form.errors():
        return await _show(request, before, form, errors=errors, status=400)
    style = replace(form.style(before), by=request.ctx.account.id, at_ms=now_ms(), version=form.expected_version)
    try:
        await store.house_style.save(style)
    except EditConflict:
        current = await store.house_style.get()
        found = differences(current, style)
        seen = replace(form, expected_version=current.version)
        return await _show(request, current, seen, found=found, status=409)
    await note_deed(request, "template.style", details=changes(before, style))
    return redirect(f"/house-style?saved={style.version + 1}", status=303)


@editors_only
async def check_text(request: Request) -> HTTPResponse:
    """A part of the page: what the house style says of `text` in the `control` of the answer `name`, as it is typed."""
    store, text = request.app.ctx.store, field(request, "text")
    if len(text) > MAX_CHECKED_CHARS:
        raise InvalidMessage(f"text: expected at most {MAX_CHECKED_CHARS} characters, got {len(text)}")
    if not await store.attempts.add(LIMIT, request.ctx.account.id):
        raise TooManyRequests(f"expected at most {LIMIT.amount} texts in {LIMIT.seconds} s")
    name, control, style = line_field(request, "name"), line_field(request, "control"), await store.house_style.get()
    # Beside what customers ask of this process.
    found = await asyncio.to_thread(remarks, name, control, text, style)
    return render(request, "house_style/_remarks.html", remarks=found)


async def _show(
    request: Request,
    style: HouseStyle,
    form: StyleForm,
    *,
    errors: dict[str, str] | None = None,
    found: tuple[Difference, ...] = (),
    status: int = 200,
) -> HTTPResponse:
    page = StylePage(
        style=style,
        set_by=(await load_names(request.app.ctx.store)).of(style.by) if style.by else "",
        form=form,
        errors=errors or {},
        may_edit=bool(set(request.ctx.account.roles) & set(MANAGERS)),
        saved=request.args.get("saved", "") == str(style.version),
        differences=found,
    )
    return render(request, "house_style/style.html", status=status, page=page)
