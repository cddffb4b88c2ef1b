"""The page where managers set who looks along, and the company's own variables."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace

from sanic import HTTPResponse, Request
from sanic.response import redirect

from bot.answers import unknown_variables
from bot.errors import EditConflict
from bot.store.editing_rules import EditingRules
from bot.store.work import now_ms
from bot.web.access import signed_in
from bot.web.audit.noting import note_deed
from bot.web.editor.people import load_names
from bot.web.editor.rules_form import MAX_NAME_CHARS, MAX_VALUE_CHARS, RulesForm
from bot.web.pages import render
from bot.web.rights import MANAGERS

managers_only = signed_in(*MANAGERS)


@dataclass(frozen=True)
class RulesPage:
    """uses: in how many answers each variable of the company's own stands. lost: those that are none any more."""

    rules: EditingRules
    set_by: str
    form: RulesForm
    uses: dict[str, int]
    lost: dict[str, int]
    errors: dict[str, str]
    saved: bool
    conflict: bool
    max_name: int = MAX_NAME_CHARS
    max_value: int = MAX_VALUE_CHARS


@managers_only
async def show_rules(request: Request) -> HTTPResponse:
    rules = await request.app.ctx.store.editing_rules.get()
    return await _show(request, rules, RulesForm.of(rules))


@managers_only
async def save_rules(request: Request) -> HTTPResponse:
    store, form = request.app.ctx.store, RulesForm.read(request)
    before = await store.editing_rules.get()
    if errors := form.errors():
        return await _show(request, before, form, errors=errors, status=400)
    rules = replace(form.rules(before), by=request.ctx.account.id, at_ms=now_ms(), version=form.expected_version)
    try:
        await store.editing_rules.save(rules)
    except EditConflict:
        current = await store.editing_rules.get()
        form = replace(form, expected_version=current.version)
        return await _show(request, current, form, conflict=True, status=409)
    await note_deed(request, "template.rules", details=_changes(before, rules))
    return redirect(f"/editor/rules?saved={rules.version + 1}", status=303)


async def _show(
    request: Request,
    rules: EditingRules,
    form: RulesForm,
    *,
    errors: dict[str, str] | None = None,
    conflict: bool = False,
    status: int = 200,
) -> HTTPResponse:
    store = request.app.ctx.store
    # As if there were no fields at all: what is left are theirs, and those that were theirs.
    uses = Counter(
        name
        for template in await store.templates.all_published()
        for name in unknown_variables("\n".join([template.text, *(one.text for one in template.variants)]))
    )
    page = RulesPage(
        rules=rules,
        set_by=(await load_names(store)).of(rules.by) if rules.by else "",
        form=form,
        uses=dict(uses),
        lost={name: count for name, count in sorted(uses.items()) if name not in rules.fields},
        errors=errors or {},
        saved=request.args.get("saved", "") == str(rules.version),
        conflict=conflict,
    )
    return render(request, "editor/rules.html", status=status, page=page)


def _changes(before: EditingRules, after: EditingRules) -> str:
    """What the audit log says: the names of what changed."""
    names = sorted(before.fields.keys() | after.fields.keys())
    changed = [f"{{{name}}}" for name in names if before.fields.get(name) != after.fields.get(name)]
    if before.answers_need_review != after.answers_need_review:
        changed.insert(0, "review on" if after.answers_need_review else "review off")
    if before.topics_need_review != after.topics_need_review:
        changed.insert(0, "topic review on" if after.topics_need_review else "topic review off")
    return ", ".join(changed)
