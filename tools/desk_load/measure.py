"""One run: customers write, agents answer, and every change is looked for at every desk."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Coroutine, Iterable, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Any

import aiohttp

from bot.model import Account
from bot.store import Store
from tools.crash.questions import Questions
from tools.crash.run import beside
from tools.crash.widget_customer import WidgetCustomer
from tools.desk_load.desks import Desk, Frames

COME_WITHIN_S = 5.0
# Of those who wait already, so many are answered first.
WAITING = 500


@dataclass(frozen=True)
class Plan:
    """How much is asked. pause_s: what a customer thinks between two messages; every_s: how often an agent answers.

    settle_s: after the last change every desk has so long to show it.
    """

    agents: int = 50
    customers: int = 200
    open: int = 10_000
    lasts_s: float = 120.0
    pause_s: float = 8.0
    every_s: float = 20.0
    settle_s: float = 3.0


@dataclass(frozen=True)
class Change:
    """Something that every desk must show. begun_s: when somebody asked for it, stored_ms: when it was stored."""

    what: str
    conversation_id: str
    begun_s: float
    stored_ms: int


@dataclass
class Outcome:
    """delays_s: of each change at each desk, by what it was. missed: a change that a desk never showed."""

    plan: Plan
    delays_s: dict[str, list[float]] = field(default_factory=dict)
    missed: list[str] = field(default_factory=list)
    changes: int = 0
    # Beside the one that each begins with.
    read_all_again: int = 0
    frames: int = 0
    frame_bytes: int = 0
    troubles: list[str] = field(default_factory=list)


async def measure(plan: Plan, urls: Sequence[str], store: Store, agents: Sequence[Account]) -> Outcome:
    """Let it happen, with the web processes at `urls`, and see what became of it."""
    waiting = await store.views.page("waiting", limit=WAITING)
    frames = Frames(waiting={one.id for one in waiting.conversations})
    connector = aiohttp.TCPConnector(limit=0)
    async with aiohttp.ClientSession(connector=connector, read_bufsize=2**20) as client:
        tokens = [await store.sessions.start(agent.id) for agent in agents]
        desks = [
            Desk(client, urls[number % len(urls)], token, agent.name, frames)
            for number, (agent, token) in enumerate(zip(agents, tokens, strict=True))
        ]
        customers = [WidgetCustomer(client, urls, Random(f"customer {number}")) for number in range(plan.customers)]
        streams = [asyncio.create_task(desk.listen()) for desk in desks]
        try:
            await asyncio.wait_for(asyncio.gather(*(desk.listening.wait() for desk in desks)), 60)
            await _talk(plan, desks, customers)
            await asyncio.sleep(plan.settle_s)
        finally:
            for stream in streams:
                stream.cancel()
            await asyncio.gather(*streams, return_exceptions=True)
    return _outcome(plan, await _changes(store, desks, customers), frames, desks, customers)


async def _talk(plan: Plan, desks: Sequence[Desk], customers: Sequence[WidgetCustomer]) -> None:
    """For as long as planned."""
    ends_s = time.monotonic() + plan.lasts_s
    working = [desk.work(Random(desk.name), every_s=plan.every_s) for desk in desks]
    await beside(
        _all(_write(customer, number, plan, ends_s) for number, customer in enumerate(customers)),
        *working,
        *(customer.read() for customer in customers),
    )


async def _all(works: Iterable[Coroutine[Any, Any, None]]) -> None:
    await asyncio.gather(*works)


async def _write(customer: WidgetCustomer, number: int, plan: Plan, ends_s: float) -> None:
    random, questions = Random(f"words {number}"), Questions()
    await asyncio.sleep(random.uniform(0, min(COME_WITHIN_S, plan.lasts_s / 2)))
    while time.monotonic() < ends_s:
        await customer.say(questions.draw(random))
        await asyncio.sleep(random.uniform(0.5, 1.5) * plan.pause_s)


async def _changes(store: Store, desks: Sequence[Desk], customers: Sequence[WidgetCustomer]) -> list[Change]:
    """All that happened, with the moment that each was stored."""
    found = [
        Change("message", one.witness.conversation_id, sent.sent_at_s, _ms(sent.entry_id))
        for one in customers
        for sent in one.witness.sent
        if sent.acked
    ]
    for deed in (deed for desk in desks for deed in desk.deeds):
        messages = await store.conversations.messages(deed.conversation_id)
        mine = [one for one in messages if one.agent_name == deed.agent_name]
        wanted = [one for one in mine if (one.id == deed.message_id if deed.message_id else one.notice == "claimed")]
        if wanted:
            what = "reply" if deed.message_id else "claim"
            found.append(Change(what, deed.conversation_id, deed.at_s, _ms(wanted[-1].entry_id)))
    return found


def _ms(entry_id: str) -> int:
    return int(entry_id.partition("-")[0])


def _outcome(
    plan: Plan,
    changes: Sequence[Change],
    frames: Frames,
    desks: Sequence[Desk],
    customers: Sequence[WidgetCustomer],
) -> Outcome:
    outcome = Outcome(plan, changes=len(changes), frames=len(frames.known), frame_bytes=sum(frames.sizes))
    for change in changes:
        for desk in desks:
            shown_s = _shown_s(change, frames, desk)
            if shown_s is None:
                outcome.missed.append(f"{change.what} in {change.conversation_id} at the desk of {desk.name}")
            else:
                outcome.delays_s.setdefault(change.what, []).append(shown_s - change.begun_s)
    outcome.read_all_again = sum(len(desk.read_all) - 1 for desk in desks)
    outcome.troubles = [trouble for desk in desks for trouble in desk.troubles]
    outcome.troubles += [trouble for customer in customers for trouble in customer.witness.troubles]
    return outcome


def _shown_s(change: Change, frames: Frames, desk: Desk) -> float | None:
    """When the desk had the conversation as it was after the change; None for never."""
    moments = [
        desk.received[frame_id]
        for frame_id in frames.by_conversation.get(change.conversation_id, ())
        if frames.known[frame_id].read_at_ms >= change.stored_ms and frame_id in desk.received
    ]
    moments += [at_s for at_s, read_at_ms in desk.read_all[1:] if read_at_ms >= change.stored_ms]
    return min(moments, default=None)
