"""Findings that somebody looked at and accepted, so that the report stays short: lint-accepted.yml beside the examples.

- check: near-duplicate
  texts: [bedankt, nee bedankt]
  reason: After "kan ik nog iets doen?" these are opposites.
- check: close-intents
  intents: [groet, afscheid]
  reason: "dag" is both in Dutch.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from bot.nlu.examples import ExamplesError
from bot.nlu.lint.findings import Finding, Severity

FILE_NAME = "lint-accepted.yml"
STALE = "stale-acceptance"
KEYS = {"check", "texts", "intents", "reason"}


@dataclass(frozen=True)
class Accepted:
    """Accepts the finding of `check` about exactly these texts, or about exactly these intents."""

    check: str
    texts: frozenset[str]
    intents: frozenset[str]
    reason: str

    def covers(self, finding: Finding) -> bool:
        if finding.check != self.check:
            return False
        return frozenset(finding.intents) == self.intents if finding.about_intents else finding.texts == self.texts


def read_accepted(file: Path) -> list[Accepted]:
    """Return nothing if there is no such file. Raises ExamplesError that names the entry."""
    if not file.is_file():
        return []
    try:
        entries = yaml.safe_load(file.read_text(encoding="utf-8")) or []
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as exc:
        raise ExamplesError(f"{file} can't be read: {exc}") from exc
    if not isinstance(entries, list):
        raise ExamplesError(f"{file}: expected a list, got {type(entries).__name__}.")
    return [_accepted(entry, f"{file}, entry {number}") for number, entry in enumerate(entries, 1)]


def apply(findings: Sequence[Finding], accepted: Sequence[Accepted]) -> tuple[list[Finding], int]:
    """Return the findings that are not accepted, with one for every entry that accepts nothing; and how many are."""
    left = [finding for finding in findings if not any(entry.covers(finding) for entry in accepted)]
    stale = [_stale(entry) for entry in accepted if not any(entry.covers(finding) for finding in findings)]
    return [*left, *stale], len(findings) - len(left)


def _accepted(entry: Any, where: str) -> Accepted:
    if not isinstance(entry, dict) or not entry.keys() <= KEYS:
        raise ExamplesError(f"{where}: it has {', '.join(sorted(KEYS))} and nothing else.")
    for name in ("check", "reason"):
        if not isinstance(entry.get(name), str) or not entry[name].strip():
            raise ExamplesError(f"{where}: {name!r} must be a text that is not empty.")
    if ("texts" in entry) == ("intents" in entry):
        raise ExamplesError(f"{where}: say either 'texts' or 'intents'.")
    names = entry.get("texts", entry.get("intents"))
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names) or not names:
        raise ExamplesError(f"{where}: 'texts' or 'intents' must be a list of texts; put quotes around yes, no and 12.")
    return Accepted(
        entry["check"], frozenset(entry.get("texts", [])), frozenset(entry.get("intents", [])), entry["reason"]
    )


def _stale(entry: Accepted) -> Finding:
    about = " | ".join(sorted(entry.texts or entry.intents))
    advice = f"{FILE_NAME} accepts {entry.check} of {about!r}, which is no longer found: remove the entry."
    return Finding(STALE, Severity.WARNING, tuple(sorted(entry.intents)) or ("",), advice, about_intents=True)
