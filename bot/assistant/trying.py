"""`python -m bot.assistant.trying`: tries editors' messages with models that are not live, and ends when it is idle.

An assistant starts it when somebody asks for another model. In a process of its own, so that no assistant holds a
second model for that, or answers later.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import time
from contextlib import suppress
from typing import TYPE_CHECKING

import structlog

from bot import logs
from bot.answers import Answers
from bot.assistant.live_model import LiveModel
from bot.assistant.rasa_import import import_rasa
from bot.assistant.trials import Trier
from bot.assistant.worker import Worker
from bot.errors import BotError, ModelError, StoreUnavailable
from bot.model import ModelRecord
from bot.processes import start_process, stop_process
from bot.redis_server import redis_url
from bot.settings import Settings
from bot.store import Store
from bot.store.trials import Trial, Tried

if TYPE_CHECKING:  # imports Rasa, which takes seconds
    import subprocess

    from bot.assistant.rasa_agent import RasaAgent

log = structlog.get_logger()

IDLE_S = 300.0
LOOK_EVERY_S = 0.3
STOP_S = 1.0
# Customers' messages go first, also for the processor.
NICER = 10


class OtherModel(LiveModel):
    """The model that was asked for last, in the place of the live one."""

    async def change_to(self, record: ModelRecord) -> RasaAgent:
        """Raises ModelError, StoreUnavailable, or whatever goes wrong in its first turns."""
        from bot.assistant.rasa_agent import settle

        if self._agent is None or self._record != record:
            self._agent = self._record = None
            self._agent, self._record = await self.load_beside(record), record
            await settle()
        return self.agent


class Helper:
    """Answers what waits for other models."""

    def __init__(self, store: Store, settings: Settings) -> None:
        self._store = store
        self._model = OtherModel(store, folder=settings.var / "models", url=settings.model_url)
        answers = Answers(store.templates, settings, store.departments, store.editing_rules)
        worker = Worker(store, answers, self._model, "trying", turn_timeout_s=settings.turn_timeout_s)
        self._trier = Trier(store, "other", worker.decide_live)

    async def run(self, idle_s: float = IDLE_S) -> None:
        """Until nobody has asked for anything for `idle_s`. Raises StoreUnavailable."""
        busy_s = time.monotonic()
        while time.monotonic() - busy_s < idle_s:
            await self._store.trials.helper_is_here()
            if trial := await self._store.trials.next("other"):
                await self._answer(trial)
                busy_s = time.monotonic()
            else:
                await asyncio.sleep(LOOK_EVERY_S)
        await self._store.trials.helper_stops()

    async def _answer(self, trial: Trial) -> None:
        records = {record.name: record for record in await self._store.models.all()}
        try:
            if trial.other not in records:
                raise ModelError(f"no model {trial.other!r}")
            agent = await self._model.change_to(records[trial.other])
        except StoreUnavailable:
            raise
        except Exception as exc:  # it loads, but its first turn fails
            log.error("trial.refused", model=trial.other, reason=logs.described(exc))
            await self._store.trials.answer(trial, "other", Tried(trial.other, problem="refused"))
            return
        async for _ in self._trier.steps(trial, agent, trial.other):
            pass


class HelperStarter:
    """An assistant's side: starts the helper when it is wanted."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._process: subprocess.Popen[bytes] | None = None

    async def run(self) -> None:
        """For ever."""
        while True:
            with suppress(StoreUnavailable):  # the next look will do
                await self.look()
            await asyncio.sleep(LOOK_EVERY_S)

    async def look(self) -> None:
        """Start one if somebody waits for another model and none runs, on any machine. Raises StoreUnavailable."""
        if self._process is not None and self._process.poll() is not None:
            self._process = None
        if await self._store.trials.wants_helper():
            self._process = start_process([sys.executable, "-m", "bot.assistant.trying"], os.environ)
            log.info("trial.helper_started", pid=self._process.pid)

    async def close(self) -> None:
        """Stop the one that was started here; another assistant may start one at once."""
        if self._process is not None and self._process.poll() is None:
            await asyncio.to_thread(stop_process, self._process, timeout_s=STOP_S)
            with suppress(StoreUnavailable):
                await self._store.trials.helper_stops()


async def serve(settings: Settings) -> None:
    import_rasa(settings.project)
    store = await Store(redis_url(settings), settings).open()
    serving = asyncio.create_task(Helper(store, settings).run())
    for signal_number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(signal_number, serving.cancel)
    try:
        with suppress(asyncio.CancelledError):
            await serving
    finally:
        await store.close()


def main() -> int:
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # as in bot.assistant
    os.nice(NICER)
    try:
        settings = Settings.load()
        logs.configure(settings.log_format)
        asyncio.run(serve(settings))
    except BotError as exc:
        print(f"vraagbaak: {exc}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
