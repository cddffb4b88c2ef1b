"""Conversations that are there before it begins: most wait for a human, the others have an agent."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from random import Random

from bot.model import Account, Handoff, Message, Priority
from bot.store import Store
from bot.store.departments import Department, Target
from bot.store.work import now_ms

AT_ONCE = 64
HELD_SHARE = 0.3
# Nobody has left a customer alone for too long, so that nothing goes back to the queue meanwhile.
OLDEST_MS = 20 * 60_000
# Promises that hold for as long as a run lasts: a broken one is told to everybody.
DEPARTMENT = Department("klantenservice", "de klantenservice", Target(600, 4_800))
PASSWORD = "een-lang-wachtwoord"
_REASONS = ("not_confident", "complaint", "asked_for_human", "attachment")
_PRIORITIES: tuple[Priority, ...] = ("normal", "normal", "normal", "high", "low")


async def make_agents(store: Store, count: int) -> list[Account]:
    """Accounts that can sign in."""
    return [await store.accounts.create(f"agent{n}", f"Agent {n}", ("agent",), PASSWORD) for n in range(count)]


async def preload(store: Store, agents: Sequence[Account], count: int) -> None:
    """`count` open conversations, spread over `agents`."""
    await store.departments.save(DEPARTMENT)
    gate, random = asyncio.Semaphore(AT_ONCE), Random("preload")

    async def one(number: int) -> None:
        async with gate:
            await _open(store, number, random, agents)

    await asyncio.gather(*(one(number) for number in range(count)))


async def _open(store: Store, number: int, random: Random, agents: Sequence[Account]) -> None:
    conversation_id = f"widget-preloaded-{number}"
    at_ms = now_ms() - random.randrange(OLDEST_MS)
    message = Message(f"first-{number}", conversation_id, "customer", f"waar blijft pakket {number} nou?", at_ms)
    await store.conversations.receive(message, channel="widget", customer_id=conversation_id)
    handoff = Handoff(random.choice(_REASONS), random.choice(_PRIORITIES), at_ms, message.id)
    await store.queue.put(await store.conversations.get(conversation_id), handoff)
    if random.random() < HELD_SHARE:
        await store.queue.claim(await store.conversations.get(conversation_id), random.choice(agents))
