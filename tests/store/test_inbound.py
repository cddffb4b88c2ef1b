"""Raw events: all of a request or none, kept until they had their effect, one leader at a time."""

from __future__ import annotations

import msgspec

from bot.store import Store
from bot.store.inbound import RawEvent


def event(text: str) -> RawEvent:
    return RawEvent("page", "1001", "messaging", msgspec.Raw(msgspec.json.encode({"text": text})), 5)


async def test_events_are_kept_raw_and_in_order_until_they_are_done(store: Store) -> None:
    await store.inbound.put([event("é"), event("2")])
    first, second = await store.inbound.waiting()
    assert bytes(first.event) == '{"text":"é"}'.encode() and bytes(second.event) == b'{"text":"2"}'
    await store.inbound.done([first.entry_id])
    await store.inbound.set_aside(second, "unknown kind")
    assert await store.inbound.waiting() == []
    (odd, reason), *_ = await store.inbound.odd()
    assert (bytes(odd.event), reason) == (b'{"text":"2"}', "unknown kind")


async def test_one_process_leads_until_it_resigns(store: Store) -> None:
    assert await store.inbound.lead("a", 60_000)
    assert await store.inbound.lead("a", 60_000)
    assert not await store.inbound.lead("b", 60_000)
    await store.inbound.resign("b")
    assert not await store.inbound.lead("b", 60_000)
    await store.inbound.resign("a")
    assert await store.inbound.lead("b", 60_000)
