"""Measure the project's NLU pipeline: train it through Rasa, parse test messages with the trained model, compare.

python -m bot.nlu.evaluate --test FILE [--train FILE] [--oos FILE] [--out FILE] [--report FOLDER]
"""

from __future__ import annotations

import argparse
import asyncio
import json
import logging
import os
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from bot.nlu.calibration import expected_calibration_error
from bot.nlu.decision import ANSWER, DECISION
from bot.nlu.examples import Example, ExamplesError, JsonLinesImporter, read_examples, read_texts
from bot.nlu.metrics import answerable_intents, coverage, leak, precision
from bot.nlu.model_card import read_model_card

PROJECT = Path(__file__).resolve().parents[2]
CONFIG_FILE = PROJECT / "config.yml"
OWN_EXAMPLES = PROJECT / "data" / "nlu.yml"
DEFAULT_REPORT = PROJECT / "results" / "evaluation"
ROWS_OF_TABLE = (
    "accuracy",
    "precision",
    "coverage",
    "leak",
    "threshold",
    "ece",
    "n",
    "n_oos",
    "train_s",
    "ms_per_message",
)


@dataclass(frozen=True)
class Verdicts:
    """What the model made of the test messages. All arrays have shape (n_messages,)."""

    labels: np.ndarray  # str: the right intent
    guesses: np.ndarray  # str: the most likely intent, whatever the threshold
    confidences: np.ndarray  # float: of the guess
    answered: np.ndarray  # bool: a template went out

    @property
    def right(self) -> np.ndarray:
        return self.guesses == self.labels


def main(arguments: list[str] | None = None) -> int:
    """Return the exit code: 0, or 2 for a file that can't be used."""
    options = _parse_arguments(arguments)
    try:
        test = read_examples(options.test)
        out_of_scope = read_texts(options.oos) if options.oos else []
        if options.train:
            read_examples(options.train)  # complain about a bad line now, not from inside Rasa's graph
    except ExamplesError as exc:
        print(f"evaluate: {exc}", file=sys.stderr)
        return 2
    _quieten_rasa()
    figures, verdicts = evaluate(options.train, test, out_of_scope)
    print_table(figures)
    if options.out:
        options.out.write_text(json.dumps(figures, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    from bot.nlu.plots import write_plots  # matplotlib takes a second, and nothing else here needs it

    print(f"Plots: {', '.join(str(file) for file in write_plots(options.report, verdicts))}")
    return 0


def evaluate(train: Path | None, test: list[Example], out_of_scope: list[str]) -> tuple[dict[str, Any], Verdicts]:
    """Train on `train` (JSON lines), or on the project's own examples, and return the figures of design.md."""
    with tempfile.TemporaryDirectory() as folder:
        started = time.perf_counter()
        model = train_model(train, Path(folder))
        train_s = time.perf_counter() - started
        card = read_model_card(model)
        parsed, ms_per_message = parse_all(model, [example.text for example in test] + out_of_scope)
    labels = [example.intent for example in test]
    answerable = answerable_intents([*card["answerable"], *labels])
    answered = np.array([_is_answered(message, answerable) for message in parsed])
    verdicts = Verdicts(
        labels=np.array(labels),
        guesses=np.array([message["intent_ranking"][0]["name"] for message in parsed[: len(test)]]),
        confidences=np.array([message["intent_ranking"][0]["confidence"] for message in parsed[: len(test)]]),
        answered=answered[: len(test)],
    )
    figures = {
        "accuracy": float(verdicts.right.mean()),
        "precision": precision(verdicts.right, verdicts.answered),
        "coverage": coverage(np.isin(verdicts.labels, list(answerable)), verdicts.answered),
        "leak": leak(answered[len(test) :]),
        "threshold": card["threshold"],
        "ece": expected_calibration_error(verdicts.confidences, verdicts.right),
        "n": len(test),
        "n_oos": len(out_of_scope),
        "train_s": train_s,
        "ms_per_message": ms_per_message,
        "spacy_model": card["spacy_model"],
        "encoder": card["encoder"],
        "ask_threshold": card["ask_threshold"],
        "cross_validated": card["cross_validated"],
        "cross_validated_decisions": card["cross_validated_decisions"],
    }
    return figures, verdicts


def train_model(train: Path | None, folder: Path) -> Path:
    """Train the NLU part of config.yml through Rasa's graph, without its cache, and return the model's file."""
    from rasa.model_training import train_nlu

    config = yaml.safe_load(CONFIG_FILE.read_text(encoding="utf-8"))
    del config["policies"]
    if train:
        config["importers"] = [{"name": f"{JsonLinesImporter.__module__}.{JsonLinesImporter.__name__}"}]
    config_file = folder / "config.yml"
    config_file.write_text(yaml.safe_dump(config), encoding="utf-8")
    os.environ["RASA_CACHE_DIRECTORY"] = str(folder / "cache")  # else `train_s` is that of a cached training
    return Path(train_nlu(str(config_file), str(train or OWN_EXAMPLES), str(folder / "models")))


def parse_all(model: Path, texts: list[str]) -> tuple[list[dict[str, Any]], float]:
    """Load `model` as the assistant does and parse `texts` one at a time; return also the mean time of one in ms."""
    from rasa.core.agent import load_agent

    async def parse() -> tuple[list[dict[str, Any]], float]:
        agent = await load_agent(str(model))
        await agent.parse_message("hoi")  # the first is slow: libraries load
        started = time.perf_counter()
        # Rasa takes "/help" for the name of an intent, not for what a customer typed.
        parsed = [await agent.parse_message(text.lstrip().lstrip("/")) for text in texts]
        return parsed, (time.perf_counter() - started) * 1000 / len(texts)

    return asyncio.run(parse())


def print_table(figures: dict[str, Any]) -> None:
    print(f"\nspaCy: {figures['spacy_model']}   encoder: {figures['encoder']}\n")
    for name in ROWS_OF_TABLE:
        value = figures[name]
        print(f"  {name:<16}{'-' if value is None else f'{value:.3f}' if isinstance(value, float) else value:>10}")
    print()


def _is_answered(parsed: dict[str, Any], answerable: set[str]) -> bool:
    decision = parsed[DECISION]
    return bool(decision["outcome"] == ANSWER and decision["intent"] in answerable)


def _quieten_rasa() -> None:
    from rasa.utils.log_utils import configure_structlog

    os.environ["RASA_TELEMETRY_ENABLED"] = "false"
    configure_structlog(logging.WARNING)
    logging.getLogger("bot").setLevel(logging.INFO)  # progress of the training


def _parse_arguments(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bot.nlu.evaluate", description=__doc__.split("\n")[0])
    parser.add_argument("--test", type=Path, required=True, help='JSON lines {"text", "intent"}')
    parser.add_argument("--train", type=Path, help="the same form; without it the project's data/nlu.yml")
    parser.add_argument("--oos", type=Path, help='out-of-scope messages, JSON lines {"text"}')
    parser.add_argument("--out", type=Path, help="write the figures to this file, as JSON")
    parser.add_argument("--report", type=Path, default=DEFAULT_REPORT, help="folder for the plots (%(default)s)")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())
