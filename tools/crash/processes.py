"""The installation that is tried: Redis, some web processes and some assistants, each of which can be killed."""

from __future__ import annotations

import asyncio
import hashlib
import os
import re
import signal
import socket
import subprocess
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bot.launch import Programs
from bot.model import ModelRecord
from bot.processes import how_it_ended, kill_group, start_process, stop_process
from bot.redis_server import OwnRedis
from bot.settings import Settings, setting_name
from bot.store import Store
from tools.trained_model import ROOT, trained_model

REST_TOKEN = "rest-token-of-the-crash-test"
API_TOKEN = "api-token-of-the-crash-test"
# A machine that is busy with something else gives an assistant a fraction of a core.
START_TIMEOUT_S = 180.0
STOP_TIMEOUT_S = 15.0
# As a supervisor does with a process that ended by itself.
START_AGAIN_AFTER_S = 1.0
POLL_S = 0.05
# Logged only when something went wrong that is our own mistake, Redis or no Redis.
MISTAKES = ("request.failed", "rescue.failed", "live.failed")
# bot.processes.start_process, or what stands in its place.
Start = Callable[..., "subprocess.Popen[bytes]"]
# What a process logs when it is ready for work.
_READY = {"web": b'"web.started"', "assistant": b'"model.loaded"'}

_EVENT = re.compile(r'^{.*"event": "([a-z._]+)"')


class Program:
    """One process of web or assistant."""

    def __init__(
        self,
        kind: str,
        name: str,
        command: Sequence[str],
        environ: Mapping[str, str],
        log: Path,
        start: Start = start_process,
    ) -> None:
        """kind: web or assistant. log: file for its output, which is kept over restarts."""
        self.kind = kind
        self.name = name
        self.log = log
        # Somebody here is ending it on purpose, and will start it again.
        self.in_hand = False
        self._command = command
        self._environ = environ
        self._start = start
        self._process: subprocess.Popen[bytes] | None = None
        self._log_start = 0
        self._ready = False

    @property
    def pid(self) -> int | None:
        return self._process.pid if self._process else None

    @property
    def is_running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    @property
    def is_up(self) -> bool:
        return self.is_running and self.was_up

    @property
    def was_up(self) -> bool:
        """Whether it has said, since its start, that it is ready; it may have ended after that."""
        if not self._ready:
            with self.log.open("rb") as log:
                log.seek(self._log_start)
                self._ready = _READY[self.kind] in log.read()
        return self._ready

    def start(self) -> None:
        with self.log.open("ab") as log:
            self._log_start, self._ready = log.tell(), False
            self._process = self._start(self._command, self._environ, output=log)

    def kill(self) -> None:
        """SIGKILL: it can't do anything about it."""
        process, self._process = self._process, None
        if process:
            kill_group(process)
            process.wait()

    def terminate(self) -> None:
        """SIGTERM: it is asked to stop, and goes on until it has."""
        self._signal(signal.SIGTERM)

    def hang(self) -> None:
        """SIGSTOP: it is there, and does nothing."""
        self._signal(signal.SIGSTOP)

    def go_on(self) -> None:
        self._signal(signal.SIGCONT)

    def stop(self) -> None:
        process, self._process = self._process, None
        if process:
            stop_process(process, timeout_s=STOP_TIMEOUT_S)

    def ended(self) -> str:
        """How it ended, if it did so by itself or by `terminate`; else an empty string."""
        if self._process is None or self._process.poll() is None:
            return ""
        return how_it_ended(self._process)

    def last_words(self, size: int = 3000) -> str:
        return self.log.read_text(errors="replace")[-size:] if self.log.exists() else ""

    def events(self) -> Iterator[str]:
        """The names of the log events; plain lines are those of libraries."""
        for line in self.log.read_text(errors="replace").splitlines():
            if match := _EVENT.search(line):
                yield match[1]

    def _signal(self, number: signal.Signals) -> None:
        if self._process and self._process.poll() is None:
            self._process.send_signal(number)


@dataclass(frozen=True)
class Ended:
    """A process that nobody here ended. One that can't start while Redis is away may do so."""

    name: str
    how: str
    was_up: bool


