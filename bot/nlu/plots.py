"""Pictures of an evaluation, as PNG: is the confidence honest, what does precision cost, what is confused."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

import matplotlib

matplotlib.use("Agg")  # no screen

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes

from bot.nlu.calibration import calibration_bins

if TYPE_CHECKING:
    from bot.nlu.evaluate import Verdicts

MAX_CONFUSED = 12  # intents in the picture


def write_plots(folder: Path, verdicts: Verdicts) -> list[Path]:
    """Write the pictures to `folder`, which is made if needed, and return their files."""
    folder.mkdir(parents=True, exist_ok=True)
    pictures = {
        "reliability": plot_reliability,
        "coverage_precision": plot_coverage_precision,
        "confusion": plot_confusion,
    }
    files = []
    for name, plot in pictures.items():
        figure, axes = plt.subplots(figsize=(7, 6))
        plot(axes, verdicts)
        figure.tight_layout()
        files.append(folder / f"{name}.png")
        figure.savefig(files[-1], dpi=110)
        plt.close(figure)
    return files


def plot_reliability(axes: Axes, verdicts: Verdicts) -> None:
    bins = calibration_bins(verdicts.confidences, verdicts.right)
    axes.plot([0, 1], [0, 1], color="grey", linestyle=":", label="honest")
    axes.plot([mean for mean, _, _ in bins], [share for _, share, _ in bins], marker="o", label="measured")
    for mean, share, n in bins:
        axes.annotate(str(n), (mean, share), textcoords="offset points", xytext=(6, -12), fontsize=8)
    axes.set(xlabel="confidence", ylabel="share right", title="Reliability (number of messages at each point)")
    axes.legend()


def plot_coverage_precision(axes: Axes, verdicts: Verdicts) -> None:
    """One point for each possible threshold, if it were the same for all intents; the star is what the model does."""
    order = np.argsort(-verdicts.confidences, kind="stable")
    n_answered = np.arange(1, len(order) + 1)
    axes.plot(n_answered / len(order), np.cumsum(verdicts.right[order]) / n_answered, label="one threshold for all")
    if verdicts.answered.any():
        chosen = verdicts.answered.mean(), verdicts.right[verdicts.answered].mean()
        axes.plot(*chosen, marker="*", markersize=14, linestyle="", label="chosen")
    axes.set(
        xlabel="share of messages answered", ylabel="share of those answered rightly", title="Coverage and precision"
    )
    axes.legend()


def plot_confusion(axes: Axes, verdicts: Verdicts) -> None:
    intents = most_confused(verdicts)
    counts = np.array(
        [
            [((verdicts.labels == is_) & (verdicts.guesses == taken_for)).sum() for taken_for in intents]
            for is_ in intents
        ]
    )
    axes.imshow(counts, cmap="Blues")
    for row, column in np.argwhere(counts > 0):
        axes.text(column, row, str(counts[row, column]), ha="center", va="center", fontsize=8)
    axes.set_xticks(range(len(intents)), intents, rotation=90, fontsize=7)
    axes.set_yticks(range(len(intents)), intents, fontsize=7)
    axes.set(xlabel="taken for", ylabel="is", title="Most confused intents")


def most_confused(verdicts: Verdicts) -> list[str]:
    """Return up to MAX_CONFUSED intents, those of the most frequent mistakes first."""
    wrong = ~verdicts.right
    mistakes = Counter(zip(verdicts.labels[wrong], verdicts.guesses[wrong], strict=True))
    intents = dict.fromkeys(intent for pair, _ in mistakes.most_common() for intent in pair)
    return list(intents)[:MAX_CONFUSED]
