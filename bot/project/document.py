"""A YAML file of which some entries are replaced; every other byte stays as it is, with its comments and order.

Libraries that write a whole document again keep comments, but not quotes, indentation and long lines as a team has
them. PyYAML says on which lines each entry stands, so that only the lines of what changed are written.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NamedTuple

import yaml
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from bot.errors import ConfigError
from bot.project.files import Place, read_text

_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_LINE = re.compile(r".*?(?:\r\n|[\n\r\x85\u2028\u2029])|.+\Z", re.DOTALL)


class Entry(NamedTuple):
    """One item of a list or one key of a mapping. It stands on the lines `start` to before `end`, counted from 0."""

    key: str
    node: Node
    start: int
    end: int


@dataclass(frozen=True)
class Piece:
    """An entry's text, and what stands between it and the entry before: empty lines and comments."""

    gap: str
    key: str
    text: str


class Document:
    """One file. Raises ConfigError for what is no YAML mapping, naming file and line."""

    def __init__(self, file: Path) -> None:
        self.file = file
        self.text = read_text(file)
        self.newline = "\r\n" if "\r\n" in self.text else "\n"
        self._lines = _LINE.findall(self.text)
        self._edits: list[tuple[int, int, str]] = []
        try:
            root = yaml.compose(self.text, _LOADER)
        except yaml.MarkedYAMLError as exc:
            line = exc.problem_mark.line + 1 if exc.problem_mark else 1
            raise Place(file, line).error(f"this is no YAML: {exc.problem}") from exc
        except yaml.YAMLError as exc:
            raise ConfigError(f"{file} is no YAML: {exc}") from exc
        if not isinstance(root, MappingNode):
            raise ConfigError(f'{file}: expected keys with values, such as `version: "3.1"`')
        self.root = root

    def place(self, node: Node) -> Place:
        return Place(self.file, node.start_mark.line + 1)

    def fields(self, node: Node | None, what: str) -> dict[str, Node]:
        """The values of a mapping by key. Raises ConfigError for another node, and a key that is twice there."""
        if not isinstance(node, MappingNode):
            raise self._expected(node, f"{what}: expected keys with values")
        found: dict[str, Node] = {}
        for key, value in node.value:
            if key.value in found:
                raise self.place(key).error(f"{key.value!r} is twice there")
            found[key.value] = value
        return found

    def items(self, node: Node | None, what: str) -> list[Node]:
        """Raises ConfigError for what is no list. A key without a value is an empty list."""
        if node is None or is_empty(node):
            return []
        if not isinstance(node, SequenceNode):
            raise self._expected(node, f"{what}: expected a list")
        return list(node.value)

    def _expected(self, node: Node | None, what: str) -> ConfigError:
        return self.place(node).error(what) if node else ConfigError(f"{self.file}: {what}")

    def required(self, name: str) -> Node:
        """The value of a key at the top. Raises ConfigError if it is not there or empty."""
        node = self.fields(self.root, "the file").get(name)
        if not isinstance(node, (MappingNode, SequenceNode)) or not node.value:
            raise ConfigError(f"{self.file}: expected {name!r}, with at least one below it")
        return node

    def only(self, fields: Mapping[str, Node], known: set[str], what: str) -> None:
        """Raises ConfigError for another key: nothing is dropped in silence."""
        for name, node in fields.items():
            if name not in known:
                raise self.place(node).error(f"{name!r} is not understood: {what} may have {', '.join(sorted(known))}")

    def entries(self, node: Node) -> list[Entry]:
        """Those of a list, without names; or those of a mapping, named by their keys."""
        if isinstance(node, MappingNode):
            return [Entry(key.value, value, key.start_mark.line, self._end(value)) for key, value in node.value]
        return [Entry("", item, self._dash(item), self._end(item)) for item in node.value]

    def _dash(self, item: Node) -> int:
        line = item.start_mark.line
        while line > 0 and not self._lines[line].lstrip().startswith("-"):
            line -= 1
        return line

    def _end(self, node: Node) -> int:
        if isinstance(node, (MappingNode, SequenceNode)) and not node.flow_style and node.value:
            last = node.value[-1]
            return self._end(last[1] if isinstance(last, tuple) else last)
        if isinstance(node, ScalarNode) and node.style in ("|", ">"):
            end = max(node.end_mark.line, node.start_mark.line + 1)
            if node.end_mark.line == len(self._lines) - 1 and node.end_mark.column > 0:
                end += 1  # the file ends without a line end
            while end > node.start_mark.line + 1 and not self._lines[end - 1].strip():
                end -= 1
            return end
        return node.end_mark.line + 1

    def raw(self, entry: Entry) -> str:
        return "".join(self._lines[entry.start : entry.end])

    def rewrite(self, node: Node, entries: Sequence[Entry], arrange: Callable[[list[Piece]], list[Piece]]) -> None:
        """Let `arrange` say what the entries of `node` become. Raises ConfigError where they don't stand one a line."""
        if not entries:
            raise self.place(node).error("this must not be empty")
        pieces = self._pieces(entries)
        arranged = arrange(pieces)
        if arranged == pieces:
            return
        starts = [entry.start for entry in entries]
        if getattr(node, "flow_style", False) or len(set(starts)) < len(starts):
            raise self.place(node).error("expected each on a line of its own, so that it can be changed")
        text = "".join(piece.gap + piece.text for piece in arranged)
        self._edits.append((entries[0].start, entries[-1].end, text))

    def _pieces(self, entries: Sequence[Entry]) -> list[Piece]:
        pieces, last = [], entries[0].start
        for entry in entries:
            text = self.raw(entry)
            text += "" if text.endswith(("\n", "\r")) else self.newline
            pieces.append(Piece("".join(self._lines[last : entry.start]), entry.key, text))
            last = entry.end
        return pieces

    def edited(self) -> str:
        """The whole file with what was rewritten."""
        if not self._edits:
            return self.text
        lines = list(self._lines)
        for start, end, text in sorted(self._edits, reverse=True):
            lines[start:end] = [text]
        return "".join(lines)


