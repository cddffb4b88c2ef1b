"""Run every test, each in the environment that it is for: `make test`. Further arguments go to pytest."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
IN_ASSISTANT = ("tests/nlu", "tests/assistant")
NO_TESTS_CHOSEN = 5  # pytest's exit code when, for example, `-k` fits nothing


def main(arguments: list[str]) -> int:
    """Both runs are made even if the first fails. The summary lines of pytest come last."""
    in_assistant = [folder for folder in IN_ASSISTANT if (ROOT / folder).is_dir()]
    ignored = [f"--ignore={folder}" for folder in IN_ASSISTANT]
    runs = {".venv-assistant": [*in_assistant], ".venv": ["tests", *ignored]}
    results = [_pytest(environment, [*paths, *arguments]) for environment, paths in runs.items()]
    return _exit_code(results, picked=bool(arguments))


def _pytest(environment: str, arguments: list[str]) -> int:
    print(f"\nTests in {environment}", flush=True)
    return subprocess.run([ROOT / environment / "bin" / "python", "-m", "pytest", *arguments], cwd=ROOT).returncode


def _exit_code(results: list[int], *, picked: bool) -> int:
    """The first failure. With arguments, one of the two environments may well have no test that fits, but not both."""
    if picked and NO_TESTS_CHOSEN in results and 0 in results:
        results = [result for result in results if result != NO_TESTS_CHOSEN]
    return next((result for result in results if result != 0), 0)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
