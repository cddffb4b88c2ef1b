"""What customers ask: real questions, most of which have an answer, and some that need a human."""

from __future__ import annotations

import json
from pathlib import Path
from random import Random

from tools.trained_model import ROOT

MESSAGES = ROOT / "tests" / "evaluation" / "test.jsonl"
OUT_OF_SCOPE = ROOT / "tests" / "evaluation" / "out_of_scope.jsonl"
# Of all messages the share that is about nothing that the assistant knows.
UNKNOWN_SHARE = 0.05
# Intents whose rule hands over; a few of these go a long way, because an agent then has the conversation for a while.
_HANDS_OVER = ("klacht", "medewerker_spreken")
_HANDS_OVER_SHARE = 0.03


class Questions:
    """Draws messages; the same random numbers give the same messages."""

    def __init__(self) -> None:
        messages = _messages(MESSAGES)
        self._known = [message["text"] for message in messages if message["intent"] not in _HANDS_OVER]
        self._hands_over = [message["text"] for message in messages if message["intent"] in _HANDS_OVER]
        self._unknown = [message["text"] for message in _messages(OUT_OF_SCOPE)]

    def draw(self, random: Random) -> str:
        chance = random.random()
        if chance < UNKNOWN_SHARE:
            return random.choice(self._unknown)
        if chance < UNKNOWN_SHARE + _HANDS_OVER_SHARE:
            return random.choice(self._hands_over)
        return random.choice(self._known)


def _messages(path: Path) -> list[dict[str, str]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
