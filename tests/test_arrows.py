"""Imports point one way: each part may use what stands behind it here, and nothing else of ours."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.sources import nodes

ROOT = Path(__file__).resolve().parents[1]
BASE = ("bot.settings", "bot.errors", "bot.model", "bot.personal_data")
RUNS = (*BASE, "bot.logs", "bot.opening_hours", "bot.answers", "bot.redis_server", "bot.store")

# Part -> the other parts that it may import. `bot` alone is for the version.
ARROWS: dict[str, tuple[str, ...]] = {
    "bot": (),
    "bot.errors": (),
    "bot.model": (),
    "bot.emergencies": (),
    "bot.personal_data": (),
    "bot.example_rules": (),
    "bot.logs": (),
    "bot.settings": ("bot.errors",),
    "bot.opening_hours": ("bot.errors",),
    "bot.processes": ("bot.errors",),
    "bot.redis_server": ("bot.errors", "bot.settings", "bot.processes"),
    "bot.store": (*BASE, "bot.opening_hours"),
    "bot.answers": (*BASE, "bot.opening_hours", "bot.store"),
    "bot.house_style": ("bot.store",),
    "bot.project": (*BASE, "bot.redis_server", "bot.store"),
    "bot.learning": (*BASE, "bot.logs", "bot.store"),
    "bot.nlu": ("bot.personal_data", "bot.example_rules"),
    "bot.assistant": (*RUNS, "bot.processes", "bot.nlu", "bot.project", "bot.learning"),
    "bot.web": (*RUNS, "bot", "bot.emergencies", "bot.example_rules", "bot.project", "bot.learning", "bot.house_style"),
    "bot.launch": (*RUNS, "bot.processes", "bot.project"),
    "actions": ("bot.answers",),
}
# Library -> the parts that may import it.
LIBRARIES = {
    "redis": ("bot.store",),
    "sanic": ("bot.web",),
    "rasa": ("bot.assistant", "bot.nlu"),
    "rasa_sdk": ("bot.assistant", "actions"),
    "spacy": ("bot.nlu",),
    "phonenumbers": ("bot.nlu",),
    "stdnum": ("bot.personal_data", "bot.nlu"),
}
FILES = [path for folder in ("bot", "actions") for path in sorted((ROOT / folder).rglob("*.py"))]


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_imports_point_one_way(path: Path) -> None:
    part = part_of(module_of(path))
    for imported in imports_of(path):
        library = imported.partition(".")[0]
        if library in ("bot", "actions"):
            assert part_of(imported) in (part, *ARROWS[part]), f"{part} must not know {imported}"
        elif library in LIBRARIES:
            assert part in LIBRARIES[library], f"{part} must not import {library}"


def module_of(path: Path) -> str:
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


def part_of(module: str) -> str:
    """The row of ARROWS that a module belongs to. A new part needs a row."""
    part = ".".join(module.split(".")[: 2 if module.startswith("bot.") else 1])
    assert part in ARROWS, f"{part} is new; say in ARROWS what it may import"
    return part


def imports_of(path: Path) -> Iterator[str]:
    """Every module that is imported, at the top or inside a function; `from bot import logs` is bot.logs."""
    for node in nodes(path):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports are absolute"
            module = node.module or ""
            yield from (f"bot.{alias.name}" for alias in node.names) if module == "bot" else (module,)
