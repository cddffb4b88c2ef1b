"""`python -m bot.assistant`: one assistant process. Start as many as there are cores to spare."""

from __future__ import annotations

import asyncio
import os
import secrets
import signal
import socket
import sys
from pathlib import Path

import structlog
import uvloop

from bot import logs
from bot.answers import Answers
from bot.assistant.live_model import LiveModel
from bot.assistant.rasa_import import import_rasa
from bot.assistant.trying import HelperStarter
from bot.assistant.worker import Worker
from bot.errors import EXIT_CONFIG, BotError, ConfigError, StoreUnavailable
from bot.project.sync import import_first
from bot.redis_server import redis_url
from bot.settings import Settings
from bot.store import Store

EXIT_FAILED = 1
RETRY_S = 1.0

log = structlog.get_logger()


async def serve(settings: Settings) -> None:
    """Handle messages until SIGTERM or SIGINT."""
    import_rasa(settings.project)
    store = Store(redis_url(settings), settings)
    # Never the name of one before it, whose work in hand is not its own: in containers both are often process 1.
    name = f"{socket.gethostname()}-{os.getpid()}-{secrets.token_hex(2)}"
    answers = Answers(store.templates, settings, store.departments, store.editing_rules)
    model = LiveModel(store, folder=settings.var / "models", url=settings.model_url)
    worker = Worker(store, answers, model, name, turn_timeout_s=settings.turn_timeout_s)
    helper = HelperStarter(store)
    loop = asyncio.get_running_loop()
    opening = asyncio.create_task(_open(store))

    def stop() -> None:
        opening.cancel()
        worker.stop()

    for signal_number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(signal_number, stop)
    try:
        await asyncio.wait([opening])
        if not opening.cancelled():
            opening.result()
            await _import_topics(store, settings.project)
            helping = asyncio.create_task(helper.run())
            await worker.run()
            helping.cancel()
    finally:
        await helper.close()
        await store.close()


async def _import_topics(store: Store, project: Path) -> None:
    """An installation of before topics were kept has a model, and none of them."""
    try:
        if await import_first(store, project):
            log.info("project.imported")
    except BotError as exc:  # answering is more important
        log.warning("project.not_imported", reason=str(exc))


async def _open(store: Store) -> None:
    """Wait for Redis as long as it takes. Raises ConfigError if it will not do."""
    told = ""
    while True:
        try:
            await store.open()
            return
        except StoreUnavailable as exc:
            if str(exc) != told:
                told = str(exc)
                log.warning("redis.waiting", reason=told)
            await asyncio.sleep(RETRY_S)


def main() -> int:
    # One thread for NumPy, which reads this when it is imported. A second one helps no single message, and looks for
    # more work at full speed for a while after each: a message of 33 ms took 88 ms of processor time.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    try:
        settings = Settings.load()
        logs.configure(settings.log_format)
        uvloop.install()
        asyncio.run(serve(settings))
    except ConfigError as exc:
        print(f"vraagbaak: {exc}", file=sys.stderr)
        return EXIT_CONFIG
    except BotError as exc:
        print(f"vraagbaak: {exc}", file=sys.stderr)
        return EXIT_FAILED
    return 0


if __name__ == "__main__":
    sys.exit(main())
