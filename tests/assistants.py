"""Assistants in processes of their own, forked from one that has Rasa imported and has loaded the model once before.

A start is a tenth of the ten seconds of `python -m bot.assistant`, which tests/assistant/test_start.py starts as it is;
each process loads the model that is active for itself.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path

from tests.forked import ForkedProcess, Starter, fork_when_asked
from tools.trained_model import ASSISTANT_PYTHON, trained_model

_STARTER = Starter("tests.assistants", ASSISTANT_PYTHON)


def start_assistant(environ: Mapping[str, str], log: Path) -> ForkedProcess:
    """`python -m bot.assistant` with this environment; its output is appended to `log`."""
    return _STARTER.start(environ, log)


def start_activate(environ: Mapping[str, str], log: Path, *arguments: str) -> ForkedProcess:
    """`python -m bot.assistant.activate` with these arguments; its output is appended to `log`."""
    return _STARTER.start(environ, log, ["activate", *arguments])


def _main() -> int:
    from bot.assistant import __main__ as assistant
    from bot.assistant import activate

    return activate.main(sys.argv[2:]) if sys.argv[1:] else assistant.main()


def _fork_assistants() -> None:
    import os

    os.environ.update(OPENBLAS_NUM_THREADS="1", TF_CPP_MIN_LOG_LEVEL="3")  # a thread would not come along
    from bot import logs
    from bot.assistant.rasa_import import import_rasa

    logs.configure("json")
    import_rasa()
    from bot.assistant.rasa_agent import _load

    _load(trained_model())
    fork_when_asked(_main)


if __name__ == "__main__":
    _fork_assistants()
