"""How a training says how far it is: lines on its standard output."""

from __future__ import annotations

import re

# `::step <name> <percent>` before each step.
STEP = "::step"
# From how many percent each goes, measured on the demo's topics.
FROM = {"read": 2, "train": 8, "golden": 68, "compare": 84, "keep": 95}
# What Rasa says of each part of the pipeline, and how many there are about.
PART = re.compile(r"Finished training component|Sentence vectors:")
PARTS = 14


def step_line(step: str) -> str:
    return f"{STEP} {step} {FROM[step]}"


def percent_of(step: str, parts: int) -> int:
    """In `train`, after so many parts; other steps have none."""
    if step != "train":
        return 0
    return FROM["train"] + (FROM["golden"] - FROM["train"]) * min(parts, PARTS) // PARTS
