"""Pictures of an evaluation, as PNG: is the confidence honest, what does precision cost, what is confused."""

from __future__ import annotations

import io
from collections import Counter
from collections.abc import Callable
from typing import Any

import matplotlib

matplotlib.use("Agg")  # no screen

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap

from bot.nlu.calibration import calibration_bins
from bot.nlu.verdicts import Verdicts

MAX_CONFUSED = 12  # intents in the picture
# Colours on which the numbers in the cells stay readable.
LIGHT: dict[str, Any] = {
    "axes.prop_cycle": plt.cycler(color=["#1b5fa8", "#c2410c"]),
    "image.cmap": LinearSegmentedColormap.from_list("wrong", ["#ffffff", "#f9a15a"]),
}
_PALE = "#e6e6e6"
DARK: dict[str, Any] = {
    "axes.prop_cycle": plt.cycler(color=["#7ab7ff", "#ffb27a"]),
    **{name: "#1e1f22" for name in ("figure.facecolor", "axes.facecolor", "savefig.facecolor", "legend.facecolor")},
    **{name: _PALE for name in ("text.color", "axes.labelcolor", "axes.edgecolor", "xtick.color", "ytick.color")},
    "image.cmap": LinearSegmentedColormap.from_list("wrong", ["#1e1f22", "#a14d10"]),
}

# Draws one picture of the test messages and those out of scope.
Plot = Callable[[Axes, Verdicts, Verdicts], None]


def draw(plot: Plot, test: Verdicts, out_of_scope: Verdicts, style: dict[str, Any]) -> bytes:
    """Return the picture as PNG; `style` is LIGHT or DARK."""
    with plt.rc_context(style):
        figure, axes = plt.subplots(figsize=(6, 5.2))
        plot(axes, test, out_of_scope)
        figure.tight_layout()
        file = io.BytesIO()
        figure.savefig(file, format="png", dpi=128)
        plt.close(figure)
    return file.getvalue()


def plots_of(out_of_scope: Verdicts) -> dict[str, Plot]:
    """Return the pictures that can be drawn, by file name without .png."""
    plots: dict[str, Plot] = {
        "reliability": plot_reliability,
        "coverage_precision": plot_coverage_precision,
        "confusion": plot_confusion,
    }
    return {**plots, "leak_coverage": plot_leak_coverage} if out_of_scope.each else plots


def plot_reliability(axes: Axes, test: Verdicts, _: Verdicts) -> None:
    bins = calibration_bins(test.confidences, test.right)
    axes.plot([0, 1], [0, 1], color="grey", linestyle=":", label="helemaal eerlijk")
    axes.plot([mean for mean, _, _ in bins], [share for _, share, _ in bins], marker="o", label="gemeten")
    for mean, share, n in bins:
        axes.annotate(str(n), (mean, share), textcoords="offset points", xytext=(6, -12), fontsize=8)
    axes.set(xlabel="hoe zeker de assistent zegt te zijn", ylabel="deel dat goed is")
    axes.set(title="Klopt de zekerheid? (met het aantal berichten)")
    axes.legend()


def plot_coverage_precision(axes: Axes, test: Verdicts, _: Verdicts) -> None:
    """One point for each possible threshold, if it were the same for all intents; the star is what the model does."""
    order = by_confidence(test)
    n_answered = np.arange(1, len(order) + 1)
    coverage = np.cumsum(test.is_answerable[order]) / max(test.is_answerable.sum(), 1)
    axes.plot(coverage, np.cumsum(test.right[order]) / n_answered, label="bij elke andere grens")
    if test.answered.any():
        chosen = (test.answers == test.labels)[test.answered].mean()
        _star(axes, test.answered[test.is_answerable].mean(), chosen)
    axes.set(xlabel="deel van de vragen dat antwoord krijgt", ylabel="deel van de antwoorden dat goed is")
    axes.set(title="Meer antwoorden, of minder fouten?")
    axes.legend(loc="lower left")


def plot_leak_coverage(axes: Axes, test: Verdicts, out_of_scope: Verdicts) -> None:
    """As plot_coverage_precision, for messages that must not be answered."""
    thresholds = np.sort(test.confidences[by_confidence(test)])
    answered = test.confidences[by_confidence(test)][np.newaxis] >= thresholds[:, np.newaxis]
    own = test.is_answerable[by_confidence(test)]
    leaked = out_of_scope.confidences[by_confidence(out_of_scope)][np.newaxis] >= thresholds[:, np.newaxis]
    coverage = answered[:, own].sum(axis=1) / max(test.is_answerable.sum(), 1)
    axes.plot(coverage, leaked.sum(axis=1) / len(out_of_scope.each), label="bij elke andere grens")
    if test.is_answerable.any():
        _star(axes, test.answered[test.is_answerable].mean(), out_of_scope.answered.mean())
    axes.set(xlabel="deel van de vragen dat antwoord krijgt", ylabel="deel van de vreemde vragen met antwoord")
    axes.set(title="Meer antwoorden, of minder antwoord op vreemde vragen?")
    axes.legend(loc="upper left")


def plot_confusion(axes: Axes, test: Verdicts, _: Verdicts) -> None:
    intents = most_confused(test)
    if not intents:
        axes.text(0.5, 0.5, "Geen verwisselingen", ha="center", va="center")
        axes.set_axis_off()
        return
    counts = np.array(
        [[((test.labels == is_) & (test.guesses == taken_for)).sum() for taken_for in intents] for is_ in intents]
    )
    wrong = np.where(np.eye(len(intents), dtype=bool), 0, counts)
    axes.imshow(wrong)
    for row, column in np.argwhere(counts > 0):
        axes.text(column, row, str(counts[row, column]), ha="center", va="center", fontsize=8)
    axes.set_xticks(range(len(intents)), intents, rotation=90, fontsize=7)
    axes.set_yticks(range(len(intents)), intents, fontsize=7)
    axes.set(xlabel="herkend als", ylabel="ging over", title="Wat haalt de assistent door elkaar?")


def most_confused(test: Verdicts) -> list[str]:
    """Return up to MAX_CONFUSED intents, those of the most frequent mistakes first."""
    wrong = ~test.right
    mistakes = Counter(zip(test.labels[wrong].tolist(), test.guesses[wrong].tolist(), strict=True))
    intents = dict.fromkeys(intent for pair, _ in mistakes.most_common() for intent in pair)
    return list(intents)[:MAX_CONFUSED]


def by_confidence(verdicts: Verdicts) -> np.ndarray:
    """Return the messages that some threshold would answer, the surest first."""
    rows = np.flatnonzero(np.isin(verdicts.guesses, list(verdicts.answerable)))
    return rows[np.argsort(-verdicts.confidences[rows], kind="stable")]


def _star(axes: Axes, x: float, y: float) -> None:
    axes.plot(x, y, marker="*", markersize=14, linestyle="", label="zo staat de assistent nu")
