"""People of the company who answer in Meta's own inbox, beside the desk, and perhaps give the conversation back."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from random import Random

from tests.fakes.graph import PAGE_INBOX
from tools.crash.messenger.customer import MessengerCustomer
from tools.crash.messenger.meta import ZERO_CONFIG, Meta

# How often somebody answers at the very moment that a customer writes, and how long after it at most.
ANSWERED_SHARE = 0.05
ANSWERED_WITHIN_S = 0.5
DONE_SHARE = 0.8
# By what an event of the inbox is known.
OF_INBOX = (str(PAGE_INBOX).encode(), b"pass_thread_control")
REPLIES = ("Hoi, met Ann.", "Ik kijk het na.", "Je hoort het zo.", "Fijne dag nog!")


@dataclass
class MetaInbox:
    """Some people, one for each conversation at a time."""

    meta: Meta
    customers: Sequence[MessengerCustomer]
    random: Random
    people: int = 4
    takeovers: int = 0
    handed_back: int = 0
    _in_hand: dict[str, asyncio.Task[None]] = field(default_factory=dict)
    _leaving: bool = False

    def customer_wrote(self, conversation_id: str) -> None:
        customer = next((one for one in self.customers if one.witness.conversation_id == conversation_id), None)
        is_free = len(self._in_hand) < self.people and conversation_id not in self._in_hand
        if customer and is_free and not self._leaving and self.random.random() < ANSWERED_SHARE:
            task = asyncio.create_task(self._answer(customer))
            self._in_hand[conversation_id] = task
            task.add_done_callback(lambda _: self._in_hand.pop(conversation_id, None))

    async def leave(self) -> None:
        """Finish what is in hand, and take nothing new."""
        self._leaving = True
        await asyncio.gather(*self._in_hand.values())

    async def _answer(self, customer: MessengerCustomer) -> None:
        await asyncio.sleep(self.random.uniform(0, ANSWERED_WITHIN_S))
        for text in self.random.sample(REPLIES, self.random.choice((1, 1, 2, 3))):
            await self._say(customer, text)
            await asyncio.sleep(self.random.uniform(0.3, 2.0))
        if self.random.random() < DONE_SHARE:
            async with customer.thread:
                await self._done(customer)

    async def _say(self, customer: MessengerCustomer, text: str) -> None:
        """The echo, and if that takes the thread from us the event that says so."""
        person, graph = customer.person, self.meta.graph
        async with customer.thread:
            before = len(graph.deliveries.all)
            takes_control = person.page.id != ZERO_CONFIG
            mid = await graph.inbox_replies(person.psid, text, page=person.page.id, takes_control=takes_control)
            customer.side.said_elsewhere[mid] = text
            await self._delivered(customer, before)
        self.takeovers += 1

    async def _done(self, customer: MessengerCustomer) -> None:
        before = len(self.meta.graph.deliveries.all)
        await self.meta.graph.inbox_done(customer.person.psid, page=customer.person.page.id)
        await self._delivered(customer, before)
        self.handed_back += 1

    async def _delivered(self, customer: MessengerCustomer, before: int) -> None:
        """Whatever Meta told of the inbox and this customer since then, it has our 200 for it."""
        graph, psid = self.meta.graph, customer.person.psid.encode()
        told = [
            one for one in graph.deliveries.all[before:] if psid in one.raw and any(key in one.raw for key in OF_INBOX)
        ]
        while any(one.state != "delivered" for one in told):
            await graph.changes(timeout_s=1.0)
