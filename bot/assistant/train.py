"""`python -m bot.assistant.train`: train the Rasa project, register the model and make it the one that answers."""

from __future__ import annotations

import asyncio
import hashlib
import logging
import sys
import time
from pathlib import Path

from bot import logs
from bot.assistant.rasa_import import import_rasa
from bot.errors import EXIT_CONFIG, BotError, ConfigError
from bot.model import ModelRecord
from bot.redis_server import redis_url
from bot.settings import Settings
from bot.store import Store

PROJECT = Path(__file__).parent.parent.parent
EXIT_FAILED = 1


def train(models: Path) -> Path:
    """Train on domain.yml, config.yml and data/; returns the model's file. Raises ConfigError if Rasa makes none."""
    import_rasa()
    from rasa.model_training import train as rasa_train

    _show_progress()
    models.mkdir(parents=True, exist_ok=True)
    result = rasa_train(
        domain=str(PROJECT / "domain.yml"),
        config=str(PROJECT / "config.yml"),
        training_files=[str(PROJECT / "data")],
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

    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    return ModelRecord(
        name=path.name.removesuffix(".tar.gz"),
        path=str(path.absolute()),
        sha256=digest,
        trained_at_ms=int(time.time() * 1000),
        card=read_model_card(path),
    )


async def activate(settings: Settings, record: ModelRecord) -> None:
    """Register the model and make it the active one."""
    store = await Store(redis_url(settings), settings).open()
    try:
        await store.models.register(record)
        await store.models.activate(record.name)
    finally:
        await store.close()


def main() -> int:
    started = time.monotonic()
    try:
        settings = Settings.load()
        logs.configure(settings.log_format)  # else Rasa's own prints every step
        print("Training the model ...", flush=True)
        record = record_of(train(settings.var / "models"))
        asyncio.run(activate(settings, record))
    except ConfigError as exc:
        print(f"vraagbaak: {exc}", file=sys.stderr)
        return EXIT_CONFIG
    except BotError as exc:
        print(f"vraagbaak: {exc}", file=sys.stderr)
        return EXIT_FAILED
    print(f"Model {record.name} is trained and active ({time.monotonic() - started:.0f} s).")
    return 0


if __name__ == "__main__":
    sys.exit(main())
