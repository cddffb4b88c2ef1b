"""How the pipeline holds out: with typing mistakes, questions it never learned, and examples it has not seen.

python -m bot.nlu.robustness [--test FILE] [--train FILE] [--every N] [--folds N] [--out FILE]

Dozens of trainings, so the sentence vectors are made once (bot/nlu/retraining.py). Takes minutes on data/nlu.yml.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from rasa.shared.nlu.constants import INTENT, TEXT
from rasa.shared.nlu.training_data.message import Message

from bot.nlu.cross_validation import assign_folds, near_duplicate_groups
from bot.nlu.examples import Example, ExamplesError, read_examples
from bot.nlu.metrics import OUT_OF_SCOPE, answerable_intents
from bot.nlu.rasa_model import load_training_data, quieten_rasa
from bot.nlu.retraining import Retraining, Trained
from bot.nlu.svm_classifier import words_of
from bot.nlu.text_features import Vocabulary, char_ngrams
from bot.nlu.typos import with_typos
from bot.nlu.verdicts import Verdict, Verdicts, figures

TYPO_RUNS = 3
SEED = 1


def main(arguments: list[str] | None = None) -> int:
    """Return the exit code: 0, or 2 for a file that can't be used."""
    options = _parse_arguments(arguments)
    try:
        test = read_examples(options.test) if options.test else []
        if options.train:
            read_examples(options.train)
    except ExamplesError as exc:
        print(f"robustness: {exc}", file=sys.stderr)
        return 2
    quieten_rasa()
    measured = measure(Retraining(load_training_data(options.train)), test, every=options.every, folds=options.folds)
    print_table(measured)
    if options.out:
        options.out.write_text(json.dumps(measured, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    return 0


def measure(retraining: Retraining, test: list[Example], *, every: int, folds: int) -> dict[str, Any]:
    """Return the figures of the three parts; that of typos only if there are test messages."""
    return {
        "typos": typos(retraining, test) if test else None,
        "left_out": leave_one_out(retraining, test, every=every),
        "cross_validation": cross_validate(retraining, n_folds=folds),
    }


def typos(retraining: Retraining, test: list[Example]) -> dict[str, Any]:
    """Return the accuracy on the test messages, and on the same with typing mistakes: the mean of TYPO_RUNS."""
    trained = retraining.train(retraining.examples)
    without = _accuracy(trained, retraining.read(test))
    runs = [_accuracy(trained, retraining.read(run)) for run in typo_runs(test)]
    accuracy_with = float(np.mean(runs))
    return {"accuracy": without, "accuracy_with_typos": accuracy_with, "drop": without - accuracy_with, "runs": runs}


def typo_runs(examples: Sequence[Example]) -> list[list[Example]]:
    """Return the messages with typing mistakes, TYPO_RUNS times other ones."""
    return [
        [Example(with_typos(example.text, rng), example.intent) for example in examples]
        for rng in (random.Random(SEED + run) for run in range(TYPO_RUNS))
    ]


def leave_one_out(retraining: Retraining, test: list[Example], *, every: int) -> dict[str, Any]:
    """Return for each answerable intent the share of its messages that get an answer when it has no examples.

    Each of those answers is wrong: this is the leak on questions that look most like the company's own. The messages
    are those of `test`, or else the examples that were left out.
    """
    messages = retraining.read(test) if test else retraining.examples
    answerable = sorted(answerable_intents(example.get(INTENT) for example in retraining.examples))
    intents: dict[str, dict[str, Any]] = {}
    for intent in answerable[::every]:
        own = [message for message in messages if message.get(INTENT) == intent]
        rest = [example for example in retraining.examples if example.get(INTENT) != intent]
        if not own or len({example.get(INTENT) for example in rest}) < 2:
            continue
        print(f"Without {intent} ...", flush=True)
        verdicts = _verdicts(retraining.train(rest), own, set(answerable) - {intent})
        intents[intent] = {"n": len(own), "answered": float(verdicts.answered.mean())}
    n = sum(of["n"] for of in intents.values())
    answered = sum(of["n"] * of["answered"] for of in intents.values()) / n if n else None
    return {"answered": answered, "n": n, "intents": intents}


def cross_validate(retraining: Retraining, *, n_folds: int) -> dict[str, Any]:
    """Return the figures on the examples, each judged by a pipeline trained on the other folds, thresholds included."""
    labels = np.array([example.get(INTENT) for example in retraining.examples])
    pieces = [char_ngrams(words_of(example)) for example in retraining.examples]
    groups = near_duplicate_groups(Vocabulary.of(pieces).count(pieces))
    folds = assign_folds(labels, groups, n_folds=n_folds, seed=SEED)
    answerable = answerable_intents(labels)
    each: list[Verdict] = []
    for fold in np.unique(folds):
        print(f"Part {fold + 1} of {n_folds} kept apart ...", flush=True)
        inside, outside = (
            [retraining.examples[row] for row in np.flatnonzero(mask)] for mask in (folds == fold, folds != fold)
        )
        each += _verdicts(retraining.train(outside), inside, answerable).each
    out_of_scope = [verdict for verdict in each if verdict.label == OUT_OF_SCOPE]
    return {
        **figures(Verdicts(each, frozenset(answerable)), Verdicts(out_of_scope, frozenset(answerable))),
        "folds": n_folds,
    }


def print_table(measured: dict[str, Any]) -> None:
    with_typos_in, left_out, cross_validation = (measured[part] for part in ("typos", "left_out", "cross_validation"))
    print(f"\nCross-validation, {cross_validation['folds']} parts, near duplicates together")
    for name in ("accuracy", "precision", "coverage", "leak", "ece", "n"):
        print(f"  {name:<24}{_cell(cross_validation[name])}")
    if with_typos_in:
        print(f"\nOne typing mistake in 12 characters, mean of {TYPO_RUNS} runs")
        for name in ("accuracy", "accuracy_with_typos", "drop"):
            print(f"  {name:<24}{_cell(with_typos_in[name])}")
    print(f"\nAnswered although the intent was left out of the training ({left_out['n']} messages)")
    print(f"  {'all of them':<24}{_cell(left_out['answered'])}")
    worst = sorted(left_out["intents"].items(), key=lambda row: -row[1]["answered"])
    for intent, of in worst:
        print(f"  {intent:<32} {of['answered']:.2f} of {of['n']}")
    print()


def _cell(value: float | int | None) -> str:
    return f"{'-' if value is None else f'{value:.3f}' if isinstance(value, float) else value:>10}"


def _accuracy(trained: Trained, messages: Iterable[Message]) -> float:
    return float(_verdicts(trained, messages, ()).right.mean())


def _verdicts(trained: Trained, messages: Iterable[Message], answerable: Iterable[str]) -> Verdicts:
    each = [Verdict.of(Example(message.get(TEXT), message.get(INTENT)), trained.parse(message)) for message in messages]
    return Verdicts(each, frozenset(answerable))


def _parse_arguments(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bot.nlu.robustness", description=__doc__.split("\n")[0])
    parser.add_argument("--test", type=Path, help='JSON lines {"text", "intent"}; without it no typing mistakes')
    parser.add_argument("--train", type=Path, help="the same form; without it the project's data/nlu.yml")
    parser.add_argument("--every", type=int, default=1, help="leave out only every N-th intent (%(default)s)")
    parser.add_argument("--folds", type=int, default=5, help="parts of the cross-validation (%(default)s)")
    parser.add_argument("--out", type=Path, help="write the figures to this file, as JSON")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())
