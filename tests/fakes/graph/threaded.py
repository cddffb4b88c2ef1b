"""A FakeGraph in a thread with a loop of its own, for tests that can't be async because of Playwright."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

from tests.fakes.graph.server import FakeGraph

Result = TypeVar("Result")
TIMEOUT_S = 30.0


class ThreadedGraph:
    """`do` waits for a coroutine of `graph`; `run` calls what is none, such as `add_page`. Reading needs neither."""

    def __init__(self, graph: FakeGraph, loop: asyncio.AbstractEventLoop) -> None:
        self.graph = graph
        self._loop = loop

    def do(self, work: Coroutine[Any, Any, Result]) -> Result:
        """`mid = fake.do(jo.says("hoi"))`."""
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(TIMEOUT_S)

    def run(self, work: Callable[[], Result]) -> Result:
        """`jo = fake.run(lambda: fake.graph.customer("6001"))`."""

        async def called() -> Result:
            return work()

        return self.do(called())


@contextmanager
def graph_in_thread(**options: Any) -> Iterator[ThreadedGraph]:
    """options: those of FakeGraph."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    fake = ThreadedGraph(FakeGraph(**options), loop)
    try:
        fake.do(fake.graph.__aenter__())
        yield fake
    finally:
        fake.do(fake.graph.__aexit__())
        loop.call_soon_threadsafe(loop.stop)
        thread.join(TIMEOUT_S)
        loop.close()
