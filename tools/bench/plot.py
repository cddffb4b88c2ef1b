"""Draws the plot of results/bench.json: `python -m tools.bench.plot results/bench.json docs/images/bench.png`.

In the assistant's environment, where matplotlib is.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import matplotlib

matplotlib.use("Agg")
from matplotlib import pyplot

OURS, THEIRS = "#1b7f79", "#c2611f"
MEASURES = {"one_at_a_time": "1", "at_16": "16", "at_64": "64"}
BAR = 0.38


def draw(result: dict[str, Any], out: Path) -> None:
    """A white card with dark text, so that it reads the same on a light and on a dark page."""
    measured = {label: result[name] for name, label in MEASURES.items() if name in result}
    figure, axes = pyplot.subplots(1, 3, figsize=(12, 4), dpi=150, facecolor="white")
    _bars(axes[0], measured, "messages_per_s", "Throughput", "messages a second")
    _bars(axes[1], measured, "median_ms", "Time to the answer, median", "ms")
    _bars(axes[2], measured, "p99_ms", "Time to the answer, p99", "ms")
    figure.legend(*axes[0].get_legend_handles_labels(), loc="upper center", ncol=2, frameon=False)
    figure.tight_layout(rect=(0, 0, 1, 0.93))
    out.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(out, facecolor="white")


def _bars(axis: Any, measured: dict[str, Any], figure: str, title: str, unit: str) -> None:
    for offset, side, name, colour in ((-0.5, "vraagbaak", "Vraagbaak", OURS), (0.5, "rasa", "plain Rasa", THEIRS)):
        places = [number + offset * BAR for number in range(len(measured))]
        heights = [of.get(side, {}).get(figure, 0.0) for of in measured.values()]
        bars = axis.bar(places, heights, BAR, label=name, color=colour)
        axis.bar_label(bars, [f"{height:.0f}" for height in heights], padding=2, fontsize=8)
    axis.set_xticks(range(len(measured)), list(measured))
    axis.set(title=title, xlabel="conversations at a time", ylabel=unit)
    axis.margins(y=0.12)
    axis.spines[["top", "right"]].set_visible(False)
    axis.grid(axis="y", alpha=0.3)
    axis.set_axisbelow(True)


if __name__ == "__main__":
    draw(json.loads(Path(sys.argv[1]).read_text(encoding="utf-8")), Path(sys.argv[2]))
