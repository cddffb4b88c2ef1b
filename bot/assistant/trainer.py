"""`python -m bot.assistant.trainer`: trains when somebody asks for it in the browser. One machine needs one.

Idle it has no Rasa in memory: each training is a process of its own, with less right to the processor than the
assistants, and what that says is in var/trainings/<id>/train.log.
"""

from __future__ import annotations

import asyncio
import os
import secrets
import shutil
import signal
import socket
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec
import structlog

from bot import logs
from bot.assistant.training_files import Snapshot, write_files, write_messages
from bot.assistant.training_process import STOP_S, TrainingProcess
from bot.errors import EXIT_CONFIG, BotError, ConfigError, StoreUnavailable
from bot.redis_server import redis_url
from bot.settings import Settings
from bot.store import Store
from bot.store.trainings import LEASE_MS, Report, Training

log = structlog.get_logger()

EXIT_FAILED = 1
RETRY_S = 1.0
# Between two signs of life; several fit in a lease.
ALIVE_EVERY_S = 2.0
# What a training may cost the assistants beside it: with 10 they get the processor nine times in ten.
NICENESS = 10
# Folders of trainings, and files of models that never answered, that stay on this machine.
KEPT_FOLDERS = 10
KEPT_CANDIDATES = 3
# Messages of customers that still lie there after this were left by a trainer that was killed: a training reads them,
# and removes them, when it begins.
FORGET_MESSAGES_S = 600.0
# What goes wrong in a training is said by its last line, behind this.
COMPLAINT = "vraagbaak: "
TRAIN = (sys.executable, "-m", "bot.assistant.train")
# Groups the learning inbox when there is something new in it; not all the time, as it imports Rasa first.
GROUP = (sys.executable, "-m", "bot.assistant.grouping")
GROUP_EVERY_S = 60.0


class Trainer:
    """Takes one training after the other."""

    def __init__(
        self, store: Store, settings: Settings, name: str, *, command: Sequence[str] = TRAIN, lease_ms: int = LEASE_MS
    ) -> None:
        """command: what trains, before the options of bot.assistant.train."""
        self._store = store
        self._trainings = store.trainings
        self._settings = settings
        self._name = name
        self._command = command
        self._lease_ms = lease_ms
        self._stopping = asyncio.Event()
        self._grouping: asyncio.Task[int] | None = None
        self._group_at_s = 0.0

    def stop(self) -> None:
        """Give what is in hand up, and end."""
        self._stopping.set()

    async def run(self) -> None:
        """Until `stop`. Not until it is cancelled: a cancellation may get lost in Python 3.10, at a time limit."""
        await asyncio.to_thread(_forget_messages, self._settings.var / "trainings")
        try:
            while not self._stopping.is_set():
                try:
                    await self._look()
                except StoreUnavailable:
                    await asyncio.sleep(RETRY_S)
        finally:
            if self._grouping:
                await _ended(self._grouping)
            with suppress(StoreUnavailable):
                await self._trainings.sign_off(self._name)

    async def _look(self) -> None:
        await self._trainings.sign_of_life(self._name)
        training = await self._trainings.take(self._name, lease_ms=self._lease_ms)
        if training:
            await self._do(training)
        else:
            await self._group()
            await self._trainings.wait(ALIVE_EVERY_S)

    async def _group(self) -> None:
        """Begin to group the learning inbox, if that has anything new."""
        is_busy = self._grouping is not None and not self._grouping.done()
        if is_busy or time.monotonic() < self._group_at_s or not await self._store.missed.has_news():
            return
        self._group_at_s = time.monotonic() + GROUP_EVERY_S
        log_file = self._settings.var / "grouping.log"
        run = TrainingProcess().run(GROUP, self._env(), log_file, niceness=NICENESS)
        self._grouping = asyncio.create_task(run)

    async def _do(self, training: Training) -> None:
        """Raises StoreUnavailable; then its lease ends, and it has failed."""
        log.info("training.started", training_id=training.id)
        folder = self._settings.var / "trainings" / training.id
        process = TrainingProcess()
        work = asyncio.create_task(self._train(training, folder, process))
        others: list[asyncio.Task[Any]] = [
            asyncio.create_task(self._stay_alive(training, process)),
            asyncio.create_task(self._stopping.wait()),
        ]
        try:
            await asyncio.wait([work, *others], return_when=asyncio.FIRST_COMPLETED)
            if work.done():
                work.result()
        except StoreUnavailable:
            raise
        except (BotError, OSError, ValueError) as exc:
            await self._failed(training, "data" if isinstance(exc, BotError) else "failed", str(exc))
        finally:
            for task in (work, *others):
                await _ended(task)
            await asyncio.to_thread(_tidy_folders, folder.parent)
        if self._stopping.is_set():  # not before its process has ended: another may begin at once
            await self._failed(training, "stopped")

    async def _train(self, training: Training, folder: Path, process: TrainingProcess) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        project, messages, report = folder / "project", folder / "messages.json", folder / "report.json"
        try:
            # In a thread: thousands of examples are seconds of work, and this process must give signs of life.
            snapshot = await asyncio.to_thread(_write, self._settings, project, messages)
            options = ["--project", project, "--messages", messages, "--report", report]
            code = await process.run(
                [*self._command, *map(str, options)], self._env(), folder / "train.log", niceness=NICENESS
            )
        finally:
            messages.unlink(missing_ok=True)  # customers' words
        if code == 0:
            await self._succeeded(training, msgspec.json.decode(report.read_bytes(), type=Report), snapshot)
        else:
            words = process.last_words.removeprefix(COMPLAINT)
            await self._failed(training, "data" if code == EXIT_CONFIG else "failed", words)

    def _env(self) -> dict[str, str]:
        # Threads for NumPy: one processor stays the assistants'.
        return {
            **os.environ,
            "BOT_REDIS_URL": redis_url(self._settings),
            "OPENBLAS_NUM_THREADS": str(max(1, (os.cpu_count() or 1) - 1)),
            "TF_CPP_MIN_LOG_LEVEL": "3",
        }

    async def _stay_alive(self, training: Training, process: TrainingProcess) -> None:
        """Ends when the training is no longer ours: somebody cancelled it."""
        while True:
            with suppress(StoreUnavailable):
                await self._trainings.sign_of_life(self._name)
                if not await self._trainings.go_on(training, process.step, process.percent, lease_ms=self._lease_ms):
                    log.warning("training.failed", training_id=training.id, reason="cancelled")
                    return
            await asyncio.sleep(min(ALIVE_EVERY_S, self._lease_ms / 3000))

    async def _succeeded(self, training: Training, report: Report, snapshot: Snapshot) -> None:
        models = self._store.models
        record = await models.get(report.model)
        await models.register(replace(record, card={**record.card, "topics_changes": snapshot.changes}))
        await models.note_topics(report.model, snapshot.versions)
        if await self._trainings.done(training, report):
            log.info("training.done", training_id=training.id, model=report.model)
            await self._tidy_models()

    async def _failed(self, training: Training, reason: str, detail: str = "") -> None:
        if await self._trainings.failed(training, reason, detail):
            log.error("training.failed", training_id=training.id, reason=reason)

    async def _tidy_models(self) -> None:
        """Files of models that were trained here and never answered: the latest few stay."""
        in_use = {record.name for record in await self._store.models.activated()}
        if experiment := await self._store.experiments.current():
            in_use.add(experiment.model)  # an assistant that starts loads it too
        trained = [one.model for one in await self._trainings.all() if one.state == "done"]
        for name in [name for name in trained if name not in in_use][KEPT_CANDIDATES:]:
            await self._store.models.drop_file(name)
            (self._settings.var / "models" / f"{name}.tar.gz").unlink(missing_ok=True)


