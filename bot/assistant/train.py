"""`python -m bot.assistant.train`: train on the store's topics, register the model and make it the one that answers.

What was changed in the files of the Rasa project alone is imported first (bot/project/sync.py).

A model that fails the golden set (data/golden.jsonl) does not replace the one that answers, unless --override says why.
"""

from __future__ import annotations

import argparse
import asyncio
import logging
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from bot import logs
from bot.assistant.activate import watch_takeover
from bot.assistant.model_files import checksum, chunks_of
from bot.assistant.rasa_import import import_rasa
from bot.assistant.training_files import Snapshot, write_files
from bot.errors import EXIT_CONFIG, BotError, ConfigError
from bot.model import ModelRecord
from bot.project.files import DOMAIN, GOLDEN
from bot.redis_server import redis_url
from bot.settings import Settings
from bot.store import Store

if TYPE_CHECKING:  # imports Rasa, which takes seconds and must be silenced first
    from bot.nlu.golden import Failure, GoldenMessage

PROJECT = Path(__file__).parent.parent.parent
EXIT_FAILED = 1


def train(models: Path, project: Path = PROJECT) -> Path:
    """Train on domain.yml, config.yml and data/ of `project`; returns the model's file.

    Raises ConfigError if Rasa makes none.
    """
    import_rasa()
    from rasa.model_training import train as rasa_train

    from bot.assistant.graph_runner import uncached_training
    from bot.nlu.vector_cache import kept_vectors

    _show_progress()
    models.mkdir(parents=True, exist_ok=True)
    with uncached_training(), kept_vectors(models / "vectors.npz"):
        result = rasa_train(
            domain=str(project / DOMAIN),
            config=str(project / "config.yml"),
            training_files=[str(project / "data")],
            output=str(models),
            force_training=True,
            fixed_model_name=time.strftime("%Y%m%d-%H%M%S"),
        )
    if not result.model:
        raise ConfigError("Rasa made no model; what it says above is wrong with domain.yml, config.yml or data/")
    return Path(result.model)


def _show_progress() -> None:
    """Rasa says which component it trains."""
    steps = logging.getLogger("rasa.engine.training.hooks")
    steps.setLevel(logging.INFO)
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(logging.Formatter("  %(message)s"))
    steps.addHandler(handler)
    steps.propagate = False


def record_of(path: Path) -> ModelRecord:
    """What the registry keeps of a model's file."""
    from bot.nlu.model_card import read_model_card

    return ModelRecord(
        name=path.name.removesuffix(".tar.gz"),
        path=str(path.absolute()),
        sha256=checksum(path),
        trained_at_ms=int(time.time() * 1000),
        card=read_model_card(path),
    )


def load_golden(file: Path, domain: Path) -> list[GoldenMessage]:
    """The messages that a model must get right; none if there is no such file. Raises ConfigError for a bad line."""
    import_rasa()
    from rasa.shared.core.domain import Domain

    from bot.nlu.examples import ExamplesError
    from bot.nlu.golden import read_golden

    try:
        golden = read_golden(file, Domain.from_file(str(domain)).intents)
    except ExamplesError as exc:
        raise ConfigError(str(exc)) from exc
    if not golden:
        print(f"There are no messages in {GOLDEN}, so nothing checks the model before it answers customers.")
    return golden


def check(record: ModelRecord, golden: list[GoldenMessage], override: str) -> tuple[ModelRecord, list[Failure]]:
    """Ask the model the golden set, say what it got wrong, and write the result on its card."""
    from bot.nlu.golden import check_golden

    if not golden:
        return record, []
    failures = check_golden(Path(record.path), golden)
    print(f"Golden set: {len(golden) - len(failures)} of {len(golden)} messages pass.")
    for failure in failures:
        print(f"  {failure}")
    result: dict[str, Any] = {"n": len(golden), "failed_lines": [failure.message.line for failure in failures]}
    if failures and override:
        result["override"] = override
    return replace(record, card={**record.card, "golden": result}), failures


