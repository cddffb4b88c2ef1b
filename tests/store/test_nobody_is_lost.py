"""Whatever happens in whatever order: who is with humans stands in one list, and the lists say what the hash says."""

from __future__ import annotations

import random
import uuid
from collections.abc import Awaitable, Callable
from contextlib import suppress

import pytest

from bot.errors import AlreadyClaimed, InvalidMessage, NotFound
from bot.model import CLOSED, QUEUE, Account, Conversation, Handoff, Message, Nlu
from bot.store import Store
from bot.store.conversations import AtOnce
from bot.store.departments import Department, Target
from bot.store.work import now_ms

SANNE, PIET = Account("sanne", "Sanne", ("agent",)), Account("piet", "Piet", ("agent",))
IDS = [f"c{number}" for number in range(4)]
UNSURE = Nlu("human", "", 0.1)
HANDOFFS = [
    ("complaint", "urgent"),
    ("not_confident", "normal"),
    ("asked_for_human", "high"),
]
Deed = Callable[[Store, random.Random, str], Awaitable[object]]


def message(conversation_id: str, sender: str, text: str = "hallo") -> Message:
    return Message(uuid.uuid4().hex, conversation_id, sender, text, now_ms())  # type: ignore[arg-type]


def handoff(chance: random.Random) -> Handoff:
    reason, priority = chance.choice(HANDOFFS)
    return Handoff(reason, priority, now_ms() - chance.randrange(10_000_000))  # type: ignore[arg-type]


async def writes(store: Store, chance: random.Random, conversation_id: str) -> None:
    at_once = None
    if chance.random() < 0.3:
        told = message(conversation_id, "system")
        to_agent = message(conversation_id, "system") if chance.random() < 0.5 else None
        at_once = AtOnce(handoff(chance), told, to_agent)
    said = message(conversation_id, "customer")
    channel = "comment" if conversation_id == IDS[0] else "rest"
    await store.conversations.receive(said, channel=channel, customer_id="x", at_once=at_once)


async def assistant_works(store: Store, chance: random.Random, _: str) -> None:
    item = await store.work.take("worker", block_ms=1)
    turn = item and await store.work.begin(item)
    if turn:
        asked = handoff(chance) if chance.random() < 0.5 else None
        reply = message(turn.message.conversation_id, "assistant")
        await store.work.finish(turn, [reply], dialogue="[]", nlu=UNSURE, handoff=asked)


async def changes(store: Store, chance: random.Random, conversation_id: str) -> None:
    before, agent = await store.conversations.get(conversation_id), chance.choice([SANNE, PIET])
    queue = store.queue
    asked = before.handoff or handoff(chance)
    moved = Handoff(asked.reason, asked.priority, asked.at_ms, department=chance.choice(["hr", "klantenservice"]))
    notice = message(conversation_id, "system")
    taken = handoff(chance) if before.owner in ("assistant", CLOSED) else None
    gone_since = (await store.agents.last_seen([before.agent_id])).get(before.agent_id, 0)
    deeds: list[Callable[[], Awaitable[object]]] = [
        lambda: queue.put(before, handoff(chance), [notice]),
        lambda: queue.claim(before, agent, [notice], taken),
        lambda: queue.reply(conversation_id, agent, message(conversation_id, "agent")),
        lambda: queue.snooze(before, now_ms() + chance.randrange(1, 10_000_000)),
        lambda: queue.snooze(before, 0),
        lambda: queue.set_priority(conversation_id, chance.choice(["urgent", "low"]), message(conversation_id, "note")),
        lambda: queue.warned(before, next_at_ms=now_ms() + 900_000, every_ms=900_000),
        lambda: queue.answered_elsewhere(conversation_id, at_ms=now_ms(), message=message(conversation_id, "agent")),
        lambda: store.labels.set(conversation_id, ["vip"]),
        lambda: store.people.identify(conversation_id, "klant-1", name="Jan", email=""),
        lambda: store.conversations.comment_gone(conversation_id),
    ]
    if before.agent_id:
        deeds += [
            lambda: queue.claim(before, agent, what="transfer"),
            lambda: queue.put_back(before, asked, [notice]),
            lambda: queue.put_back(before, moved, what="transfer"),
            lambda: queue.hand_back(before),
            lambda: queue.end_lease(before, asked, message(conversation_id, "note"), notice, last_seen_ms=gone_since),
        ]
    if before.agent_id or before.owner == QUEUE:
        deeds += [lambda: queue.close(before, [notice], reason="solved")]
    await chance.choice(deeds)()


async def check(store: Store, conversation: Conversation) -> None:
    place_before = (await store.views.places([conversation.id]))[0]
    await store.conversations._run(store.conversations._place, conversation.id, "")
    places = (await store.views.places([conversation.id]))[0]
    assert places == place_before, "a change that did not end with keep()"
    lists = {"waiting", "held", "snoozed", "assistant", "closed"} & places.keys()
    assert len(lists) == 1, (conversation.owner, places)
    is_humans = conversation.owner not in ("assistant", CLOSED)
    assert ("open" in places) == is_humans
    assert bool(conversation.closed_at_ms) == (conversation.owner == CLOSED), conversation
    assert is_humans or not (conversation.alarm_at_ms or conversation.handoff or conversation.answered_at_ms)
    in_queue = await store._client.zscore(store._keys.queue, conversation.id) is not None
    in_claimed = await store._client.zscore(store._keys.claimed, conversation.id) is not None
    assert in_queue == (conversation.owner == QUEUE)
    assert in_claimed == bool(conversation.agent_id)
    if is_humans and conversation.handoff and not conversation.snoozed_until_ms:
        promised = conversation.handoff.resolve_due_ms if conversation.answered_at_ms else 1
        assert not promised or "alarm" in places, conversation


@pytest.mark.parametrize("seed", range(2))
async def test_lists_say_what_the_conversations_say(store: Store, seed: int) -> None:
    await store.departments.save(Department("hr", "HR", Target(60, 480), reasons=("asked_for_human",)))
    await store.departments.save(Department("klantenservice", "de klantenservice", Target(30, 480), place=1))
    chance = random.Random(seed)
    for _ in range(200):
        deed: Deed = chance.choices([writes, assistant_works, changes], [3, 2, 8])[0]
        conversation_id = chance.choice(IDS)
        with suppress(AlreadyClaimed, NotFound, InvalidMessage):
            await deed(store, chance, conversation_id)
        changed = IDS if deed is assistant_works else [conversation_id]
        for conversation in await store.conversations.get_many(changed):
            await check(store, conversation)
