"""Web servers in processes of their own, forked from one that has imported the program: most of a start is importing.

They hash passwords in no time, which is slow on purpose. Nothing else differs from `python -m bot.web`, which the tests
of its settings and of redeployment start as it is.
"""

from __future__ import annotations

import atexit
import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import cache
from pathlib import Path
from threading import Thread
from typing import NoReturn

from argon2 import PasswordHasher

ROOT = Path(__file__).parent.parent
# A process id, or an exit code, each filled up with spaces.
_NUMBER_BYTES = 16
# The product's own cost is in tests/store/test_accounts.py.
QUICK_HASHER = PasswordHasher(time_cost=1, memory_cost=64, parallelism=1)


class ForkedProcess:
    """A web server. What tests use of `subprocess.Popen`, under the same names."""

    def __init__(self, line: socket.socket) -> None:
        """line: says the process id, and at the end the exit code."""
        self._line = line
        self.pid = self._number()
        self.returncode: int | None = None

    def poll(self) -> int | None:
        try:
            return self.wait(timeout=0)
        except subprocess.TimeoutExpired:
            return None

    def wait(self, timeout: float | None = None) -> int:
        """Raises subprocess.TimeoutExpired."""
        if self.returncode is None:
            self._line.settimeout(timeout)
            try:
                self.returncode = self._number()
            except (TimeoutError, BlockingIOError):
                raise subprocess.TimeoutExpired("bot.web", timeout or 0) from None
            self._line.close()
        return self.returncode

    def terminate(self) -> None:
        self._send(signal.SIGTERM)

    def kill(self) -> None:
        self._send(signal.SIGKILL)

    def _send(self, number: signal.Signals) -> None:
        if self.poll() is None:
            os.kill(self.pid, number)

    def _number(self) -> int:
        return int(self._line.recv(_NUMBER_BYTES))


def start_web_server(environ: Mapping[str, str], log: Path) -> ForkedProcess:
    """`python -m bot.web` with this environment; its output is appended to `log`."""
    ours, theirs = socket.socketpair()
    with theirs:
        socket.send_fds(_starter(), [b"+"], [theirs.fileno()])
    ours.sendall(json.dumps({"environ": dict(environ), "log": str(log)}).encode() + b"\n")
    return ForkedProcess(ours)


@cache
def _starter() -> socket.socket:
    """The way to the process that forks. That one ends with ours."""
    ours, theirs = socket.socketpair()
    with theirs:
        command = [sys.executable, "-m", __name__, str(theirs.fileno())]
        process = subprocess.Popen(command, cwd=ROOT, pass_fds=[theirs.fileno()])

    def stop() -> None:
        ours.close()
        process.wait()

    atexit.register(stop)
    return ours


def _fork_when_asked(asked: socket.socket) -> None:
    from bot.store import accounts
    from bot.web.__main__ import main

    accounts._hasher = QUICK_HASHER
    accounts._NOBODY = accounts._unmatched_hash()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for pytest, which stops its servers
    signal.signal(signal.SIGCHLD, _take_note_of_the_dead)
    while lines := socket.recv_fds(asked, 1, 1)[1]:
        with socket.socket(fileno=lines[0]) as line:
            if os.fork() == 0:
                asked.close()
                _keep_server(main, line)


def _take_note_of_the_dead(*_: object) -> None:
    """Nobody asks how those ended that wait for a server, but what they cost counts as ours."""
    with suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG) != (0, 0):
            pass


def _keep_server(main: Callable[[], int], line: socket.socket) -> NoReturn:
    """Fork once more, and wait, to say how the server ended."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    request = json.loads(line.makefile("rb").readline())
    server = os.fork()
    if server == 0:
        line.close()
        signal.signal(signal.SIGINT, signal.default_int_handler)
        os.environ.clear()
        os.environ.update(request["environ"])
        log = os.open(request["log"], os.O_WRONLY | os.O_APPEND | os.O_CREAT)
        os.dup2(log, 1)
        os.dup2(log, 2)
        os.close(log)
        sys.exit(main())
    Thread(target=_end_without_pytest, args=(line, server), daemon=True).start()
    line.sendall(f"{server:{_NUMBER_BYTES}}".encode())
    code = os.waitstatus_to_exitcode(os.waitpid(server, 0)[1])
    with suppress(BrokenPipeError):
        line.sendall(f"{code:{_NUMBER_BYTES}}".encode())
    os._exit(0)


def _end_without_pytest(line: socket.socket, server: int) -> None:
    """Leave no server behind when pytest was killed: then its end of the line is closed."""
    line.recv(1)
    os.kill(server, signal.SIGKILL)


if __name__ == "__main__":
    _fork_when_asked(socket.socket(fileno=int(sys.argv[1])))
