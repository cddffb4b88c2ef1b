"""Measure the project's NLU pipeline: train it through Rasa, parse test messages with the trained model, compare.

python -m bot.nlu.evaluate --test FILE [--train FILE] [--oos FILE] [--out FILE] [--report FOLDER]
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from bot.nlu.examples import Example, ExamplesError, read_examples, read_texts
from bot.nlu.metrics import answerable_intents
from bot.nlu.model_card import read_model_card
from bot.nlu.rasa_model import PROJECT, load_training_data, parse_all, quieten_rasa, train_model
from bot.nlu.verdicts import Verdicts, figures, figures_of_intents, out_of_scope_examples, verdicts_of

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
    quieten_rasa()
    measured, on_test, on_out_of_scope = evaluate(options.train, test, out_of_scope)
    print_table(measured)
    if options.out:
        options.out.write_text(json.dumps(measured, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    # matplotlib takes a second, and nothing else here needs it
    from bot.nlu.report.page import write_report
    from bot.nlu.retraining import Retraining

    training = Retraining(load_training_data(options.train))
    page = write_report(options.report, measured, on_test, on_out_of_scope, training)
    print(f"Report, with pictures and the worst mistakes: {page}")
    return 0


def evaluate(
    train: Path | None, test: list[Example], out_of_scope: list[str]
) -> tuple[dict[str, Any], Verdicts, Verdicts]:
    """Train on `train` (JSON lines), or on the project's own examples.

    Returns the figures of design.md, and the verdicts on the test messages and on those out of scope.
    """
    with tempfile.TemporaryDirectory() as folder:
        started = time.perf_counter()
        model = train_model(train, Path(folder))
        train_s = time.perf_counter() - started
        card = read_model_card(model)
        parsed, ms_per_message = parse_all(model, [example.text for example in test] + out_of_scope)
    answerable = answerable_intents([*card["answerable"], *(example.intent for example in test)])
    on_test = verdicts_of(test, parsed[: len(test)], answerable)
    on_out_of_scope = verdicts_of(out_of_scope_examples(out_of_scope), parsed[len(test) :], answerable)
    measured = {
        **figures(on_test, on_out_of_scope),
        "threshold": card["threshold"],
        "train_s": train_s,
        "ms_per_message": ms_per_message,
        "spacy_model": card["spacy_model"],
        "encoder": card["encoder"],
        "ask_threshold": card["ask_threshold"],
        "cross_validated": card["cross_validated"],
        "cross_validated_decisions": card["cross_validated_decisions"],
        "intents": {
            intent: {**of, "threshold": card["threshold_of_intent"].get(intent, card["threshold"])}
            for intent, of in figures_of_intents(on_test).items()
        },
    }
    return measured, on_test, on_out_of_scope


def print_table(measured: dict[str, Any]) -> None:
    print(f"\nspaCy: {measured['spacy_model']}   encoder: {measured['encoder']}\n")
    for name in ROWS_OF_TABLE:
        value = measured[name]
        print(f"  {name:<16}{'-' if value is None else f'{value:.3f}' if isinstance(value, float) else value:>10}")
    print()


def _parse_arguments(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bot.nlu.evaluate", description=__doc__.split("\n")[0])
    parser.add_argument("--test", type=Path, required=True, help='JSON lines {"text", "intent"}')
    parser.add_argument("--train", type=Path, help="the same form; without it the project's data/nlu.yml")
    parser.add_argument("--oos", type=Path, help='out-of-scope messages, JSON lines {"text"}')
    parser.add_argument("--out", type=Path, help="write the figures to this file, as JSON")
    parser.add_argument("--report", type=Path, default=DEFAULT_REPORT, help="folder for the report (%(default)s)")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())
