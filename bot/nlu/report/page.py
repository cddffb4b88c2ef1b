"""The page that says how good the answers are, to people who edit them: one file, without scripts, for any screen."""

from __future__ import annotations

import base64
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from bot.nlu.examples import Example
from bot.nlu.report.mistakes import Mistakes, mistakes_of
from bot.nlu.report.neighbours import Neighbour, Neighbours
from bot.nlu.report.plots import DARK, LIGHT, draw, plots_of
from bot.nlu.retraining import Retraining
from bot.nlu.verdicts import Verdict, Verdicts

PAGE_FILE = "index.html"
MAX_SHOWN = 25  # mistakes of a kind
MAX_RANKING = 5


@dataclass(frozen=True)
class Picture:
    """A plot as data URIs."""

    name: str
    light: str
    dark: str


@dataclass(frozen=True)
class Shown:
    """A mistake with the training examples that it looks most like."""

    verdict: Verdict
    neighbours: Sequence[Neighbour]


def write_report(
    folder: Path, figures: Mapping[str, Any], test: Verdicts, out_of_scope: Verdicts, training: Retraining
) -> Path:
    """Write the pictures and the page to `folder`, which is made if needed, and return the page's file."""
    folder.mkdir(parents=True, exist_ok=True)
    pictures = []
    for name, plot in plots_of(out_of_scope).items():
        light = draw(plot, test, out_of_scope, LIGHT)
        (folder / f"{name}.png").write_bytes(light)
        pictures.append(Picture(name, data_uri(light), data_uri(draw(plot, test, out_of_scope, DARK))))
    mistakes = mistakes_of(test, out_of_scope)
    page = folder / PAGE_FILE
    page.write_text(
        _environment()
        .get_template("page.html.jinja")
        .render(
            figures=figures,
            intents=hardest_first(figures["intents"]),
            pictures={picture.name: picture for picture in pictures},
            mistakes={kind.kind: kind for kind in mistakes},
            shown={kind.kind: _shown(kind, training) for kind in mistakes},
            made_at=time.strftime("%d-%m-%Y %H:%M"),
            max_ranking=MAX_RANKING,
        ),
        encoding="utf-8",
    )
    return page


def hardest_first(intents: Mapping[str, Mapping[str, Any]]) -> list[tuple[str, Mapping[str, Any]]]:
    """Sort the figures of intents: where customers were told something wrong first, then what was answered least."""

    def harm(row: tuple[str, Mapping[str, Any]]) -> tuple[float, float, str]:
        name, of = row
        wrong = 0.0 if of["precision"] is None else of["answered"] * (1 - of["precision"])
        return -wrong, 1.0 if of["recall"] is None else of["recall"], name

    return sorted(intents.items(), key=harm)


def percent(share: float | None) -> str:
    """0.9765 -> 97,7%; a dash where there is nothing to measure."""
    return "–" if share is None else f"{share * 100:.1f}%".replace(".", ",")


def of_hundred(share: float | None) -> str:
    """0.9765 -> 98, for "98 van de 100"; but 99.9 is not all, and 0.1 is not nothing."""
    if share is None:
        return "–"
    rounded = int(share * 100 + 0.5)
    if rounded == 100 and share < 1:
        return "ruim 99"
    return "minder dan 1" if rounded == 0 and share > 0 else str(rounded)


def data_uri(png: bytes) -> str:
    return f"data:image/png;base64,{base64.b64encode(png).decode('ascii')}"


def _shown(mistakes: Mistakes, training: Retraining) -> list[Shown]:
    verdicts = mistakes.verdicts[:MAX_SHOWN]
    neighbours = Neighbours(training.examples)
    messages = training.read(Example(verdict.text, verdict.label) for verdict in verdicts)
    return [Shown(verdict, neighbours.of(message)) for verdict, message in zip(verdicts, messages, strict=True)]


def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(percent=percent, of_hundred=of_hundred)
    return environment
