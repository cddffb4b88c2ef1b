"""Training without Rasa's graph gives what training with it gives."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from bot.nlu.examples import Example
from bot.nlu.rasa_model import load_training_data, parse_all, train_model
from bot.nlu.retraining import Retraining
from tests.nlu.conftest import SMALL
from tests.nlu.test_evaluate import rows, write_lines

MESSAGES = [
    "tot hoe laat zijn jullie open",
    "/help",
    "wat kost retour sturen 😀",
    "xqzvw",
    "[wachtwoord](x) kwijt",
    "  ",
]


def said(parsed: dict[str, Any]) -> dict[str, Any]:
    return {name: parsed.get(name) for name in ("decision", "intent", "intent_ranking", "known_share")}


def test_same_as_through_rasas_graph(tmp_path: Path) -> None:
    # Twice the same example: Rasa keeps one.
    train = write_lines(tmp_path / "train.jsonl", rows(SMALL) + rows(SMALL)[:1])
    through_graph, _ = parse_all(train_model(train, tmp_path), MESSAGES)
    retraining = Retraining(load_training_data(train))
    trained = retraining.train(retraining.examples)
    for message, expected in zip(retraining.read(Example(text, "") for text in MESSAGES), through_graph, strict=True):
        found = said(trained.parse(message))
        for name, value in said(expected).items():
            assert found[name] == approximately(value), name


def approximately(value: Any) -> Any:
    """The last digits may differ: the graph makes the vectors of a message one by one."""
    if isinstance(value, dict):
        return {name: approximately(item) for name, item in value.items()}
    if isinstance(value, list):
        return [approximately(item) for item in value]
    return pytest.approx(value, abs=1e-5) if isinstance(value, float) else value


def test_training_leaves_what_was_read_as_it_was(retraining: Retraining) -> None:
    half = retraining.examples[::2]
    before = [dict(message.data) for message in half]
    first = retraining.train(half)
    assert [dict(message.data) for message in half] == before
    (message,) = retraining.read([Example("ik kan niet inloggen", "")])
    assert first.parse(message) == retraining.train(half).parse(message)