async def write_current(settings: Settings, folder: Path) -> Snapshot:
    """Write the project as it is now, from files and store, to `folder`. Raises ConfigError if both were changed."""
    store = await Store(redis_url(settings), settings).open()
    try:
        snapshot = await write_files(store, folder, settings.project)
    finally:
        await store.close()
    if snapshot.has_imported:
        print(f"Topics of {settings.project.absolute()} are imported.", flush=True)
    return snapshot


async def activate(
    settings: Settings, record: ModelRecord, versions: dict[str, int], *, only_if_first: bool = False
) -> bool:
    """Register the model, with its file for other machines, and make it the active one; returns whether that was done.

    versions: of the topics that it was trained on. only_if_first: leave things as they are if there is a model that can
    answer.
    """
    store = await Store(redis_url(settings), settings).open()
    try:
        active = await store.models.active()
        if only_if_first and active is not None and await store.models.has_file(active):
            return False
        await store.models.register(record)
        await store.models.note_topics(record.name, versions)
        if not settings.model_url:
            await store.models.put_file(record.name, chunks_of(Path(record.path)))
        await store.models.activate(record.name)
        if await store.work.alive():
            print(f"Model {record.name} is active. {await watch_takeover(store, record)}", flush=True)
        return True
    finally:
        await store.close()


def train_and_activate(settings: Settings, override: str) -> ModelRecord | None:
    """The whole of it; None if the model failed the golden set and another one goes on answering. Raises BotError."""
    with tempfile.TemporaryDirectory(prefix="vraagbaak-") as name:
        project = Path(name)
        snapshot = asyncio.run(write_current(settings, project))
        golden = load_golden(project / GOLDEN, project / DOMAIN)
        print("Training the model ...", flush=True)
        path = train(settings.var / "models", project)
    record, failures = check(record_of(path), golden, override)
    record = replace(record, card={**record.card, "topics_changes": snapshot.changes})
    must_pass = bool(failures) and not override
    if not asyncio.run(activate(settings, record, snapshot.versions, only_if_first=must_pass)):
        print(
            f"Model {record.name} is not activated: it fails {len(failures)} golden messages, and the model that "
            "answers now stays. Mend the examples or the golden set, or say why it may answer:\n"
            "  make train ARGS='--override \"the reason\"'",
            file=sys.stderr,
        )
        return None
    if must_pass:  # without a model nothing runs at all, and whoever starts for the first time could not go on
        print("There is no other model, so this one is activated in spite of what it fails.")
    return record


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="make train", description="Train a model and activate it.")
    parser.add_argument("--override", metavar="REASON", default="", help="activate even if it fails the golden set")
    parser.add_argument("--project", metavar="FOLDER", type=Path, default=PROJECT, help="what the report is about")
    parser.add_argument("--report", metavar="FILE", type=Path, help="compare with the active model, don't activate")
    parser.add_argument("--messages", metavar="FILE", type=Path, help="of customers, for the report")
    options = parser.parse_args(arguments)
    started = time.monotonic()
    try:
        settings = Settings.load()
        logs.configure(settings.log_format)  # else Rasa's own prints every step
        if options.report:
            return _make_candidate(settings, options.project, options.report, options.messages)
        record = train_and_activate(settings, options.override.strip())
    except ConfigError as exc:
        print(f"vraagbaak: {exc}", file=sys.stderr)
        return EXIT_CONFIG
    except BotError as exc:
        print(f"vraagbaak: {exc}", file=sys.stderr)
        return EXIT_FAILED
    if record is None:
        return EXIT_FAILED
    print(f"Model {record.name} is trained and active ({time.monotonic() - started:.0f} s).")
    return 0


def _make_candidate(settings: Settings, project: Path, report: Path, messages: Path | None) -> int:
    from bot.assistant.candidate import make_candidate

    report.write_bytes(msgspec.json.encode(make_candidate(settings, project, messages)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