class Installation:
    """Everything that runs, in one folder, with ports and a Redis of its own."""

    def __init__(
        self,
        folder: Path,
        *,
        webs: int,
        assistants: int,
        fsync: str = "everysec",
        graph_urls: Sequence[str] = (),
        start: Start = start_process,
        **settings: Any,
    ) -> None:
        """settings: of bot.settings, beside those that a test of this kind needs. graph_urls: one for each web.

        start: how a process is made of a command; the children of a quicker way must die with us too.
        """
        self.folder = folder
        self._start = start
        self.redis = OwnRedis(folder, fsync=fsync)
        given = {
            "var": folder,
            "redis_url": self.redis.url,
            "rest_token": REST_TOKEN,
            "api_token": API_TOKEN,
            "log_format": "json",
            # The limits are for people; what is tried here is what lies behind them.
            "messages_per_minute": 6_000,
            "conversations_per_minute": 6_000,
            **settings,
        }
        environ = {setting_name(name): str(value) for name, value in given.items()}
        self.settings = Settings.load(environ, env_file=Path(os.devnull))
        self._environ = {
            **{name: value for name, value in os.environ.items() if not name.startswith("BOT_")},
            **environ,
            "BOT_ENV_FILE": os.devnull,
            "TF_CPP_MIN_LOG_LEVEL": "3",
        }
        ports = [_free_port() for _ in range(webs)]
        self.urls = [f"http://127.0.0.1:{port}" for port in ports]
        programs = Programs()
        environs = [{"BOT_PORT": str(port)} for port in ports]
        for environ, url in zip(environs, graph_urls, strict=False):
            environ["BOT_GRAPH_URL"] = url
        self.webs = [self._program("web", n, programs.web, **environ) for n, environ in enumerate(environs)]
        self.assistants = [self._program("assistant", n, programs.assistant) for n in range(assistants)]
        self.ended: list[Ended] = []

    @property
    def programs(self) -> list[Program]:
        return [*self.webs, *self.assistants]

    async def start(self) -> None:
        """Train the model if that is needed, start everything, and return when all of it is up."""
        model = trained_model()
        self.redis.start()
        await self._activate(model)
        for program in self.programs:
            program.start()
        deadline = time.monotonic() + START_TIMEOUT_S
        while not all(program.is_up for program in self.programs):
            for program in self.programs:
                if program.ended() or time.monotonic() > deadline:
                    raise RuntimeError(f"{program.name} did not start:\n{program.last_words()}")
            await asyncio.sleep(POLL_S)

    async def watch(self) -> None:
        """Start again what ends by itself, for ever, as a supervisor does."""
        while True:
            for program in self.programs:
                if not program.in_hand and (how := program.ended()):
                    self.ended.append(Ended(program.name, how, program.was_up))
                    await asyncio.sleep(START_AGAIN_AFTER_S)
                    program.start()
            await asyncio.sleep(POLL_S)

    def events(self) -> Counter[str]:
        """How often each log event was logged."""
        return Counter(event for program in self.programs for event in program.events())

    def stop(self) -> None:
        """Stop everything; nothing stays behind."""
        for program in self.programs:
            program.go_on()
            program.terminate()
        for program in self.programs:
            program.stop()
        self.redis.stop()

    def kill_redis(self) -> None:
        if self.redis.is_ours:
            os.kill(self.redis.pid, signal.SIGKILL)

    async def _activate(self, model: Path) -> None:
        store = await Store(self.redis.url, self.settings).open()
        try:
            digest = hashlib.sha256(model.read_bytes()).hexdigest()
            record = ModelRecord(model.name.removesuffix(".tar.gz"), str(model), digest, int(time.time() * 1000))
            await store.models.register(record)
            await store.models.activate(record.name)
        finally:
            await store.close()

    def _program(self, kind: str, number: int, command: Sequence[str], **environ: str) -> Program:
        name = f"{kind}-{number}"
        log = self.folder / f"{name}.log"
        return Program(kind, name, command, {**self._environ, **environ}, log, self._start)


async def until(check: Callable[[], bool], *, timeout_s: float) -> bool:
    """Wait until `check` is true; whether it became so in time."""
    deadline = time.monotonic() + timeout_s
    while not check():
        if time.monotonic() > deadline:
            return False
        await asyncio.sleep(POLL_S)
    return True


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


__all__ = ["ROOT", "Installation", "Program", "until"]
