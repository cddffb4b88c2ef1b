"""The promises of the store, on a real Redis. The numbers are those of docs/explanation/invariants.md."""

from __future__ import annotations

import asyncio
import random
import uuid

import pytest

from bot.errors import AlreadyClaimed, NotFound, StoreUnavailable
from bot.model import Account, Handoff, Message, Nlu, TranscriptLine
from bot.settings import Settings
from bot.store import Store
from bot.store.work import WorkItem, now_ms
from tests.conftest import eventually

SANNE = Account("sanne", "Sanne", ("agent",))
PIET = Account("piet", "Piet", ("agent",))
UNSURE = Nlu("human", "", 0.1)


def customer_message(conversation_id: str, text: str, message_id: str = "") -> Message:
    return Message(message_id or uuid.uuid4().hex, conversation_id, "customer", text, now_ms())


def reply_to(message: Message, text: str = "antwoord") -> Message:
    return Message(uuid.uuid4().hex, message.conversation_id, "assistant", text, now_ms(), in_reply_to=message.id)


async def receive(store: Store, message: Message) -> str:
    received = await store.conversations.receive(message, channel="rest", customer_id="klant")
    return received.entry_id


async def take(store: Store, worker: str = "worker") -> WorkItem:
    item = await store.work.take(worker, block_ms=1000)
    assert item is not None
    return item


async def handed_over(store: Store, conversation_id: str = "c1", priority: str = "normal") -> None:
    await receive(store, customer_message(conversation_id, "vraag"))
    turn = await store.work.begin(await take(store))
    assert turn is not None
    handoff = Handoff("not_confident", priority, now_ms(), turn.message.id, nlu=UNSURE)  # type: ignore[arg-type]
    assert await store.work.finish(turn, [reply_to(turn.message)], dialogue="[]", nlu=UNSURE, handoff=handoff) == 0


# 2. The channel's message id decides.


async def test_a_repeated_message_is_stored_once_and_handled_once(store: Store) -> None:
    message = customer_message("c1", "waar blijft mijn pakket", "mid-1")
    first = await store.conversations.receive(message, channel="rest", customer_id="klant")
    again = await store.conversations.receive(message, channel="rest", customer_id="klant")
    assert (first.repeated, again.repeated) == (False, True)
    assert again.entry_id == first.entry_id
    assert len(await store.conversations.messages("c1")) == 1
    turn = await store.work.begin(await take(store))
    assert turn is not None
    assert await store.work.finish(turn, [reply_to(turn.message)], dialogue="[]", nlu=UNSURE) == 0
    assert await store.work.take("worker", block_ms=50) is None


async def test_a_repeat_long_after_the_answer_changes_nothing(store: Store) -> None:
    message = customer_message("c1", "hoi", "mid-1")
    await receive(store, message)
    turn = await store.work.begin(await take(store))
    assert turn is not None
    await store.work.finish(turn, [reply_to(turn.message)], dialogue="[]", nlu=UNSURE)
    received = await store.conversations.receive(message, channel="rest", customer_id="klant")
    assert received.repeated
    assert await store.work.waiting() == 0


# 3. One at a time and in order, with any number of workers.


async def test_many_workers_handle_each_conversation_in_order_and_each_message_once(store: Store) -> None:
    chosen = random.Random(7)
    conversations = [f"c{number}" for number in range(8)]
    busy: set[str] = set()
    answered: dict[str, list[str]] = {conversation_id: [] for conversation_id in conversations}

    async def work(name: str) -> None:
        while sum(map(len, answered.values())) < 8 * 12:
            item = await store.work.take(name, block_ms=20)
            while item and (turn := await store.work.begin(item)):
                assert turn.conversation_id not in busy
                busy.add(turn.conversation_id)
                await asyncio.sleep(chosen.random() / 200)
                busy.remove(turn.conversation_id)
                left = await store.work.finish(turn, [reply_to(turn.message)], dialogue="[]", nlu=UNSURE)
                answered[turn.conversation_id].append(turn.message.text)
                if not left:
                    break

    async def write(conversation_id: str) -> None:
        for number in range(12):
            await receive(store, customer_message(conversation_id, str(number)))
            await asyncio.sleep(chosen.random() / 100)

    await asyncio.gather(*(write(c) for c in conversations), *(work(f"w{n}") for n in range(4)))
    assert answered == {conversation_id: [str(number) for number in range(12)] for conversation_id in conversations}


