"""A fake server in a thread with a loop of its own: for tests that can't be async, and fakes that outlive one test."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Coroutine, Iterator
from contextlib import AbstractAsyncContextManager, contextmanager
from typing import Any, Generic, TypeVar

Server = TypeVar("Server")
Result = TypeVar("Result")
TIMEOUT_S = 30.0


class Threaded(Generic[Server]):
    """`do` waits for a coroutine of `server`; `run` calls what is none, such as `add_page`. Reading needs neither."""

    def __init__(self, server: Server, loop: asyncio.AbstractEventLoop) -> None:
        self.server = server
        self._loop = loop

    def do(self, work: Coroutine[Any, Any, Result]) -> Result:
        """`mid = fake.do(jo.says("hoi"))`."""
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(TIMEOUT_S)

    def run(self, work: Callable[[], Result]) -> Result:
        """`jo = fake.run(lambda: fake.server.customer("6001"))`."""

        async def called() -> Result:
            return work()

        return self.do(called())


@contextmanager
def in_thread(manager: AbstractAsyncContextManager[Server]) -> Iterator[Threaded[Server]]:
    """`with in_thread(FakeGraph()) as fake:`; the server runs from here to the end of the block."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    try:
        server = asyncio.run_coroutine_threadsafe(manager.__aenter__(), loop).result(TIMEOUT_S)
        fake = Threaded(server, loop)
        try:
            yield fake
        finally:
            fake.do(manager.__aexit__(None, None, None))
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join(TIMEOUT_S)
        loop.close()
