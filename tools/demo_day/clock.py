"""Lets the store, and what is built on it, think that it is earlier: so a whole day can be lived in seconds."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from unittest.mock import patch

from bot.store.connection import Script

_REAL_TIME = time.time
_REAL_TIME_LUA = "redis.call('TIME')"
_NEXT_ENTRY_LUA = "redis.call('XADD', log, '*',"
_EARLIER_ENTRY_LUA = "redis.call('XADD', log, string.format('%.0f-%d', now_ms, redis.call('XLEN', log)),"


class Clock:
    """`set` says how many minutes ago it is; inside `running` the program believes it."""

    def __init__(self) -> None:
        self._seconds_ago = 0.0

    def set(self, minutes_ago: float) -> None:
        self._seconds_ago = minutes_ago * 60

    def time(self) -> float:
        """As `time.time`."""
        return _REAL_TIME() - self._seconds_ago

    @contextmanager
    def running(self) -> Iterator[None]:
        """Both Python's clock and the one that the scripts on a conversation ask Redis for."""
        run = Script.__call__

        async def run_earlier(script: Script, keys: list[str], args: list[object]) -> object:
            seconds, micros = divmod(int(self.time() * 1_000_000), 1_000_000)
            made = script._client.register_script(
                script._script.script.replace(_REAL_TIME_LUA, f"{{'{seconds}', '{micros}'}}").replace(
                    _NEXT_ENTRY_LUA, _EARLIER_ENTRY_LUA
                )
            )
            return await made(keys=keys, args=args)

        with patch("time.time", self.time), patch.object(Script, "__call__", run_earlier):
            yield
        assert Script.__call__ is run
