"""Our own files, read once for all tests that look into them."""

from __future__ import annotations

import ast
from functools import cache
from pathlib import Path
from typing import Any

import yaml


@cache
def tree(path: Path) -> ast.Module:
    """What a Python file says."""
    return ast.parse(path.read_text(encoding="utf-8"))


@cache
def nodes(path: Path) -> tuple[ast.AST, ...]:
    """All that is in it, at any depth."""
    return tuple(ast.walk(tree(path)))


@cache
def data(path: Path) -> Any:
    """What a YAML file says. Don't change it: others read it too."""
    return yaml.load(path.read_text(encoding="utf-8"), getattr(yaml, "CSafeLoader", yaml.SafeLoader))
