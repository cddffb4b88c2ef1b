"""All answers held against the house style: a page, and a file for a spreadsheet."""

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import dataclass

from sanic import HTTPResponse, Request
from sanic.response import text

from bot.house_style import RULES, Rule
from bot.model import Template
from bot.store.house_style import HouseStyle
from bot.web.access import signed_in
from bot.web.editor.form import AnswerForm
from bot.web.editor.style import SEVERITIES, findings_of, texts_of
from bot.web.pages import render
from bot.web.rights import EDITORS
from bot.web.spreadsheet import CSV_TYPE, MARK, csv_headers, csv_lines

editors_only = signed_in(*EDITORS)
PAGE_ROWS = 100


@dataclass(frozen=True)
class Row:
    """One answer in which something was found; counts: by rule."""

    name: str
    title: str
    counts: Counter[str]
    errors: int

    @property
    def total(self) -> int:
        return self.counts.total()

    @property
    def rules(self) -> list[tuple[str, int]]:
        return [(RULES[rule].title, count) for rule, count in self.counts.most_common()]


@dataclass(frozen=True)
class RuleRow:
    """How often a rule finds something, and in how many answers."""

    rule: Rule
    count: int
    answers: int
    is_required: bool


@dataclass(frozen=True)
class ReportPage:
    """rows: those of this page, the most findings first. chosen: the rule that they are filtered by."""

    checked: int
    total: int
    found_in: int
    by_rule: list[RuleRow]
    rows: list[Row]
    chosen: Rule | None
    page: int
    pages: int


@editors_only
async def show_report(request: Request) -> HTTPResponse:
    """`rule` shows only the answers in which that one finds something."""
    templates, style, rows = await _load(request)
    chosen = RULES.get(request.args.get("rule", ""))
    wanted = [row for row in rows if row.counts[chosen.id]] if chosen else rows
    if chosen:
        wanted.sort(key=lambda row: -row.counts[chosen.id])
    pages = max(1, -(-len(wanted) // PAGE_ROWS))
    asked = request.args.get("page", "")
    page = min(pages, max(1, int(asked))) if asked.isascii() and asked.isdigit() and len(asked) < 6 else 1
    shown = ReportPage(
        checked=len(templates),
        total=sum(row.total for row in rows),
        found_in=len(rows),
        by_rule=_by_rule(rows, style),
        rows=wanted[(page - 1) * PAGE_ROWS : page * PAGE_ROWS],
        chosen=chosen,
        page=page,
        pages=pages,
    )
    return render(request, "house_style/report.html", page=shown)


@editors_only
async def export_report(request: Request) -> HTTPResponse:
    """A line for each finding."""
    templates, style, _ = await _load(request)
    lines = await asyncio.to_thread(_lines, templates, style)
    return text(MARK + csv_lines(lines), content_type=CSV_TYPE, headers=csv_headers("huisstijl.csv"))


async def _load(request: Request) -> tuple[list[Template], HouseStyle, list[Row]]:
    store = request.app.ctx.store
    templates, style = await store.templates.all_published(), await store.house_style.get()
    # Beside what customers ask of this process: the first time it takes most of a second.
    return templates, style, await asyncio.to_thread(rows_of, templates, style)


def rows_of(templates: list[Template], style: HouseStyle) -> list[Row]:
    """Those in which something is found, the most first."""
    rows = []
    for template in templates:
        found = [one for some in findings_of(template.name, AnswerForm.of(template), style).values() for one in some]
        if found:
            counts = Counter(one.rule for one in found)
            errors = sum(one.severity == "error" for one in found)
            rows.append(Row(template.name, template.title, counts, errors))
    return sorted(rows, key=lambda row: (-row.errors, -row.total, row.title))


def _by_rule(rows: list[Row], style: HouseStyle) -> list[RuleRow]:
    return [
        RuleRow(
            rule,
            sum(row.counts[rule.id] for row in rows),
            sum(row.counts[rule.id] > 0 for row in rows),
            rule.id in style.required,
        )
        for rule in RULES.values()
        if any(row.counts[rule.id] for row in rows)
    ]


def _lines(templates: list[Template], style: HouseStyle) -> list[tuple[str, ...]]:
    lines: list[tuple[str, ...]] = [("Naam", "Onderwerp", "Waar", "Regel", "Ernst", "Tekst", "Uitleg", "Voorstel")]
    for template in templates:
        form = AnswerForm.of(template)
        texts = texts_of(form)
        for place, findings in findings_of(template.name, form, style).items():
            for one in findings:
                words = texts[place][one.start : one.end]
                said = (RULES[one.rule].title, SEVERITIES[one.severity], words, one.reason, one.suggestion or "")
                lines.append((template.name, template.title, place, *said))
    return lines
