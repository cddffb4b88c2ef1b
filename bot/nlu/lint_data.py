"""Look for what is wrong, doubtful or missing in the examples that the assistant learns from.

python -m bot.nlu.lint_data [FILE] [--json FILE]
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from bot.nlu.examples import ExamplesError
from bot.nlu.lint import acceptance, report
from bot.nlu.lint.annotations import check_annotations
from bot.nlu.lint.answers import Project, check_answers, read_project
from bot.nlu.lint.balance import check_balance
from bot.nlu.lint.contradictions import DOUBTFUL_CONFIDENCE, check_confusions, check_labels
from bot.nlu.lint.findings import Finding, Severity
from bot.nlu.lint.likeness import (
    Likeness,
    check_near_duplicates,
    check_nearly_equal,
    check_repeats,
    check_same_text,
)
from bot.nlu.lint.pipeline import look_at, read_options, read_vectors, read_words
from bot.nlu.lint.sources import SourceExample, is_yaml, read_source
from bot.nlu.lint.text_checks import check_texts
from bot.nlu.rasa_model import CONFIG_FILE, OWN_EXAMPLES, quieten_rasa
from bot.nlu.svm_classifier import words_of


def main(arguments: list[str] | None = None) -> int:
    """Return the exit code: 0, 1 if there is an error among the findings, 2 for a file that can't be read."""
    options = _parse_arguments(arguments)
    try:
        examples = read_source(options.file)
        project = read_project(options.file) if is_yaml(options.file) else None
        accepted = acceptance.read_accepted(options.file.with_name(acceptance.FILE_NAME))
    except ExamplesError as exc:
        print(f"lint-data: {exc}", file=sys.stderr)
        return 2
    quieten_rasa()
    doubt = None if options.errors_only else options.doubt
    found = lint(examples, project, annotated=is_yaml(options.file), min_confidence=doubt)
    findings, n_accepted = acceptance.apply(found, accepted)
    if options.errors_only:
        findings = [finding for finding in findings if finding.severity is Severity.ERROR]
    if findings:
        print(f"\n{report.table(findings)}\n")
    print(f"{options.file}: {len(examples)} examples; {report.summary(findings, n_accepted)}.")
    if options.json:
        figures = report.as_json(findings, file=str(options.file), n_examples=len(examples), n_accepted=n_accepted)
        options.json.write_text(json.dumps(figures, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    return 1 if report.count(findings)[Severity.ERROR] else 0


def lint(
    examples: Sequence[SourceExample], project: Project | None, *, annotated: bool, min_confidence: float | None
) -> list[Finding]:
    """annotated: the file has Rasa's entity annotations; in JSON lines a bracket is a bracket.

    min_confidence: from which a model's other guess makes a label doubtful; None: errors are looked for only.
    """
    options = read_options(CONFIG_FILE)
    findings = [
        *check_texts(examples, read_chars=options["SentenceVectors"]["max_text_chars"]),
        *check_same_text(examples),
        *check_balance(examples),
    ]
    if annotated:
        findings += check_annotations(examples, project.entities if project else None)
    if project:
        findings += check_answers(project, {example.intent for example in examples if example.text})
    readable = [example for example in examples if example.text]
    if len({example.intent for example in readable}) > 1:
        findings += (
            _nearly_equal(readable, options) if min_confidence is None else _doubts(readable, options, min_confidence)
        )
    return findings


def _nearly_equal(examples: Sequence[SourceExample], options: dict[str, dict[str, Any]]) -> Iterator[Finding]:
    messages = read_words(examples, options)

    def vectors_of(rows: list[int]) -> np.ndarray:
        return read_vectors([messages[row] for row in rows], options)

    return check_nearly_equal(examples, [words_of(message) for message in messages], vectors_of)


def _doubts(
    examples: Sequence[SourceExample], options: dict[str, dict[str, Any]], min_confidence: float
) -> Iterator[Finding]:
    seen = look_at(examples, options)
    likeness = Likeness.of(seen)
    yield from check_near_duplicates(examples, likeness)
    yield from check_repeats(examples, likeness)
    yield from check_labels(examples, seen, min_confidence=min_confidence)
    yield from check_confusions(examples, seen)


def _parse_arguments(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bot.nlu.lint_data", description=__doc__.split("\n")[0])
    parser.add_argument("file", type=Path, nargs="?", default=OWN_EXAMPLES, help="Rasa YAML, or JSON lines")
    parser.add_argument("--json", type=Path, help="write the findings to this file")
    parser.add_argument("--errors-only", action="store_true", help="without the training that finds what is doubtful")
    parser.add_argument(
        "--doubt",
        type=float,
        default=DOUBTFUL_CONFIDENCE,
        help="report a label when the model is this sure of another (%(default)s)",
    )
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())
