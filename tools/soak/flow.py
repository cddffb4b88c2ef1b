"""Messages at a fixed rate, by customers who come, ask a few things, and go."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from random import Random
from typing import Any

from tools.crash.customers import Customer
from tools.crash.questions import Questions
from tools.crash.witness import Sent

# As many as one person asks at most; then somebody else comes.
MESSAGES_PER_CUSTOMER = 12
# How long somebody stays to read the last answer.
LEAVES_AFTER_S = 10.0


@dataclass
class Asked:
    """One message. at_s: since the first one."""

    at_s: float
    channel: str
    sent: Sent


@dataclass
class Flow:
    """Does not wait for answers: when everybody is still waiting for an ack, a message is missed, and counted.

    make: a new customer, of the channel that is due.
    """

    make: Callable[[], Customer]
    rate: float
    customers: int
    asked: list[Asked] = field(default_factory=list)
    missed_at_s: list[float] = field(default_factory=list)
    troubles: list[str] = field(default_factory=list)

    async def run(self, lasts_s: float) -> None:
        self._started_s = time.monotonic()
        self._random, self._questions = Random("soak"), Questions()
        self._free: deque[Customer] = deque()
        self._tasks: set[asyncio.Task[None]] = set()
        self._reading: dict[Customer, asyncio.Task[None]] = {}
        try:
            for _ in range(self.customers):
                self._come()
            await self._ask_at_rate(lasts_s)
            await asyncio.gather(*self._tasks)
        finally:
            for task in (*self._tasks, *self._reading.values()):
                task.cancel()

    async def _ask_at_rate(self, lasts_s: float) -> None:
        for number in range(int(lasts_s * self.rate)):
            await asyncio.sleep(self._started_s + number / self.rate - time.monotonic())
            if self._free:
                self._in_background(self._ask(self._free.popleft()))
            else:
                self.missed_at_s.append(time.monotonic() - self._started_s)

    async def _ask(self, customer: Customer) -> None:
        at_s = time.monotonic() - self._started_s
        sent = await customer.say(self._questions.draw(self._random))
        self.asked.append(Asked(at_s, customer.channel, sent))
        if len(customer.witness.sent) < MESSAGES_PER_CUSTOMER:
            self._free.append(customer)
        else:
            self._come()
            self._in_background(self._go(customer))

    def _come(self) -> None:
        customer = self.make()
        self._reading[customer] = asyncio.create_task(customer.read())
        self._free.append(customer)

    async def _go(self, customer: Customer) -> None:
        await asyncio.sleep(LEAVES_AFTER_S)
        self._reading.pop(customer).cancel()
        self.troubles += customer.witness.troubles

    def _in_background(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
