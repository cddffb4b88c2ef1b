"""Questions and answers in JSON, in pages with schema.org's FAQPage, and in plain text. Nothing is fetched."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from typing import Any

from selectolax.lexbor import LexborHTMLParser, LexborNode

from bot.web.importing.rows import Row, Unreadable, nests_too_deep, node_text, one_line, plain
from bot.web.importing.tables import ANSWER_WORDS, QUESTION_WORDS

_MAX_DEPTH = 50
# Blocks of questions inside each other: groups and groups of groups, and room to spare.
_MAX_NESTED = 5
_PAIRS = 'Verwacht: een lijst van {"question": ..., "answer": ...}, of schema.org FAQPage.'


def json_rows(text: str) -> list[Row]:
    """Objects with a question and an answer, wherever they are in it. Raises Unreadable."""
    try:
        data = json.loads(text)
    except (ValueError, RecursionError) as exc:
        where = f" op regel {exc.lineno}" if isinstance(exc, json.JSONDecodeError) else ""
        raise Unreadable(f"Dit is geen goede JSON: er klopt iets niet{where}.") from exc
    rows = _numbered(_pairs(data))
    if not rows:
        raise Unreadable(f"We vonden geen vragen in deze JSON. {_PAIRS}")
    return rows


def html_rows(text: str) -> list[Row]:
    """Of a page with a FAQPage in JSON-LD or microdata; else of what looks like questions. Raises Unreadable."""
    if nests_too_deep(text):
        raise Unreadable("Deze pagina zit te ingewikkeld in elkaar om te lezen. Plak alleen de vragen en antwoorden.")
    page = LexborHTMLParser(text)
    pairs = list(_json_ld(page)) or list(_microdata(page)) or list(_details(page))
    if not pairs:
        raise Unreadable(
            "We vonden geen vragen op deze pagina. We lezen pagina's met schema.org FAQPage (JSON-LD of microdata), "
            "en uitklapblokken (details). Lukt dat niet, plak dan de tekst: een vraag op een regel, het antwoord "
            "eronder, en een lege regel ertussen."
        )
    return _numbered(pairs)


def text_rows(text: str) -> list[Row]:
    """A question on a line, its answer below it, an empty line between two. Raises Unreadable."""
    blocks = [block.strip().split("\n") for block in re.split(r"\n\s*\n", text.replace("\r\n", "\n")) if block.strip()]
    pairs: list[tuple[Any, Any]] = []
    for lines in blocks:
        # Without a question in front it is the next paragraph of the answer before it.
        if pairs and not lines[0].rstrip().endswith("?"):
            question, answer = pairs[-1]
            pairs[-1] = (question, "\n\n".join(filter(None, [answer, "\n".join(lines)])))
        else:
            pairs.append((lines[0], "\n".join(lines[1:])))
    rows = [row for row in _numbered(pairs) if row.answer]
    if not rows:
        raise Unreadable(
            "We vonden geen vragen. Zet elke vraag op een eigen regel, het antwoord eronder, en een lege regel erna."
        )
    return rows


def _pairs(data: Any, depth: int = 0) -> Iterator[tuple[Any, Any]]:
    if depth > _MAX_DEPTH:
        return
    if isinstance(data, list):
        for one in data:
            yield from _pairs(one, depth + 1)
    elif isinstance(data, dict):
        pair = _question(data) or _plain_pair(data)
        if pair:
            yield pair
        elif data and depth == 0 and all(isinstance(answer, str) for answer in data.values()):
            yield from data.items()  # {"question": "answer", ...}
        else:
            for value in data.values():
                yield from _pairs(value, depth + 1)


def _question(data: dict[str, Any]) -> tuple[Any, Any] | None:
    """Of schema.org: {"@type": "Question", "name": ..., "acceptedAnswer": {"text": ...}}."""
    answer = data.get("acceptedAnswer") or data.get("suggestedAnswer")
    name = data.get("name") or data.get("text")
    if not answer or not isinstance(name, str):
        return None
    first = answer[0] if isinstance(answer, list) and answer else answer
    text = first.get("text") or first.get("name") or "" if isinstance(first, dict) else first
    return (name, text if isinstance(text, str) else "")


def _plain_pair(data: dict[str, Any]) -> tuple[Any, Any] | None:
    names = {key.strip().casefold(): value for key, value in data.items() if isinstance(value, str)}
    question = next((names[name] for name in names if name in QUESTION_WORDS), None)
    answer = next((names[name] for name in names if name in ANSWER_WORDS), None)
    return None if question is None or answer is None else (question, answer)


def _json_ld(page: LexborHTMLParser) -> Iterator[tuple[Any, Any]]:
    for script in page.css('script[type="application/ld+json"]'):
        try:
            data = json.loads(script.text(), strict=False)
        except (ValueError, RecursionError):
            continue  # one broken block says nothing about the others
        yield from (pair for pair in _pairs(data) if pair)


def _microdata(page: LexborHTMLParser) -> Iterator[tuple[str, str]]:
    for question in _all(page, lambda node: (node.attributes.get("itemtype") or "").endswith("schema.org/Question")):
        name = question.css_first('[itemprop="name"]')
        answer = question.css_first(
            '[itemprop="acceptedAnswer"] [itemprop="text"], [itemprop="suggestedAnswer"] [itemprop="text"]'
        )
        if name and answer:
            yield _said(name), _said(answer)


def _details(page: LexborHTMLParser) -> Iterator[tuple[str, str]]:
    for block in _all(page, lambda node: node.tag == "details"):
        if summary := block.css_first("summary"):
            question = _said(summary)
            summary.decompose()
            yield question, _said(block)


def _all(page: LexborHTMLParser, is_one: Callable[[LexborNode], bool]) -> list[LexborNode]:
    """In the order of the page, but for those inside more than _MAX_NESTED others: each is read with what it holds."""
    found: list[LexborNode] = []
    stack = [(page.root, 0)] if page.root else []
    while stack:
        node, nested = stack.pop()
        if is_one(node):
            found.append(node)
            nested += 1
        if nested <= _MAX_NESTED:
            stack.extend((child, nested) for child in reversed(list(node.iter())))
    return found


def _said(node: LexborNode) -> str:
    """Its content, or the attribute that says it for machines."""
    return node.attributes.get("content") or node_text(node)


def _numbered(pairs: Iterator[tuple[Any, Any]] | list[tuple[Any, Any]]) -> list[Row]:
    return [Row(one_line(question), plain(answer), place) for place, (question, answer) in enumerate(pairs, 1)]
