"""Child processes: watched, restarted when they die, stopped in good time, and never left behind."""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from typing import IO

from bot.errors import EXIT_CONFIG, ConfigError

LONGEST_BACK_OFF_S = 30.0
HEALTHY_AFTER_S = 60.0  # a child that ran for so long starts with a short back-off again
PR_SET_PDEATHSIG = 1  # <linux/prctl.h>


def die_with_parent(sent: signal.Signals) -> Callable[[], None] | None:
    """A `preexec_fn` that makes the kernel send `sent` to the child when its parent dies, even by SIGKILL.

    Only Linux has this; elsewhere the answer is None, and a killed launcher leaves its children running.
    The parent is the *thread* that starts the child, so start children from the main thread.
    """
    if not sys.platform.startswith("linux"):
        return None
    libc = ctypes.CDLL(None)  # loaded here: between fork and exec nothing may be
    parent = os.getpid()

    def preexec() -> None:
        libc.prctl(PR_SET_PDEATHSIG, int(sent))
        if os.getppid() != parent:  # it died before the line above
            os._exit(1)

    return preexec


class BackOff:
    """How long to wait before the next try: 1, 2, 4, ... 30 s."""

    def __init__(self) -> None:
        self._delay_s = 0.0

    def next_s(self) -> float:
        self._delay_s = min(max(1.0, 2 * self._delay_s), LONGEST_BACK_OFF_S)
        return self._delay_s

    def reset(self) -> None:
        self._delay_s = 0.0


class Child:
    """A program that is kept running. Its output goes where ours goes."""

    def __init__(
        self,
        name: str,
        command: Sequence[str],
        env: Mapping[str, str],
        *,
        say: Callable[[str], None],
        stop_timeout_s: float,
    ) -> None:
        """stop_timeout_s: it is killed if it still runs so long after it was asked to stop."""
        self.name = name
        self._command = list(command)
        self._env = env
        self._say = say
        self._stop_timeout_s = stop_timeout_s
        self._back_off = BackOff()
        self._process: subprocess.Popen[bytes] | None = None
        self._started_s = 0.0
        self._start_again_s = 0.0

    def start(self) -> None:
        self._process = start_process(self._command, self._env)
        self._started_s = time.monotonic()

    def watch(self) -> None:
        """Call this a few times a second. Raises ConfigError if the child ended because a setting is wrong."""
        if self._process is None:
            if time.monotonic() >= self._start_again_s:
                self.start()
        elif self._process.poll() is not None:
            self._ended(self._process)

    def stop(self) -> None:
        """Ask it to stop, wait, and kill what is left of it."""
        process, self._process = self._process, None
        if process:
            stop_process(process, timeout_s=self._stop_timeout_s)

    def _ended(self, process: subprocess.Popen[bytes]) -> None:
        self._process = None
        kill_group(process)
        if process.returncode == EXIT_CONFIG:
            raise ConfigError(f"the {self.name} process says that a setting is wrong, see above")
        if time.monotonic() - self._started_s > HEALTHY_AFTER_S:
            self._back_off.reset()
        delay_s = self._back_off.next_s()
        self._start_again_s = time.monotonic() + delay_s
        self._say(f"The {self.name} process ended ({how_it_ended(process)}); starting it again in {delay_s:.0f} s.")


def start_process(
    command: Sequence[str], env: Mapping[str, str], *, output: IO[bytes] | None = None
) -> subprocess.Popen[bytes]:
    """Start a child that dies with us, in a session of its own, so that only the launcher hears Ctrl-C.

    output: where what it says goes; without it, where ours goes.
    """
    return subprocess.Popen(
        command,
        env=dict(env),
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=output,
        start_new_session=True,
        preexec_fn=die_with_parent(signal.SIGKILL),  # SIGTERM could be ignored by one that hangs
    )


def stop_process(process: subprocess.Popen[bytes], *, timeout_s: float) -> None:
    """SIGTERM, then SIGKILL to it and everything that it started, should that still run after `timeout_s`."""
    process.terminate()
    try:
        process.wait(timeout_s)
    except subprocess.TimeoutExpired:
        pass
    finally:
        kill_group(process)
        process.wait()


def kill_group(process: subprocess.Popen[bytes]) -> None:
    """SIGKILL to a process of `start_process` and to what it started; nothing if all have ended."""
    with contextlib.suppress(ProcessLookupError, PermissionError):  # the latter is macOS's word for "only zombies"
        os.killpg(process.pid, signal.SIGKILL)


def how_it_ended(process: subprocess.Popen[bytes]) -> str:
    """Such as "exit code 1" or "killed by SIGKILL"."""
    if process.returncode < 0:
        return f"killed by {signal.Signals(-process.returncode).name}"
    return f"exit code {process.returncode}"
