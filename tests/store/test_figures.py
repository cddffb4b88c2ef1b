"""What the scripts count is what happened, exactly."""

from __future__ import annotations

import asyncio
import re
import uuid
from collections import Counter

import pytest

from bot.model import Account, Handoff, Message, Nlu, State
from bot.store import Store
from bot.store.connection import LUA
from bot.store.conversations import AtOnce
from bot.store.figures import ANSWER_BOUNDS_MS
from bot.store.work import now_ms
from tests.conftest import eventually
from tests.fakes.conversations import SURE, answer, handed_over, message, write

SANNE = Account("sanne", "Sanne", ("agent",))


async def counts(store: Store) -> dict[str, int]:
    """All but the times."""
    found = (await store.figures.read()).counts
    return {name: count for name, count in found.items() if not name.startswith(("answer_ms:", "people_"))}


async def test_messages_in_and_out_and_turns_are_counted(store: Store) -> None:
    await answer(store, await write(store, "hoe laat zijn jullie open", channel="rest"))
    await answer(store, await write(store, "tot hoe laat"), nlu=Nlu("ask", "", 0.4))
    await handed_over(store)
    assert await counts(store) == {
        "messages_received:rest": 1,
        "messages_received:widget": 2,
        "messages_to_customers:rest:assistant": 1,
        "messages_to_customers:widget:assistant": 2,
        "turns:answer": 1,
        "turns:ask": 1,
        "turns:human": 1,
        "handoffs:not_confident": 1,
    }


async def test_a_handover_is_one_whatever_the_nlu_thought(store: Store) -> None:
    handoff = Handoff("template_missing", "normal", now_ms())
    await answer(store, await write(store, "hoi"), nlu=SURE, handoff=handoff)
    found = await counts(store)
    assert (found["turns:human"], found["handoffs:template_missing"], "turns:answer" in found) == (1, 1, False)


async def test_a_repeat_counts_nothing(store: Store) -> None:
    written = await write(store, "hoi")
    await answer(store, written)
    await store.queue.claim(await store.conversations.get(written.conversation_id), SANNE)
    said = message(written.conversation_id, "agent", "hallo")
    await store.queue.reply(written.conversation_id, SANNE, said)
    await store.conversations.mark(written.conversation_id, [said.id], "read")
    before = await counts(store)
    await store.conversations.receive(written, channel="widget", customer_id="k")
    await store.queue.reply(written.conversation_id, SANNE, said)
    await store.conversations.mark(written.conversation_id, [said.id, "made-up"], "delivered")
    await store.queue.claim(await store.conversations.get(written.conversation_id), SANNE)
    assert await counts(store) == before


async def test_an_answer_that_came_too_late_counts_nothing(store: Store) -> None:
    written = await write(store, "hoi")
    item = await store.work.take("late", block_ms=500)
    assert item is not None
    turn = await store.work.begin(item)
    assert turn is not None
    await store.queue.claim(await store.conversations.get(written.conversation_id), SANNE)
    before = (await store.figures.read()).counts
    assert await store.work.finish(turn, [message("x", "assistant", "hoi")], dialogue="[]", nlu=SURE) is None
    assert (await store.figures.read()).counts == before


async def test_what_agents_do_is_counted(store: Store) -> None:
    conversation_id = await handed_over(store, priority="high")

    async def seen() -> object:
        return await store.conversations.get(conversation_id)

    for change in (
        lambda c: store.queue.claim(c, SANNE),
        lambda c: store.queue.put_back(c, Handoff("complaint", "high", 1)),
        lambda c: store.queue.claim(c, SANNE),
        lambda c: store.queue.hand_back(c),
        lambda c: store.queue.claim(c, SANNE, handoff=Handoff("taken_over", "normal", 1)),
        lambda c: store.queue.close(c, [message(conversation_id, "system", "Gesloten")]),
    ):
        await change(await seen())
    found = await counts(store)
    changes = {name: count for name, count in found.items() if name.startswith(("owner_changes", "handoffs"))}
    assert changes == {
        "owner_changes:claimed": 3,
        "owner_changes:put_back": 1,
        "owner_changes:handed_back": 1,
        "owner_changes:closed": 1,
        "handoffs:not_confident": 1,
    }
    assert found["messages_to_customers:widget:system"] == 1


async def test_who_waits_too_long_for_the_assistant_is_a_handover_with_that_reason(store: Store) -> None:
    conversation_id = (await write(store, "hoi")).conversation_id
    seen = await store.conversations.get(conversation_id)
    await store.queue.put(seen, Handoff("assistant_slow", "normal", now_ms()), if_waiting_since_before_ms=now_ms())
    found = await counts(store)
    assert (found["handoffs:assistant_slow"], "turns:human" in found) == (1, False)


async def test_an_emergency_is_one_handover_and_every_message_about_it_is_counted(store: Store) -> None:
    for _ in range(2):
        at_once = AtOnce(
            Handoff("self_harm", "urgent", now_ms()),
            message("c1", "assistant", "Bel 113"),
            message("c1", "assistant", "Bel 113"),
        )
        written = message("c1", "customer", "...")
        await store.conversations.receive(written, channel="widget", customer_id="k", at_once=at_once)
    found = await counts(store)
    assert (found["handoffs:self_harm"], found["emergencies:self_harm"]) == (1, 2)


