"""The loop that sends: takes conversations with something in line, many at the same time, in every web process."""

from __future__ import annotations

import asyncio
from contextlib import suppress

import structlog

from bot.errors import StoreUnavailable
from bot.logs import described
from bot.store.events import RESYNC
from bot.store.sending import Claim, SendQueue
from bot.web.channels.messenger.config import CHANNELS
from bot.web.channels.messenger.courier import Courier
from bot.web.live import Live, Subscription

log = structlog.get_logger()

RETRY_S = 1.0
# A conversation that something of ours could not cope with: often enough to see whether it was mended.
BROKEN_MS = 60_000
_PREFIXES = tuple(f"{channel}-" for channel in CHANNELS)


class Sender:
    """Wakes up when something was said on a platform's channel, and by a timer for what waits for its time."""

    def __init__(
        self, queue: SendQueue, courier: Courier, live: Live, *, at_once: int = 16, look_every_s: float = 0.5
    ) -> None:
        """at_once: conversations of this process."""
        self._queue = queue
        self._courier = courier
        self._live = live
        self._at_once = at_once
        self._look_every_s = look_every_s
        self._loop: asyncio.Task[None] | None = None
        self._at_work: set[asyncio.Task[None]] = set()
        self._woken = asyncio.Event()
        self._is_stopping = False

    async def run(self) -> None:
        """Send, until cancelled. What was begun then goes on: `stop` waits for it."""
        self._loop = asyncio.create_task(self._send())
        try:
            await asyncio.shield(self._loop)
        finally:
            self._ask_to_stop()

    async def stop(self, *, within_s: float) -> None:
        """Finish the requests in the air; what takes longer is uncertain, and found out about by another process."""
        self._ask_to_stop()
        begun = {*self._at_work, *([self._loop] if self._loop else [])}
        if begun:
            _, late = await asyncio.wait(begun, timeout=within_s)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)

    def _ask_to_stop(self) -> None:
        self._is_stopping = True
        self._woken.set()

    async def _send(self) -> None:
        with self._live.subscribe() as events:
            listener = asyncio.create_task(self._listen(events))
            try:
                while not self._is_stopping:
                    await self._look()
            finally:
                listener.cancel()

    async def _listen(self, events: Subscription) -> None:
        while True:
            event = await events.next()
            if event and (event is RESYNC or str(event.get("conversation_id", "")).startswith(_PREFIXES)):
                self._woken.set()

    async def _look(self) -> None:
        self._woken.clear()
        try:
            while self._has_room() and (claim := await self._queue.claim()):
                task = asyncio.create_task(self._deliver(claim))
                self._at_work.add(task)
                task.add_done_callback(self._end)
        except StoreUnavailable as exc:
            log.warning("sender.paused", reason=str(exc))
            await asyncio.sleep(RETRY_S)
        except Exception as exc:  # whatever goes wrong once, the next time counts
            log.error("sender.failed", error=described(exc))
            await asyncio.sleep(RETRY_S)
        with suppress(asyncio.TimeoutError):
            await asyncio.wait_for(self._woken.wait(), self._look_every_s)

    def _has_room(self) -> bool:
        return len(self._at_work) < self._at_once and not self._is_stopping

    def _end(self, task: asyncio.Task[None]) -> None:
        """There is room for another conversation."""
        self._at_work.discard(task)
        self._woken.set()

    async def _deliver(self, claim: Claim) -> None:
        """A conversation that can't be sent for must not keep others waiting."""
        renewal = asyncio.create_task(self._renew(claim))
        try:
            await self._courier.deliver(claim, goes_on=lambda: not self._is_stopping)
        except StoreUnavailable as exc:
            log.warning("sender.paused", reason=str(exc))  # its lease ends, and it is tried again
        except Exception as exc:
            log.error("sender.failed", conversation_id=claim.conversation_id, error=described(exc))
            with suppress(StoreUnavailable):
                await self._queue.later(claim, BROKEN_MS, refused=False)
        finally:
            renewal.cancel()

    async def _renew(self, claim: Claim) -> None:
        """A request may take longer than a lease, which is short: what a process that died had, another takes soon."""
        while True:
            await asyncio.sleep(self._queue.lease_ms / 4000)
            with suppress(StoreUnavailable):  # the next one will do, or the lease ends
                await self._queue.renew(claim)