async def test_the_work_of_a_worker_that_died_is_taken_over_and_its_late_answer_refused(store: Store) -> None:
    await receive(store, customer_message("c1", "hoi"))
    lost = await store.work.begin(await take(store, "dead"))
    item = await eventually(lambda: store.work.take_over("alive"))
    assert item
    turn = await store.work.begin(item)
    assert lost is not None and turn is not None
    assert turn.message.text == "hoi"
    assert await store.work.finish(turn, [reply_to(turn.message, "van de levende")], dialogue="[]", nlu=UNSURE) == 0
    assert await store.work.finish(lost, [reply_to(lost.message, "van de dode")], dialogue="[]", nlu=UNSURE) is None
    assert [m.text for m in await store.conversations.messages("c1")] == ["hoi", "van de levende"]


async def test_a_worker_that_wakes_up_late_does_not_spoil_the_turn_of_the_one_that_took_over(store: Store) -> None:
    await receive(store, customer_message("c1", "hoi"))
    late = await store.work.begin(await take(store, "late"))
    item = await eventually(lambda: store.work.take_over("new"))
    assert item
    turn = await store.work.begin(item)
    assert late is not None and turn is not None
    assert await store.work.finish(late, [reply_to(late.message, "te laat")], dialogue="[]", nlu=UNSURE) is None
    assert await store.work.finish(turn, [reply_to(turn.message, "op tijd")], dialogue="[]", nlu=UNSURE) == 0
    assert [m.text for m in await store.conversations.messages("c1")] == ["hoi", "op tijd"]


# 4. One owner; the assistant never speaks after a human took over.


async def test_the_assistant_never_speaks_after_a_human_took_over(store: Store) -> None:
    await receive(store, customer_message("c1", "hoi"))
    turn = await store.work.begin(await take(store))
    assert turn is not None
    await store.queue.claim(await store.conversations.get("c1"), SANNE)
    assert await store.work.finish(turn, [reply_to(turn.message)], dialogue="[]", nlu=UNSURE) is None
    assert [m.sender for m in await store.conversations.messages("c1")] == ["customer"]
    assert (await store.conversations.get("c1")).owner == "agent:sanne"


@pytest.mark.parametrize("human_first", [True, False])
async def test_whoever_is_first_wins_and_nothing_is_said_by_the_other(store: Store, human_first: bool) -> None:
    """The refusal differs from its success in the order alone."""
    await receive(store, customer_message("c1", "hoi"))
    turn = await store.work.begin(await take(store))
    assert turn is not None
    seen = await store.conversations.get("c1")
    if human_first:
        await store.queue.claim(seen, SANNE)
    left = await store.work.finish(turn, [reply_to(turn.message)], dialogue="[]", nlu=UNSURE)
    assert (left is None) is human_first
    if not human_first:
        await store.queue.claim(seen, SANNE)
    assert (await store.conversations.get("c1")).owner == "agent:sanne"


async def test_a_takeover_at_any_moment_leaves_no_assistant_message_behind_it(store: Store) -> None:
    chosen = random.Random(11)

    async def one(conversation_id: str) -> None:
        await receive(store, customer_message(conversation_id, "hoi"))
        turn = await store.work.begin(await take(store))
        assert turn is not None
        notice = Message(uuid.uuid4().hex, turn.conversation_id, "system", "Sanne neemt het over", now_ms())

        async def answer() -> None:
            await asyncio.sleep(chosen.random() / 100)
            await store.work.finish(turn, [reply_to(turn.message)], dialogue="[]", nlu=UNSURE)

        async def take_over() -> None:
            await asyncio.sleep(chosen.random() / 100)
            await store.queue.claim(await store.conversations.get(turn.conversation_id), SANNE, [notice])

        await asyncio.gather(answer(), take_over())
        senders = [m.sender for m in await store.conversations.messages(turn.conversation_id)]
        assert senders in (["customer", "assistant", "system"], ["customer", "system"])

    for number in range(60):
        await one(f"race-{number}")


