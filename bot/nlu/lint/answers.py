"""Compares the examples with the domain beside them: every intent needs an answer, and every answer an intent."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from bot.nlu.decision import ASK_INTENT
from bot.nlu.examples import ExamplesError
from bot.nlu.lint.findings import Finding, Severity
from bot.nlu.metrics import FAQ_PREFIX, OUT_OF_SCOPE

RESPONSE_PREFIX = "utter_"
# What the decision makes of a message; nobody needs to write examples of these.
DECISIONS = {ASK_INTENT, OUT_OF_SCOPE}


@dataclass(frozen=True)
class Project:
    """What the Rasa project around a file of examples says."""

    intents: frozenset[str]
    entities: frozenset[str]
    responses: frozenset[str]
    handled: frozenset[str]  # intents in rules and stories


def read_project(file: Path) -> Project | None:
    """Read domain.yml beside `file` or above its folder, and stories.yml beside `file`; None without a domain."""
    domain_file = next(
        (p for p in (file.parent / "domain.yml", file.parent.parent / "domain.yml") if p.is_file()), None
    )
    if domain_file is None:
        return None
    domain, stories = _read(domain_file), _read(file.parent / "stories.yml")
    turns = [turn for kind in ("rules", "stories") for turn in stories.get(kind) or []]
    steps = [step for turn in turns for step in turn.get("steps", [])]
    return Project(
        intents=_names(domain.get("intents")),
        entities=_names(domain.get("entities")),
        responses=frozenset(domain.get("responses") or {}),
        handled=frozenset(step["intent"] for step in steps if "intent" in step),
    )


def check_answers(project: Project, intents: set[str]) -> Iterator[Finding]:
    """intents: those with examples."""
    for intent in sorted(intents - project.intents):
        yield _finding("not-in-domain", intent, "Has examples, but is not among the intents of domain.yml: add it.")
    for intent in sorted(intents - project.handled - {OUT_OF_SCOPE}):
        if RESPONSE_PREFIX + intent not in project.responses:
            yield _finding(
                "no-answer", intent, f"Has examples, but no answer: write {RESPONSE_PREFIX}{intent} and a rule."
            )
    answered = {name.removeprefix(RESPONSE_PREFIX) for name in project.responses}
    expected = project.intents | {name for name in answered if name.startswith(FAQ_PREFIX)}
    for intent in sorted(expected - intents - DECISIONS):
        yield _finding("no-examples", intent, "Is in domain.yml, but has no examples: write them, or remove it there.")


def _finding(check: str, intent: str, advice: str) -> Finding:
    return Finding(check, Severity.ERROR, (intent,), advice, about_intents=True)


def _names(items: list[Any] | None) -> frozenset[str]:
    """Of a list whose items are names, or a name with options."""
    return frozenset(item if isinstance(item, str) else next(iter(item)) for item in items or [])


def _read(file: Path) -> dict[str, Any]:
    try:
        content = yaml.safe_load(file.read_text(encoding="utf-8")) if file.is_file() else None
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as exc:
        raise ExamplesError(f"{file} can't be read: {exc}") from exc
    return content if isinstance(content, dict) else {}
