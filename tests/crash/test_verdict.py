"""The verdict of `make crash` can fail: a store that is broken on purpose is found out, and a sound one is not."""

from __future__ import annotations

import uuid
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace

import pytest

from bot.model import Account, Handoff, Message
from bot.store import Store
from bot.store.connection import encode
from bot.store.conversations import ConversationStore
from bot.store.work import now_ms
from tests.fakes.conversations import NOT_SURE, answer, message, write
from tools.crash.rules import Violation
from tools.crash.snapshot import Snapshot, take
from tools.crash.verdict import violations
from tools.crash.witness import AgentSaid, Seen, Sent, Witness

AGENT = Account("sanne", "Sanne", ("agent",))


@dataclass
class Trial:
    """One conversation with all that happens in one: an answer, a handoff, an agent, a hand-back, an answer."""

    store: Store
    url: str
    prefix: str
    id: str
    witness: Witness
    said: list[AgentSaid]

    @property
    def conversations(self) -> ConversationStore:
        return self.store.conversations

    async def log(self) -> list[Message]:
        return await self.conversations.messages(self.id)

    async def append(self, sender: str, text: str, **fields: str) -> Message:
        """Into the log and what belongs to it, past every script; delivered and seen."""
        added = message(self.id, sender, text, **fields)  # type: ignore[arg-type]
        client, keys = self.store._client, self.store._keys
        entry_id = await client.xadd(keys.log(self.id), {"message": encode(added)})
        await client.hset(keys.message_ids(self.id), added.id, entry_id)
        if added.to_customer:
            await client.hset(keys.states(self.id), added.id, "delivered")
        self.witness.saw(Seen(entry_id, sender, text, added.id))
        return replace(added, entry_id=entry_id)

    async def remove(self, removed: Message) -> None:
        await self.store._client.xdel(self.store._keys.log(self.id), removed.entry_id)

    async def snapshot(self) -> Snapshot:
        return await take(self.url, self.prefix)

    async def verdict(self) -> list[Violation]:
        return violations(await self.snapshot(), [self.witness], self.said)


@pytest.fixture
async def trial(store: Store, redis_url: str) -> Trial:
    conversation_id = f"widget-{uuid.uuid4().hex}"
    first = await write(store, "hoe laat zijn jullie open?", conversation_id)
    await answer(store, first)
    second = await write(store, "mijn kat zit vast in jullie lift", conversation_id)
    handoff = Handoff("not_confident", "normal", now_ms(), second.id, nlu=NOT_SURE)
    turn = await store.work.begin(await store.work.take("test", block_ms=500))  # type: ignore[arg-type]
    assert turn
    told = message(conversation_id, "assistant", "Een collega helpt je.", notice="handed_over", in_reply_to=second.id)
    await store.work.finish(turn, [told], dialogue="{}", nlu=NOT_SURE, handoff=handoff)
    third = await write(store, "hallo?", conversation_id)
    await _change(store, conversation_id, "claimed")
    reply = message(conversation_id, "agent", "Ik kom eraan.")
    entry_id = await store.queue.reply(conversation_id, AGENT, reply)
    await _change(store, conversation_id, "handed_back")
    fourth = await write(store, "en wat kost terugsturen?", conversation_id)
    await answer(store, fourth, "2,95")
    witness = Witness("widget", conversation_id)
    witness.sent = [Sent(one.id, one.text) for one in (first, second, third, fourth)]
    for stored in await store.conversations.messages(conversation_id):
        witness.saw(Seen(stored.entry_id, stored.sender, stored.text, stored.id))
        witness.acknowledged(stored.id, stored.entry_id)
        if stored.to_customer:
            await store.conversations.mark(conversation_id, [stored.id], "delivered")
    said = [AgentSaid(conversation_id, reply.id, entry_id)]
    return Trial(store, redis_url, store._keys.prefix, conversation_id, witness, said)


async def _change(store: Store, conversation_id: str, notice: str) -> None:
    conversation = await store.conversations.get(conversation_id)
    notices = [message(conversation_id, "system", notice, notice=notice)]
    if notice == "claimed":
        await store.queue.claim(conversation, AGENT, notices)
    else:
        await store.queue.hand_back(conversation, notices)


async def test_a_sound_store_passes(trial: Trial) -> None:
    assert await trial.verdict() == []


async def lose_a_message(trial: Trial) -> None:
    await trial.remove((await trial.log())[0])


async def lose_an_agents_reply(trial: Trial) -> None:
    [reply] = [one for one in await trial.log() if one.sender == "agent"]
    await trial.remove(reply)


async def store_a_message_twice(trial: Trial) -> None:
    last = [one for one in await trial.log() if one.sender == "customer"][-1]
    await trial.append("customer", last.text, id=last.id)


async def swap_two_messages(trial: Trial) -> None:
    trial.witness.sent.reverse()


async def answer_twice(trial: Trial) -> None:
    asked = trial.witness.sent[-1]
    await write(trial.store, "hoi", trial.id)
    await trial.append("assistant", "Terugsturen kost 2,95.", in_reply_to=asked.id)


