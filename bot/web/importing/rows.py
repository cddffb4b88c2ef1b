"""What the readers of all kinds of files give: questions with their answers, as plain text."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from selectolax.lexbor import LexborHTMLParser, LexborNode

MAX_ROWS = 2_000
MAX_BYTES = 5 * 1024 * 1024

_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\ufeff]")
_MAX_CHARS = 50_000  # of one answer with its markup; what comes after that is far too long anyway
_TAG = re.compile(r"<[a-zA-Z/!][^<>]*>")
# The parser takes the square of how deep elements are in each other, and nobody else gets a turn meanwhile.
MAX_DEPTH = 2_000
_ELEMENT = re.compile(r"<(/?)([a-zA-Z][a-zA-Z0-9-]{0,20})")
# Elements that have no end, or whose end is often left out: they are not in each other.
_ENDLESS = frozenset(
    "area base br col embed hr img input link meta source track wbr "
    "p li dt dd td th tr tbody thead tfoot option".split()
)
_ENTITY = re.compile(r"&(?:#\d+|#x[0-9a-fA-F]+|[a-zA-Z]+);")
# Elements that end a line; what the others hold goes on in the same one.
_BLOCKS = frozenset(
    "address article aside blockquote dd div dl dt figure footer h1 h2 h3 h4 h5 h6 header hr li main ol p pre section "
    "table tr ul".split()
)
_UNSEEN = frozenset("script style template noscript iframe object svg head title".split())


class Unreadable(Exception):
    """Nothing can be done with what was sent; the text says why, in Dutch, for who sent it."""


class ChooseColumns(Exception):
    """A table of which we can't tell which column has the questions; `rows` is its beginning."""

    def __init__(self, rows: Sequence[Sequence[str]]) -> None:
        super().__init__("choose the columns")
        self.rows = rows


@dataclass(frozen=True)
class Row:
    """place: where it stands in the file, counted from 1."""

    question: str
    answer: str
    place: int = 0


def checked(rows: Sequence[Row]) -> list[Row]:
    """The rows that say something. Raises Unreadable if there are none, or too many."""
    filled = [row for row in rows if row.question or row.answer]
    if not filled:
        raise Unreadable("We vonden geen vragen met antwoorden.")
    if len(filled) > MAX_ROWS:
        raise Unreadable(
            f"Er staan {len(filled)} vragen in. We lezen er hoogstens {MAX_ROWS} tegelijk: deel het bestand op."
        )
    return filled


def plain(text: object) -> str:
    """Lines of text: markup is taken out, links keep their address, and nothing but text is left."""
    words = str(text)[:_MAX_CHARS] if text is not None else ""
    if _TAG.search(words) or _ENTITY.search(words):
        words = html_text(words)
    lines = unicodedata.normalize("NFC", words).replace("\r\n", "\n").replace("\r", "\n").split("\n")
    # The newline stays; other control characters no keyboard makes.
    tidy = [" ".join(_CONTROL.sub(" ", line).split()) for line in lines]
    return re.sub(r"\n{3,}", "\n\n", "\n".join(tidy)).strip()


def one_line(text: object) -> str:
    return " ".join(plain(text).split())


def nests_too_deep(markup: str) -> bool:
    """Whether more than MAX_DEPTH elements are in each other, about."""
    depth, open_now = 0, Counter[str]()
    for is_end, name in _ELEMENT.findall(markup):
        if (name := name.lower()) in _ENDLESS:
            continue
        if not is_end:
            open_now[name] += 1
            depth += 1
        elif open_now[name]:
            open_now[name] -= 1
            depth -= 1
        if depth > MAX_DEPTH:
            return True
    return False


def html_text(markup: str) -> str:
    """What a reader sees of it, with lists as lines and links as text and address."""
    if nests_too_deep(markup):
        return _TAG.sub(" ", markup)
    body = LexborHTMLParser(markup).body
    return node_text(body) if body else ""


def node_text(node: LexborNode) -> str:
    parts: list[str] = []
    # Not by recursion: a page may nest deeper than Python does.
    stack: list[LexborNode | str] = [node]
    while stack:
        current = stack.pop()
        if isinstance(current, str):
            parts.append(current)
        elif current.tag == "-text":
            parts.append(re.sub(r"\s+", " ", current.text_content or ""))
        elif current.tag == "br":
            parts.append("\n")
        elif current.tag not in _UNSEEN and not (current.tag or "").startswith("-"):
            before, after = _around(current)
            stack.append(after)
            stack.extend(reversed(list(current.iter(include_text=True))))
            stack.append(before)
    return "\n".join(_items_joined("".join(parts).split("\n")))


def _items_joined(lines: Iterable[str]) -> list[str]:
    """What begins an item and what is in it are one line, and items follow each other. Not more than one empty line."""
    joined: list[str] = []
    for line in (line.strip() for line in lines):
        last = joined[-1] if joined else ""
        if last == "-":
            joined[-1] = f"- {line}" if line else last
        elif line.startswith("-") and not last and joined:
            joined[-1] = line
        elif line or last:
            joined.append(line)
    return joined


def _around(node: LexborNode) -> tuple[str, str]:
    """What stands before and after what an element holds."""
    if node.tag == "li":
        return "\n- ", "\n"
    if node.tag in ("td", "th"):
        return "", " "
    if node.tag == "a":
        address = (node.attributes.get("href") or "").strip()
        is_shown = address.startswith(("https://", "http://")) and address not in node.text()
        return "", f" ({address})" if is_shown else ""
    return ("\n", "\n") if node.tag in _BLOCKS else ("", "")
