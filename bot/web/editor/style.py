"""An answer's form held against the house style: what is shown under each text, and what keeps it from customers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from bot.answers import EMERGENCY_TEMPLATES
from bot.house_style import RULES, Finding, Readability, Severity, check, check_link, readability
from bot.store.house_style import HouseStyle
from bot.web.editor.form import AnswerForm
from bot.web.editor.occasions import answers_question

_BUTTON = "button-"
_MOST_SHOWN = 10
_MOST_QUOTED = 60
SEVERITIES: dict[Severity, str] = {"error": "Fout", "warning": "Let op", "tip": "Tip"}
# The first is the worst, and comes first.
_WORST = tuple(SEVERITIES)


@dataclass(frozen=True)
class Remark:
    """A finding as it is shown. start, end: in the units that a script counts a text in (UTF-16)."""

    severity: Severity
    severity_word: str
    title: str
    quote: str
    reason: str
    found: str
    suggestion: str | None
    start: int
    end: int

    @property
    def deed(self) -> str:
        """What the button says."""
        if not self.suggestion:
            return "Weghalen"
        return "Vervang" if self.found else "Toevoegen"


@dataclass(frozen=True)
class Remarks:
    """What is shown under one text. more: how many are not shown. is_text: whether there is anything to look at."""

    remarks: tuple[Remark, ...] = ()
    more: int = 0
    readability: Readability | None = None
    is_text: bool = False

    @property
    def summary(self) -> str:
        count = len(self.remarks) + self.more
        if not count:
            return "Past bij de huisstijl." if self.is_text else ""
        return f"{count} {'opmerking' if count == 1 else 'opmerkingen'} over de huisstijl."


def texts_of(form: AnswerForm) -> dict[str, str]:
    """What customers read, by the id of its control; of a button where it leads."""
    texts = {"text": form.text}
    texts |= {f"variant-{number}-text": one.text for number, one in enumerate(form.variants, start=1)}
    return texts | {f"{_BUTTON}{number}-url": one.url for number, one in enumerate(form.rows, start=1)}


def findings_in(name: str, id: str, text: str, style: HouseStyle) -> tuple[Finding, ...]:
    """What is found in one text of the answer `name`. id: of its control.

    Who helps in an emergency is on a site of their own, and no rule keeps such an answer from customers.
    """
    if name in EMERGENCY_TEMPLATES:
        style = replace(style, own_domains=(), required=())
    if id.startswith(_BUTTON):
        return check_link(text, style)
    # What is said along the way needs no greeting.
    return check(text, style if answers_question(name) else replace(style, greeting="", sign_off=""))


def findings_of(name: str, form: AnswerForm, style: HouseStyle) -> dict[str, tuple[Finding, ...]]:
    """By the id of each control."""
    return {id: findings_in(name, id, text, style) for id, text in texts_of(form).items()}


def remarks_of(name: str, form: AnswerForm, style: HouseStyle) -> dict[str, Remarks]:
    """What the page of an answer shows, by the id of the control."""
    return {id: remarks(name, id, text, style) for id, text in texts_of(form).items()}


def remarks(name: str, id: str, text: str, style: HouseStyle) -> Remarks:
    """Of one text: the worst first, and of those the first in the text."""
    findings, is_link = findings_in(name, id, text, style), id.startswith(_BUTTON)
    shown = sorted(findings, key=lambda one: _WORST.index(one.severity))[:_MOST_SHOWN]
    return Remarks(
        tuple(_remark(text, one) for one in shown),
        more=len(findings) - len(shown),
        readability=readability(text) if style.plain and not is_link else None,
        is_text=bool(text.strip()) and not is_link,
    )


def style_errors(name: str, form: AnswerForm, style: HouseStyle) -> dict[str, str]:
    """What a required rule finds: id of the control to Dutch sentence."""
    if not style.required:
        return {}
    return dict(_errors(texts_of(form), findings_of(name, form, style)))


def _errors(texts: Mapping[str, str], findings: Mapping[str, tuple[Finding, ...]]) -> Iterator[tuple[str, str]]:
    for id, some in findings.items():
        errors = [one for one in some if one.severity == "error"]
        if errors:
            first, others = errors[0], len(errors) - 1
            quote = _quoted(texts.get(id, "")[first.start : first.end])
            of = f" (“{quote}”)" if quote and quote not in first.reason else ""
            more = f" En nog {others}." if others else ""
            title = RULES[first.rule].title.lower()
            yield id, f"De huisstijl is hier verplicht ({title}). {first.reason}{of}{more}"


def _remark(text: str, finding: Finding) -> Remark:
    found = text[finding.start : finding.end]
    start = _utf16(text[: finding.start])
    return Remark(
        finding.severity,
        SEVERITIES[finding.severity],
        RULES[finding.rule].title,
        _quoted(found),
        finding.reason,
        found,
        finding.suggestion,
        start,
        start + _utf16(found),
    )


def _quoted(found: str) -> str:
    words = " ".join(found.split())
    return words if len(words) <= _MOST_QUOTED else f"{words[: _MOST_QUOTED - 1].rstrip()}…"


def _utf16(text: str) -> int:
    return len(text) + sum(character > "\uffff" for character in text)
