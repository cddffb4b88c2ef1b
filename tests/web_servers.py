"""Web servers in processes of their own, forked from one that has imported the program (tests/forked.py).

They hash passwords in no time, which is slow on purpose, and share compiled pages. Nothing else differs from
`python -m bot.web`, which tests/messenger/test_config.py starts as it is.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from types import CodeType

from argon2 import PasswordHasher
from jinja2 import BytecodeCache, Environment
from jinja2.bccache import Bucket

from tests.forked import ForkedProcess, Starter, fork_when_asked

# The product's own cost is in tests/store/test_accounts.py.
QUICK_HASHER = PasswordHasher(time_cost=1, memory_cost=64, parallelism=1)
_STARTER = Starter("tests.web_servers")


def start_web_server(environ: Mapping[str, str], log: Path) -> ForkedProcess:
    """`python -m bot.web` with this environment; its output is appended to `log`."""
    return _STARTER.start(environ, log)


class _CompiledPages(BytecodeCache):
    """All of them, for all that are forked: compiling them takes half a second."""

    def __init__(self) -> None:
        self._codes: dict[tuple[str, str], CodeType] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        bucket.code = self._codes.get((bucket.key, bucket.checksum))

    def dump_bytecode(self, bucket: Bucket) -> None:
        assert bucket.code is not None
        self._codes[bucket.key, bucket.checksum] = bucket.code


def _fork_web_servers() -> None:
    from bot.settings import Settings
    from bot.store import accounts
    from bot.web import pages, server
    from bot.web.__main__ import main

    compiled = _CompiledPages()

    def environment(settings: Settings) -> Environment:
        jinja = pages.environment(settings)
        jinja.bytecode_cache = compiled
        return jinja

    vars(server)["environment"] = environment
    jinja = environment(Settings())
    for name in jinja.list_templates(["html"]):
        jinja.get_template(name)
    accounts._hasher = QUICK_HASHER
    accounts._NOBODY = accounts._unmatched_hash()
    fork_when_asked(main)


if __name__ == "__main__":
    _fork_web_servers()
