"""YAML that a person wrote, as a declared shape: every value is text until the shape says otherwise.

YAML guesses: `0123` is 83 for it, `12:30` is 750, `no` is false. Here they stay what was written. Left out on purpose:
references to other places (a few lines of them can stand for gigabytes), tags, and a key that is there twice.
"""

from __future__ import annotations

import re
from collections.abc import Hashable
from pathlib import Path
from typing import Any, TypeVar, cast

import msgspec
import yaml

from bot.errors import ConfigError

MAX_BYTES = 256 * 1024
_TAGS = {f"tag:yaml.org,2002:{name}" for name in ("str", "seq", "map", "null")}
_NULL = "tag:yaml.org,2002:null"
# What a shape expects, for people; by the names that msgspec gives.
_KINDS = {
    "object": "lines of the form `key: value`",
    "array": "lines that begin with `- `",
    "str": "text",
    "bool": "true or false",
    "null": "nothing",
}

Shape = TypeVar("Shape")


def read_yaml(path: Path, shape: type[Shape]) -> Shape:
    """The file as `shape`; a key with nothing behind it counts as left out.

    Raises ConfigError, naming the place, and FileNotFoundError.
    """
    try:
        content = yaml.load(_text(path), _Loader)
        return msgspec.convert({} if content is None else content, shape, strict=False)
    except FileNotFoundError:
        raise
    except OSError as exc:
        raise ConfigError(f"{path} can't be read: {exc.strerror}") from exc
    except UnicodeDecodeError as exc:
        raise ConfigError(f"{path} is not UTF-8 text") from exc
    except RecursionError as exc:
        raise ConfigError(f"{path} is nested too deeply") from exc
    except yaml.YAMLError as exc:
        raise ConfigError(f"{path}{_yaml_problem(exc)}") from exc
    except msgspec.ValidationError as exc:
        raise ConfigError(f"{path}: {_shape_problem(str(exc))}") from exc


def _text(path: Path) -> str:
    with path.open("rb") as file:
        content = file.read(MAX_BYTES + 1)
    if len(content) > MAX_BYTES:
        raise ConfigError(f"{path} is larger than the {MAX_BYTES // 1024} KB that it can need")
    return content.decode("utf-8-sig")


class _Loader(yaml.SafeLoader):
    yaml_implicit_resolvers = {
        first: [(tag, pattern) for tag, pattern in resolvers if tag == _NULL]
        for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        if self.check_event(yaml.AliasEvent):
            event: yaml.Event = cast(Any, self).peek_event()
            raise _refused("a reference (*name); write it out", event.start_mark)
        return super().compose_node(parent, index)

    def construct_object(self, node: yaml.Node, deep: bool = False) -> Any:
        if node.tag not in _TAGS:
            raise _refused("a tag (!name); leave it out", node.start_mark)
        return super().construct_object(node, deep)

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        seen = set()
        for key, _ in node.value:
            if not isinstance(key, yaml.ScalarNode):
                raise _refused("a key that is not one word", key.start_mark)
            if key.value in seen:
                raise _refused(f"{key.value!r} for the second time", key.start_mark)
            seen.add(key.value)
        made = super().construct_mapping(node, deep)
        return {key: value for key, value in made.items() if value is not None}


def _refused(what: str, mark: Any) -> yaml.MarkedYAMLError:
    return yaml.MarkedYAMLError(problem=what, problem_mark=mark)


def _yaml_problem(exc: yaml.YAMLError) -> str:
    """Where and what; never the line itself, there may be a secret in it that doesn't belong there."""
    if not isinstance(exc, yaml.MarkedYAMLError) or exc.problem_mark is None:
        return f": {' '.join(str(exc).split())}"
    if "\\t" in (exc.problem or ""):
        return f" line {exc.problem_mark.line + 1}: a tab, where YAML wants spaces"
    return f" line {exc.problem_mark.line + 1}: {exc.problem}"


def _shape_problem(text: str) -> str:
    """`Expected `bool`, got `str` - at `$.pages[0].comments`` for people."""
    problem, _, place = text.partition(" - at ")
    problem = problem.replace("Object contains unknown field", "unknown key")
    problem = re.sub(r"Object missing required field (`\w+`)", r"\1 is missing", problem)
    problem = re.sub(r"^Expected `(\w+)(?: \| null)?`, got .*", lambda match: _expected(match[1]), problem)
    place = re.sub(r"\[(\d+)\]", lambda match: f" {int(match[1]) + 1}", place.strip("`").removeprefix("$").lstrip("."))
    return f"{place.replace('.', ', ')}: {problem}" if place else problem


def _expected(kind: str) -> str:
    return f"expected {_KINDS.get(kind, kind)}"
