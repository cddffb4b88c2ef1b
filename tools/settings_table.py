"""Write the table of settings in docs/reference/settings.md: `python -m tools.settings_table`."""

from __future__ import annotations

from dataclasses import Field, fields
from pathlib import Path
from typing import Any

from bot.settings import Settings, setting_name

DOCUMENT = Path(__file__).resolve().parents[1] / "docs" / "reference" / "settings.md"
BEGIN = "<!-- made by `python -m tools.settings_table` from bot/settings.py -->"
END = "<!-- end of the table -->"


def table() -> str:
    """One row a setting, in the order of `Settings`."""
    rows = ["| setting | default | what it is |", "|---|---|---|", *(_row(spec) for spec in fields(Settings))]
    return "\n".join(rows)


def replaced(document: str) -> str:
    """`document` with the table as it should be. Raises ValueError if the two marks are not there."""
    before, begin, rest = document.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not (begin and end):
        raise ValueError(f"expected {BEGIN!r} and {END!r} around the table")
    return f"{before}{BEGIN}\n{table()}\n{END}{after}"


def _row(spec: Field[Any]) -> str:
    choices = spec.metadata.get("choices")
    one_of = f" One of {', '.join(f'`{choice}`' for choice in choices)}." if choices else ""
    return f"| `{setting_name(spec.name)}` | {_shown(spec.default)} | {spec.metadata['help']}{one_of} |"


def _shown(default: Any) -> str:
    if isinstance(default, tuple):
        default = ",".join(default)
    return "empty" if default == "" else f"`{default}`"


if __name__ == "__main__":
    DOCUMENT.write_text(replaced(DOCUMENT.read_text(encoding="utf-8")), encoding="utf-8")
