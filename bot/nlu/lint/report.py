"""The findings as a table for people, and as JSON for tools."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from itertools import groupby
from typing import Any

from bot.nlu.lint.findings import Finding, Severity, severity_order
from bot.nlu.lint.sources import SourceExample

SHOWN_CHARS = 100
NO_INTENT = "(other)"


def table(findings: Sequence[Finding]) -> str:
    """A block for each intent, the worst first within it."""
    of_intent = defaultdict(list)
    for finding in sorted(findings, key=severity_order):
        of_intent[finding.intents[0] or NO_INTENT].append(finding)
    return "\n\n".join(_block(intent, of_intent[intent]) for intent in sorted(of_intent))


def _block(intent: str, findings: Sequence[Finding]) -> str:
    """What calls for the same is told once."""
    rows = [intent]
    for (severity, check, advice), group in groupby(findings, key=lambda f: (f.severity, f.check, f.advice)):
        rows.append(f"  {severity.value:<8} {check}: {advice}")
        rows += [_example_row(example, finding, intent) for finding in group for example in finding.examples]
    return "\n".join(rows)


def summary(findings: Sequence[Finding], n_accepted: int) -> str:
    counts = count(findings)
    parts = [f"{counts[severity]} {severity.value}{'' if counts[severity] == 1 else 's'}" for severity in Severity]
    return ", ".join([*parts, f"{n_accepted} accepted"])


def count(findings: Sequence[Finding]) -> Counter[Severity]:
    return Counter(finding.severity for finding in findings)


def as_json(findings: Sequence[Finding], *, file: str, n_examples: int, n_accepted: int) -> dict[str, Any]:
    counts = count(findings)
    return {
        "file": file,
        "n_examples": n_examples,
        **{f"n_{severity.value}s": counts[severity] for severity in Severity},
        "n_accepted": n_accepted,
        "findings": [_finding_as_json(finding) for finding in sorted(findings, key=severity_order)],
    }


def _example_row(example: SourceExample, finding: Finding, intent: str) -> str:
    # Escaped: what hides in a text must not act on the terminal.
    text = (example.text or example.written).encode("unicode_escape").decode() if _hides(example) else example.text
    shown = text if len(text) <= SHOWN_CHARS else text[: SHOWN_CHARS - 1] + "…"
    remarks = [example.intent] if example.intent != intent else []
    # Of several examples the first one carries the note.
    remarks += [finding.note] if finding.note and example is finding.examples[0] else []
    remark = f"   ({'; '.join(remarks)})" if remarks else ""
    return f"    line {example.line:<6} {shown}{remark}"


def _hides(example: SourceExample) -> bool:
    return not (example.text and example.text.isprintable())


def _finding_as_json(finding: Finding) -> dict[str, Any]:
    return {
        "check": finding.check,
        "severity": finding.severity.value,
        "intents": [intent for intent in finding.intents if intent],
        "about_intents": finding.about_intents,
        "lines": [example.line for example in finding.examples],
        "texts": [example.text or example.written for example in finding.examples],
        "intent_of_text": [example.intent for example in finding.examples],
        "advice": finding.advice,
        "note": finding.note,
        "weight": round(finding.weight, 4),
    }
