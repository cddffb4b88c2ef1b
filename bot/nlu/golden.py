"""The golden set: plain messages that every model must get right before it may answer customers.

One JSON object a line: {"text": ..., "intent": ...}, with intent nlu_fallback for what must not be answered. A message
may be asked about or handed over, but never be answered as another intent; with "must": "answer" it must be answered.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bot.nlu.examples import Example, ExamplesError, numbered_rows, text_field
from bot.nlu.metrics import OUT_OF_SCOPE
from bot.nlu.rasa_model import PROJECT, parse_all
from bot.nlu.verdicts import Verdict

GOLDEN_FILE = PROJECT / "data" / "golden.jsonl"
MUST_ANSWER = "answer"
_FIELDS = {"text", "intent", "must"}


@dataclass(frozen=True)
class GoldenMessage:
    line: int
    text: str
    intent: str
    must_answer: bool = False


@dataclass(frozen=True)
class Failure:
    message: GoldenMessage
    verdict: Verdict

    def __str__(self) -> str:
        wanted = "must be answered as" if self.message.must_answer else "may only be answered as"
        became = f"answered as {self.verdict.answer}" if self.verdict.answer else f"outcome is {self.verdict.outcome}"
        best = ", ".join(f"{row['name']} {row['confidence']:.2f}" for row in self.verdict.ranking[:3])
        return (
            f"line {self.message.line}: {self.message.text!r} {wanted} {self.message.intent}; "
            f"{became} ({best or 'no words'}; threshold {self.verdict.threshold:.2f})"
        )


def read_golden(file: Path, known_intents: Collection[str]) -> list[GoldenMessage]:
    """Read the golden set; empty if there is no such file. Raises ExamplesError, which names the line."""
    if not file.exists():
        return []
    return [_message(row, line, where, known_intents) for row, line, where in numbered_rows(file)]


def check_golden(model: Path, messages: list[GoldenMessage]) -> list[Failure]:
    """Ask the trained model, as the assistant does, and return what it got wrong."""
    parsed, _ = parse_all(model, [message.text for message in messages])
    return failures_of(messages, parsed)


def failures_of(messages: list[GoldenMessage], parsed: list[dict[str, Any]]) -> list[Failure]:
    """Return the messages that may not become what `parsed` says, in the order of the file."""
    verdicts = [
        Verdict.of(Example(message.text, message.intent), said) for message, said in zip(messages, parsed, strict=True)
    ]
    pairs = zip(messages, verdicts, strict=True)
    return [Failure(message, verdict) for message, verdict in pairs if not _passes(message, verdict)]


def _passes(message: GoldenMessage, verdict: Verdict) -> bool:
    return verdict.answer == message.intent or (not verdict.answer and not message.must_answer)


def _message(row: dict[str, Any], line: int, where: str, known_intents: Collection[str]) -> GoldenMessage:
    unknown = sorted(row.keys() - _FIELDS)
    if unknown:
        raise ExamplesError(f"{where}: unknown field {unknown[0]!r}; it may have text, intent and must.")
    intent = text_field(row, "intent", where)
    if intent not in known_intents:
        raise ExamplesError(f"{where}: there is no intent {intent!r} in domain.yml.")
    if row.get("must", MUST_ANSWER) != MUST_ANSWER:
        raise ExamplesError(f"{where}: 'must' can only be \"{MUST_ANSWER}\", got {row['must']!r}.")
    if intent == OUT_OF_SCOPE and "must" in row:
        raise ExamplesError(f"{where}: {OUT_OF_SCOPE} means that there is no answer, so it can't have 'must'.")
    return GoldenMessage(line, text_field(row, "text", where), intent, must_answer="must" in row)
