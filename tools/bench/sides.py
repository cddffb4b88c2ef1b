"""The two sides that are compared, each trained on the project's data and started as its users start it."""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from pathlib import Path

from bot.model import ASSISTANT
from bot.processes import die_with_parent, stop_process
from bot.redis_server import OwnRedis
from bot.settings import Settings
from bot.store import Store
from tools.bench.load import Address, LoadError, RestClient
from tools.bench.messages import ANSWERED, ASKED, HANDED_OVER, Outcome
from tools.bench.webhook import meta

ROOT = Path(__file__).resolve().parents[2]
WEB_PYTHON = ROOT / ".venv" / "bin" / "python"
ASSISTANT_PYTHON = ROOT / ".venv-assistant" / "bin" / "python"
RECOMMENDED = ROOT / "tools" / "compare" / "recommended_rasa.yml"
FULL_EPOCHS = 100  # as in that file
REST_TOKEN = "token-of-the-benchmark"
FIRST_QUESTION = "wat kost terugsturen?"
START_TIMEOUT_S = 300.0
STOP_TIMEOUT_S = 15.0
POLL_S = 0.05
# The button below "Bedoel je ...?"; actions/.
SOMETHING_ELSE = "/nlu_fallback"
NO_LIMIT = "1000000"
REST_ONLY = "rest:\n"
# Long enough that the first message waits for an assistant that still starts, instead of going to a human.
TURN_TIMEOUT_S = "120"


class Side:
    """A program that answers on Rasa's REST channel, in one or more processes of ours."""

    def __init__(self, name: str, folder: Path, environ: Mapping[str, str], address: Address) -> None:
        self.name = name
        self.address = address
        self.folder = folder
        self.environ = dict(environ)
        self.training: dict[str, float] = {}
        self._processes: list[tuple[str, subprocess.Popen[bytes]]] = []
        self._started_s = 0.0

    def pids(self) -> dict[str, list[int]]:
        """Its processes by part: `web`, `assistant`, ..."""
        found: dict[str, list[int]] = {}
        for part, process in self._processes:
            found.setdefault(part, []).append(process.pid)
        return found

    def all_pids(self) -> list[int]:
        return [pid for pids in self.pids().values() for pid in pids]

    def wait_for_answer(self) -> float:
        """Seconds from the first process's start to the first answer. Raises RuntimeError, with what it said."""
        deadline_s = time.monotonic() + START_TIMEOUT_S
        while time.monotonic() < deadline_s and self.all_run():
            with contextlib.suppress(OSError, LoadError, asyncio.IncompleteReadError):
                if asyncio.run(self._is_answered(f"first-{time.monotonic_ns()}")):
                    return time.monotonic() - self._started_s
            time.sleep(POLL_S)
        raise RuntimeError(f"{self.name} did not start:\n{self._said()}")

    def stop(self) -> None:
        while self._processes:
            stop_process(self._processes.pop()[1], timeout_s=STOP_TIMEOUT_S)

    def train_with(self, *command: str | Path) -> str:
        """What it said. Raises RuntimeError, with what it said, if it fails."""
        started_s = time.monotonic()
        done = subprocess.run(command, cwd=ROOT, env=self.environ, capture_output=True, text=True)
        if done.returncode != 0:
            raise RuntimeError(f"training {self.name} failed:\n{done.stdout[-3000:]}{done.stderr[-3000:]}")
        self.training["s"] = time.monotonic() - started_s
        return done.stdout + done.stderr

    def _start(self, part: str, *command: str | Path) -> None:
        """Start one process, with its output in a file."""
        if not self._processes:
            self._started_s = time.monotonic()
        with (self.folder / f"{self.name}-{part}.log").open("ab") as log:
            process = subprocess.Popen(
                command,
                cwd=ROOT,
                env=self.environ,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                preexec_fn=die_with_parent(signal.SIGKILL),
            )
        self._processes.append((part, process))

    def all_run(self) -> bool:
        return all(process.poll() is None for _, process in self._processes)

    async def _is_answered(self, sender: str) -> bool:
        async with RestClient(self.address) as client:
            return bool(await asyncio.wait_for(client.ask(sender, FIRST_QUESTION), START_TIMEOUT_S))

    def _said(self) -> str:
        return "".join(path.read_text(errors="replace")[-3000:] for path in self.folder.glob(f"{self.name}-*.log"))


