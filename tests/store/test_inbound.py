"""Raw events: all of a request or none, kept until they had their effect, one leader at a time."""

from __future__ import annotations

import msgspec

from bot.settings import Settings
from bot.store import Store
from bot.store.connection import encode
from bot.store.inbound import RawEvent
from bot.store.work import now_ms


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


async def test_what_was_set_aside_goes_after_a_month(store: Store) -> None:
    await store.inbound.put([event("1")])
    (raw,) = await store.inbound.waiting()
    for days in (31, 29):
        fields = {"event": encode(raw), "reason": f"{days} days old"}
        await store._client.xadd(store._keys.inbound_odd, fields, id=f"{now_ms() - days * 86_400_000}-0")
    await store.inbound.remove_expired()
    assert [reason for _, reason in await store.inbound.odd()] == ["29 days old"]


async def test_what_nobody_gave_its_effect_goes_when_conversations_would(store: Store, settings: Settings) -> None:
    for days in (settings.retention_days + 1, settings.retention_days - 1):
        entry_id = f"{now_ms() - days * 86_400_000}-0"
        await store._client.xadd(store._keys.inbound, {"event": encode(event(str(days)))}, id=entry_id)
    await store.inbound.remove_expired()
    assert await store.inbound.size() == 1


async def test_one_process_leads_until_it_resigns(store: Store) -> None:
    assert await store.inbound.lead("a", 60_000)
    assert await store.inbound.lead("a", 60_000)
    assert not await store.inbound.lead("b", 60_000)
    await store.inbound.resign("b")
    assert not await store.inbound.lead("b", 60_000)
    await store.inbound.resign("a")
    assert await store.inbound.lead("b", 60_000)
