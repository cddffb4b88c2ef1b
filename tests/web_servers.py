"""Web servers in processes of their own, forked from one that has imported the program (tests/forked.py).

They hash passwords in no time, which is slow on purpose. Nothing else differs from `python -m bot.web`, which the tests
of its settings and of redeployment start as it is.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from argon2 import PasswordHasher

from tests.forked import ForkedProcess, Starter, fork_when_asked

# The product's own cost is in tests/store/test_accounts.py.
QUICK_HASHER = PasswordHasher(time_cost=1, memory_cost=64, parallelism=1)
_STARTER = Starter("tests.web_servers")


def start_web_server(environ: Mapping[str, str], log: Path) -> ForkedProcess:
    """`python -m bot.web` with this environment; its output is appended to `log`."""
    return _STARTER.start(environ, log)


def _fork_web_servers() -> None:
    from bot.store import accounts
    from bot.web.__main__ import main

    accounts._hasher = QUICK_HASHER
    accounts._NOBODY = accounts._unmatched_hash()
    fork_when_asked(main)


if __name__ == "__main__":
    _fork_web_servers()
