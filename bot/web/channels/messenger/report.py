"""What `make messenger-setup` found, as a table for the engineer. Nothing in it is a secret."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

Level = Literal["ok", "changed", "would change", "look", "missing"]

WIDTH = 110
_LABELS: dict[Level, str] = {
    "ok": "ok",
    "changed": "CHANGED",
    "would change": "WOULD CHANGE",
    "look": "LOOK",
    "missing": "MISSING",
}
_LABEL_WIDTH, _WHAT_WIDTH = 14, 19
_MEANINGS: dict[Level, str] = {
    "missing": "missing: do what the arrow says, and run this again",
    "would change": "that a run without --dry-run would change",
    "changed": "changed",
    "look": "to look at yourself: Meta does not tell programs",
}


@dataclass(frozen=True)
class Finding:
    """One line: `what` was looked at, what was `found`, and what is `to_do` about it."""

    level: Level
    what: str
    found: str
    to_do: str = ""


@dataclass(frozen=True)
class Section:
    """What was found about the app or about one page."""

    title: str
    findings: tuple[Finding, ...]


def is_well(sections: Sequence[Section]) -> bool:
    """Whether everything is as it should be, as far as a program can tell."""
    return not any(finding.level in ("missing", "would change") for finding in _all(sections))


def rendered(sections: Sequence[Section]) -> str:
    """The table, and what it comes to."""
    lines: list[str] = []
    for section in sections:
        lines += [section.title, *(line for finding in section.findings for line in _rows(finding)), ""]
    return "\n".join([*lines, *_sums(sections)])


def _rows(finding: Finding) -> Iterator[str]:
    first = f"  {_LABELS[finding.level]:<{_LABEL_WIDTH}}{finding.what:<{_WHAT_WIDTH}}"
    indent = " " * len(first)
    yield textwrap.fill(_printable(finding.found), WIDTH, initial_indent=first, subsequent_indent=indent)
    if finding.to_do:
        arrow, beside = indent + "-> ", indent + "   "
        yield textwrap.fill(_printable(finding.to_do), WIDTH, initial_indent=arrow, subsequent_indent=beside)


def _sums(sections: Sequence[Section]) -> Iterator[str]:
    for level, meaning in _MEANINGS.items():
        count = sum(finding.level == level for finding in _all(sections))
        if count:
            yield f"{count} {meaning}."
    if is_well(sections):
        yield "All is well."


def _all(sections: Sequence[Section]) -> Iterator[Finding]:
    return (finding for section in sections for finding in section.findings)


def _printable(text: str) -> str:
    """Names come from Meta: no control characters on a terminal."""
    return "".join(character if character.isprintable() else " " for character in text)