class Vraagbaak(Side):
    """Ours: web, assistants, and a Redis with its append-only file on."""

    def __init__(self, folder: Path, redis: OwnRedis) -> None:
        port = free_port()
        environ = {
            **{name: value for name, value in os.environ.items() if not name.startswith("BOT_")},
            "BOT_ENV_FILE": os.devnull,
            "BOT_VAR": str(folder),
            "BOT_REDIS_URL": redis.url,
            "BOT_PORT": str(port),
            "BOT_REST_TOKEN": REST_TOKEN,
            "BOT_TURN_TIMEOUT_S": TURN_TIMEOUT_S,
            "BOT_MESSAGES_PER_MINUTE": NO_LIMIT,
            "BOT_CONVERSATIONS_PER_MINUTE": NO_LIMIT,
            "BOT_LOG_FORMAT": "json",
        }
        super().__init__("vraagbaak", folder, environ, Address(port, REST_TOKEN, hands_over=True))
        self._redis = redis

    def store(self) -> AbstractAsyncContextManager[Store]:
        """`async with side.store() as store`."""
        return opened(self._redis.url)

    def turn_on_messenger(self, graph_url: str) -> None:
        """Before it starts: with the stand-in for Meta at this address."""
        self.environ |= meta.settings(graph_url)

    def train(self) -> None:
        # Whether the model is good enough to answer is not what is measured here.
        self.train_with(ASSISTANT_PYTHON, "-m", "bot.assistant.train", "--override", "make bench")

    def start(self, assistants: int = 1) -> float:
        """Seconds from the start to the first answer."""
        for _ in range(assistants):
            self._start("assistant", ASSISTANT_PYTHON, "-m", "bot.assistant")
        self._start("web", WEB_PYTHON, "-m", "bot.web")
        took_s = self.wait_for_answer()
        self._wait_for_assistants(assistants)
        return took_s

    def add_assistants(self, total: int) -> None:
        """Start more, so that there are `total`, and wait until they work."""
        for _ in range(total - len(self.pids()["assistant"])):
            self._start("assistant", ASSISTANT_PYTHON, "-m", "bot.assistant")
        self._wait_for_assistants(total)

    def pids(self) -> dict[str, list[int]]:
        return {**super().pids(), "redis": [self._redis.pid]}

    def _wait_for_assistants(self, count: int) -> None:
        deadline_s = time.monotonic() + START_TIMEOUT_S
        while asyncio.run(self._alive()) < count:
            if time.monotonic() > deadline_s or not self.all_run():
                raise RuntimeError(f"{self.name} has no {count} assistants:\n{self._said()}")
            time.sleep(POLL_S)

    async def _is_answered(self, sender: str) -> bool:
        """That a human will answer, because no assistant runs yet, is no answer."""
        return await super()._is_answered(sender) and await self.outcomes([sender]) != [HANDED_OVER]

    async def _alive(self) -> int:
        async with self.store() as store:
            return len(await store.work.alive())

    async def outcomes(self, senders: Sequence[str]) -> list[Outcome]:
        """What the assistant did with the last message of each sender of the REST channel."""
        async with self.store() as store:
            return [await outcome(store, sender) for sender in senders]


