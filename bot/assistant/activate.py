"""`python -m bot.assistant.activate NAME`, or `--rollback`: choose which trained model answers."""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
import time
from pathlib import Path

import msgspec

from bot import logs
from bot.assistant.model_files import chunks_of, fetch
from bot.assistant.rasa_import import import_rasa
from bot.errors import EXIT_CONFIG, BotError, ConfigError, ModelError, NotFound, StoreUnavailable
from bot.model import ModelRecord
from bot.redis_server import redis_url
from bot.settings import Settings
from bot.store import Store

EXIT_FAILED = 1
# So long running assistants get to take the model over before this stops looking.
WATCH_S = 60.0
POLL_S = 0.5
# What an assistant last said of itself may be older than the activation: of the same model, refused an hour ago.
SETTLED_S = 2.0
NAMES_SHOWN = 10


async def choose(store: Store, name: str, *, rollback: bool) -> ModelRecord:
    """The model `name`, or the one that was active before. Raises NotFound, which names the ones there are."""
    if rollback:
        activated = await store.models.activated()
        if len(activated) < 2:
            raise NotFound("no other model was active before this one" if activated else _NONE)
        return activated[1]
    records = {record.name: record for record in await store.models.all()}
    if name not in records:
        raise NotFound(f"no model {name!r}; there are: {_names(list(records))}" if records else _NONE)
    return records[name]


_NONE = "no model was trained yet; `make train` does"


def _names(names: list[str]) -> str:
    more = len(names) - NAMES_SHOWN
    return ", ".join(names[:NAMES_SHOWN]) + (f" and {more} older ones" if more > 0 else "")


async def check(record: ModelRecord, store: Store, settings: Settings, *, load_it: bool) -> None:
    """Raise ModelError if its file is not to be had, or, when asked to load it, does not answer.

    Afterwards the store has the file again if it is to have one: it drops those of models long out of use.
    """
    path = await fetch(record, store.models, settings.var / "models", settings.model_url)
    if load_it:
        await _load(record, path, settings.project)
    if not settings.model_url and not await store.models.stores_file(record.name):
        await store.models.put_file(record.name, chunks_of(path))


async def _load(record: ModelRecord, path: Path, project: Path) -> None:
    import_rasa(project)
    from bot.assistant.rasa_agent import load

    try:
        await load(path)
    except ModelError:
        raise
    except Exception as exc:
        raise ModelError(f"model {record.name} does not answer: {logs.described(exc)}") from exc


async def watch_takeover(store: Store, record: ModelRecord) -> str:
    """What became of it in the assistants that run now."""
    started = time.monotonic()
    while True:
        about = [msgspec.json.decode(said) for said in (await store.work.alive()).values()]
        have = sum(one.get("model") == record.name for one in about)
        refused = sum(one.get("refused") == record.name for one in about)
        watched_s = time.monotonic() - started
        if have == len(about) or (have + refused == len(about) and watched_s > SETTLED_S) or watched_s > WATCH_S:
            break
        await asyncio.sleep(POLL_S)
    return _outcome(have, refused, len(about))


def _outcome(have: int, refused: int, running: int) -> str:
    if not running:
        return "No assistant runs; the next one to start answers with it."
    said = f"{have} of {running} {'assistant answers' if running == 1 else 'assistants answer'} with it."
    if refused:
        said += f" {refused} refused it, and {'answers' if refused == 1 else 'answer'} with the one before; "
        said += "the log says why."
    if loading := running - have - refused:
        said += f" {loading} did not load it within {WATCH_S:.0f} s; /health/ready says when."
    return said


async def activate(settings: Settings, name: str, *, rollback: bool) -> None:
    """Check the model and make it the active one. Raises BotError, and then nothing has changed."""
    store = await Store(redis_url(settings), settings).open()
    try:
        record = await choose(store, name, rollback=rollback)
        # One that answered before needs no such test, and whoever goes back is in a hurry.
        await check(record, store, settings, load_it=not rollback)
        await store.models.activate(record.name)
        print(f"Model {record.name} is active.", flush=True)
        try:
            print(await watch_takeover(store, record))
        except StoreUnavailable as exc:
            print(f"Whether assistants took it over is not known: {exc}.")
    finally:
        await store.close()


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="make activate", description=__doc__)
    which = parser.add_mutually_exclusive_group(required=True)
    which.add_argument("name", nargs="?", default="", help="of a trained model")
    which.add_argument("--rollback", action="store_true", help="the model that was active before this one")
    options = parser.parse_args(arguments)
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    try:
        settings = Settings.load()
        logs.configure(settings.log_format)
        asyncio.run(activate(settings, options.name, rollback=options.rollback))
    except BotError as exc:
        print(f"vraagbaak: {exc}; the model that answers stays", file=sys.stderr)
        return EXIT_CONFIG if isinstance(exc, ConfigError) else EXIT_FAILED
    return 0


if __name__ == "__main__":
    sys.exit(main())
