"""A customer on Messenger: Meta delivers what they write, again and again until the webhook answers with a 200."""

from __future__ import annotations

import asyncio
import time

from tests.fakes.graph import Customer as Person
from tests.fakes.graph import Delivery
from tools.crash.customers import Customer
from tools.crash.messenger.meta import Meta
from tools.crash.witness import OnPlatform, Sent

LOOK_EVERY_S = 2.5
# Of the times that there is something to read, those that the customer does.
READ_SHARE = 0.6
# Who asked something waits for an answer before they write again, but not for ever.
PATIENCE_S = 3.0
# Of the deliveries, those that Meta makes twice although the first one got its 200.
TWICE_SHARE = 0.1


class MessengerCustomer(Customer):
    """Whoever holds `thread` is the only one to whom something happens in it: Meta tells of it in its order."""

    channel = "messenger"
    # It has waited for the answer already.
    haste = 0.5

    def on(self, meta: Meta, number: int) -> MessengerCustomer:
        self.person: Person = meta.person(number)
        self.thread = asyncio.Lock()
        self.side = OnPlatform()
        self.witness.platform = self.side
        self.witness.conversation_id = f"messenger-{self.person.page.id}-{self.person.psid}"
        self._meta = meta
        return self

    async def read(self) -> None:
        """Open the thread now and then, for ever."""
        while True:
            await asyncio.sleep(LOOK_EVERY_S)
            if self.person.heard and self._random.random() < READ_SHARE:
                await self.person.reads()

    async def _send(self, sent: Sent) -> None:
        self._said(self.witness.conversation_id)
        async with self.thread:
            repeat = 2 if self._random.random() < TWICE_SHARE else 1
            await self.person.sends({"mid": sent.id, "text": sent.text}, repeat=repeat)
            delivery = await self._delivered(sent.id)
        if "standby" in delivery.body["entry"][0]:
            self.side.overheard.add(sent.id)
        self.witness.acknowledged(sent.id)
        await self._hear()

    async def _hear(self) -> None:
        """Wait until the page says something, or patience is at an end."""
        heard, until_s = len(self.person.heard), time.monotonic() + PATIENCE_S
        while len(self.person.heard) == heard and (left_s := until_s - time.monotonic()) > 0:
            await self._meta.graph.changes(timeout_s=left_s)

    async def _delivered(self, mid: str) -> Delivery:
        """Wait until Meta has a 200 for it."""
        graph = self._meta.graph
        delivery = next(one for one in reversed(graph.deliveries.all) if mid.encode() in one.raw)
        while delivery.state != "delivered":
            await graph.changes(timeout_s=1.0)
        return delivery
