"""A FakeChatwoot in a thread with a loop of its own, so that it outlives the tests that share it."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

from tests.fakes.chatwoot.server import FakeChatwoot

Result = TypeVar("Result")
TIMEOUT_S = 30.0


class ThreadedChatwoot:
    """`run` does something in the fake; reading needs nothing."""

    def __init__(self, chatwoot: FakeChatwoot, loop: asyncio.AbstractEventLoop) -> None:
        self.chatwoot = chatwoot
        self._loop = loop

    def do(self, work: Coroutine[Any, Any, Result]) -> Result:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(TIMEOUT_S)

    def run(self, work: Callable[[], Result]) -> Result:
        """`fake.run(lambda: noor.says(conversation, "hoi"))`."""

        async def called() -> Result:
            return work()

        return self.do(called())


@contextmanager
def chatwoot_in_thread() -> Iterator[ThreadedChatwoot]:
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    fake = ThreadedChatwoot(FakeChatwoot(), loop)
    try:
        fake.do(fake.chatwoot.__aenter__())
        yield fake
    finally:
        fake.do(fake.chatwoot.__aexit__())
        loop.call_soon_threadsafe(loop.stop)
        thread.join(TIMEOUT_S)
        loop.close()
