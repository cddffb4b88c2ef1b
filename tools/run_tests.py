"""Run every test, each in the environment that it is for: `make test`. Further arguments go to pytest.

Both environments at once: there are two cores, and most tests wait for a process, a browser or a clock.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
IN_ASSISTANT = ("tests/nlu", "tests/assistant")
NO_TESTS_CHOSEN = 5  # pytest's exit code when, for example, `-k` fits nothing


def main(arguments: list[str]) -> int:
    """Both runs are made even if one fails. The summary lines of pytest come last."""
    in_assistant = [folder for folder in IN_ASSISTANT if (ROOT / folder).is_dir()]
    ignored = [f"--ignore={folder}" for folder in IN_ASSISTANT]
    with tempfile.TemporaryFile() as said:
        beside = subprocess.Popen(
            _pytest(".venv-assistant", [*in_assistant, *arguments]), cwd=ROOT, stdout=said, stderr=subprocess.STDOUT
        )
        try:
            print("\nTests in .venv; those in .venv-assistant run beside them, and are shown behind them", flush=True)
            results = [subprocess.run(_pytest(".venv", ["tests", *ignored, *arguments]), cwd=ROOT).returncode]
            results.append(beside.wait())
        finally:
            beside.kill()
        print("\nTests in .venv-assistant", flush=True)
        said.seek(0)
        print(said.read().decode(errors="replace"), flush=True)
    return _exit_code(results, picked=bool(arguments))


def _pytest(environment: str, arguments: list[str]) -> list[str | Path]:
    return [ROOT / environment / "bin" / "python", "-m", "pytest", *arguments]


def _exit_code(results: list[int], *, picked: bool) -> int:
    """The first failure. With arguments, one of the two environments may well have no test that fits, but not both."""
    if picked and NO_TESTS_CHOSEN in results and 0 in results:
        results = [result for result in results if result != NO_TESTS_CHOSEN]
    return next((result for result in results if result != 0), 0)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