async def excuse_beside_an_answer(trial: Trial) -> None:
    template = "utter_overdracht_storing"
    asked = trial.witness.sent[-1]
    await trial.append("assistant", "Storing.", in_reply_to=asked.id, template=template, notice="handed_over")


async def answer_the_later_message_first(trial: Trial) -> None:
    earlier, later = [await trial.append("customer", text) for text in ("wat kost verzenden?", "en afhalen?")]
    for asked in (later, earlier):
        await trial.append("assistant", "Niets.", in_reply_to=asked.id)


async def say_something_after_the_takeover(trial: Trial) -> None:
    await trial.append("system", "Je praat nu met Sanne.", notice="claimed")
    await trial.append("assistant", "Terugsturen kost 2,95.")


async def answer_what_a_human_has(trial: Trial) -> None:
    """The customer wrote before the takeover, and the assistant answers after it was handed back."""
    asked = await trial.append("customer", "waar blijft mijn pakket?")
    await trial.append("system", "Je praat nu met Sanne.", notice="claimed")
    await trial.append("system", "Je praat nu met de assistent.", notice="handed_back")
    await trial.append("assistant", "Onderweg.", in_reply_to=asked.id)


async def leave_a_message_without_an_answer(trial: Trial) -> None:
    await write(trial.store, "en nu?", trial.id)


async def leave_a_reply_undelivered(trial: Trial) -> None:
    undelivered = [one for one in await trial.log() if one.to_customer][-1]
    await trial.store._client.hset(trial.store._keys.states(trial.id), undelivered.id, "sent")


async def leave_a_reply_in_the_outbox(trial: Trial) -> None:
    await trial.store._client.zadd(trial.store._keys.outbox, {f"{trial.id} {uuid.uuid4().hex}": now_ms()})


async def show_a_reply_to_nobody(trial: Trial) -> None:
    trial.witness.seen.pop()


async def show_the_later_reply_first(trial: Trial) -> None:
    trial.witness.seen.reverse()


async def show_what_is_not_stored(trial: Trial) -> None:
    trial.witness.saw(Seen(f"{now_ms() + 1_000}-0", "assistant", "Dat is gelukt.", "x"))


async def put_it_in_the_queue_too(trial: Trial) -> None:
    await trial.store._client.zadd(trial.store._keys.queue, {trial.id: now_ms()})


async def give_it_to_an_agent_without_a_word(trial: Trial) -> None:
    await trial.store._client.hset(trial.store._keys.conversation(trial.id), "owner", "agent:sanne")


async def take_work_and_never_finish_it(trial: Trial) -> None:
    await trial.store._client.xadd(trial.store._keys.work, {"conversation_id": trial.id})
    await trial.store._client.xreadgroup("assistants", "gone", {trial.store._keys.work: ">"})


async def test_danger_that_is_found_late_in_what_an_agent_had_is_told_late(trial: Trial) -> None:
    """The assistant reads along, and comes to it when the customer has the next answer already."""
    said = [one for one in await trial.log() if one.text == "hallo?"][0]
    told = message(trial.id, "assistant", "Bel 112.", notice="handed_over", in_reply_to=said.id)
    handoff = Handoff("emergency", "urgent", now_ms(), said.id)
    await trial.store.queue.put(await trial.conversations.get(trial.id), handoff, [told])
    stored = (await trial.log())[-1]
    trial.witness.saw(Seen(stored.entry_id, stored.sender, stored.text, stored.id))
    trial.witness.acknowledged(stored.id, stored.entry_id)
    await trial.conversations.mark(trial.id, [stored.id], "delivered")
    assert await trial.verdict() == []


@pytest.mark.parametrize(
    ("break_it", "rule"),
    [
        (lose_a_message, "lost"),
        (lose_an_agents_reply, "lost"),
        (store_a_message_twice, "twice"),
        (swap_two_messages, "out of order"),
        (answer_twice, "twice"),
        (excuse_beside_an_answer, "twice"),
        (answer_the_later_message_first, "out of order"),
        (say_something_after_the_takeover, "after takeover"),
        (answer_what_a_human_has, "after takeover"),
        (leave_a_message_without_an_answer, "not answered"),
        (leave_a_reply_undelivered, "not delivered"),
        (leave_a_reply_in_the_outbox, "not delivered"),
        (show_a_reply_to_nobody, "not delivered"),
        (show_the_later_reply_first, "out of order"),
        (show_what_is_not_stored, "lost"),
        (put_it_in_the_queue_too, "inconsistent"),
        (give_it_to_an_agent_without_a_word, "inconsistent"),
        (take_work_and_never_finish_it, "inconsistent"),
    ],
    ids=lambda value: value.__name__ if callable(value) else "",
)
async def test_a_broken_store_is_found_out(
    trial: Trial, break_it: Callable[[Trial], Awaitable[None]], rule: str
) -> None:
    await break_it(trial)
    assert rule in [found.rule for found in await trial.verdict() if found.conversation_id == trial.id]
