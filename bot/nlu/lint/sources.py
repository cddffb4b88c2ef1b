"""Reads the examples with the lines on which they stand, from Rasa's YAML or from JSON lines."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import yaml
from rasa.shared.nlu.training_data.entities_parser import replace_entities

from bot.nlu.examples import ExamplesError, numbered_examples

YAML_ENDINGS = {".yml", ".yaml"}
EXAMPLE_MARK = "-"


@dataclass(frozen=True)
class SourceExample:
    """`text` is what the model reads, "" if that is nothing; `written` is what stands in the file."""

    text: str
    intent: str
    line: int
    written: str


def is_yaml(file: Path) -> bool:
    return file.suffix in YAML_ENDINGS


def read_source(file: Path) -> list[SourceExample]:
    """Raises ExamplesError if the file can't be read or has no examples."""
    if is_yaml(file):
        examples = list(_read_yaml(file))
    else:
        examples = [SourceExample(each.text, each.intent, line, each.text) for line, each in numbered_examples(file)]
    if not examples:
        raise ExamplesError(f"{file} has no examples.")
    return examples


def _read_yaml(file: Path) -> Iterator[SourceExample]:
    # Nodes, not values: Rasa's own reader and a plain load both forget the lines.
    try:
        root = yaml.compose(file.read_text(encoding="utf-8-sig"), Loader=yaml.SafeLoader)
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as exc:
        raise ExamplesError(f"{file} can't be read: {exc}") from exc
    items = _children(root).get("nlu")
    if not isinstance(items, yaml.SequenceNode):
        raise ExamplesError(f"{file} has no list 'nlu'.")
    for item in items.value:
        children = _children(item)
        intent, examples = children.get("intent"), children.get("examples")
        # Synonyms, lookup tables and regexes have examples too, and no intent.
        if isinstance(intent, yaml.ScalarNode) and examples is not None:
            for written, line in _lines(examples):
                yield _source_example(written, intent.value, line)


def _children(node: yaml.Node | None) -> dict[str, yaml.Node]:
    return {key.value: value for key, value in node.value} if isinstance(node, yaml.MappingNode) else {}


def _lines(node: yaml.Node) -> Iterator[tuple[str, int]]:
    """Every line of a block of examples with its number; a list of blocks is Rasa's form for examples with metadata."""
    if isinstance(node, yaml.SequenceNode):
        for item in node.value:
            if text := _children(item).get("text"):
                yield from _lines(text)
    elif isinstance(node, yaml.ScalarNode):
        # The text of a block starts below its "|"; line numbers of nodes count from 0.
        first = node.start_mark.line + (2 if node.style == "|" else 1)
        yield from ((line, first + i) for i, line in enumerate(node.value.split("\n")) if line.strip())


def _source_example(written: str, intent: str, line: int) -> SourceExample:
    marked = written.strip().startswith(EXAMPLE_MARK)
    # Rasa skips a line without the mark.
    example = written.strip().removeprefix(EXAMPLE_MARK).strip() if marked else ""
    return SourceExample(replace_entities(example), intent, line, example if marked else written)
