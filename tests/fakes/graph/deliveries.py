"""The webhook's side: POST what happened, give up after five seconds, try again, and unsubscribe after an hour."""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import Coroutine, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

import aiohttp

from tests.fakes.graph.records import Page
from tests.fakes.graph.signing import Signature, escaped, signature_headers

if TYPE_CHECKING:
    from tests.fakes.graph.server import FakeGraph

State = Literal["held", "waiting", "delivered", "refused", "dropped", "not subscribed", "nowhere"]

# At once, then a few more times, less and less often; the last wait goes on until the page is unsubscribed.
RETRY_AFTER_S = (0.0, 5.0, 15.0, 60.0, 180.0, 300.0, 600.0)
ALERT_AFTER_MS = 15 * 60_000
UNSUBSCRIBE_AFTER_MS = 60 * 60_000


@dataclass
class Attempt:
    """One POST. `status` None: no answer, and `problem` says why. `took_ms`: real time until the whole answer."""

    at_ms: int
    status: int | None
    problem: str
    took_ms: int


@dataclass
class Delivery:
    """One body for the webhook, with what became of it. `raw` are the bytes that were signed."""

    page: Page
    raw: bytes
    body: Any
    at_ms: int
    signature: Signature = "good"
    repeat: int = 1
    headers: dict[str, str] = field(default_factory=dict)
    state: State = "waiting"
    attempts: list[Attempt] = field(default_factory=list)

    @property
    def status(self) -> int | None:
        """Of the first attempt."""
        return self.attempts[0].status if self.attempts else None


