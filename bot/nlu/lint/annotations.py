"""Entity annotations such as `[Utrecht](place)` in Rasa's YAML: Rasa reads a slip as text, or stops in training."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from rasa.shared.exceptions import RasaException
from rasa.shared.nlu.training_data.entities_parser import find_entities_in_training_example

from bot.nlu.lint.findings import Finding, Severity
from bot.nlu.lint.sources import SourceExample

# What is left of an annotation that Rasa could not read.
LEFTOVER = re.compile(r"\[[^\]]*$|\][({\[]|\[\]|^[^\[]*\][({]")


def check_annotations(examples: Sequence[SourceExample], entities: frozenset[str] | None) -> Iterator[Finding]:
    """entities: those of the domain; None if there is no domain to compare with."""
    for example in examples:
        for advice in _mistakes(example, entities):
            yield Finding("annotation", Severity.ERROR, (example.intent,), advice, (example,))


def _mistakes(example: SourceExample, entities: frozenset[str] | None) -> Iterator[str]:
    try:
        found = find_entities_in_training_example(example.written)
    except RasaException as exc:
        yield f"Rasa can't read this annotation: {str(exc).splitlines()[0]}"
        return
    if LEFTOVER.search(example.text):
        yield "A bracket is left over: write [words](entity), or leave the brackets out."
    for entity in found:
        if not str(entity["value"]).strip() or entity["value"] != str(entity["value"]).strip():
            yield f"The value {entity['value']!r} of {entity['entity']} has spaces at its ends: put them outside."
        if entities is not None and entity["entity"] not in entities:
            yield f"The entity {entity['entity']!r} is not in domain.yml: add it there, or mend its name."
