"""What customers ask in the bench: real messages, no text twice within one measure, so that no cache can flatter."""

from __future__ import annotations

import json
import random
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import cycle, islice
from pathlib import Path
from typing import Literal

import yaml

ROOT = Path(__file__).resolve().parents[2]
# First messages that nobody trained on; when those are used up, the examples.
FILES = (
    "tests/evaluation/test.jsonl",
    "tests/evaluation/out_of_scope.jsonl",
    "data/golden.jsonl",
    "tests/evaluation/special/negation.jsonl",
    "tests/evaluation/special/personal.jsonl",
    "tests/evaluation/special/stories.jsonl",
    "tests/evaluation/special/two_questions.jsonl",
    "tests/evaluation/special/variants.jsonl",
)
EXAMPLES = "data/nlu.yml"

Conversation = Sequence[str]
Outcome = Literal["answered", "asked", "handed over"]
ANSWERED: Outcome = "answered"
ASKED: Outcome = "asked"
HANDED_OVER: Outcome = "handed over"


def texts(root: Path = ROOT) -> list[str]:
    """All messages, each once, always in the same order."""
    found = [text for name in FILES for text in _of_lines(root / name)]
    examples = list(_of_examples(root / EXAMPLES))
    random.Random(1).shuffle(examples)  # they stand there intent by intent
    return list(dict.fromkeys([*found, *examples]))


def _of_lines(path: Path) -> Iterator[str]:
    for line in path.read_text(encoding="utf-8").splitlines():
        yield json.loads(line)["text"].strip()


def _of_examples(path: Path) -> Iterator[str]:
    for intent in yaml.safe_load(path.read_text(encoding="utf-8"))["nlu"]:
        for line in intent.get("examples", "").splitlines():
            if text := line.removeprefix("- ").strip():
                yield text


class Deck:
    """Deals conversations from the messages, going round; within one measure never past the first card again."""

    def __init__(self, messages: Mapping[Outcome, Sequence[str]]) -> None:
        """messages: by what the assistant does with them, which decides where in a conversation they can stand."""
        self._sizes = {outcome: len(texts) for outcome, texts in messages.items()}
        self._piles = {outcome: cycle(texts) for outcome, texts in messages.items()}
        self.begin_measure()

    def begin_measure(self) -> None:
        """From here on texts of an earlier measure may come back."""
        self._dealt = dict.fromkeys(self._sizes, 0)

    def deal(self, conversations: int) -> list[Conversation]:
        """Conversations of 10 messages: of the fifth the assistant asks what it means, the last goes to a human.

        Where such messages run out, an answered one takes their place. Raises ValueError if those run out too.
        """
        # Asked twice in a row, it would hand over too.
        pattern = ((ANSWERED, 4), (ASKED, 1), (ANSWERED, 4), (HANDED_OVER, 1))
        return [[text for pile, count in pattern for text in self._take(pile, count)] for _ in range(conversations)]

    def deal_answered(self, length: int) -> Conversation:
        """One conversation in which everything is answered. Raises ValueError if texts run out."""
        return self._take(ANSWERED, length)

    def _take(self, pile: Outcome, count: int) -> list[str]:
        if pile != ANSWERED and self._dealt[pile] + count > self._sizes[pile]:
            pile = ANSWERED
        self._dealt[pile] += count
        if self._dealt[pile] > self._sizes[pile]:
            raise ValueError(f"one measure asks for more than {self._sizes[pile]} messages that are {pile}")
        return list(islice(self._piles[pile], count))


def by_outcome(all_texts: Iterable[str], outcomes: Iterable[Outcome]) -> dict[Outcome, list[str]]:
    """The texts of each outcome, in the same order as before."""
    found: dict[Outcome, list[str]] = {ANSWERED: [], ASKED: [], HANDED_OVER: []}
    for text, outcome in zip(all_texts, outcomes, strict=True):
        found[outcome].append(text)
    return found
