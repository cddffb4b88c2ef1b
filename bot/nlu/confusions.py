"""Which topics a model mixes: what cross-validation takes for another intent, kept in the model to compare it later."""

from __future__ import annotations

import json
import tarfile
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path

CONFUSIONS_FILE = "confusions.json"
EXAMPLES_SHOWN = 3


@dataclass(frozen=True)
class Mixed:
    """`n` examples of `intent` that a model without them takes for another one; `examples`: some of their texts."""

    intent: str
    taken_for: str
    n: int
    examples: tuple[str, ...]


def mixed_up(guesses: Iterable[tuple[str, str, str]]) -> list[Mixed]:
    """guesses: text, intent and what it was taken for. Most often mixed first."""
    texts: defaultdict[tuple[str, str], list[str]] = defaultdict(list)
    for text, intent, taken_for in guesses:
        if intent != taken_for:
            texts[intent, taken_for].append(text)
    found = [Mixed(*pair, len(those), tuple(those[:EXAMPLES_SHOWN])) for pair, those in texts.items()]
    return sorted(found, key=lambda one: (-one.n, one.intent, one.taken_for))


def write_confusions(directory: Path, confusions: list[Mixed]) -> None:
    rows = [asdict(one) for one in confusions]
    (directory / CONFUSIONS_FILE).write_text(json.dumps(rows, ensure_ascii=False), encoding="utf-8")


def read_confusions(archive: Path) -> list[Mixed] | None:
    """Of a Rasa model (.tar.gz); None for one of before they were kept. Raises OSError, tarfile.TarError."""
    with tarfile.open(archive, "r:gz") as tar:
        for member in tar:
            if Path(member.name).name == CONFUSIONS_FILE and (file := tar.extractfile(member)):
                with file:
                    return [Mixed(**{**row, "examples": tuple(row["examples"])}) for row in json.load(file)]
    return None
