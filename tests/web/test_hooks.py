"""Webhooks: what happens reaches whoever subscribed, signed, in order, and again until it arrives."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from bot.errors import NotFound
from bot.model import Account, Handoff
from bot.redis_server import OwnRedis
from bot.settings import Settings
from bot.store import Store
from bot.store.connection import encode
from bot.store.conversations import AtOnce
from bot.store.hooks import EVENTS, KEPT, Delivery, Hook
from bot.store.work import now_ms
from bot.web import leading
from bot.web.hooks import delivering
from bot.web.hooks.client import BadAddress, HookClient, Outcome, check_address
from bot.web.hooks.delivering import Hooks
from bot.web.operations.metrics import Metrics
from tests.conftest import HANG_S, eventually
from tests.fakes.conversations import handed_over, message, write
from tests.fakes.hook_receiver import HookReceiver, hook_receiver

SANNE = Account("sanne", "Sanne", ("agent",))


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(delivering, "RETRIES_S", (0.05, 0.05))
    monkeypatch.setattr(leading, "PAUSE_S", 0.05)


@pytest.fixture
async def receiver() -> AsyncIterator[HookReceiver]:
    async with hook_receiver() as receiver:
        yield receiver


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return replace(settings, hooks_private="on", public_url="https://chat.example.nl")


@asynccontextmanager
async def delivering_hooks(store: Store, settings: Settings, *, timeout_s: float = 5.0) -> AsyncIterator[Hooks]:
    hooks = Hooks(store, settings, Metrics(), timeout_s=timeout_s)
    await hooks.open()
    task = asyncio.create_task(hooks.run())
    try:
        yield hooks
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await hooks.close()


@pytest.fixture
async def hooks(store: Store, settings: Settings) -> AsyncIterator[Hooks]:
    async with delivering_hooks(store, settings) as hooks:
        yield hooks


async def subscribed(
    store: Store, receiver: HookReceiver, *, events: tuple[str, ...] = EVENTS, with_text: bool = False
) -> Hook:
    hook = await store.hooks.create(receiver.url, events, with_text=with_text)
    receiver.secret = hook.secret
    return hook


async def deliveries(store: Store, hook: Hook, *states: str, count: int = 1) -> list[Delivery]:
    """All of them, once there are so many and each is in one of `states`."""

    async def settled() -> list[Delivery]:
        found = await store.hooks.deliveries(hook.id)
        return found if len(found) >= count and all(one.state in states for one in found) else []

    return await eventually(settled)


async def test_what_happens_arrives_signed_in_order_and_without_words(
    store: Store, hooks: Hooks, receiver: HookReceiver
) -> None:
    hook = await subscribed(store, receiver)
    conversation_id = await handed_over(store, "mijn kat zit vast", reason="complaint", priority="high")
    conversation = await store.conversations.get(conversation_id)
    await store.queue.claim(conversation, SANNE)
    await store.queue.reply(
        conversation_id, SANNE, message(conversation_id, "agent", "Ik kom eraan", agent_name="Sanne")
    )
    await write(store, "dank je", conversation_id)
    await store.queue.close(await store.conversations.get(conversation_id), reason="solved")
    await eventually(lambda: _count(receiver, 5))
    assert receiver.types() == ["handoff", "claim", "reply", "message", "close"]
    handoff, claim, reply, _, close = (one["data"] for one in receiver.got)
    facts = handoff["conversation"]
    assert facts["id"] == conversation_id and facts["url"] == f"https://chat.example.nl/desk/{conversation_id}"
    assert (facts["channel"], facts["department"]) == ("widget", "klantenservice")
    assert (facts["reason"], facts["priority"], facts["labels"]) == ("complaint", "high", [])
    assert claim["conversation"]["owner"] == "agent:sanne" and claim["before"] == "queue"
    assert reply["message"]["sender"] == "agent" and reply["message"]["agent_name"] == "Sanne"
    assert close["close_reason"] == "solved"
    assert "kat" not in str(receiver.got) and "eraan" not in str(receiver.got)
    assert len(set(receiver.ids)) == 5
    assert [one.status for one in await deliveries(store, hook, "delivered", count=5)] == [200] * 5


async def _count(receiver: HookReceiver, count: int) -> bool:
    return len(receiver.got) >= count


async def test_words_go_along_if_asked_for(store: Store, hooks: Hooks, receiver: HookReceiver) -> None:
    await subscribed(store, receiver, with_text=True)
    conversation_id = await handed_over(store, "mijn bsn is 123456782", customer_id="jo")
    await eventually(lambda: _count(receiver, 1))
    data = receiver.got[0]["data"]
    assert data["message"]["text"] == "mijn bsn is [BSN]" and data["message"]["sender"] == "customer"
    assert data["conversation"]["customer"] == {"id": "jo", "name": ""}
    assert data["conversation"]["id"] == conversation_id


async def test_only_what_was_asked_for_and_what_came_after(store: Store, hooks: Hooks, receiver: HookReceiver) -> None:
    await handed_over(store)
    hook = await store.hooks.create(receiver.url, ("claim",))
    conversation_id = await handed_over(store)
    await store.queue.claim(await store.conversations.get(conversation_id), SANNE)
    await deliveries(store, hook, "delivered")
    assert receiver.types() == ["claim"]


async def test_a_failed_delivery_is_tried_again_with_the_same_id_and_then_given_up(
    store: Store, hooks: Hooks, receiver: HookReceiver
) -> None:
    hook = await subscribed(store, receiver)
    receiver.statuses = [500, 307]
    receiver.answer_headers = {"location": receiver.url}
    await handed_over(store)
    (delivery,) = await deliveries(store, hook, "delivered")
    assert delivery.tries == 3 and len(set(receiver.ids)) == 1, "a redirect is not followed, and is no success"
    await eventually(lambda: is_failing(store, hook, False))
    receiver.statuses = [500] * 3
    await handed_over(store)
    newest, _ = await deliveries(store, hook, "delivered", "failed", count=2)
    assert (newest.state, newest.tries, newest.status) == ("failed", 3, 500)
    await eventually(lambda: is_failing(store, hook, True))
    again = await hooks.try_now(hook, newest)
    assert (again.state, again.id) == ("delivered", newest.id)


async def is_failing(store: Store, hook: Hook, expected: bool) -> bool:
    return ((await store.hooks.get(hook.id)).failing_since_ms > 0) == expected


async def test_a_receiver_that_takes_too_long_did_not_get_it(
    store: Store, settings: Settings, receiver: HookReceiver
) -> None:
    hook = await subscribed(store, receiver)
    receiver.waits_s = HANG_S
    async with delivering_hooks(store, settings, timeout_s=0.2):
        await handed_over(store)
        (delivery,) = await deliveries(store, hook, "failed")
    assert (delivery.problem, delivery.status) == ("timeout", 0) and delivery.took_ms > 150


async def test_what_is_behind_a_failed_one_waits_for_it_and_other_conversations_go_on(
    store: Store, settings: Settings, receiver: HookReceiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(delivering, "RETRIES_S", (3600, 0.01))
    monkeypatch.setattr(delivering, "BLOCK_MS", 50)
    hook = await subscribed(store, receiver)
    async with delivering_hooks(store, settings):
        first = await handed_over(store)
        receiver.statuses_of[first] = [500, 500, 500]
        await eventually(lambda: is_failing(store, hook, True))
        await store.queue.claim(await store.conversations.get(first), SANNE)
        second = await handed_over(store)
        await eventually(lambda: _count(receiver, 2))
        await store.queue.claim(await store.conversations.get(second), SANNE)
        await eventually(lambda: _count(receiver, 3))
        assert receiver.types(first) == ["handoff"] and receiver.types(second) == ["handoff", "claim"]
    # By hand it goes at once, and the order of the others stays. Another process goes on with them.
    (handoff,) = [one for one in await store.hooks.deliveries(hook.id) if one.tries and one.state == "waiting"]
    await store._client.zadd(store._keys.hook_due(hook.id), {handoff.id: 0})
    async with delivering_hooks(store, settings):
        await deliveries(store, hook, "delivered", "failed", count=4)
    assert receiver.types(first) == ["handoff"] * 3 + ["claim"], "given up, and then the next one"
    assert await store._client.zcard(store._keys.hook_line(hook.id)) == 0
    # A process that stood still says late that its try failed: what arrived stays so.
    claim = next(one for one in await store.hooks.deliveries(hook.id) if one.conversation_id == first)
    await store.hooks.settle(replace(claim, state="waiting", next_at_ms=1))
    assert (await store.hooks.delivery(hook.id, claim.id)).state == "delivered"
    assert await store.hooks.oldest_due_ms(hook.id) is None


async def test_nothing_waits_for_ever_behind_what_a_version_before_delivered(
    store: Store, settings: Settings, receiver: HookReceiver
) -> None:
    hook = await subscribed(store, receiver)
    made = [Delivery(f"msg_{hook.id}_{n}-0", hook.id, kind, now_ms(), "c") for n, kind in enumerate(EVENTS[:4])]
    client, records, due = store._client, store._keys.hook_deliveries(hook.id), store._keys.hook_due(hook.id)
    await store.hooks.spread(made[:2], until="0-0")
    # It knew of no line: it delivered the first one, and the last two are due at once.
    await client.hset(records, made[0].id, encode(replace(made[0], state="delivered")))
    await client.zrem(due, made[0].id)
    for one in reversed(made[2:]):
        await client.hset(records, one.id, encode(one))
        await client.zadd(due, {one.id: 0})
    async with delivering_hooks(store, settings):
        await deliveries(store, hook, "delivered", count=4)
    assert receiver.types() == [one.type for one in made[1:]]
    assert await client.zcard(store._keys.hook_line(hook.id)) == 0


async def test_a_mistake_of_ours_is_given_up_like_any_other_failure(
    store: Store, settings: Settings, receiver: HookReceiver
) -> None:
    hook = await subscribed(store, receiver)
    conversation_id = await handed_over(store)
    await store._client.hset(store._keys.conversation(conversation_id), "created_at_ms", "gisteren")
    async with delivering_hooks(store, settings):
        (delivery,) = await deliveries(store, hook, "failed")
    assert (delivery.problem, delivery.tries, receiver.got) == ("broken", 3, [])


async def test_what_waited_for_days_behind_others_is_tried_once(store: Store, receiver: HookReceiver) -> None:
    old = Delivery("msg_h_1-0", "h", "claim", now_ms() - delivering.OLD_MS - 1, "c")
    assert delivering._settled(old, Outcome(500), now_ms()).state == "failed"
    assert delivering._settled(replace(old, at_ms=now_ms()), Outcome(500), now_ms()).state == "waiting"


async def test_who_was_too_far_behind_to_hear_everything_is_told_when_that_was(
    store: Store, settings: Settings, receiver: HookReceiver
) -> None:
    await store.accounts.create("baas", "Baas", ("admin",), "een-lang-wachtwoord")
    hook = await subscribed(store, receiver)
    for number in range(4):
        await handed_over_quietly(store, number)
    entries = await store._client.xrange(store._keys.happenings)
    await store.hooks.spread([], until=entries[0][0])
    # As XADD does with the oldest of more than 20,000; Redis may leave some of them.
    await store._client.xtrim(store._keys.happenings, maxlen=2, approximate=False)
    async with delivering_hooks(store, settings):
        await deliveries(store, hook, "delivered", count=2)
    told = await store.hooks.get(hook.id)
    assert (told.lost_from_ms, told.lost_until_ms) == tuple(int(entries[n][0].split("-")[0]) for n in (0, -2))
    (notification,) = await store.notifications.latest("baas")
    assert "heeft gebeurtenissen gemist" in notification.text
    await store.hooks.save(told)
    assert (await store.hooks.get(hook.id)).lost_until_ms == 0


async def test_of_too_many_that_wait_the_oldest_are_dropped_and_the_next_one_is_due(
    store: Store, receiver: HookReceiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.store.hooks.MAX_WAITING", 2)
    monkeypatch.setattr("bot.store.hooks.SLACK", 0)
    hook = await subscribed(store, receiver)
    await store.hooks.spread(
        [Delivery(f"msg_{hook.id}_{n}-0", hook.id, "reply", n, "c") for n in range(8, 13)], until="0"
    )
    assert [one.at_ms for one in await store.hooks.due(hook.id, now_ms(), 10)] == [8]
    assert sorted(one.at_ms for one in await store.hooks.trim(hook.id)) == [8, 9, 10]
    assert [one.at_ms for one in await store.hooks.due(hook.id, now_ms(), 10)] == [11]
    assert {one.problem for one in await store.hooks.deliveries(hook.id)} == {"", "too_many"}


async def test_one_failing_conversation_holds_up_no_other_and_a_host_gets_four_at_a_time(
    store: Store, hooks: Hooks, receiver: HookReceiver
) -> None:
    hook = await subscribed(store, receiver)
    receiver.waits_s = 0.05
    await asyncio.gather(*(handed_over_quietly(store, number) for number in range(12)))
    await eventually(lambda: _count(receiver, 12))
    assert receiver.most_at_once == delivering.AT_A_TIME_PER_HOST
    await deliveries(store, hook, "delivered")


async def handed_over_quietly(store: Store, number: int) -> None:
    written = message(f"widget-{number}", "customer", "help")
    at_once = AtOnce(
        Handoff("attachment", "normal", now_ms(), written.id), message(written.conversation_id, "system", "ok")
    )
    await store.conversations.receive(written, channel="widget", customer_id=f"c{number}", at_once=at_once)


async def test_two_processes_deliver_once_and_one_goes_on_when_the_other_dies(
    store: Store, settings: Settings, receiver: HookReceiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(leading, "LEASE_S", 0.5)
    monkeypatch.setattr(delivering, "BLOCK_MS", 50)
    hook = await subscribed(store, receiver, events=("handoff",))
    receiver.waits_s = 0.05
    first = Hooks(store, settings, Metrics())
    await first.open()
    dying = asyncio.create_task(first.run())
    async with delivering_hooks(store, settings):
        for number in range(4):
            await handed_over_quietly(store, number)
        await deliveries(store, hook, "delivered", count=4)
        assert len(receiver.got) == 4
        receiver.waits_s = 1.0
        await handed_over_quietly(store, 4)
        await eventually(lambda: _count(receiver, 5))
        # As a kill does: nothing is noted, nobody resigns. What was in the air goes again.
        dying.cancel()
        await first._in_hand.end()
        receiver.waits_s = 0.0
        await deliveries(store, hook, "delivered", count=5)
    await first.close()
    assert len(set(receiver.ids)) == 5 and receiver.ids[4:] in ([receiver.ids[4]] * 2, [receiver.ids[4]])


async def test_redis_that_is_killed_and_comes_back_loses_no_delivery(
    settings: Settings, receiver: HookReceiver, tmp_path: Path
) -> None:
    with OwnRedis(tmp_path) as redis:
        store = await Store(redis.url, settings).open()
        hook = await subscribed(store, receiver)
        await handed_over(store)  # nobody delivers yet
        await asyncio.sleep(1.1)  # appendfsync everysec
        async with delivering_hooks(store, settings):
            os.kill((await store._client.info("server"))["process_id"], signal.SIGKILL)
            await eventually(lambda: _is_gone(redis))
            await asyncio.to_thread(redis.start)
            (delivery,) = await deliveries(store, hook, "delivered")
        await store.close()
    assert set(receiver.ids) == {delivery.id}


async def _is_gone(redis: OwnRedis) -> bool:
    return not redis.is_running()


async def test_nothing_for_days_switches_it_off_and_tells_admins(
    store: Store, hooks: Hooks, receiver: HookReceiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(delivering, "OFF_AFTER_MS", -1)
    await store.accounts.create("baas", "Baas", ("admin",), "een-lang-wachtwoord")
    await store.accounts.create("sanne", "Sanne", ("agent",), "een-lang-wachtwoord")
    hook = await subscribed(store, receiver)
    receiver.statuses = [500] * 10
    await handed_over(store)

    (told,) = await eventually(lambda: store.notifications.latest("baas"))
    assert (await store.hooks.get(hook.id)).off_reason == "failing"
    assert told.kind == "webhook" and told.url == f"/koppelingen/webhooks/{hook.id}" and "drie dagen" in told.text
    assert await store.notifications.latest("sanne") == []
    await deliveries(store, hook, "dropped", "failed")
    receiver.statuses = []
    await store.hooks.save(await store.hooks.get(hook.id))
    assert (await store.hooks.get(hook.id)).is_active


async def test_gone_is_gone(store: Store, hooks: Hooks, receiver: HookReceiver) -> None:
    hook = await subscribed(store, receiver)
    receiver.statuses = [410]
    await handed_over(store)
    (delivery,) = await deliveries(store, hook, "failed")
    assert delivery.tries == 1

    async def is_off() -> bool:
        return (await store.hooks.get(hook.id)).off_reason == "gone"

    await eventually(is_off)


async def test_for_a_day_both_secrets_fit(store: Store, hooks: Hooks, receiver: HookReceiver) -> None:
    hook = await subscribed(store, receiver)
    renewed = await store.hooks.renew_secret(hook.id)
    assert renewed.secret != hook.secret and renewed.old_secret == hook.secret
    for secret in (hook.secret, renewed.secret):
        receiver.secret = secret
        assert (await hooks.try_now(renewed, delivering.new_test(renewed))).status == 200
    assert [len(one) for one in receiver.signatures] == [2, 2]
    assert renewed.secrets(renewed.old_secret_until_ms + 1) == (renewed.secret,)
    assert "whsec" not in repr(renewed)


async def test_the_log_keeps_the_last_ones_and_all_that_wait(store: Store, receiver: HookReceiver) -> None:
    hook = await subscribed(store, receiver)
    for number in range(KEPT + 30):
        state = "waiting" if number < 10 else "delivered"
        one = Delivery(
            f"msg_{number}", hook.id, "handoff", number, f"c{number}", state=state, next_at_ms=int(state == "waiting")
        )  # type: ignore[arg-type]
        await store.hooks.settle(one)
    await store.hooks.trim(hook.id)
    kept = await store.hooks.deliveries(hook.id)
    assert len(kept) == KEPT + 10 and sum(one.state == "waiting" for one in kept) == 10
    assert len(await store.hooks.due(hook.id, 10, 100)) == 10


async def test_what_is_removed_leaves_nothing(store: Store, hooks: Hooks, receiver: HookReceiver) -> None:
    hook = await subscribed(store, receiver)
    receiver.waits_s = 0.2
    await handed_over(store)
    await eventually(lambda: _count(receiver, 1))
    await store.hooks.remove(hook.id)
    await asyncio.sleep(0.3)
    assert await store.hooks.deliveries(hook.id) == [] and await store.hooks.all() == ()
    with pytest.raises(NotFound):
        await store.hooks.get(hook.id)


@pytest.mark.parametrize(
    "url",
    [
        "http://example.nl/hook",
        "ftp://example.nl",
        "https://",
        "https://u:p@example.nl/",
        "https://127.0.0.1/",
        "https://[::1]/",
        "https://[::ffff:10.0.0.1]/",
        "https://169.254.169.254/latest",
        "https://localhost/",
        "https://printer.local/",
        "https://example.nl:abc/",
        "https://[/",
        "https://example.nl/" + "x" * 500,
        "",
    ],
)
def test_addresses_that_are_refused(url: str) -> None:
    with pytest.raises(BadAddress):
        check_address(url, private=False)


def test_addresses_that_are_taken() -> None:
    assert check_address(" https://www.example.nl:8443/hook?a=1 ", private=False)
    assert check_address("http://127.0.0.1:8090/hook", private=True)


async def test_a_name_that_leads_inside_is_not_connected_to() -> None:
    client = HookClient(private=False)
    await client.open()
    try:
        # No address to us, but one to the resolver: 127.0.0.1 in another guise.
        outcome = await client.send("https://0x7f.1:9/", ["whsec_c2VjcmV0"], "msg_1", b"{}")
        literal = await client.send("https://127.0.0.1:9/", ["whsec_c2VjcmV0"], "msg_1", b"{}")
    finally:
        await client.close()
    assert (outcome.problem, literal.problem) == ("not_allowed", "not_allowed")
