"""data/golden.jsonl: messages that every model must get right. A line that stays is the same to the byte."""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

from bot.project.files import DOMAIN, Place, read_text
from bot.store.topics import MAX_EXAMPLE_CHARS, OUT_OF_SCOPE, TestMessage, Topic

_KEYS = {"text", "intent", "must"}


@dataclass(frozen=True)
class GoldenLine:
    """text: the line as it stands in the file, with its end; test: None where it is empty."""

    text: str
    intent: str = ""
    test: TestMessage | None = None


def read_golden_lines(file: Path, known: Collection[str]) -> list[GoldenLine]:
    """Every line; none if there is no such file. known: the intents. Raises ConfigError, which names the line."""
    if not file.exists():
        return []
    lines = read_text(file).split("\n")  # not splitlines: a JSON text may have other line ends in it
    texts = [line + "\n" for line in lines[:-1]] + ([lines[-1]] if lines[-1] else [])
    return [_golden_line(line, Place(file, number), known) for number, line in enumerate(texts, 1)]


def golden_text(lines: Sequence[GoldenLine], topics: Sequence[Topic], gone: Collection[str]) -> str:
    """lines: those of the file, without those of `gone` intents.

    topics: in order; the first tests of one stand behind those of the topic before it.
    """
    as_it_was = {(line.intent, line.test): line for line in reversed(lines)}
    tests = {topic.intent: [_line(topic.intent, test, as_it_was) for test in topic.tests] for topic in topics}
    kept: list[GoldenLine] = []
    for line in lines:
        if line.intent not in tests and line.intent not in gone:
            kept.append(line)
        elif tests.get(line.intent):
            kept.append(tests[line.intent].pop(0))
    before: set[str] = set()
    for topic in topics:
        before.add(topic.intent)
        new = tests[topic.intent]
        if new:
            at = _behind(kept, {topic.intent}) or _behind(kept, before)
            kept[at:at] = new
    texts = [line.text for line in kept]
    return "".join(text if text.endswith("\n") else text + "\n" for text in texts[:-1]) + "".join(texts[-1:])


def _behind(lines: Sequence[GoldenLine], intents: Collection[str]) -> int:
    return max((number + 1 for number, line in enumerate(lines) if line.intent in intents), default=0)


def _line(intent: str, test: TestMessage, known: dict[tuple[str, TestMessage | None], GoldenLine]) -> GoldenLine:
    """That of the file if it is there."""
    must = {"must": "answer"} if test.must_answer else {}
    text = json.dumps({"text": test.text, "intent": intent, **must}, ensure_ascii=False) + "\n"
    return known.get((intent, test), GoldenLine(text, intent, test))


def _golden_line(line: str, place: Place, known: Collection[str]) -> GoldenLine:
    if not line.strip():
        return GoldenLine(line)
    try:
        row = json.loads(line)
    except json.JSONDecodeError as exc:
        raise place.error(f"not JSON: {exc}") from exc
    if not isinstance(row, dict) or not row.keys() <= _KEYS:
        raise place.error("expected an object with text, intent and perhaps must")
    text, intent, must = row.get("text"), row.get("intent"), row.get("must", "")
    if not isinstance(text, str) or not text.strip() or len(text) > MAX_EXAMPLE_CHARS or "\n" in text:
        raise place.error(f"text: expected a line of 1 to {MAX_EXAMPLE_CHARS} characters")
    if not isinstance(intent, str) or intent not in known:
        raise place.error(f"there is no intent {intent!r} in {DOMAIN}")
    if must not in ("", "answer"):
        raise place.error(f"'must' can only be \"answer\", got {must!r}")
    if must and intent == OUT_OF_SCOPE:
        raise place.error(f"{OUT_OF_SCOPE} means that there is no answer, so it can't have 'must'")
    return GoldenLine(line, intent, TestMessage(text, must_answer=bool(must)))
