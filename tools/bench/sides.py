"""The two sides that are compared, each trained on the project's data and started as its users start it."""

from __future__ import annotations

import http.client
import json
import os
import shutil
import signal
import socket
import subprocess
import time
from dataclasses import dataclass, field
from pathlib import Path

from bot.redis_server import OwnRedis

ROOT = Path(__file__).resolve().parents[2]
WEB_PYTHON = ROOT / ".venv" / "bin" / "python"
ASSISTANT_PYTHON = ROOT / ".venv-assistant" / "bin" / "python"
PLAIN_CONFIG = Path(__file__).parent / "plain_rasa.yml"
REST_TOKEN = "token-of-the-benchmark"
START_TIMEOUT_S = 180.0


@dataclass
class Side:
    """One program that answers on Rasa's REST channel."""

    name: str
    folder: Path
    environ: dict[str, str]
    port: int = 0
    train_s: float = 0.0
    processes: list[subprocess.Popen[bytes]] = field(default_factory=list)
    connection: http.client.HTTPConnection | None = None

    def start(self, *command: str | Path) -> None:
        """Start one of its processes, with its output in a file."""
        log = (self.folder / f"{self.name}-{len(self.processes)}.log").open("wb")
        self.processes.append(
            subprocess.Popen([str(part) for part in command], cwd=ROOT, env=self.environ, stdout=log, stderr=log)
        )

    def ask(self, sender: str, text: str) -> tuple[float, list[dict[str, str]]]:
        """Seconds that a message took over a connection that stays open, and the replies."""
        body = json.dumps({"sender": sender, "message": text})
        headers = {"Authorization": f"Bearer {REST_TOKEN}", "Content-Type": "application/json"}
        if self.connection is None:
            self.connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        started = time.perf_counter()
        self.connection.request("POST", "/webhooks/rest/webhook", body, headers)
        response = self.connection.getresponse()
        replies = json.loads(response.read())
        took_s = time.perf_counter() - started
        if response.status != 200:
            raise RuntimeError(f"{self.name} answered {response.status}: {replies}")
        return took_s, replies

    def wait_until_it_answers(self) -> None:
        """Raises RuntimeError, with what it said, if it doesn't."""
        deadline = time.monotonic() + START_TIMEOUT_S
        while time.monotonic() < deadline:
            if any(process.poll() is not None for process in self.processes):
                break
            try:
                if self.ask("first", "wat kost terugsturen?")[1]:
                    return
            except (OSError, http.client.HTTPException, RuntimeError, ValueError):
                self.connection = None
            time.sleep(0.5)
        said = "".join(path.read_text(errors="replace")[-3000:] for path in self.folder.glob(f"{self.name}-*.log"))
        raise RuntimeError(f"{self.name} did not start:\n{said}")

    def memory_mb(self) -> float:
        """Resident memory of its processes."""
        pages = sum(int(Path(f"/proc/{p.pid}/statm").read_text().split()[1]) for p in self.processes)
        return pages * os.sysconf("SC_PAGE_SIZE") / 1e6

    def stop(self) -> None:
        for process in reversed(self.processes):
            process.send_signal(signal.SIGTERM)
        for process in self.processes:
            try:
                process.wait(timeout=15)
            except subprocess.TimeoutExpired:
                process.kill()


def vraagbaak(folder: Path, redis: OwnRedis) -> Side:
    """Ours: web, assistant and a Redis with its append-only file on, trained by `bot.assistant.train`."""
    port = free_port()
    environ = {
        **{name: value for name, value in os.environ.items() if not name.startswith("BOT_")},
        "BOT_ENV_FILE": os.devnull,
        "BOT_VAR": str(folder),
        "BOT_REDIS_URL": redis.url,
        "BOT_PORT": str(port),
        "BOT_REST_TOKEN": REST_TOKEN,
        "BOT_LOG_FORMAT": "json",
    }
    side = Side("vraagbaak", folder, environ, port)
    side.train_s = _train(side, ASSISTANT_PYTHON, "-m", "bot.assistant.train")
    side.start(ASSISTANT_PYTHON, "-m", "bot.assistant")
    side.start(WEB_PYTHON, "-m", "bot.web")
    return side


def plain_rasa(folder: Path) -> Side:
    """`rasa run` with Rasa's default configuration, in-memory tracker, and its action server beside it."""
    project = folder / "plain"
    shutil.copytree(ROOT / "data", project / "data")
    shutil.copy(ROOT / "domain.yml", project)
    shutil.copy(PLAIN_CONFIG, project / "config.yml")
    (project / "credentials.yml").write_text("rest:\n")
    action_port, port = free_port(), free_port()
    (project / "endpoints.yml").write_text(f"action_endpoint:\n  url: http://localhost:{action_port}/webhook\n")
    environ = {**os.environ, "RASA_TELEMETRY_ENABLED": "false", "TF_CPP_MIN_LOG_LEVEL": "3", "PYTHONPATH": str(ROOT)}
    side = Side("rasa", folder, environ, port)
    rasa = (ASSISTANT_PYTHON, "-m", "rasa")
    files = ("--domain", project / "domain.yml", "--config", project / "config.yml", "--data", project / "data")
    side.train_s = _train(side, *rasa, "train", *files, "--force", "--out", project / "models")
    side.start(*rasa, "run", "actions", "--actions", "actions", "--port", str(action_port))
    side.start(
        *(*rasa, "run", "--model", project / "models", "--port", str(port)),
        *("--endpoints", project / "endpoints.yml", "--credentials", project / "credentials.yml"),
    )
    return side


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _train(side: Side, *command: str | Path) -> float:
    """Seconds. Raises RuntimeError, with what it said, if it fails."""
    started = time.monotonic()
    done = subprocess.run([str(part) for part in command], cwd=ROOT, env=side.environ, capture_output=True, text=True)
    if done.returncode != 0:
        raise RuntimeError(f"training {side.name} failed:\n{done.stdout[-3000:]}{done.stderr[-3000:]}")
    return time.monotonic() - started