def _write(settings: Settings, project: Path, messages: Path) -> Snapshot:
    """What a training reads, to these places. Raises BotError."""

    async def write() -> Snapshot:
        store = await Store(redis_url(settings), settings).open()
        try:
            await write_messages(store, messages)
            return await write_files(store, project, settings.project)
        finally:
            await store.close()

    return asyncio.run(write())


async def _ended(task: asyncio.Task[Any]) -> None:
    """Cancel a task, and wait for its end; its error was told, or nobody asks any more."""
    while not task.done():
        task.cancel()
        await asyncio.wait([task], timeout=2 * STOP_S)


def _forget_messages(folder: Path) -> None:
    """Those that a trainer on this machine left behind."""
    for file in folder.glob("*/messages.json"):
        with suppress(FileNotFoundError):  # another trainer does the same
            if time.time() - file.stat().st_mtime > FORGET_MESSAGES_S:
                file.unlink()


def _tidy_folders(folder: Path) -> None:
    """Of the trainings on this machine the latest stay, each with its log and what it was trained on."""
    found = sorted(folder.iterdir(), key=lambda one: one.stat().st_mtime, reverse=True) if folder.is_dir() else []
    for old in found[KEPT_FOLDERS:]:
        shutil.rmtree(old, ignore_errors=True)
    _forget_messages(folder)


async def serve(settings: Settings, command: Sequence[str] = TRAIN) -> None:
    """Train until SIGTERM or SIGINT."""
    store = Store(redis_url(settings), settings)
    name = f"{socket.gethostname()}-{os.getpid()}-{secrets.token_hex(2)}"
    trainer = Trainer(store, settings, name, command=command)
    for signal_number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(signal_number, trainer.stop)
    log.info("trainer.started", name=name)
    try:
        await trainer.run()
    finally:
        await store.close()


def main(arguments: Sequence[str] = ()) -> int:
    """arguments: what trains, in place of bot.assistant.train."""
    try:
        settings = Settings.load()
        logs.configure(settings.log_format)
        asyncio.run(serve(settings, tuple(arguments) or TRAIN))
    except ConfigError as exc:
        print(f"vraagbaak: {exc}", file=sys.stderr)
        return EXIT_CONFIG
    except BotError as exc:
        print(f"vraagbaak: {exc}", file=sys.stderr)
        return EXIT_FAILED
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
