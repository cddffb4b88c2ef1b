"""One seed: start everything, let customers write while processes die, wait until it is quiet, and judge."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Coroutine, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any, TypeVar

import aiohttp

from bot.processes import start_process
from tools.crash.agents import Agents
from tools.crash.chaos import Chaos
from tools.crash.customers import Customer, Pace
from tools.crash.messenger.customer import MessengerCustomer
from tools.crash.messenger.inbox import MetaInbox
from tools.crash.messenger.meta import Meta
from tools.crash.messenger.proxy import Proxy
from tools.crash.processes import MISTAKES, Installation, Start
from tools.crash.questions import Questions
from tools.crash.report import Outcome
from tools.crash.rest_customer import RestCustomer
from tools.crash.rules import Violation
from tools.crash.snapshot import Snapshot, take
from tools.crash.verdict import violations
from tools.crash.widget_customer import WidgetCustomer

Result = TypeVar("Result")

# Of the customers, the share that writes on Messenger; and of the others, the one over the REST channel.
MESSENGER_SHARE = 0.3
REST_SHARE = 0.3
# Whoever is not done by then never will be: something hangs.
LONGEST_RUN_S = 600.0
# How long the installation gets, after the last message and the last kill, to bring everything to its end.
SETTLE_S = 20.0
# On Messenger too: another process takes over what one was sending when it was killed after a minute, and an echo may
# come that late. Only then is it known whether the customer has the message.
SETTLE_MESSENGER_S = 150.0
# A process dies over a message that Meta has in its hands: the first time, and after that.
FIRST_STRIKE_S, STRIKE_EVERY_S = 3.0, 9.0
SETTLE_LOOK_EVERY_S = 0.5
# For so long nothing may come after that: whoever hung a moment ago could still say something.
QUIET_S = 3.0


@dataclass(frozen=True)
class Plan:
    """How much is tried. fsync: of Redis, everysec or always."""

    conversations: int = 50
    messages: int = 40
    webs: int = 2
    assistants: int = 2
    fsync: str = "everysec"
    pace: Pace = Pace(0.5, 2.2)


async def run(seed: int, plan: Plan, folder: Path, start: Start = start_process) -> Outcome:
    """folder: for Redis's files and the processes' output. start: how web and assistant are."""
    async with Meta(seed, webs=plan.webs) as meta:
        installation = Installation(
            folder,
            webs=plan.webs,
            assistants=plan.assistants,
            fsync=plan.fsync,
            graph_urls=meta.urls,
            start=start,
            **meta.settings(folder),
        )
        try:
            await installation.start()
            async with (
                aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as client,
                Proxy(client, installation.urls, Random(f"{seed} proxy")) as proxy,
            ):
                meta.behind(proxy)
                return await _Run(seed, plan, installation, client, meta).outcome()
        finally:
            installation.stop()


class _Run:
    def __init__(
        self, seed: int, plan: Plan, installation: Installation, client: aiohttp.ClientSession, meta: Meta
    ) -> None:
        self._seed = seed
        self._plan = plan
        self._installation = installation
        self._chaos = Chaos(installation, seed)
        self._agents = Agents(client, installation.urls, Random(f"{seed} agents"))
        self._meta = meta
        meta.kill = self._chaos.kill_now
        on_messenger = round(plan.conversations * MESSENGER_SHARE)
        self._on_messenger = [
            MessengerCustomer(client, installation.urls, Random(f"{seed} messenger {number}"), said=self._wrote).on(
                meta, number
            )
            for number in range(on_messenger)
        ]
        self._inbox = MetaInbox(meta, self._on_messenger, Random(f"{seed} inbox"))
        others = make_customers(plan.conversations - on_messenger, client, installation.urls, seed, said=self._wrote)
        self._customers = [*others, *self._on_messenger]

    async def outcome(self) -> Outcome:
        started = time.monotonic()
        reading = [customer.read() for customer in self._customers]
        in_time, wrote_s, snapshot, found = await beside(self._write_and_settle(), self._installation.watch(), *reading)
        if not in_time:
            found.append(Violation("process", "", f"customers were not done within {LONGEST_RUN_S:.0f} s"))
        return Outcome(
            seed=self._seed,
            wrote_s=wrote_s,
            took_s=time.monotonic() - started,
            violations=found + self._troubles_of_processes(),
            snapshot=snapshot,
            witnesses=[customer.witness for customer in self._customers],
            struck=self._chaos.struck,
            ended=self._installation.ended,
            claims=self._agents.claims,
            takeovers=self._agents.takeovers,
            events=self._installation.events(),
            messenger=self._meta.figures(self._inbox.takeovers, self._inbox.handed_back),
        )

    def _wrote(self, conversation_id: str) -> None:
        self._agents.customer_wrote(conversation_id)
        self._inbox.customer_wrote(conversation_id)

    async def _write_and_settle(self) -> tuple[bool, float, Snapshot, list[Violation]]:
        """Whether the customers were done in time, how long they took (s), and what is stored and wrong at the end."""
        started = time.monotonic()
        in_time = await beside(
            self._write_in_time(), self._chaos.rage(), self._agents.serve(), self._strike_now_and_then()
        )
        await self._chaos.rest()
        return in_time, time.monotonic() - started, *await self._settled()

    async def _write_in_time(self) -> bool:
        try:
            await asyncio.wait_for(self._write(), LONGEST_RUN_S)
        except asyncio.TimeoutError:
            return False
        return True

    async def _write(self) -> None:
        """Until all is written and each kind was killed often enough."""
        questions, writing = Questions(), []
        for number, customer in enumerate(self._customers):
            random = Random(f"{self._seed} texts {number}")
            texts = [questions.draw(random) for _ in range(self._plan.messages)]
            writing.append(customer.write(texts, self._plan.pace))
        await asyncio.gather(*writing)
        while not self._chaos.enough:
            await asyncio.sleep(0.1)
        self._meta.weather.calm()
        await asyncio.gather(self._agents.leave(), self._inbox.leave())

    async def _strike_now_and_then(self) -> None:
        """For ever."""
        await asyncio.sleep(FIRST_STRIKE_S)
        while True:
            self._meta.weather.arm()
            await asyncio.sleep(STRIKE_EVERY_S)

    async def _settled(self) -> tuple[Snapshot, list[Violation]]:
        """When nothing has been wrong for QUIET_S, else after SETTLE_S, with what is."""
        deadline = time.monotonic() + (SETTLE_MESSENGER_S if self._on_messenger else SETTLE_S)
        sound_since = None
        while True:
            snapshot, found = await self._look()
            now = time.monotonic()
            sound_since = None if found else sound_since or now
            if now > deadline or (sound_since and now - sound_since > QUIET_S):
                return snapshot, found
            await asyncio.sleep(SETTLE_LOOK_EVERY_S)

    async def _look(self) -> tuple[Snapshot, list[Violation]]:
        """What is stored, and what is wrong in it; Meta may still have something to tell."""
        snapshot = await take(self._installation.redis.url, self._installation.settings.redis_prefix)
        for customer in self._on_messenger:
            self._meta.saw(customer.person, customer.side)
        witnesses = [customer.witness for customer in self._customers]
        found = violations(snapshot, witnesses, self._agents.said)
        if self._meta.undelivered:
            found.append(Violation("protocol", "", f"Meta could not deliver {self._meta.undelivered} events"))
        return snapshot, found

    def _troubles_of_processes(self) -> list[Violation]:
        ended = [f"{one.name} ended by itself: {one.how}" for one in self._installation.ended if one.was_up]
        stops = [f"{name}, asked to stop, ended with: {how}" for name, how in self._chaos.bad_stops]
        events = self._installation.events()
        mistakes = [f"{events[name]} times {name} in the logs" for name in MISTAKES if events[name]]
        agents = [f"an agent's {trouble}" for trouble in self._agents.troubles]
        found = [Violation("process", "", what) for what in [*ended, *stops, *mistakes, *agents]]
        return found + [Violation("protocol", "", what) for what in self._meta.troubles()]


def make_customers(
    count: int, client: aiohttp.ClientSession, urls: Sequence[str], seed: int, **said: Any
) -> list[Customer]:
    """So many, of the widget and of REST."""

    def make() -> Iterator[Customer]:
        for number in range(count):
            random = Random(f"{seed} customer {number}")
            if number < round(count * REST_SHARE):
                yield RestCustomer(client, urls, random, **said).named(f"{seed}-{number}")
            else:
                yield WidgetCustomer(client, urls, random, **said)

    return list(make())


async def beside(work: Coroutine[Any, Any, Result], *others: Coroutine[Any, Any, None]) -> Result:
    """The result of `work`, with the others running meanwhile; an error in any of them goes up at once."""
    main = asyncio.ensure_future(work)
    tasks = [main, *(asyncio.ensure_future(other) for other in others)]
    try:
        waiting = set(tasks)
        while not main.done():
            done, waiting = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()
        return main.result()
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