class Deliveries:
    """`post` delivers one body; `later` does so behind what was put there before, as Meta keeps a thread in order."""

    def __init__(self, graph: FakeGraph) -> None:
        self._graph = graph
        self.all: list[Delivery] = []
        self.held: list[Delivery] | None = None
        self.webhook_url = ""
        self.verified: bool | None = None  # what came of the last verification; None: not asked yet
        self.timeout_s = 5.0
        self.retry_after_s: Sequence[float] = RETRY_AFTER_S
        self.default_repeat = 1
        self._session: aiohttp.ClientSession | None = None
        self._verifying = asyncio.Lock()
        self._tasks: set[asyncio.Task[Any]] = set()
        self._last: dict[str, asyncio.Task[Any]] = {}

    async def open(self) -> None:
        self._session = aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0))

    async def close(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._session:
            await self._session.close()

    def new(self, page: Page, body: Any, **options: Any) -> Delivery:
        raw = body if isinstance(body, bytes) else escaped(body)
        options.setdefault("repeat", self.default_repeat)
        delivery = Delivery(page, raw, body, self._graph.clock.now_ms(), **options)
        self.all.append(delivery)
        return delivery

    async def post(self, delivery: Delivery) -> Delivery:
        """Returns after the first attempt; further ones go on behind it. What nobody subscribed to goes nowhere."""
        if delivery.state == "not subscribed":
            return delivery
        if not self.webhook_url:
            delivery.state = "nowhere"
        elif self.held is not None:
            delivery.state = "held"
            self.held.append(delivery)
        elif not await self._attempts(delivery) and delivery.signature == "good":
            self.run(self._retry(delivery))
        return delivery

    def later(self, key: str, delivery: Delivery, delay_s: float = 0.0) -> None:
        """Deliver after what was put under the same key before, and after `delay_s` of real time."""
        before = self._last.get(key)

        async def in_turn() -> None:
            if before:
                await asyncio.wait([before])
            await asyncio.sleep(delay_s)
            await self.post(delivery)

        self._last[key] = self.run(in_turn())

    def run(self, work: Coroutine[Any, Any, Any]) -> asyncio.Task[Any]:
        """In the background, until done or until the fake is closed."""
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def settle(self, timeout_s: float) -> None:
        """Wait until nothing is under way. Raises TimeoutError."""
        deadline = time.monotonic() + timeout_s
        while self._tasks:
            if time.monotonic() > deadline:
                raise TimeoutError(
                    f"still under way after {timeout_s} s: {[d for d in self.all if d.state == 'waiting']}"
                )
            await asyncio.wait(list(self._tasks), timeout=timeout_s)

    async def verify(self) -> bool:
        """What Meta does when the webhook is saved: the challenge must come back."""
        challenge = str(secrets.randbelow(10**10))
        query = {
            "hub.mode": "subscribe",
            "hub.challenge": challenge,
            "hub.verify_token": self._graph.verify_token,
        }
        assert self._session
        timeout = aiohttp.ClientTimeout(self.timeout_s)
        try:
            async with self._session.get(self.webhook_url, params=query, timeout=timeout) as answer:
                self.verified = answer.status == 200 and (await answer.text()) == challenge
        except (aiohttp.ClientError, asyncio.TimeoutError):
            self.verified = False
        return self.verified

    async def _attempts(self, delivery: Delivery) -> bool:
        """The first one, as many times as it is to be repeated; whether one of them got a 200."""
        oks = [await self._attempt(delivery) for _ in range(delivery.repeat)]
        return any(oks)

    async def _retry(self, delivery: Delivery) -> None:
        for wait_s in self._waits():
            await self._graph.clock.sleep_until(self._graph.clock.now_ms() + wait_s * 1000)
            if not delivery.page.fields:
                delivery.state = "dropped"
            if delivery.state == "dropped" or await self._attempt(delivery):
                return

    def _waits(self) -> Iterator[float]:
        yield from self.retry_after_s
        while True:
            yield self.retry_after_s[-1]

    async def _attempt(self, delivery: Delivery) -> bool:
        now_ms, is_there = self._graph.clock.now_ms(), await self._is_verified()
        started = time.monotonic()
        status, problem = await self._post(delivery) if is_there else (None, "verification failed")
        delivery.attempts.append(Attempt(now_ms, status, problem, round((time.monotonic() - started) * 1000)))
        is_ok = status == 200
        if delivery.signature == "good":  # another one is not from Meta, who would neither repeat nor count it
            self._count(delivery.page, is_ok)
        if delivery.state != "delivered":
            delivery.state = "delivered" if is_ok else "waiting" if delivery.signature == "good" else "refused"
        self._graph.happened()
        return is_ok

    async def _is_verified(self) -> bool:
        async with self._verifying:
            return bool(self.verified) or await self.verify()

    async def _post(self, delivery: Delivery) -> tuple[int | None, str]:
        headers = {
            "Content-Type": "application/json",
            "User-Agent": "facebookexternalua",
            **signature_headers(delivery.raw, self._graph.app_secret, delivery.signature),
            **delivery.headers,
        }
        assert self._session
        timeout = aiohttp.ClientTimeout(self.timeout_s)
        try:
            async with self._session.post(
                self.webhook_url, data=delivery.raw, headers=headers, timeout=timeout, allow_redirects=False
            ) as answer:
                await answer.read()
                return answer.status, ""
        except asyncio.TimeoutError:
            return None, f"no answer within {self.timeout_s:g} s"
        except aiohttp.ClientError as exc:
            return None, type(exc).__name__

    def _count(self, page: Page, is_ok: bool) -> None:
        """After a quarter of an hour of failures the developers are told; after an hour the page is unsubscribed."""
        now_ms = self._graph.clock.now_ms()
        if is_ok:
            page.failing_since_ms, page.is_alerted = None, False
            return
        page.failing_since_ms = page.failing_since_ms or now_ms
        failing_ms = now_ms - page.failing_since_ms
        if failing_ms >= ALERT_AFTER_MS and not page.is_alerted:
            page.is_alerted = True
            self._graph.alerts.append(f"{page.id}: webhook failing for 15 minutes")
        if failing_ms >= UNSUBSCRIBE_AFTER_MS and page.fields:
            page.fields.clear()
            page.failing_since_ms = None
            self._graph.alerts.append(f"{page.id}: Webhooks Disabled")
