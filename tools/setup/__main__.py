"""Set up Vraagbaak: `python3 -m tools.setup` (the same as `make setup`), with `--test` for what the tests need too."""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
OLDEST_PYTHON = (3, 10)


def main() -> int:
    """Do the steps that are needed; returns the process's exit code."""
    problem = _unsuitable()
    if problem:
        print(problem, file=sys.stderr)
        return 1
    from tools.setup.console import SetupError  # imported late: an older Python gets the message above instead

    options = _options()
    try:
        _set_up(test=options.test, retry_spacy_model=options.spacy_model)
    except SetupError as exc:
        print(f"\nSet-up stopped. {exc}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nSet-up was interrupted. Run it again: it goes on where it stopped.", file=sys.stderr)
        return 130
    return 0


def _unsuitable() -> str:
    if sys.platform == "win32":
        return "Vraagbaak runs on Linux and macOS. On Windows, use it inside WSL."
    if sys.version_info < OLDEST_PYTHON:
        return (
            f"Set-up needs Python 3.10 or newer, and {sys.executable} is {sys.version.split()[0]}. "
            "Name another one, for example: make setup PYTHON=python3.11"
        )
    return ""


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python3 -m tools.setup", description=__doc__)
    parser.add_argument("--test", action="store_true", help="also install what the tests need, with a browser")
    parser.add_argument("--spacy-model", action="store_true", help="try again to fetch the Dutch spaCy model")
    return parser.parse_args()


def _set_up(*, test: bool, retry_spacy_model: bool) -> None:
    from tools.setup import chromium, environments, spacy_model
    from tools.setup.console import exclusive, say
    from tools.setup.uv import Uv

    started = time.monotonic()
    with exclusive(ROOT / ".setup.lock"):
        uv = Uv(ROOT)
        web = environments.web(ROOT, test=test)
        assistant = environments.assistant(ROOT, test=test)
        changed = [environment.ensure(uv) for environment in (web, assistant)]
        changed.append(spacy_model.ensure(uv, assistant, retry=retry_spacy_model))
        if test:
            changed.append(chromium.ensure(web))
    if any(changed):
        say(f"Set-up is done ({time.monotonic() - started:.0f} s).")
    else:
        say("Set-up: nothing to do.")


if __name__ == "__main__":
    sys.exit(main())