def is_empty(node: Node) -> bool:
    return isinstance(node, ScalarNode) and node.value in ("", "~", "null") and not node.style


def scalars(node: Node) -> Iterator[ScalarNode]:
    """Every value in it, keys of mappings too."""
    if isinstance(node, ScalarNode):
        yield node
    elif isinstance(node, MappingNode):
        for key, value in node.value:
            yield from scalars(key)
            yield from scalars(value)
    elif isinstance(node, SequenceNode):
        for item in node.value:
            yield from scalars(item)


def arranged(
    pieces: list[Piece], *, order: Sequence[str], texts: Mapping[str, str], dropped: set[str], gap: str = ""
) -> list[Piece]:
    """The pieces with new texts, without those dropped, and with the new ones behind what they follow in `order`.

    order: keys. texts: of those that are new or changed. gap: before a new one.
    """
    kept = [replace(piece, text=texts.get(piece.key, piece.text)) for piece in _without(pieces, dropped)]
    known = {piece.key for piece in kept}
    before: set[str] = set()
    for key in order:
        if key in texts and key not in known:
            kept = _inserted(kept, Piece(gap, key, texts[key]), before)
        before.add(key)
    return kept


def in_order(pieces: list[Piece], order: Sequence[str]) -> list[Piece]:
    """The pieces that are named in `order` change places until they are in it; gaps and other pieces stay."""
    place = {key: number for number, key in enumerate(order)}
    slots = [number for number, piece in enumerate(pieces) if piece.key in place]
    moved = list(pieces)
    for number, piece in zip(
        slots, sorted((pieces[slot] for slot in slots), key=lambda one: place[one.key]), strict=True
    ):
        moved[number] = replace(piece, gap=pieces[number].gap)
    return moved


def _without(pieces: list[Piece], dropped: set[str]) -> list[Piece]:
    kept: list[Piece] = []
    comments = ""
    for piece in pieces:
        if piece.key in dropped:
            comments += piece.gap if piece.gap.strip() else ""
            continue
        kept.append(replace(piece, gap=comments + (piece.gap if kept or piece.gap.strip() else "")))
        comments = ""
    return [*kept, Piece(comments, "", "")] if comments else kept


def _inserted(pieces: list[Piece], new: Piece, before: set[str]) -> list[Piece]:
    """Behind the last of `before` that is there, else in front of all."""
    at = max((number + 1 for number, piece in enumerate(pieces) if piece.key in before), default=0)
    if at or not pieces:
        return [*pieces[:at], new, *pieces[at:]]
    first = replace(pieces[0], gap=new.gap + pieces[0].gap)
    return [replace(new, gap=""), first, *pieces[1:]]
