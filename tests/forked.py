"""Processes forked from one that has imported their program: most of a start is importing.

A module makes a `Starter` of itself, and under `if __name__ == "__main__"` calls `fork_when_asked` with its program.
"""

from __future__ import annotations

import atexit
import gc
import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from threading import Lock, Thread
from typing import NoReturn

ROOT = Path(__file__).parent.parent
# A process id, or an exit code, each filled up with spaces.
_NUMBER_BYTES = 16


class ForkedProcess:
    """What tests use of `subprocess.Popen`, under the same names. It leads a process group of its own."""

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
                raise subprocess.TimeoutExpired(f"process {self.pid}", timeout or 0) from None
            self._line.close()
        return self.returncode

    def terminate(self) -> None:
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)

    def send_signal(self, number: signal.Signals) -> None:
        if self.poll() is None:
            with suppress(ProcessLookupError):  # it has ended, and its exit code is on its way
                os.kill(self.pid, number)

    def _number(self) -> int:
        return int(self._line.recv(_NUMBER_BYTES))


class Starter:
    """The process that forks: `python -m module`, from the first time that it is asked. It ends with ours."""

    def __init__(self, module: str, python: str | Path = sys.executable) -> None:
        self._module = module
        self._python = python
        self._asking: socket.socket | None = None
        self._lock = Lock()

    def start(self, environ: Mapping[str, str], log: Path, arguments: Sequence[str] = ()) -> ForkedProcess:
        """Its program with this environment and these arguments; the output is appended to `log`."""
        ours, theirs = socket.socketpair()
        with self._lock, theirs:
            self._asking = self._asking or self._started()
            socket.send_fds(self._asking, [b"+"], [theirs.fileno()])
        request = {"environ": dict(environ), "log": str(log), "arguments": list(arguments)}
        ours.sendall(json.dumps(request).encode() + b"\n")
        return ForkedProcess(ours)

    def _started(self) -> socket.socket:
        ours, theirs = socket.socketpair()
        with theirs:
            command = [self._python, "-m", self._module, str(theirs.fileno())]
            process = subprocess.Popen(command, cwd=ROOT, pass_fds=[theirs.fileno()])

        def stop() -> None:
            ours.close()
            process.wait()

        atexit.register(stop)
        return ours


def fork_when_asked(main: Callable[[], int]) -> None:
    """Fork a process that runs `main`, again and again, until who started this one ends. Call it when all is loaded."""
    asked = socket.socket(fileno=int(sys.argv[1]))
    # What is there now is shared by all, as long as nobody counts it.
    gc.collect()
    gc.freeze()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for pytest, which stops its processes
    signal.signal(signal.SIGCHLD, _take_note_of_the_dead)
    while lines := socket.recv_fds(asked, 1, 1)[1]:
        with socket.socket(fileno=lines[0]) as line:
            if os.fork() == 0:
                asked.close()
                _keep_process(main, line)


def _take_note_of_the_dead(*_: object) -> None:
    """Nobody asks how those ended that wait for a process, but what they cost counts as ours."""
    with suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG) != (0, 0):
            pass


def _keep_process(main: Callable[[], int], line: socket.socket) -> NoReturn:
    """Fork once more, and wait, to say how the process ended."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    request = json.loads(line.makefile("rb").readline())
    forked = os.fork()
    if forked == 0:
        line.close()
        os.setsid()
        signal.signal(signal.SIGINT, signal.default_int_handler)
        os.environ.clear()
        os.environ.update(request["environ"])
        sys.argv[1:] = request["arguments"]
        log = os.open(request["log"], os.O_WRONLY | os.O_APPEND | os.O_CREAT)
        os.dup2(log, 1)
        os.dup2(log, 2)
        os.close(log)
        sys.exit(main())
    Thread(target=_end_without_pytest, args=(line, forked), daemon=True).start()
    line.sendall(f"{forked:{_NUMBER_BYTES}}".encode())
    code = os.waitstatus_to_exitcode(os.waitpid(forked, 0)[1])
    with suppress(BrokenPipeError):
        line.sendall(f"{code:{_NUMBER_BYTES}}".encode())
    os._exit(0)


def _end_without_pytest(line: socket.socket, process: int) -> None:
    """Leave nothing behind when pytest was killed: then its end of the line is closed."""
    line.recv(1)
    with suppress(ProcessLookupError):  # it ended, and pytest knows
        os.kill(process, signal.SIGKILL)
