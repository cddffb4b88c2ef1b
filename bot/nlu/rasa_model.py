"""Train an NLU model through Rasa's graph, and parse messages with it as the assistant does."""

from __future__ import annotations

import asyncio
import logging
import os
import time
from pathlib import Path
from typing import Any

import yaml
from rasa.shared.nlu.training_data.loading import load_data
from rasa.shared.nlu.training_data.training_data import TrainingData

from bot.nlu.examples import JsonLinesImporter

PROJECT = Path(__file__).resolve().parents[2]
CONFIG_FILE = PROJECT / "config.yml"
OWN_EXAMPLES = PROJECT / "data" / "nlu.yml"


def train_model(train: Path | None, folder: Path, *, config_file: Path = CONFIG_FILE) -> Path:
    """Train the NLU part of `config_file` without Rasa's cache, and return the model's file.

    train: JSON lines; without it the project's own examples.
    """
    from rasa.model_training import train_nlu

    config = yaml.safe_load(config_file.read_text(encoding="utf-8"))
    config.pop("policies", None)
    if train:
        config["importers"] = [{"name": f"{JsonLinesImporter.__module__}.{JsonLinesImporter.__name__}"}]
    without_policies = folder / "config.yml"
    without_policies.write_text(yaml.safe_dump(config), encoding="utf-8")
    os.environ["RASA_CACHE_DIRECTORY"] = str(folder / "cache")  # else its time is that of a cached training
    return Path(train_nlu(str(without_policies), str(train or OWN_EXAMPLES), str(folder / "models")))


def load_training_data(train: Path | None) -> TrainingData:
    """Read what `train_model` trains on; of equal examples Rasa keeps one."""
    if train:
        return JsonLinesImporter(training_data_paths=[str(train)]).get_nlu_data()
    return load_data(str(OWN_EXAMPLES))


def parse_all(model: Path, texts: list[str]) -> tuple[list[dict[str, Any]], float]:
    """Load `model` as the assistant does and parse `texts` one at a time; return also the mean time of one in ms."""
    from rasa.core.agent import load_agent

    async def parse() -> tuple[list[dict[str, Any]], float]:
        agent = await load_agent(str(model))
        await agent.parse_message("hoi")  # the first is slow: libraries load
        started = time.perf_counter()
        parsed = [await agent.parse_message(as_typed(text)) for text in texts]
        return parsed, (time.perf_counter() - started) * 1000 / max(len(texts), 1)

    return asyncio.run(parse())


def as_typed(text: str) -> str:
    """Return `text` in a form that Rasa reads as words: it takes "/help" for the name of an intent."""
    return text.lstrip().lstrip("/")


def quieten_rasa() -> None:
    """Show the progress of our own components, and of Rasa warnings only."""
    from rasa.utils.log_utils import configure_structlog

    os.environ["RASA_TELEMETRY_ENABLED"] = "false"
    configure_structlog(logging.WARNING)
    logging.getLogger("bot").setLevel(logging.INFO)
