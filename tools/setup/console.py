"""What the user of `make setup` sees, and slow commands that show that they are still busy."""

from __future__ import annotations

import contextlib
import fcntl
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

HEARTBEAT_S = 10.0


class SetupError(Exception):
    """Something that the user has to do first; the text says what."""


@dataclass(frozen=True)
class Outcome:
    """How a command ended. `output` is empty if it went straight to the terminal."""

    ok: bool
    output: str = ""

    def tail(self, lines: int = 12) -> str:
        """The last lines of the output, indented, for an error message."""
        return "\n".join(f"    {line}" for line in self.output.strip().splitlines()[-lines:])


def say(text: str) -> None:
    print(text, flush=True)


@contextlib.contextmanager
def step(title: str) -> Iterator[None]:
    """Announce a slow step and say how long it took."""
    say(f"{title} ...")
    started = time.monotonic()
    yield
    say(f"  done in {time.monotonic() - started:.0f} s")


def run(
    command: Sequence[str | Path],
    *,
    has_progress_bar: bool = False,
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
) -> Outcome:
    """Run a command and wait for it.

    has_progress_bar: the command shows its own progress, so on a terminal it may write there directly.
    Otherwise its output is kept, and a line every HEARTBEAT_S says that it is still busy.
    """
    arguments = [str(part) for part in command]
    try:
        if has_progress_bar and sys.stderr.isatty():
            return Outcome(ok=subprocess.run(arguments, env=env, cwd=cwd).returncode == 0)
        return _run_with_heartbeat(arguments, env, cwd)
    except OSError as exc:  # not found, not executable, out of processes
        return Outcome(ok=False, output=str(exc))


def _run_with_heartbeat(arguments: list[str], env: Mapping[str, str] | None, cwd: Path | None) -> Outcome:
    started = time.monotonic()
    with tempfile.TemporaryFile() as output:
        process = subprocess.Popen(
            arguments, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT, env=env, cwd=cwd
        )
        try:
            while not _ended(process):
                say(f"  still busy ({time.monotonic() - started:.0f} s)")
        finally:
            if process.poll() is None:  # interrupted
                process.terminate()
                process.wait()
        output.seek(0)
        return Outcome(ok=process.returncode == 0, output=output.read().decode(errors="replace"))


def _ended(process: subprocess.Popen[bytes]) -> bool:
    try:
        process.wait(timeout=HEARTBEAT_S)
    except subprocess.TimeoutExpired:
        return False
    return True


@contextlib.contextmanager
def exclusive(path: Path) -> Iterator[None]:
    """Hold a lock file, so that `make run` and `make test` side by side don't install into each other's feet."""
    with path.open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say("Another set-up is busy in this folder; waiting for it ...")
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield
