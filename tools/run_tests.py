"""Run every test, each in the environment that it is for: `make test`. Further arguments go to pytest.

In three lanes at once: there are two cores, but most tests wait for a process, a browser or a clock. Each lane has its
own runs; what is left is for whichever is free first, so that all end at about the same time on any machine.
"""

from __future__ import annotations

import itertools
import os
import subprocess
import sys
import tempfile
from collections import deque
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import IO

ROOT = Path(__file__).resolve().parents[1]
NO_TESTS_CHOSEN = 5  # pytest's exit code when, for example, `-k` fits nothing


@dataclass(frozen=True)
class Run:
    """One run of pytest. environment: the folder of its Python; where: what it is to look in."""

    environment: str
    where: tuple[str, ...]


# What needs Rasa trains a model, which the runs that are left want too.
IN_ASSISTANT = ("tests/nlu", "tests/assistant")
# What computes does so in one thread, as in an assistant's process: further ones wait for each other at full
# speed, and the lanes beside it have a use for the processor.
ONE_THREAD = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS")
OTHER_LANES = (
    (Run(".venv-assistant", IN_ASSISTANT),),
    (Run(".venv", ("tests/browser",)),),
)
# The long ones first: then the lanes end together.
FOR_WHO_IS_FREE = (
    Run(".venv", ("tests/messenger",)),
    Run(".venv", ("tests/crash",)),
    Run(".venv", ("tests/e2e",)),
    Run(".venv", ("tests/bench", "tests/fakes")),
)


def main(arguments: list[str]) -> int:
    """All runs are made even if one fails. The summary lines of pytest come last."""
    left = deque(FOR_WHO_IS_FREE)
    elsewhere = [folder for run in (*itertools.chain(*OTHER_LANES), *left) for folder in run.where]
    first = Run(".venv", ("tests", *(f"--ignore={folder}" for folder in elsewhere)))
    with ExitStack() as stack:
        outputs = [stack.enter_context(tempfile.TemporaryFile()) for _ in (first, *OTHER_LANES)]
        beside = stack.enter_context(ThreadPoolExecutor(len(OTHER_LANES)))
        print("\nTests in .venv; further ones run beside them, and are shown behind them", flush=True)
        lanes = [
            beside.submit(_lane, own, left, arguments, output)
            for own, output in zip(OTHER_LANES, outputs[1:], strict=True)
        ]
        results = [_pytest(first, arguments), *_lane((), left, arguments, outputs[0])]
        results += itertools.chain(*(lane.result() for lane in lanes))
        for output in outputs:
            output.seek(0)
            print(output.read().decode(errors="replace"), flush=True)
    return _exit_code(results, picked=bool(arguments))


def _lane(own: Sequence[Run], left: deque[Run], arguments: list[str], said: IO[bytes]) -> list[int]:
    """Its own runs, then one after the other of what is left while there is any."""
    results = [_pytest(run, arguments, said) for run in own]
    while True:
        try:
            run = left.popleft()
        except IndexError:
            return results
        results.append(_pytest(run, arguments, said))


def _pytest(run: Run, arguments: Sequence[str], said: IO[bytes] | None = None) -> int:
    """Its exit code. said: where its output goes; without it, to ours."""
    if said:
        said.write(f"\nTests in {run.environment}: {' '.join(run.where)}\n\n".encode())
        said.flush()
    command = [str(ROOT / run.environment / "bin" / "python"), "-m", "pytest", *run.where, *arguments]
    if run.where != IN_ASSISTANT:
        # That one computes all the time, and nobody can share what it has to do: the others, which often wait, let it.
        command = ["nice", "-n", "3", *command]
    # Where PYTHONDONTWRITEBYTECODE is set, each of the many processes that tests start would compile all modules again.
    environ = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    environ |= dict.fromkeys(ONE_THREAD, "1")
    return subprocess.run(command, cwd=ROOT, env=environ, stdout=said, stderr=said).returncode


def _exit_code(results: list[int], *, picked: bool) -> int:
    """The first failure. With arguments, a run may well have no test that fits, but not all of them."""
    if picked and NO_TESTS_CHOSEN in results and 0 in results:
        results = [result for result in results if result != NO_TESTS_CHOSEN]
    return next((result for result in results if result != 0), 0)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
