"""`make run`: starts Redis, the assistant, the trainer and the web server together, and stops them together.

Read `launch` first: it is the whole story. Nothing that is started here outlives this process, however it ends.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import fcntl
import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from bot.errors import EXIT_CONFIG, BotError, ConfigError
from bot.processes import BackOff, Child, how_it_ended, start_process, stop_process
from bot.redis_server import OwnRedis
from bot.settings import Settings
from bot.store import Store
from bot.store.accounts import FirstLogin, ensure_first_login

ROOT = Path(__file__).resolve().parents[1]
STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)  # Ctrl-C, `kill`, a closed terminal
POLL_S = 0.1
REDIS_CHECK_S = 1.0
STILL_STARTING_S = 10.0
STILL_TRAINING_S = 15.0
# Longer than the web server's own limit for finishing requests (5 s), so that it normally isn't killed.
STOP_TIMEOUT_S = 8.0


@dataclass(frozen=True)
class Programs:
    """The command lines of what is started, each in its own environment."""

    web: tuple[str, ...] = (sys.executable, "-m", "bot.web")
    assistant: tuple[str, ...] = (f"{ROOT}/.venv-assistant/bin/python", "-m", "bot.assistant")
    train: tuple[str, ...] = (f"{ROOT}/.venv-assistant/bin/python", "-m", "bot.assistant.train")
    trainer: tuple[str, ...] = (f"{ROOT}/.venv-assistant/bin/python", "-m", "bot.assistant.trainer")


def main(programs: Programs) -> int:
    """Returns the process's exit code: 0 after Ctrl-C, 78 when a setting is wrong, 1 for another failure."""
    try:
        with _stopped_by_signals():
            launch(Settings.load(), programs)
    except BotError as exc:
        say(f"Vraagbaak does not run: {exc}")
        return EXIT_CONFIG if isinstance(exc, ConfigError) else 1
    say("Vraagbaak has stopped.")
    return 0


def launch(settings: Settings, programs: Programs) -> None:
    """Start everything, say where it is, and keep it running until a signal comes. Raises BotError."""
    started = time.monotonic()
    check_port_is_free(settings)
    with contextlib.ExitStack() as stack:  # what was started last is stopped first
        stack.enter_context(_only_launch_of(settings.var))
        redis = _start_redis(settings, stack)
        url = redis.url if redis else settings.redis_url
        env = {**os.environ, "BOT_REDIS_URL": url}
        reason = asyncio.run(_why_train(settings, url))
        if reason:
            _train(programs, env, reason)
        first_login = asyncio.run(_first_login(settings, url))
        assistants = [_start("assistant", programs.assistant, env, stack) for _ in range(settings.assistants)]
        trainers = [_start("trainer", programs.trainer, env, stack)] if settings.trainer == "on" else []
        web = _start("web", programs.web, env, stack)
        supervisor = Supervisor([web, *assistants, *trainers], redis)
        _wait_until_ready(settings, supervisor)
        say(_welcome(settings, first_login, time.monotonic() - started))
        while True:
            supervisor.watch()
            time.sleep(POLL_S)


def say(text: str) -> None:
    print(text, flush=True)


class Supervisor:
    """Looks after what runs: call `watch` a few times a second."""

    def __init__(self, children: list[Child], redis: OwnRedis | None) -> None:
        self._children = children
        self._redis = redis
        self._redis_back_off = BackOff()
        self._next_redis_check_s = 0.0

    def watch(self) -> None:
        """Start again what has ended. Raises ConfigError if a child says that a setting is wrong."""
        for child in self._children:
            child.watch()
        if self._redis and time.monotonic() >= self._next_redis_check_s:
            self._next_redis_check_s = time.monotonic() + self._watch_redis(self._redis)

    def _watch_redis(self, redis: OwnRedis) -> float:
        """Returns after how many seconds to look again.

        Redis may be gone although it didn't crash: one that was started by `make train` stops when that is done.
        """
        if redis.is_running():
            self._redis_back_off.reset()
            return REDIS_CHECK_S
        say("Redis does not answer; starting it again.")
        try:
            redis.start()
        except ConfigError as exc:
            say(f"That did not work: {exc}")
            return self._redis_back_off.next_s()
        return REDIS_CHECK_S