class PlainRasa(Side):
    """`rasa run` with Rasa's recommended configuration, in-memory tracker, and its action server beside it."""

    def __init__(self, folder: Path, epochs: int) -> None:
        """epochs: fewer than FULL_EPOCHS train shorter; a message costs the same."""
        port, self._action_port = free_port(), free_port()
        environ = {
            **os.environ,
            "RASA_TELEMETRY_ENABLED": "false",
            "TF_CPP_MIN_LOG_LEVEL": "3",
            "PYTHONPATH": str(ROOT),
        }
        super().__init__("rasa", folder, environ, Address(port))
        self._epochs = epochs
        self._project = folder / "plain"
        shutil.copytree(ROOT / "data", self._project / "data")
        shutil.copy(ROOT / "domain.yml", self._project)
        self._write("config.yml", configuration(RECOMMENDED.read_text(encoding="utf-8"), epochs))
        self._write("credentials.yml", REST_ONLY)
        self._write("endpoints.yml", f"action_endpoint:\n  url: http://localhost:{self._action_port}/webhook\n")

    def train(self) -> None:
        project = self._project
        files = ("--domain", project / "domain.yml", "--config", project / "config.yml", "--data", project / "data")
        said = self.train_with(*_RASA, "train", *files, "--force", "--out", project / "models")
        self.training |= {"epochs": self._epochs, "epoch_s": seconds_per_epoch(said)}

    def start(self) -> float:
        """Seconds from the start to the first answer."""
        project = self._project
        self._start("actions", *_RASA, "run", "actions", "--actions", "actions", "--port", str(self._action_port))
        self._start(
            "rasa",
            *(*_RASA, "run", "--model", project / "models", "--port", str(self.address.port)),
            *("--endpoints", project / "endpoints.yml", "--credentials", project / "credentials.yml", "--enable-api"),
        )
        return self.wait_for_answer()

    def turn_on_messenger(self, graph_url: str) -> None:
        """Before it starts: Rasa's own Facebook channel, with the stand-in for Meta at this address."""
        keys = {
            "verify": meta.VERIFY_TOKEN,
            "secret": meta.APP_SECRET,
            "page-access-token": meta.token_of(meta.THEIR_PAGE),
            "graph-url": graph_url,
        }
        lines = "".join(f"  {name}: {value}\n" for name, value in keys.items())
        self._write("credentials.yml", f"{REST_ONLY}tools.bench.webhook.rasa_channel.Facebook:\n{lines}")

    def _write(self, name: str, text: str) -> None:
        (self._project / name).write_text(text, encoding="utf-8")


_RASA = (ASSISTANT_PYTHON, "-m", "rasa")


def seconds_per_epoch(said: str) -> float:
    """As the progress bar of DIET, the only part of it that learns from examples in epochs, said at its end."""
    bars = re.findall(r"Epochs: 100%.*? (\d+)/\1 \[(?:(\d+):)?(\d+):(\d+)<", said)
    if not bars:
        raise RuntimeError("Rasa's progress bar of epochs was not found")
    epochs, hours, minutes, seconds = (int(part or 0) for part in bars[0])
    return (3600 * hours + 60 * minutes + seconds) / epochs


def configuration(recommended: str, epochs: int) -> str:
    """Rasa's recommended configuration for the bench.

    A model that was trained so short is never sure, and would hand every message over: a request more, to the
    action server. Without a threshold it answers everything, which is the cheapest that plain Rasa can do.
    """
    if epochs >= FULL_EPOCHS:
        return recommended
    shorter = recommended.replace(f"epochs: {FULL_EPOCHS}", f"epochs: {epochs}")
    return re.sub(r"( *)threshold: .*", r"\1threshold: 0.0\n\1ambiguity_threshold: 0.0", shorter)


async def outcome(store: Store, sender: str) -> Outcome:
    """What the assistant did with the last message of a sender of the REST channel."""
    conversation_id = f"rest-{sender}"
    if (await store.conversations.get(conversation_id)).owner != ASSISTANT:
        return HANDED_OVER
    last = await store.conversations.latest_messages(conversation_id, 1)
    return ASKED if any(button.payload == SOMETHING_ELSE for said in last for button in said.buttons) else ANSWERED


@contextlib.asynccontextmanager
async def opened(redis_url: str) -> AsyncIterator[Store]:
    store = await Store(redis_url, Settings()).open()
    try:
        yield store
    finally:
        await store.close()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
