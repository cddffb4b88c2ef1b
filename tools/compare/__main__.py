"""`make compare`: train this project's pipeline and Rasa's recommended one, and ask both the same."""

from __future__ import annotations

import argparse
import os
import platform
import sys
from pathlib import Path
from typing import Any

from bot.nlu.examples import ExamplesError, read_examples, read_texts
from bot.nlu.rasa_model import PROJECT, quieten_rasa
from tools.compare.sides import OURS, RASA, measure

ROWS = {
    "accuracy": "accuracy",
    "precision": "precision",
    "coverage": "coverage",
    "leak": "leak",
    "ece": "calibration error (ECE)",
    "accuracy_with_typos": "accuracy with typing mistakes",
    "typo_drop": "what those mistakes cost",
    "train_s": "training, seconds",
    "ms_per_message": "one message, ms",
}


def main(arguments: list[str] | None = None) -> int:
    """Return the exit code: 0, or 2 for a file that can't be used."""
    options = _parse_arguments(arguments)
    try:
        test = read_examples(options.test)
        out_of_scope = read_texts(options.oos) if options.oos else []
        if options.train:
            read_examples(options.train)
    except ExamplesError as exc:
        print(f"compare: {exc}", file=sys.stderr)
        return 2
    quieten_rasa()
    results = {}
    for side in (OURS, RASA):
        print(f"Training and asking {side.name} ...", flush=True)
        results[side.name] = measure(side, options.train, test, out_of_scope)
    table = markdown(results, str(options.train or "data/nlu.yml"))
    print(f"\n{table}")
    options.out.parent.mkdir(parents=True, exist_ok=True)
    options.out.write_text(table, encoding="utf-8")
    return 0


def markdown(results: dict[str, dict[str, Any]], train: str) -> str:
    """Return the figures of both sides as a table, with what they were measured on."""
    first = next(iter(results.values()))
    head = f"Trained on {Path(train).name}, {first['n']} test and {first['n_oos']} out-of-scope messages, one run on "
    lines = [f"{head}{os.cpu_count()} cores, {platform.machine()}.", "", f"| | {' | '.join(results)} |"]
    lines.append("|---" * (len(results) + 1) + "|")
    for name, title in ROWS.items():
        lines.append(f"| {title} | {' | '.join(_cell(name, of[name]) for of in results.values())} |")
    return "\n".join(lines) + "\n"


def _cell(name: str, value: float | None) -> str:
    if value is None:
        return "–"
    return f"{value:.1f}" if name in ("train_s", "ms_per_message") else f"{value:.3f}"


def _parse_arguments(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make compare", description=__doc__.split("\n")[0])
    parser.add_argument("--test", type=Path, required=True, help='JSON lines {"text", "intent"}')
    parser.add_argument("--train", type=Path, help="the same form; without it the project's data/nlu.yml")
    parser.add_argument("--oos", type=Path, help='out-of-scope messages, JSON lines {"text"}')
    parser.add_argument("--out", type=Path, default=PROJECT / "results" / "compare.md", help="the table (%(default)s)")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())