@contextlib.contextmanager
def _stopped_by_signals() -> Iterator[None]:
    """Leave the block, running its clean-up, at the first signal; further ones don't disturb the clean-up."""

    class Stopped(BaseException):
        pass

    def stop(number: int, frame: object) -> None:
        for other in STOP_SIGNALS:
            signal.signal(other, _already_stopping)
        say("Stopping ...")
        raise Stopped

    for number in STOP_SIGNALS:
        signal.signal(number, stop)
    with contextlib.suppress(Stopped):
        yield


def _already_stopping(number: int, frame: object) -> None:
    say("Already stopping; this takes a few seconds.")


@contextlib.contextmanager
def _only_launch_of(var: Path) -> Iterator[None]:
    """Hold `var` for this launch. The lock ends with the process, so nothing stale stays behind."""
    try:
        var.mkdir(parents=True, exist_ok=True)
        lock = (var / "launch.lock").open("a")
    except OSError as exc:
        raise ConfigError(f"BOT_VAR is {var}, and it cannot be written ({exc.strerror})") from exc
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as exc:
            raise ConfigError(
                f"another Vraagbaak uses the folder {var.absolute()}. Stop that one, or give this one a folder "
                "of its own with BOT_VAR (and a port with BOT_PORT)"
            ) from exc
        yield


def check_port_is_free(settings: Settings) -> None:
    """Raises ConfigError, saying who has the port and what to change."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            settings.host or None, settings.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        with socket.socket(family, kind, protocol) as server:
            server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            server.bind(address)
    except socket.gaierror as exc:
        raise ConfigError(
            f"BOT_HOST is {settings.host!r}, expected an address of this machine such as 127.0.0.1"
        ) from exc
    except OSError as exc:
        raise ConfigError(_why_not_bound(settings, exc)) from exc


def _why_not_bound(settings: Settings, exc: OSError) -> str:
    if exc.errno == errno.EADDRINUSE and "assistant" in _health(settings):
        return f"it already runs at {_address(settings)}/demo. For a second one beside it, set BOT_PORT and BOT_VAR"
    if exc.errno == errno.EADDRINUSE:
        return (
            f"another program uses port {settings.port}. Stop it, or choose another port: "
            f"BOT_PORT={settings.port + 1} make run"
        )
    if exc.errno == errno.EACCES:
        return f"BOT_PORT is {settings.port}, and ports below 1024 are for root. Choose another, such as BOT_PORT=8080"
    return f"BOT_HOST is {settings.host!r}, and this machine cannot listen there ({exc.strerror})"


def _start_redis(settings: Settings, stack: contextlib.ExitStack) -> OwnRedis | None:
    if settings.redis_url:
        return None
    redis = OwnRedis(settings.var, fsync=settings.redis_fsync, say=say)
    stack.callback(redis.stop)  # before it starts: a signal may come in between
    redis.start()
    return redis


@contextlib.asynccontextmanager
async def _store(settings: Settings, url: str) -> AsyncIterator[Store]:
    store = Store(url, settings)
    try:
        yield await store.open()
    finally:
        await store.close()


async def _why_train(settings: Settings, url: str) -> str:
    """Why a model has to be trained before we can start; empty if there is one."""
    async with _store(settings, url) as store:
        active = await store.models.active()
        if active is None:
            return "There is no trained model yet"
        if not settings.model_url and not await store.models.has_file(active):
            return f"The file of the active model is gone ({active.path})"
    return ""


async def _first_login(settings: Settings, url: str) -> FirstLogin | None:
    async with _store(settings, url) as store:
        return await ensure_first_login(store.accounts, settings.var)


def _train(programs: Programs, env: Mapping[str, str], reason: str) -> None:
    say(f"{reason}: training one. This takes a minute or more, and is needed once.")
    started = time.monotonic()
    process = start_process(programs.train, env)
    try:
        while not _ended_within(process, STILL_TRAINING_S):
            say(f"  still training ({time.monotonic() - started:.0f} s)")
    finally:
        stop_process(process, timeout_s=STOP_TIMEOUT_S)
    if process.returncode != 0:
        raise ConfigError(f"training did not work ({how_it_ended(process)}), see above")


def _ended_within(process: subprocess.Popen[bytes], timeout_s: float) -> bool:
    try:
        process.wait(timeout_s)
    except subprocess.TimeoutExpired:
        return False
    return True


def _start(name: str, command: tuple[str, ...], env: Mapping[str, str], stack: contextlib.ExitStack) -> Child:
    child = Child(name, command, env, say=say, stop_timeout_s=STOP_TIMEOUT_S)
    stack.callback(child.stop)
    child.start()
    return child


def _wait_until_ready(settings: Settings, supervisor: Supervisor) -> None:
    say("Starting web and assistant ...")
    started = time.monotonic()
    report_s = STILL_STARTING_S
    while not _is_ready(parts := _health(settings)):
        supervisor.watch()
        if time.monotonic() - started > report_s:
            say(f"  still starting ({report_s:.0f} s): {_what_is_missing(parts)}")
            report_s += STILL_STARTING_S
        time.sleep(POLL_S)


def _health(settings: Settings) -> dict[str, Any]:
    """The parts of /health/ready, each with `ok` and `reason`; empty if Vraagbaak doesn't answer there."""
    connection = http.client.HTTPConnection(_connect_host(settings), settings.port, timeout=2)
    try:
        connection.request("GET", "/health/ready")
        body = json.loads(connection.getresponse().read(100_000))
        return dict(body["parts"])
    except (OSError, http.client.HTTPException, ValueError, KeyError, TypeError):
        return {}
    finally:
        connection.close()


