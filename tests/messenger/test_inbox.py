"""Raw events get their effect: in order for each customer, sorted after a failure, whoever dies or fails."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from functools import partial
from typing import Any

import msgspec
import pytest

from bot.errors import StoreUnavailable
from bot.store import Store
from bot.store.inbound import RawEvent
from bot.web.channels.messenger import inbox as module
from bot.web.channels.messenger.config import MessengerConfig, Page
from bot.web.channels.messenger.events import Event, Wrote
from bot.web.channels.messenger.inbox import Inbox, Pace
from bot.web.channels.messenger.parsing import parse
from bot.web.operations.metrics import Metrics
from tests.conftest import eventually
from tests.messenger.deliveries import now_ms, text_event

CONFIG = MessengerConfig("7001", "x" * 16, "y" * 16, (Page("1001", "token"),), "http://127.0.0.1:9", True)
PARSE = partial(parse, config=CONFIG, max_text_chars=100)
QUICK = Pace(lease_s=0.6, late_after_s=10.0, hold_s=0.3, max_hold_s=1.0, retries_s=(0.05, 0.1), effect_s=0.5)

Give = Callable[[Event], Awaitable[None]]


def raw(customer: str, text: str, *, at_ms: int | None = None, received_at_ms: int | None = None) -> RawEvent:
    event = text_event(customer, text, at_ms=now_ms() if at_ms is None else at_ms)
    encoded = msgspec.Raw(json.dumps(event).encode())
    return RawEvent("page", "1001", "messaging", encoded, received_at_ms or now_ms())


class Effects:
    """Notes what it is given, and fails or dawdles as the test says."""

    def __init__(self) -> None:
        self.given: list[str] = []
        self.problems: dict[str, list[Exception]] = {}
        self.slow: dict[str, float] = {}

    async def give(self, event: Event) -> None:
        assert isinstance(event, Wrote)
        if problems := self.problems.get(event.text):
            raise problems.pop(0)
        await asyncio.sleep(self.slow.get(event.text, 0))
        self.given.append(event.text)


@asynccontextmanager
async def running(
    store: Store, give: Give, pace: Pace = QUICK, *, metrics: Metrics | None = None, ahead_s: int = 0
) -> AsyncIterator[Inbox]:
    inbox = Inbox(store.inbound, PARSE, give, metrics or Metrics(), ahead_s=lambda: ahead_s, pace=pace)
    task = asyncio.create_task(inbox.run())
    try:
        yield inbox
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await inbox.close()


async def all_done(store: Store) -> None:
    async def nothing_waits() -> bool:
        return await store.inbound.size() == 0

    await eventually(nothing_waits)


async def reasons(store: Store) -> list[str]:
    return [reason for _, reason in await store.inbound.odd()]


async def test_events_of_one_customer_come_in_order_and_nobody_waits_for_another(store: Store) -> None:
    effects = Effects()
    effects.slow["a1"] = 0.4
    await store.inbound.put([raw("1", "a1"), raw("1", "a2"), raw("2", "b1"), raw("1", "a3"), raw("2", "b2")])
    async with running(store, effects.give):
        await all_done(store)
    assert effects.given == ["b1", "b2", "a1", "a2", "a3"]


async def test_events_that_come_after_a_failure_are_sorted_by_their_time(store: Store) -> None:
    effects, now = Effects(), now_ms()
    async with running(store, effects.give):
        await store.inbound.put([raw("1", "c", at_ms=now - 20_000), raw("1", "b", at_ms=now - 30_000), raw("2", "x")])
        await asyncio.sleep(0.15)
        assert effects.given == ["x"]  # the other customer has nothing to do with it
        await store.inbound.put([raw("1", "d", at_ms=now - 1_000), raw("1", "a", at_ms=now - 40_000)])
        await asyncio.sleep(0.2)
        assert effects.given == ["x"]  # the last late one came just now
        await all_done(store)
        assert effects.given == ["x", "a", "b", "c", "d"]
        await store.inbound.put([raw("1", "f"), raw("1", "e", at_ms=now - 2_000)])
        await all_done(store)
    assert effects.given[5:] == ["f", "e"]  # without a failure they are taken as they come


@pytest.mark.parametrize(("ahead_s", "in_order_of_arrival"), [(40, True), (0, False)])
async def test_where_our_clock_is_ahead_events_are_not_late_for_that(
    store: Store, ahead_s: int, in_order_of_arrival: bool
) -> None:
    effects, now = Effects(), now_ms()
    await store.inbound.put([raw("1", "b", at_ms=now - 40_000), raw("1", "a", at_ms=now - 45_000)])
    async with running(store, effects.give, ahead_s=ahead_s):
        await all_done(store)
    assert effects.given == (["b", "a"] if in_order_of_arrival else ["a", "b"])


async def test_late_events_without_end_do_not_make_a_customer_wait_without_end(store: Store) -> None:
    effects = Effects()
    async with running(store, effects.give, Pace(lease_s=5, hold_s=0.4, max_hold_s=0.6)):
        for number in range(30):
            await store.inbound.put([raw("1", str(number), at_ms=now_ms() - 20_000)])
            await asyncio.sleep(0.1)
            if effects.given:
                break
    assert effects.given[0] == "0"


async def test_an_effect_that_fails_once_is_tried_again_before_the_next(store: Store) -> None:
    effects = Effects()
    effects.problems["a1"] = [KeyError("x")]
    await store.inbound.put([raw("1", "a1"), raw("1", "a2")])
    async with running(store, effects.give):
        await all_done(store)
    assert effects.given == ["a1", "a2"] and await reasons(store) == []


async def test_an_effect_that_always_fails_or_hangs_is_set_aside_and_stops_nothing(store: Store) -> None:
    effects, metrics = Effects(), Metrics()
    effects.problems["a1"] = [ValueError("x") for _ in range(99)]
    effects.slow["c1"] = 60
    await store.inbound.put([raw("1", "a1"), raw("1", "a2"), raw("2", "b1"), raw("3", "c1"), raw("3", "c2")])
    async with running(store, effects.give, metrics=metrics):
        await all_done(store)
    assert sorted(effects.given) == ["a2", "b1", "c2"] and effects.given[0] == "b1"
    assert sorted(await reasons(store)) == ["failed: TimeoutError", "failed: ValueError"]
    assert metrics.registry.get_sample_value("bot_messenger_events_total", {"kind": "failed"}) == 2
    assert metrics.registry.get_sample_value("bot_messenger_events_total", {"kind": "wrote"}) == 3


async def test_while_the_store_is_gone_everything_waits_and_nothing_is_set_aside(store: Store) -> None:
    effects = Effects()
    effects.problems["a2"] = [StoreUnavailable("gone"), StoreUnavailable("gone")]
    effects.slow["b1"] = 0.8  # what is in hand ends, so that it is not given twice
    await store.inbound.put([raw("1", "a1"), raw("2", "b1"), raw("1", "a2"), raw("1", "a3")])
    async with running(store, effects.give, Pace(lease_s=0.6)):
        await all_done(store)
        await asyncio.sleep(0.5)
    assert sorted(effects.given) == ["a1", "a2", "a3", "b1"] and await reasons(store) == []


async def test_what_can_not_be_read_at_all_is_set_aside(store: Store) -> None:
    effects = Effects()
    await store._client.xadd(store._keys.inbound, {"event": "no json"})
    await store._client.xadd(store._keys.inbound, {"other": "field"})
    await store.inbound.put([raw("1", "a1")])
    async with running(store, effects.give):
        await all_done(store)
    assert effects.given == ["a1"] and await reasons(store) == ["unknown object"] * 2


async def test_nobody_takes_over_from_a_leader_that_gives_signs(store: Store) -> None:
    effects = Effects()
    await store.inbound.put([raw("1", "a1")])
    assert await store.inbound.lead("another process", 600)
    async with running(store, effects.give):
        for _ in range(4):
            await asyncio.sleep(0.3)
            assert await store.inbound.lead("another process", 600)
        assert effects.given == []
        await all_done(store)  # that process stands still from now on
    assert effects.given == ["a1"]


async def test_who_stops_leaves_the_lead_and_what_was_in_hand_to_another(store: Store) -> None:
    first, second = Effects(), Effects()
    first.slow["a1"] = 60
    long = Pace(lease_s=60, effect_s=60)
    async with running(store, first.give, long):
        await store.inbound.put([raw("1", "a1"), raw("1", "a2")])
        await asyncio.sleep(0.2)
    async with running(store, second.give, long):
        await all_done(store)
    assert (first.given, second.given) == ([], ["a1", "a2"])


async def test_more_than_it_takes_in_hand_is_dealt_with_too(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "READ", 7)
    monkeypatch.setattr(module, "MAX_IN_HAND", 20)
    monkeypatch.setattr(module, "BLOCK_MS", 20)
    effects = Effects()
    await store.inbound.put([raw(str(number % 5), str(number)) for number in range(100)])
    async with running(store, effects.give):
        await all_done(store)
    assert sorted(map(int, effects.given)) == list(range(100))


async def test_comments_on_one_thing_are_in_order_and_the_page_has_its_own(store: Store) -> None:
    given: list[Any] = []

    async def give(event: Event) -> None:
        await asyncio.sleep(0.05 if getattr(event, "verb", "") == "add" else 0)
        given.append(getattr(event, "verb", "policy"))

    def comment(verb: str) -> RawEvent:
        value = {"item": "comment", "verb": verb, "comment_id": "5_8", "post_id": "1001_5", "from": {"id": "6001"}}
        change = msgspec.Raw(json.dumps({"field": "feed", "value": value}).encode())
        return RawEvent("page", "1001", "changes", change, now_ms())

    policy = msgspec.Raw(b'{"recipient":{"id":"1001"},"policy_enforcement":{"action":"warning"}}')
    await store.inbound.put(
        [comment("add"), comment("remove"), RawEvent("page", "1001", "messaging", policy, now_ms())]
    )
    async with running(store, give):
        await all_done(store)
    assert given == ["policy", "add", "remove"]
