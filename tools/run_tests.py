"""Run every test, each in the environment that it is for: `make test`. Further arguments go to pytest.

In three lanes at once: there are two cores, but most tests wait for a process, a browser or a clock. Each lane has its
own runs; what is left is for whichever is free first, so that all end at about the same time on any machine.

A few that fail are run once more, alone, when all is quiet. What passes then is named as unsteady: a defect to mend,
of the test or of what it tests, but not one of the change that is being tested.
"""

from __future__ import annotations

import itertools
import json
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
TESTS_FAILED, NO_TESTS_CHOSEN = 1, 5  # pytest's exit codes; the second when, for example, `-k` fits nothing
# More than so many that fail together is no chance, and running them again would only take time.
MAX_AGAIN = 5


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
    Run(".venv", ("tests/e2e",)),
    Run(".venv", ("tests/launch", "tests/project")),
    Run(".venv", ("tests/messenger",)),
    Run(".venv", ("tests/crash",)),
    Run(".venv", ("tests/store",)),
    Run(".venv", ("tests/bench", "tests/fakes")),
)


@dataclass(frozen=True)
class Result:
    """exit_code: pytest's. cache: the folder in which pytest noted what failed."""

    run: Run
    exit_code: int
    cache: Path

    def failed(self) -> list[str]:
        """The tests that failed, by pytest's names; empty if the run ended in another way."""
        noted = self.cache / "v" / "cache" / "lastfailed"
        return list(json.loads(noted.read_text())) if self.exit_code == TESTS_FAILED and noted.exists() else []


def main(arguments: list[str]) -> int:
    """All runs are made even if one fails. The summary lines of pytest come last."""
    left = deque(FOR_WHO_IS_FREE)
    elsewhere = [folder for run in (*itertools.chain(*OTHER_LANES), *left) for folder in run.where]
    first = Run(".venv", ("tests", *(f"--ignore={folder}" for folder in elsewhere)))
    with ExitStack() as stack:
        caches = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="vraagbaak-tests-")))
        outputs = [stack.enter_context(tempfile.TemporaryFile()) for _ in (first, *OTHER_LANES)]
        beside = stack.enter_context(ThreadPoolExecutor(len(OTHER_LANES)))
        print("\nTests in .venv; further ones run beside them, and are shown behind them", flush=True)
        lanes = [
            beside.submit(_lane, own, left, arguments, caches, output)
            for own, output in zip(OTHER_LANES, outputs[1:], strict=True)
        ]
        results = [_pytest(first, arguments, caches), *_lane((), left, arguments, caches, outputs[0])]
        results += itertools.chain(*(lane.result() for lane in lanes))
        for output in outputs:
            output.seek(0)
            print(output.read().decode(errors="replace"), flush=True)
        exit_codes = [result.exit_code for result in run_again(results, arguments)]
    return _exit_code(exit_codes, picked=bool(arguments))


def _lane(own: Sequence[Run], left: deque[Run], arguments: list[str], caches: Path, said: IO[bytes]) -> list[Result]:
    """Its own runs, then one after the other of what is left while there is any."""
    results = [_pytest(run, arguments, caches, said) for run in own]
    while True:
        try:
            run = left.popleft()
        except IndexError:
            return results
        results.append(_pytest(run, arguments, caches, said))


def run_again(results: list[Result], arguments: list[str]) -> list[Result]:
    """The results, with those of a second run where it was made: a test that passes alone is unsteady, not broken."""
    failed = {result.run: result.failed() for result in results}
    if not 0 < sum(len(tests) for tests in failed.values()) <= MAX_AGAIN:
        return results
    print("\nOnce more, alone: " + ", ".join(itertools.chain(*failed.values())), flush=True)
    again = [
        _pytest(result.run, ["--last-failed", *arguments], result.cache.parent) if failed[result.run] else result
        for result in results
    ]
    left = set(itertools.chain(*(result.failed() for result in again)))
    for test in itertools.chain(*failed.values()):
        if test not in left:
            print(
                f"UNSTEADY {test}: failed among the others, passed alone. Mend the test or what it tests.", flush=True
            )
    return again


def _pytest(run: Run, arguments: Sequence[str], caches: Path, said: IO[bytes] | None = None) -> Result:
    """caches: where its cache is, in a folder of its own; said: where its output goes; without it, to ours."""
    if said:
        said.write(f"\nTests in {run.environment}: {' '.join(run.where)}\n\n".encode())
        said.flush()
    cache = caches / run.where[0].replace("/", "-")
    python = str(ROOT / run.environment / "bin" / "python")
    command = [python, "-m", "pytest", "-o", f"cache_dir={cache}", *run.where, *arguments]
    if run.where != IN_ASSISTANT:
        # That one computes all the time, and nobody can share what it has to do: the others, which often wait, let it.
        command = ["nice", "-n", "3", *command]
    # Where PYTHONDONTWRITEBYTECODE is set, each of the many processes that tests start would compile all modules again.
    environ = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    environ |= dict.fromkeys(ONE_THREAD, "1")
    done = subprocess.run(command, cwd=ROOT, env=environ, stdout=said, stderr=said)
    return Result(run, done.returncode, cache)


def _exit_code(results: list[int], *, picked: bool) -> int:
    """The first failure. With arguments, a run may well have no test that fits, but not all of them."""
    if picked and NO_TESTS_CHOSEN in results and 0 in results:
        results = [result for result in results if result != NO_TESTS_CHOSEN]
    return next((result for result in results if result != 0), 0)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