def _is_ready(parts: Mapping[str, Any]) -> bool:
    return bool(parts) and all(part["ok"] or not part.get("essential", True) for part in parts.values())


def _what_is_missing(parts: Mapping[str, Any]) -> str:
    if not parts:
        return "the web server does not answer yet"
    return ", ".join(f"{name}: {part['reason']}" for name, part in parts.items() if not part["ok"])


def _connect_host(settings: Settings) -> str:
    """Where to reach ourselves when we listen on every address."""
    return {"": "127.0.0.1", "0.0.0.0": "127.0.0.1", "::": "::1"}.get(settings.host, settings.host)


def _address(settings: Settings) -> str:
    """What to type in a browser on this machine, or what the outside sees if that was set."""
    if settings.public_url:
        return settings.public_url.rstrip("/")
    host = settings.host
    if host in ("", "0.0.0.0", "::", "127.0.0.1", "::1"):
        host = "localhost"
    return f"http://{f'[{host}]' if ':' in host else host}:{settings.port}"


def _welcome(settings: Settings, first_login: FirstLogin | None, took_s: float) -> str:
    address = _address(settings)
    lines = [
        "",
        f"Vraagbaak runs (started in {took_s:.0f} s).",
        "",
        f"  Ask something          {address}/demo",
        f"  Desk, for live agents  {address}/desk",
        f"  Editor, for answers    {address}/editor",
    ]
    # Meta is not on this machine: a stand-in is, and its own words may be a training of two minutes above.
    if urlsplit(settings.graph_url).hostname in ("127.0.0.1", "localhost"):
        lines += [f"  Messenger, stand-in    {settings.graph_url}"]
    if first_login:
        lines += [
            "",
            f"  Sign in as             {first_login.name}",
            f"  with the password      {first_login.password}",
        ]
        lines += ["                         (shown until you change it)"]
    return "\n".join([*lines, "", "Ctrl-C stops everything.", ""])


if __name__ == "__main__":
    sys.exit(main(Programs()))
