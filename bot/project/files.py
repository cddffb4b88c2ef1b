"""Which files are read and written, and what a line of them is called in an error."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from bot.errors import ConfigError

DOMAIN = "domain.yml"
NLU = "data/nlu.yml"
STORIES = "data/stories.yml"
# Either may be missing.
GOLDEN = "data/golden.jsonl"
RETIRED = "data/retired.jsonl"
FILES = (DOMAIN, NLU, STORIES, GOLDEN, RETIRED)


@dataclass(frozen=True)
class Place:
    """A line of a file, as an error names it; counted from 1."""

    file: Path
    line: int

    def error(self, what: str) -> ConfigError:
        return ConfigError(f"{self.file}, line {self.line}: {what}")


def read_text(file: Path) -> str:
    """With its own line ends. Raises ConfigError."""
    try:
        return file.read_bytes().decode("utf-8")
    except (OSError, UnicodeDecodeError) as exc:
        reason = getattr(exc, "strerror", None) or "it is not UTF-8"
        raise ConfigError(f"{file} can't be read: {reason}") from exc
