"""Events of platforms, raw: stored before the webhook answers, taken out when they have had their effect.

One process at a time, the leader, gives them their effects. Two at once (one that stood still and comes back) do no
harm: every effect is recognised when it comes again.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace

import msgspec
import redis.asyncio as aioredis

from bot.store.connection import Script, encode, translated_errors
from bot.store.keys import Keys
from bot.store.leader import Leader

# What could not be understood is kept for who wants to know, but not for ever: it may have a customer's words.
MAX_ODD = 10_000
ODD_DAYS = 30


@dataclass(frozen=True)
class RawEvent:
    """One event of a webhook's request, as it came.

    platform: the request's `object`, as `page`. account_id: of the page or Instagram account. array: where the event
    stood in its entry: `messaging`, `standby`, `changes`, or `` for an entry with none of them.
    """

    platform: str
    account_id: str
    array: str
    event: msgspec.Raw
    received_at_ms: int
    entry_id: str = ""


class Inbound:
    """The stream of raw events."""

    def __init__(
        self, client: aioredis.Redis, keys: Keys, *, retention_days: int = ODD_DAYS, replicas: int = 0
    ) -> None:
        """retention_days: of customers' words. replicas: events count as stored once so many replicas have them."""
        self._client = client
        self._keys = keys
        self._retention_days = retention_days
        self._put = Script(client, "inbound_put", on_conversation=False, replicas=replicas)
        self._leader = Leader(client, keys.inbound_leader)

    async def put(self, events: Sequence[RawEvent]) -> None:
        """Store all of them or none. Raises StoreUnavailable."""
        if events:
            await self._put([self._keys.inbound], [encode(event) for event in events])

    async def waiting(self, limit: int = 500, *, after: str = "") -> list[RawEvent]:
        """Those that have had no effect yet, oldest first; `after`: only what came after this entry."""
        with translated_errors():
            found = await self._client.xrange(self._keys.inbound, min=f"({after}" if after else "-", count=limit)
        return [_raw_event(entry_id, fields) for entry_id, fields in found]

    async def wait(self, after: str, block_ms: int) -> None:
        """Until there is an event behind entry `after` (`0-0`: any), at most so long."""
        with translated_errors():
            await self._client.xread({self._keys.inbound: after}, count=1, block=block_ms)

    async def done(self, entry_ids: Sequence[str]) -> None:
        """They have had their effect: the conversation has what there is to know."""
        if entry_ids:
            with translated_errors():
                await self._client.xdel(self._keys.inbound, *entry_ids)

    async def set_aside(self, event: RawEvent, reason: str) -> None:
        """Nothing can be done with it; kept raw, with the reason."""
        pipeline = self._client.pipeline(transaction=True)
        fields = {"event": encode(event), "reason": reason}
        pipeline.xadd(self._keys.inbound_odd, fields, maxlen=MAX_ODD, approximate=True)
        pipeline.xdel(self._keys.inbound, event.entry_id)
        with translated_errors():
            await pipeline.execute()

    async def odd(self, limit: int = 100, *, before: str = "") -> list[tuple[RawEvent, str]]:
        """What was set aside last, with the reason, newest first; `before`: only what came before this entry."""
        with translated_errors():
            end = f"({before}" if before else "+"
            found = await self._client.xrevrange(self._keys.inbound_odd, max=end, count=limit)
        return [(_raw_event(entry_id, fields), fields["reason"]) for entry_id, fields in found]

    async def remove_expired(self) -> None:
        """What was set aside long ago goes; and what nobody gave its effect, since the channel was switched off."""
        odd, waiting = min(ODD_DAYS, self._retention_days), self._retention_days
        for key, days in ((self._keys.inbound_odd, odd), (self._keys.inbound, waiting)):
            oldest_ms = int((time.time() - days * 86_400) * 1000)
            with translated_errors():
                await self._client.xtrim(key, minid=f"{oldest_ms}-0", approximate=False)

    async def size(self) -> int:
        """How many events wait for their effect."""
        with translated_errors():
            return int(await self._client.xlen(self._keys.inbound))

    async def oldest_s(self) -> float:
        """How long the first of them has waited; 0 when none waits."""
        pipeline = self._client.pipeline(transaction=False)
        pipeline.time()
        pipeline.xrange(self._keys.inbound, count=1)
        with translated_errors():
            (seconds, micros), found = await pipeline.execute()
        if not found:
            return 0.0
        entry_id, _ = found[0]
        return max(0.0, int(seconds) + int(micros) / 1e6 - int(entry_id.partition("-")[0]) / 1000)

    async def lead(self, name: str, lease_ms: int) -> bool:
        """Become the leader, or stay it, for `lease_ms`; False while another process is."""
        return await self._leader.lead(name, lease_ms)

    async def resign(self, name: str) -> None:
        """Another may lead at once."""
        await self._leader.resign(name)


def _raw_event(entry_id: str, fields: dict[str, str]) -> RawEvent:
    """One that can't be read must not keep the others from their effect: it comes as text, without a platform."""
    try:
        event = msgspec.json.decode(fields["event"], type=RawEvent)
    except (msgspec.MsgspecError, KeyError, RecursionError):
        event = RawEvent("", "", "", msgspec.Raw(msgspec.json.encode(fields.get("event", ""))), 0)
    return replace(event, entry_id=entry_id)
