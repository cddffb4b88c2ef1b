"""Examples as lines of nlu.yml. There brackets mark entities: `naar [Gent](place)`; in the store a text is a text."""

from __future__ import annotations

import re

from bot.project.scalars import as_line

# Rasa's own: rasa/shared/nlu/training_data/entities_parser.py. tests/assistant/test_project_files.py compares them.
ENTITY = re.compile(
    r"\[(?P<entity_text>[^\]]+?)\](\((?P<entity>[^:)]+?)(?:\:(?P<value>[^)]+))?\)|\{(?P<entity_dict>[^}]+?)\}"
    r"|\[(?P<list_entity_dicts>.*?)\])"
)


def plain(line: str) -> str:
    """What Rasa takes an example for, without the marks of its entities."""
    return ENTITY.sub(lambda found: found["entity_text"], line)


def escaped(text: str) -> str:
    """The line that Rasa takes for `text`, and finds no entity in.

    `[a](b)` becomes `[[a][]](b)`: `[...][]` is a text with no entities, and the text is `[a`.
    """
    text = as_line(text)
    done, at = "", 0
    while found := ENTITY.search(text, at):
        done += f"{text[at : found.start()]}[[{found['entity_text']}][]"
        at = found.end("entity_text")
    return done + text[at:]