async def test_every_change_bumps_the_version(store: Store) -> None:
    await handed_over(store)
    versions = [(await store.conversations.get("c1")).version]
    for change in (
        lambda c: store.queue.claim(c, SANNE),
        lambda c: store.queue.put_back(c, Handoff("taken_over", "normal", now_ms())),
        lambda c: store.queue.claim(c, PIET),
        lambda c: store.queue.hand_back(c),
        lambda c: store.queue.claim(c, SANNE),
        lambda c: store.queue.close(c),
    ):
        await change(await store.conversations.get("c1"))
        versions.append((await store.conversations.get("c1")).version)
    assert versions == sorted(set(versions))


async def test_one_of_many_agents_gets_the_conversation(store: Store) -> None:
    for attempt in range(25):
        await handed_over(store, f"c{attempt}")
        seen = await store.conversations.get(f"c{attempt}")
        agents = [Account(f"agent{number}", f"Agent {number}", ("agent",)) for number in range(4)]
        results = await asyncio.gather(*(store.queue.claim(seen, agent) for agent in agents), return_exceptions=True)
        assert [isinstance(result, AlreadyClaimed) for result in results].count(True) == 3
        assert (await store.conversations.get(f"c{attempt}")).owner.startswith("agent:agent")


async def test_only_the_owner_may_reply(store: Store) -> None:
    await handed_over(store)
    await store.queue.claim(await store.conversations.get("c1"), SANNE)
    with pytest.raises(AlreadyClaimed, match="agent:sanne"):
        await store.queue.reply("c1", PIET, Message("r1", "c1", "agent", "hallo", now_ms()))
    await store.queue.reply("c1", SANNE, Message("r2", "c1", "agent", "hallo", now_ms()))
    assert [m.text for m in await store.conversations.messages("c1")][-1] == "hallo"


async def test_a_reply_posted_twice_is_stored_once(store: Store) -> None:
    await handed_over(store)
    await store.queue.claim(await store.conversations.get("c1"), SANNE)
    message = Message("r1", "c1", "agent", "hallo", now_ms())
    assert await store.queue.reply("c1", SANNE, message) == await store.queue.reply("c1", SANNE, message)
    assert [m.text for m in await store.conversations.messages("c1")].count("hallo") == 1


# 5. What is not answered is in the queue, with everything an agent needs.


async def test_a_handover_brings_reason_ranking_priority_and_the_whole_conversation(store: Store) -> None:
    await handed_over(store, priority="high")
    waiting = await store.queue.waiting()
    assert [conversation.id for conversation in waiting] == ["c1"]
    handoff = waiting[0].handoff
    assert handoff is not None
    assert (handoff.reason, handoff.priority, handoff.nlu) == ("not_confident", "high", UNSURE)
    assert [line.message.text for line in await store.conversations.transcript("c1")] == ["vraag", "antwoord"]
    assert waiting[0].customer_id == "klant"


async def test_a_complaint_goes_before_who_waits_longer(store: Store) -> None:
    for conversation_id, priority in (
        ("first", "normal"),
        ("second", "low"),
        ("complaint", "high"),
        ("last", "normal"),
    ):
        await handed_over(store, conversation_id, priority)
    assert [c.id for c in await store.queue.waiting()] == ["complaint", "first", "last", "second"]


async def test_messages_behind_a_handover_wait_for_the_human(store: Store) -> None:
    await receive(store, customer_message("c1", "eerste"))
    item = await take(store)
    await receive(store, customer_message("c1", "tweede"))
    turn = await store.work.begin(item)
    assert turn is not None
    handoff = Handoff("not_confident", "normal", now_ms())
    assert await store.work.finish(turn, [reply_to(turn.message)], dialogue="[]", nlu=UNSURE, handoff=handoff) == 0
    assert await store.work.begin(item) is None
    assert await store.work.take("worker", block_ms=50) is None
    assert [m.text for m in await store.conversations.messages("c1")] == ["eerste", "tweede", "antwoord"]


async def test_an_overdue_message_can_be_given_to_a_human_only_while_it_waits(store: Store) -> None:
    await receive(store, customer_message("c1", "hoi"))
    overdue = (await eventually(lambda: store.work.overdue(1)))[0]
    seen = await store.conversations.get(overdue.conversation_id)
    handoff = Handoff("assistant_slow", "normal", now_ms())
    turn = await store.work.begin(await take(store))
    assert turn is not None
    await store.work.finish(turn, [reply_to(turn.message)], dialogue="[]", nlu=UNSURE)
    with pytest.raises(AlreadyClaimed):
        await store.queue.put(seen, handoff, if_waiting_since_before_ms=overdue.since_ms)
    assert (await store.conversations.get("c1")).owner == "assistant"


