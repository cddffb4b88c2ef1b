"""Messages in JSON lines, for evaluation: `{"text": ..., "intent": ...}`, or the text only."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rasa.shared.core.domain import Domain
from rasa.shared.core.training_data.structures import StoryGraph
from rasa.shared.importers.importer import TrainingDataImporter
from rasa.shared.nlu.constants import INTENT, TEXT
from rasa.shared.nlu.training_data.message import Message
from rasa.shared.nlu.training_data.training_data import TrainingData
from rasa.shared.utils.io import read_model_configuration


class ExamplesError(Exception):
    """A file of messages can't be read; names the file and the line."""


@dataclass(frozen=True)
class Example:
    text: str
    intent: str


class JsonLinesImporter(TrainingDataImporter):
    """Gives Rasa the examples literally: its own YAML reader takes "[zo](x)" in a customer's text for an entity."""

    def __init__(
        self,
        config_file: str | None = None,
        domain_path: str | None = None,
        training_data_paths: list[str] | str | None = None,
    ) -> None:
        self._config_file = config_file
        self._files = [training_data_paths] if isinstance(training_data_paths, str) else training_data_paths or []

    def get_nlu_data(self, language: str | None = "nl") -> TrainingData:
        examples = [example for file in self._files for example in read_examples(Path(file))]
        # Not Message.build: that reads an intent's name with a slash as something else.
        return TrainingData([Message(data={TEXT: example.text, INTENT: example.intent}) for example in examples])

    def get_domain(self) -> Domain:
        return Domain.empty()

    def get_stories(self, exclusion_percentage: int | None = None) -> StoryGraph:
        return StoryGraph([])

    def get_conversation_tests(self) -> StoryGraph:
        return StoryGraph([])

    def get_config(self) -> dict[str, Any]:
        return read_model_configuration(self._config_file) if self._config_file else {}

    def get_config_file_for_auto_config(self) -> str | None:
        return self._config_file


def read_examples(file: Path) -> list[Example]:
    """Read messages with their intents. Raises ExamplesError."""
    return [example for _, example in numbered_examples(file)]


def numbered_examples(file: Path) -> list[tuple[int, Example]]:
    """Read messages with their intents and line numbers. Raises ExamplesError."""
    return [
        (number, Example(text_field(row, "text", where), text_field(row, "intent", where)))
        for row, number, where in numbered_rows(file)
    ]


def read_texts(file: Path) -> list[str]:
    """Read messages without intents; an intent that is there is ignored. Raises ExamplesError."""
    return [text_field(row, "text", where) for row, _, where in numbered_rows(file)]


def numbered_rows(file: Path) -> Iterator[tuple[dict[str, Any], int, str]]:
    """Yield each object of `file`, its line, and that line in words; empty lines are skipped. Raises ExamplesError."""
    try:
        lines = file.read_text(encoding="utf-8-sig").split("\n")
    except (OSError, UnicodeDecodeError) as exc:
        raise ExamplesError(f"{file} can't be read: {exc}") from exc
    rows = [
        (_row(line, f"{file}, line {number}"), number, f"{file}, line {number}")
        for number, line in enumerate(lines, 1)
        if line.strip()
    ]
    if not rows:
        raise ExamplesError(f"{file} has no messages.")
    yield from rows


def _row(line: str, where: str) -> dict[str, Any]:
    try:
        row = json.loads(line)
    except json.JSONDecodeError as exc:
        raise ExamplesError(f"{where}: not JSON: {exc}") from exc
    if not isinstance(row, dict):
        raise ExamplesError(f'{where}: expected an object such as {{"text": "hoi"}}, got {type(row).__name__}.')
    return row


def text_field(row: dict[str, Any], name: str, where: str) -> str:
    """Read a text of `row` that must not be empty. Raises ExamplesError."""
    value = row.get(name)
    if not isinstance(value, str) or not value.strip():
        raise ExamplesError(f"{where}: {name!r} must be a text that is not empty, got {value!r}.")
    return value
