"""Run every test, each in the environment that it is for: `make test`. Further arguments go to pytest.

In two lanes at once: there are two cores, and most tests wait for a process, a browser or a clock. The second lane has
what needs Rasa, and behind it enough of the rest that both lanes end at about the same time.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import IO

ROOT = Path(__file__).resolve().parents[1]
IN_ASSISTANT = ("tests/nlu", "tests/assistant")
# Not those that kill Redis: beside others that are busy with the disk, a kill may cost what was just written.
IN_SECOND_LANE = ("tests/browser", "tests/messenger", "tests/fakes")
NO_TESTS_CHOSEN = 5  # pytest's exit code when, for example, `-k` fits nothing


def main(arguments: list[str]) -> int:
    """All runs are made even if one fails. The summary lines of pytest come last."""
    elsewhere = [f"--ignore={folder}" for folder in (*IN_ASSISTANT, *IN_SECOND_LANE)]
    with tempfile.TemporaryFile() as said, ThreadPoolExecutor(1) as beside:
        second_lane = beside.submit(_second_lane, arguments, said)
        print("\nTests in .venv; further ones run beside them, and are shown behind them", flush=True)
        results = [_pytest(".venv", ["tests", *elsewhere, *arguments])]
        results += second_lane.result()
        said.seek(0)
        print(said.read().decode(errors="replace"), flush=True)
    return _exit_code(results, picked=bool(arguments))


def _second_lane(arguments: list[str], said: IO[bytes]) -> list[int]:
    lane = ((".venv-assistant", IN_ASSISTANT), (".venv", IN_SECOND_LANE))
    return [_pytest(environment, [*folders, *arguments], said) for environment, folders in lane]


def _pytest(environment: str, arguments: Sequence[str], said: IO[bytes] | None = None) -> int:
    """Its exit code. said: where its output goes; without it, to ours."""
    if said:
        said.write(f"\nTests in {environment}: {' '.join(arguments)}\n\n".encode())
        said.flush()
    command = [str(ROOT / environment / "bin" / "python"), "-m", "pytest", *arguments]
    # Where PYTHONDONTWRITEBYTECODE is set, each of the many processes that tests start would compile all modules again.
    environ = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    return subprocess.run(command, cwd=ROOT, env=environ, stdout=said, stderr=said).returncode


def _exit_code(results: list[int], *, picked: bool) -> int:
    """The first failure. With arguments, a run may well have no test that fits, but not all of them."""
    if picked and NO_TESTS_CHOSEN in results and 0 in results:
        results = [result for result in results if result != NO_TESTS_CHOSEN]
    return next((result for result in results if result != 0), 0)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
