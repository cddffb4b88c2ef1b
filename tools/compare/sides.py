"""The two sides that are compared. Both go through Rasa's graph, with the same examples and messages."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bot.nlu.conclusions import ANSWER, HUMAN
from bot.nlu.examples import Example
from bot.nlu.metrics import OUT_OF_SCOPE, answerable_intents
from bot.nlu.rasa_model import CONFIG_FILE, load_training_data, parse_all, train_model
from bot.nlu.robustness import typo_runs
from bot.nlu.verdicts import Verdict, Verdicts, figures, out_of_scope_examples

FALLBACK_THRESHOLD = 0.7  # as in recommended_rasa.yml
Read = Callable[[Example, dict[str, Any]], Verdict]


@dataclass(frozen=True)
class Side:
    name: str
    config_file: Path
    read: Read


def verdict_of_rasa(example: Example, parsed: dict[str, Any]) -> Verdict:
    """Read what FallbackClassifier leaves: it puts nlu_fallback with its own threshold before what DIET said."""
    ranking = parsed.get("intent_ranking") or []
    # Examples may have nlu_fallback as an intent too; DIET's confidence in that is never this exact number.
    fell_back = ranking[:1] == [{"name": OUT_OF_SCOPE, "confidence": FALLBACK_THRESHOLD}]
    ranking = ranking[1:] if fell_back else ranking
    guess = ranking[0]["name"] if ranking else ""
    return Verdict(
        text=example.text,
        label=example.intent,
        outcome=HUMAN if fell_back or guess in ("", OUT_OF_SCOPE) else ANSWER,
        intent=guess,
        threshold=FALLBACK_THRESHOLD,
        ranking=ranking,
    )


OURS = Side("Vraagbaak", CONFIG_FILE, Verdict.of)
RASA = Side("Rasa's recommended", Path(__file__).parent / "recommended_rasa.yml", verdict_of_rasa)


def measure(side: Side, train: Path | None, test: Sequence[Example], out_of_scope: Sequence[str]) -> dict[str, Any]:
    """Train one side and return its figures."""
    everything = [*test, *out_of_scope_examples(out_of_scope)]
    with_typos = [example for run in typo_runs(test) for example in run]
    with tempfile.TemporaryDirectory() as folder:
        started = time.perf_counter()
        model = train_model(train, Path(folder), config_file=side.config_file)
        train_s = time.perf_counter() - started
        parsed, ms_per_message = parse_all(model, [example.text for example in everything])
        parsed_typos, _ = parse_all(model, [example.text for example in with_typos])
    labels = [example.get("intent") for example in load_training_data(train).intent_examples]
    answerable = frozenset(answerable_intents([*labels, *(example.intent for example in test)]))
    each = [side.read(example, said) for example, said in zip(everything, parsed, strict=True)]
    typos = Verdicts([side.read(*pair) for pair in zip(with_typos, parsed_typos, strict=True)], answerable)
    measured = figures(Verdicts(each[: len(test)], answerable), Verdicts(each[len(test) :], answerable))
    accuracy_with_typos = float(typos.right.mean())
    return {
        **measured,
        "accuracy_with_typos": accuracy_with_typos,
        "typo_drop": measured["accuracy"] - accuracy_with_typos,
        "train_s": train_s,
        "ms_per_message": ms_per_message,
    }