@pytest.mark.parametrize("state", ["delivered", "read", "failed"])
async def test_what_became_of_messages_is_counted_by_channel(store: Store, state: State) -> None:
    written = await write(store, "hoi", channel="rest")
    await answer(store, written)
    ids = [entry.message_id for entry in await store.outbox.oldest()]
    await store.conversations.mark(written.conversation_id, ids, state)
    assert (await counts(store))[f"message_states:rest:{state}"] == 1


async def test_what_a_customer_writes_is_never_in_a_figures_name(store: Store) -> None:
    marker = 'pluto","reason":"pluto'
    nlu = Nlu("human", marker, 0.1, entities=({"entity": "city", "value": marker},))
    written = message(f"rest-{marker}", "customer", marker, id=marker, payload=marker)
    await store.conversations.receive(written, channel="rest", customer_id=marker)
    await answer(store, written, marker, nlu=nlu, handoff=Handoff("complaint", "high", now_ms(), marker, nlu))
    assert "pluto" not in str(await counts(store))


async def test_the_counts_are_those_of_the_logs_with_many_workers_and_repeats(store: Store) -> None:
    ids = [f"c{number}" for number in range(10)]

    async def customer(conversation_id: str) -> None:
        for _ in range(4):
            written = message(conversation_id, "customer", "vraag")
            for _ in range(2):
                await store.conversations.receive(written, channel="rest", customer_id="k")

    async def worker(name: str) -> None:
        while item := await store.work.take(name, block_ms=300):
            while turn := await store.work.begin(item):
                human = hash(turn.message.id) % 5 == 0
                handoff = Handoff("not_confident", "normal", now_ms()) if human else None
                reply = Message(uuid.uuid4().hex, turn.conversation_id, "assistant", "antwoord", now_ms())
                await store.work.finish(turn, [reply], dialogue="[]", nlu=SURE, handoff=handoff)

    await asyncio.gather(*(customer(one) for one in ids), *(worker(f"w{number}") for number in range(3)))
    await eventually(lambda: _nothing_waits(store))
    logged = Counter[str]()
    for one in ids:
        logged.update(line.sender for line in await store.conversations.messages(one))
    found = (await store.figures.read()).counts
    turns = sum(count for name, count in found.items() if name.startswith("turns:"))
    assert logged == {"customer": found["messages_received:rest"], "assistant": turns}
    assert logged["customer"] == 40
    assert found["messages_to_customers:rest:assistant"] == turns
    in_buckets = sum(count for name, count in found.items() if name.startswith("answer_ms:") and "sum" not in name)
    assert in_buckets == turns


async def _nothing_waits(store: Store) -> bool:
    return await store.work.waiting() == 0


async def test_the_time_to_an_answer_is_that_from_stored_to_stored(store: Store) -> None:
    written = await write(store, "hoi")
    await asyncio.sleep(0.06)
    await answer(store, written)
    found = (await store.figures.read()).counts
    waited_ms = found.pop("answer_ms:sum")
    assert waited_ms >= 60
    within = min(bound for bound in ANSWER_BOUNDS_MS if waited_ms <= bound)
    assert [name for name in found if name.startswith("answer_ms:")] == [f"answer_ms:{within}"]


def test_script_and_reader_have_the_same_buckets() -> None:
    found = re.search(r"answer_bounds_ms = \{ ([\d, ]+) \}", (LUA / "conversation" / "figures.lua").read_text())
    assert found and tuple(int(bound) for bound in found[1].split(", ")) == ANSWER_BOUNDS_MS


async def test_who_waits_and_since_when(store: Store) -> None:
    await handed_over(store, waits_s=100)
    await handed_over(store, waits_s=10)
    await handed_over(store, priority="urgent", waits_s=5)
    await handed_over(store, priority="low", waits_s=1000)
    claimed = await handed_over(store, priority="high")
    await store.queue.claim(await store.conversations.get(claimed), SANNE)
    await write(store, "nog een")
    found = await store.figures.read()
    assert {name: waiting.size for name, waiting in found.queue.items()} == {
        "urgent": 1,
        "high": 0,
        "normal": 2,
        "low": 1,
    }
    oldest = {name: round(waiting.oldest_s, -1) for name, waiting in found.queue.items()}
    assert (oldest["normal"], oldest["low"], oldest["high"]) == (100, 1000, 0)
    assert (found.agent_conversations, found.work.size, found.outbox.size, found.conversations) == (1, 1, 5, 6)
    assert 0 <= found.work.oldest_s < 60 and 0 < found.outbox.oldest_s < 60
    assert found.memory_used_bytes > 100_000


async def test_reading_costs_the_same_with_ten_thousand_waiting(store: Store) -> None:
    """Whoever scrapes every few seconds must not slow a full queue down."""

    async def cost() -> tuple[int, int]:
        before = await store._client.info("stats")
        await store.figures.read()
        after = await store._client.info("stats")
        return tuple(after[name] - before[name] for name in ("total_commands_processed", "total_net_output_bytes"))

    await handed_over(store)
    await cost()
    few = await cost()
    keys = store._keys
    for key, offset in ((keys.queue, 10**13), (keys.due, 0), (keys.outbox, 0), (keys.claimed, 0), (keys.active, 0)):
        await store._client.zadd(key, {f"widget-{number}": offset + now_ms() + number for number in range(10_000)})
    many = await cost()
    assert (await store.figures.read()).queue["normal"].size == 10_001
    assert many[0] == few[0]
    assert many[1] - few[1] < 500
