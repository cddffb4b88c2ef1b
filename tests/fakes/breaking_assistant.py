"""A real assistant process whose model breaks as the message says.

Everything is the product's own but the model: worker, watchdog, settings, signals.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from bot import logs
from bot.answers import Answers
from bot.assistant.live_model import LiveModel
from bot.assistant.turn import TurnResult, Utterance
from bot.assistant.worker import Worker
from bot.model import Nlu
from bot.settings import Settings
from bot.store import Store
from tests.forked import ForkedProcess, Starter, fork_when_asked

_STARTER = Starter("tests.fakes.breaking_assistant")


def start_breaking_assistant(name: str, environ: Mapping[str, str], log: Path) -> ForkedProcess:
    """Its output is appended to `log`."""
    return _STARTER.start(environ, log, [name])


class BreakingAgent:
    """Stands where RasaAgent stands."""

    async def turn(self, conversation_id: str, text: str, payload: str, dialogue: str) -> TurnResult:
        if text == "crasht":
            os.kill(os.getpid(), signal.SIGKILL)
        while text == "hangt":  # the event loop stands still
            pass
        if text == "duurt even":
            await asyncio.sleep(0.5)
        return TurnResult("[]", Nlu("answer", "groet", 1.0), [Utterance(text=f"antwoord op {text}")])


class BreakingModel(LiveModel):
    async def start(self) -> None:
        self._agent: Any = BreakingAgent()

    async def follow(self) -> None:
        await asyncio.Event().wait()


def main() -> int:
    asyncio.run(work(sys.argv[1]))
    return 0


async def work(name: str) -> None:
    settings = Settings.load()
    logs.configure("json")
    store = await Store(settings.redis_url, settings).open()
    model = BreakingModel(store, folder=Path("/nonexistent"))
    answers = Answers(store.templates, settings, store.departments, store.editing_rules)
    worker = Worker(store, answers, model, name, turn_timeout_s=settings.turn_timeout_s)
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, worker.stop)
    try:
        await worker.run()
    finally:
        await store.close()


if __name__ == "__main__":
    fork_when_asked(main)