# 6. Who comes back, or waits long, is not left alone.


async def test_a_closed_conversation_starts_afresh_with_the_assistant(store: Store) -> None:
    await handed_over(store)
    await store.queue.claim(await store.conversations.get("c1"), SANNE)
    await store.queue.close(await store.conversations.get("c1"))
    await receive(store, customer_message("c1", "nog een vraag"))
    turn = await store.work.begin(await take(store))
    assert turn is not None
    assert (turn.message.text, turn.dialogue) == ("nog een vraag", "")
    assert (await store.conversations.get("c1")).owner == "assistant"


async def test_handed_back_messages_are_not_answered_again(store: Store) -> None:
    await handed_over(store)
    await store.queue.claim(await store.conversations.get("c1"), SANNE)
    await receive(store, customer_message("c1", "tegen Sanne"))
    await store.queue.hand_back(await store.conversations.get("c1"))
    assert await store.work.take("worker", block_ms=50) is None
    await receive(store, customer_message("c1", "tegen de assistent"))
    turn = await store.work.begin(await take(store))
    assert turn is not None and turn.message.text == "tegen de assistent"


# 7. A reply is stored before it is sent, and its state is known.


async def test_a_reply_waits_in_the_outbox_until_it_arrived(store: Store) -> None:
    await handed_over(store)
    entry = (await store.outbox.oldest())[0]
    assert entry.conversation_id == "c1"
    assert await store.conversations.mark("c1", [entry.message_id], "delivered") == 1
    assert await store.outbox.size() == 0
    states = [line.state for line in await store.conversations.transcript("c1")]
    assert states == [None, "delivered"]


async def test_a_state_never_goes_back(store: Store) -> None:
    await handed_over(store)
    message_id = (await store.outbox.oldest())[0].message_id
    await store.conversations.mark("c1", [message_id], "read")
    assert await store.conversations.mark("c1", [message_id], "delivered") == 0
    assert [line.state for line in await store.conversations.transcript("c1")][-1] == "read"


async def test_a_strange_message_id_changes_no_state(store: Store) -> None:
    await handed_over(store)
    assert await store.conversations.mark("c1", ["made-up"], "read") == 0


# The rest.


async def test_unknown_conversations_are_not_found(store: Store) -> None:
    with pytest.raises(NotFound):
        await store.conversations.get("nobody")
    with pytest.raises(NotFound):
        await store.queue.reply("nobody", SANNE, Message("r", "nobody", "agent", "x", now_ms()))


async def test_what_is_stored_comes_back_as_it_was(store: Store) -> None:
    strange = 'emoji 🎉 "quotes" \\ <script> \u202e rechts \n nieuwe regel é'
    await receive(store, customer_message("c1", strange))
    assert [m.text for m in await store.conversations.messages("c1")] == [strange]
    turn = await store.work.begin(await take(store))
    assert turn is not None and turn.message.text == strange


async def test_no_redis_is_said_so(settings: Settings) -> None:
    store = Store("unix:///nonexistent/redis.sock", settings)
    with pytest.raises(StoreUnavailable):
        await store.conversations.receive(customer_message("c1", "hoi"), channel="rest", customer_id="k")
    with pytest.raises(StoreUnavailable):
        await store.conversations.transcript("c1")
    await store.close()


async def test_of_a_long_conversation_the_last_lines_are_read_and_then_those_before(store: Store) -> None:
    for number in range(5):
        message = customer_message("c1", "hoi", f"m{number}")
        await store.conversations.receive(message, channel="rest", customer_id="x")

    async def read(before: str = "") -> list[TranscriptLine]:
        return await store.conversations.transcript("c1", limit=2, before=before)

    last = await read()
    earlier = await read(last[0].message.entry_id)
    first = await read(earlier[0].message.entry_id)
    assert [line.message.id for line in (*first, *earlier, *last)] == ["m0", "m1", "m2", "m3", "m4"]
    assert await read(first[0].message.entry_id) == []
