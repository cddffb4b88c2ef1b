"""The lists of conversations: each in its order, in pages, and right after every change."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from bot.errors import AlreadyClaimed, CustomerWrote
from bot.model import Account, Conversation, Handoff, Message
from bot.store import Store
from bot.store.agents import KEPT_MS
from bot.store.departments import Department, Target
from bot.store.views import of_department
from bot.store.work import now_ms

SANNE = Account("sanne", "Sanne", ("agent",))


def message(conversation_id: str, message_id: str, sender: str = "customer") -> Message:
    return Message(message_id, conversation_id, sender, "hallo", now_ms())  # type: ignore[arg-type]


async def handed_over(store: Store, conversation_id: str, **handoff: object) -> Conversation:
    await store.conversations.receive(message(conversation_id, f"{conversation_id}-1"), channel="rest", customer_id="x")
    asked = Handoff(**{"reason": "complaint", "priority": "normal", "at_ms": now_ms(), **handoff})  # type: ignore[arg-type]
    await store.queue.put(await store.conversations.get(conversation_id), asked)
    return await store.conversations.get(conversation_id)


async def next_millisecond() -> None:
    """What happens in one millisecond has no order in a list."""
    await asyncio.sleep(0.002)


async def ids(store: Store, view: str) -> list[str]:
    return [one.id for one in (await store.views.page(view)).conversations]


async def test_the_queue_goes_by_priority_and_then_by_whose_promise_ends_first(store: Store) -> None:
    await handed_over(store, "later", at_ms=now_ms() - 1000)
    await handed_over(store, "sooner", at_ms=now_ms() - 50_000_000)
    await handed_over(store, "danger", priority="urgent")
    assert await ids(store, "waiting") == ["danger", "sooner", "later"]
    assert await ids(store, "waiting/klantenservice") == ["danger", "sooner", "later"]
    assert await store.views.counts(["waiting", "waiting/hr", "open"]) == {"waiting": 3, "waiting/hr": 0, "open": 3}


async def test_whose_promises_end_together_go_by_who_waits_longest(store: Store) -> None:
    """As all of an evening, who are promised an answer in the same morning."""
    due_ms = now_ms() + 50_000_000
    for place, name in enumerate(("z-first", "m-second", "a-third")):
        asked_ms = now_ms() - 5_000 + place
        await handed_over(store, name, at_ms=asked_ms, first_due_ms=due_ms, department="klantenservice")
    assert (
        await ids(store, "waiting") == await ids(store, "waiting/klantenservice") == ["z-first", "m-second", "a-third"]
    )


async def test_what_an_agent_has_and_had_is_found_by_department(store: Store) -> None:
    views = [of_department(one, "klantenservice") for one in ("held/sanne", "held", "snoozed/sanne", "open", "closed")]

    async def sizes() -> list[int]:
        return list((await store.views.counts(views)).values())

    await store.queue.claim(await handed_over(store, "c1"), SANNE)
    assert await sizes() == [1, 1, 0, 1, 0]
    await store.queue.snooze(await store.conversations.get("c1"), now_ms() + 3_600_000)
    assert await sizes() == [0, 0, 1, 1, 0]
    await store.queue.close(await store.conversations.get("c1"))
    assert await sizes() == [0, 0, 0, 0, 1]
    await store.conversations.receive(message("c1", "again"), channel="rest", customer_id="x")
    assert await sizes() == [0] * 5


async def test_a_view_is_read_page_by_page_also_with_strange_ids(store: Store) -> None:
    names = ["a|b", "a c", "é", "{x}", "a\nb"]
    for name in names:
        await handed_over(store, name)
    found, after = [], ""
    while True:
        page = await store.views.page("waiting", after=after, limit=2)
        found += [one.id for one in page.conversations]
        after = page.after
        if not after:
            break
    assert found == names


async def test_who_waits_for_an_agent_stands_above_who_was_answered(store: Store) -> None:
    for name in ("c1", "c2"):
        await store.queue.claim(await handed_over(store, name), SANNE)
    # Writing once more costs nobody their place before the first answer.
    await store.conversations.receive(message("c1", "hello?"), channel="rest", customer_id="x")
    assert await ids(store, "held/sanne") == ["c1", "c2"]
    await store.queue.reply("c1", SANNE, message("c1", "r1", "agent"))
    assert await ids(store, "held/sanne") == ["c2", "c1"]
    await next_millisecond()
    await store.conversations.receive(message("c1", "more"), channel="rest", customer_id="x")
    assert await ids(store, "held/sanne") == ["c2", "c1"]
    assert await ids(store, "open") == await ids(store, "held") == ["c2", "c1"]
    await store.queue.set_priority("c1", "high", message("c1", "n1", "note"))
    assert await ids(store, "open") == await ids(store, "held") == await ids(store, "held/sanne") == ["c1", "c2"]
    await store.queue.reply("c1", SANNE, message("c1", "r3", "agent"))
    await next_millisecond()
    await store.queue.reply("c2", SANNE, message("c2", "r2", "agent"))
    assert await ids(store, "open") == await ids(store, "held/sanne") == ["c2", "c1"]


async def test_all_of_a_view_is_read_page_by_page_also_while_it_changes(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.store.views.PAGE", 2)
    for name in ("c1", "c2", "c3", "c4", "c5"):
        await store.queue.claim(await handed_over(store, name), SANNE)
    await store.queue.claim(await handed_over(store, "c6"), Account("sanne2", "Sanne", ("agent",)))
    await store.queue.snooze(await store.conversations.get("c5"), now_ms() + 3_600_000)
    assert await store.views.holders() == ["sanne2", "sanne"]
    found = []
    async for one in store.views.every("held/sanne"):
        found.append(one.id)
        if one.id != "c1":
            await store.queue.close(one)
    assert found == ["c1", "c2", "c3", "c4"] and await ids(store, "held/sanne") == ["c1"]
    assert sorted(await store.views.holders()) == ["sanne", "sanne2"]


async def test_who_looks_for_silence_reads_only_whose_time_has_come(store: Store) -> None:
    async def silent(view: str, ms: int = 10**6) -> list[str]:
        return [one.id async for one in store.views.every(view, until_ms=now_ms() + ms)]

    for name, priority in (("c1", "normal"), ("danger", "urgent"), ("theirs", "urgent"), ("answered", "normal")):
        conversation = await handed_over(store, name, priority=priority)
        who = Account("chatwoot", "Chatwoot", ("agent",)) if name == "theirs" else SANNE
        await store.queue.claim(conversation, who)
    for name in ("answered", "danger"):
        await store.queue.reply(name, SANNE, message(name, f"{name}-r", "agent"))
    assert [await silent("unanswered"), await silent("unanswered/urgent")] == [["c1"], []]
    await store.conversations.receive(message("danger", "d2"), channel="rest", customer_id="x")
    assert await silent("unanswered/urgent") == ["danger"]
    assert [await silent("unanswered", -5000), await silent("quiet")] == [[], []]
    await store.queue.snooze(await store.conversations.get("c1"), now_ms() + 3_600_000)
    assert await silent("unanswered") == []
    await store.queue.snooze(await store.conversations.get("c1"), 0)
    assert await silent("unanswered") == ["c1"]
    await store.queue.answered_elsewhere("c1", at_ms=now_ms(), takes_from=["agent:sanne"])
    assert [await silent("unanswered"), await silent("quiet")] == [["c1"], []]
    await store.queue.answered_elsewhere("c1", at_ms=now_ms(), message=message("c1", "e1", "agent"))
    assert [await silent("unanswered"), await silent("quiet")] == [[], ["c1"]]


async def test_what_is_put_aside_comes_back_when_the_customer_writes(store: Store) -> None:
    await store.queue.claim(await handed_over(store, "c1"), SANNE)
    await store.queue.snooze(await store.conversations.get("c1"), now_ms() + 3_600_000)
    assert await ids(store, "snoozed/sanne") == ["c1"] and await ids(store, "held/sanne") == []
    assert await store.views.until("alarm", now_ms() + 10**10) == []
    await store.conversations.receive(message("c1", "again"), channel="rest", customer_id="x")
    assert await ids(store, "snoozed") == [] and await ids(store, "held/sanne") == ["c1"]
    assert [one.id for one in await store.views.until("alarm", now_ms() + 10**10)] == ["c1"]


async def test_a_promise_is_warned_of_once_and_kept_by_an_answer(store: Store) -> None:
    seen = await handed_over(store, "c1", at_ms=now_ms() - 10**9)
    assert [one.id for one in await store.views.until("alarm", now_ms())] == ["c1"]
    assert await store.queue.warned(seen, next_at_ms=now_ms() + 1000) == 1
    assert await store.queue.warned(seen, next_at_ms=now_ms() + 1000) == 0
    await store.queue.claim(seen, SANNE)
    await store.queue.reply("c1", SANNE, message("c1", "r1", "agent"))
    found = await store.conversations.get("c1")
    assert found.answered_at_ms and found.handoff and found.alarm_at_ms == found.handoff.resolve_due_ms


async def test_what_ended_is_an_episode_and_a_complaint_is_counted(store: Store) -> None:
    await store.queue.claim(await handed_over(store, "c1"), SANNE)
    await store.queue.close(await store.conversations.get("c1"), reason="solved")
    found, episodes = await store.conversations.get("c1"), await store.conversations.episodes("c1")
    assert (found.complaints, found.close_reason, found.last_agent_id) == (1, "solved", "sanne")
    assert [(one.reason, one.agent_name, one.how, one.close_reason) for one in episodes] == [
        ("complaint", "Sanne", "closed", "solved")
    ]
    assert await ids(store, "closed") == ["c1"] and await ids(store, "open") == []


async def test_an_agent_who_has_not_seen_the_last_message_is_told(store: Store) -> None:
    await store.queue.claim(await handed_over(store, "c1"), SANNE)
    seen = (await store.conversations.get("c1")).customer_entry_id
    await store.conversations.receive(message("c1", "meanwhile"), channel="rest", customer_id="x")
    with pytest.raises(CustomerWrote):
        await store.queue.reply("c1", SANNE, message("c1", "r1", "agent"), seen_entry_id=seen)
    newest = (await store.conversations.get("c1")).customer_entry_id
    assert await store.queue.reply("c1", SANNE, message("c1", "r1", "agent"), seen_entry_id=newest)


@pytest.mark.parametrize(
    "change",
    [
        lambda store, one: store.queue.close(one),
        lambda store, one: store.queue.hand_back(one),
        lambda store, one: store.queue.put_back(one, Handoff("taken_over", "low", now_ms(), department="hr")),
    ],
)
async def test_every_change_of_hands_moves_it_to_one_place(
    store: Store, change: Callable[[Store, Conversation], Awaitable[None]]
) -> None:
    await store.queue.claim(await handed_over(store, "c1"), SANNE)
    await change(store, await store.conversations.get("c1"))
    views = ["waiting", "held", "held/sanne", "assistant", "closed"]
    assert sum((await store.views.counts(views)).values()) == 1
    with pytest.raises(AlreadyClaimed):
        await store.queue.snooze(Conversation("c1", "rest", "x", "agent:sanne", 1, 1, 1), now_ms() + 1000)


async def test_a_handoff_goes_to_the_department_that_wants_it(store: Store) -> None:
    for place, (name, wants) in enumerate({"klantenservice": (), "hr": ("complaint",)}.items()):
        await store.departments.save(Department(name, f"de {name}", Target(10, 60), reasons=wants, place=place))
    first = await handed_over(store, "c1")
    second = await handed_over(store, "c2", reason="not_confident")
    assert [one.handoff and one.handoff.department for one in (first, second)] == ["hr", "klantenservice"]


async def test_one_that_can_not_be_read_keeps_no_other_from_a_list(store: Store) -> None:
    for name in ("c1", "c2"):
        await store.queue.claim(await handed_over(store, name), SANNE)
        await store.conversations.receive(message(name, "again"), channel="rest", customer_id="x")
    await store._client.hset(store._keys.conversation("c1"), "handoff", "no JSON")
    for view in ("unanswered", "held/sanne"):
        assert [one.id async for one in store.views.every(view)] == ["c2"] == await ids(store, view)


async def test_conversations_of_a_version_before_get_their_place(store: Store) -> None:
    await handed_over(store, "c1")
    await store._client.delete(store._keys.views, store._keys.viewed)
    assert await ids(store, "waiting") == []
    assert await store.conversations.place_all() == 1
    assert await ids(store, "waiting") == ["c1"] and await store.conversations.place_all() == 0


async def test_conversations_get_their_place_in_lists_that_a_version_before_did_not_have(store: Store) -> None:
    await store.queue.claim(await handed_over(store, "c1"), SANNE)
    await store.labels.add("c1", "vip")
    await store.conversations.receive(message("c1", "again"), channel="rest", customer_id="x")
    views, viewed, client = store._keys.views, store._keys.viewed, store._client
    # As a process of that version leaves it when it changes the conversation.
    members = [one for one in (await client.hget(viewed, "c1")).split("\0") if one.split("|")[0] in ("open", "held")]
    await client.zremrangebyrank(views, 0, -1)
    await client.zadd(views, dict.fromkeys(members, 0))
    await client.hset(viewed, "c1", "\0".join(members))
    # One that can't be read keeps none of the others from its place.
    await client.hset(store._keys.conversation("c0"), mapping={"owner": "queue", "created_at_ms": "gisteren"})
    await client.zadd(store._keys.active, {"c0": 1})
    assert await store.conversations.place_all() == 1
    assert await ids(store, "unanswered") == ["c1"] and await store.labels.counts() == {"vip": 1}
    assert "layout" not in (await store.views.places(["c1"]))[0] and await store.conversations.place_all() == 0


@pytest.mark.parametrize("is_answered", [False, True])
async def test_whoever_waited_in_a_version_before_is_warned_of(store: Store, is_answered: bool) -> None:
    conversation = await handed_over(store, "c1", at_ms=now_ms() - 86_400_000)
    if is_answered:
        await store.queue.claim(conversation, SANNE)
        await store.queue.reply("c1", SANNE, message("c1", "a1", "agent"))
    key, client = store._keys.conversation("c1"), store._client
    await client.hset(
        key, "handoff", f'{{"reason":"complaint","priority":"normal","at_ms":{conversation.created_at_ms}}}'
    )
    await client.hdel(key, "alarm_at_ms", "alarm_level", "answered_at_ms")
    await client.delete(store._keys.views, store._keys.viewed)
    await store.conversations.place_all()
    after = await store.conversations.get("c1")
    assert after.handoff and after.handoff.department == "klantenservice"
    due_ms = after.handoff.resolve_due_ms if is_answered else after.handoff.first_due_ms
    assert due_ms and after.alarm_at_ms == due_ms and await ids(store, "alarm") == ["c1"]


async def test_taking_over_what_was_put_aside_counts_by_what_is_promised_now(store: Store) -> None:
    await store.queue.claim(await handed_over(store, "c1", at_ms=now_ms() - 30 * 86_400_000), SANNE)
    await store.queue.reply("c1", SANNE, message("c1", "a1", "agent"))
    aside = await store.conversations.get("c1")
    await store.queue.snooze(aside, now_ms() + 3_600_000)
    later = await store.conversations.get("c1")
    assert later.handoff and aside.handoff and later.handoff.resolve_due_ms > aside.handoff.resolve_due_ms
    await store.queue.claim(later, Account("piet", "Piet", ("agent",)), what="transfer")
    assert (await store.conversations.get("c1")).alarm_at_ms == later.handoff.resolve_due_ms


async def test_what_has_expired_is_gone_whatever_was_done_with_it_and_what_was_just_written_stays(store: Store) -> None:
    for name in ("old", "fresh", "both"):
        await store.queue.claim(await handed_over(store, name), SANNE)
    long_ago = now_ms() - 400 * 86_400_000
    await store._client.zadd(store._keys.active, {"old": long_ago, "both": long_ago})
    await store.labels.set("old", ["vip"])
    await store.conversations.receive(message("both", "b2"), channel="rest", customer_id="x")
    assert await store.conversations.remove_expired() == 1
    assert [one.id for one in await store.conversations.get_many(["old", "fresh", "both"])] == ["fresh", "both"]
    assert set(await ids(store, "held/sanne")) == {"fresh", "both"}
    assert set(await store._client.zrange(store._keys.claimed, 0, -1)) == {"fresh", "both"}
    assert not await store._client.exists(*store._keys.of_conversation("old"))


@pytest.mark.parametrize("is_answered", [False, True])
async def test_what_turns_out_to_be_urgent_is_warned_of_at_once_until_it_is_not(
    store: Store, is_answered: bool
) -> None:
    await store.queue.claim(await handed_over(store, "c1"), SANNE)
    if is_answered:
        await store.queue.reply("c1", SANNE, message("c1", "a1", "agent"))
        await store.conversations.receive(message("c1", "c2"), channel="rest", customer_id="x")
    promised_ms = (await store.conversations.get("c1")).alarm_at_ms
    assert promised_ms > now_ms()
    await store.queue.set_priority("c1", "urgent", message("c1", "n1", "note"))
    assert (await store.conversations.get("c1")).alarm_at_ms <= now_ms()
    await store.queue.set_priority("c1", "normal", message("c1", "n2", "note"))
    assert (await store.conversations.get("c1")).alarm_at_ms > now_ms()
    await store.queue.set_priority("c1", "urgent", message("c1", "n3", "note"))
    await store.queue.reply("c1", SANNE, message("c1", "a2", "agent"))
    assert (await store.conversations.get("c1")).alarm_at_ms > now_ms(), "somebody acted"


async def test_who_gave_no_sign_of_life_for_months_is_forgotten(store: Store) -> None:
    await store.agents.seen(["sanne", "token:old"])
    await store._client.zadd(store._keys.agents, {"token:old": now_ms() - KEPT_MS - 60_000})
    await store.agents.remove_expired()
    assert list((await store.agents.last_seen(["sanne", "token:old"])).values())[1] == 0
    assert await store.agents.here(60) == {"sanne"}
