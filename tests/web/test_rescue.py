"""The safety net: nobody waits for an assistant or an agent that does not answer."""

from __future__ import annotations

import uuid

import pytest

from bot.answers import Answers
from bot.model import Handoff, Message
from bot.settings import Settings
from bot.store import Store
from bot.web.handling import Handling
from bot.web.leases import Leases
from bot.web.presence import Presence
from bot.web.rescue import Rescue
from tests.conftest import Site, eventually
from tests.fakes.conversations import handed_over, silent_since, write


async def overdue(store: Store) -> str:
    """A conversation that waits for an assistant."""
    conversation_id = f"c-{uuid.uuid4().hex[:8]}"
    await store.conversations.receive(
        Message(uuid.uuid4().hex, conversation_id, "customer", "hoi", 1), channel="rest", customer_id="k"
    )
    return conversation_id


async def owner(store: Store, conversation_id: str) -> str:
    return (await store.conversations.get(conversation_id)).owner


async def test_a_conversation_that_can_not_be_read_keeps_no_other_waiting(site: Site) -> None:
    async with site.store() as store:
        broken = await overdue(store)
        await store._client.hset(store._keys.conversation(broken), "handoff", "no JSON")
        healthy = await overdue(store)

        async def is_rescued() -> bool:
            return await owner(store, healthy) == "queue"

        assert await eventually(is_rescued)
        again = await overdue(store)
        assert await eventually(is_rescued)
        await store._client.delete(store._keys.conversation(broken))

        async def again_is_rescued() -> bool:
            return await owner(store, again) == "queue"

        assert await eventually(again_is_rescued)
    assert "rescue.failed" in site.log.read_text()


@pytest.mark.parametrize("customer_wrote_last", [True, False])
async def test_a_customer_whom_an_agent_leaves_waiting_returns_to_the_queue(
    site: Site, customer_wrote_last: bool
) -> None:
    async with site.store() as store:
        accounts = {account.id for account in await store.accounts.all()}
        if "sanne" not in accounts:
            await store.accounts.create("sanne", "Sanne", ("agent",), "een-lang-wachtwoord")
        sanne = await store.accounts.get("sanne")
        conversation_id = await handed_over(store, "help")
        await store.queue.claim(await store.conversations.get(conversation_id), sanne)
        if customer_wrote_last:
            await write(store, "ben je er nog?", conversation_id)
        else:
            await store.queue.reply(conversation_id, sanne, Message("r", conversation_id, "agent", "Hoi", 1))
        await silent_since(store, conversation_id, 1)
        later = await handed_over(store, "later")
        await store.queue.claim(await store.conversations.get(later), sanne)
        await write(store, "vraag", later)
        await silent_since(store, later, 2)

        async def later_is_back() -> bool:
            return await owner(store, later) == "queue"

        assert await eventually(later_is_back)
        assert await owner(store, conversation_id) == ("queue" if customer_wrote_last else "agent:sanne")
        said = [line.message.notice for line in await store.conversations.transcript(conversation_id)]
    assert said.count("put_back") == int(customer_wrote_last)


async def test_conversations_of_an_account_that_is_gone_return_to_the_queue(store: Store, settings: Settings) -> None:
    sanne = await store.accounts.create("sanne", "Sanne", ("agent",), "een-lang-wachtwoord")
    piet = await store.accounts.create("piet", "Piet", ("agent",), "een-lang-wachtwoord")
    hers, his = await handed_over(store, "van haar"), await handed_over(store, "van hem")
    await store.queue.claim(await store.conversations.get(hers), sanne, handoff=Handoff("complaint", "high", 1))
    await store.queue.claim(await store.conversations.get(his), piet)
    await Handling(store, Answers(store.templates, settings, store.departments, store.editing_rules)).put_back_all(
        "sanne"
    )
    assert [await owner(store, hers), await owner(store, his)] == ["queue", "agent:piet"]
    handoff = (await store.conversations.get(hers)).handoff
    assert handoff is not None and handoff.priority == "high"


@pytest.mark.parametrize("looks", ["rescue", "leases"])
async def test_who_answers_just_now_keeps_the_conversation_against_a_process_that_looked_before(
    store: Store, settings: Settings, looks: str
) -> None:
    sanne = await store.accounts.create("sanne", "Sanne", ("agent",), "een-lang-wachtwoord")
    conversation_id = await handed_over(store, "help")
    await store.queue.claim(await store.conversations.get(conversation_id), sanne)
    looked = await store.conversations.get(conversation_id)
    last_seen_ms = (await store.agents.last_seen(["sanne"]))["sanne"]
    await store.queue.reply(conversation_id, sanne, Message("r", conversation_id, "agent", "Hoi", 1))
    answers = Answers(store.templates, settings, store.departments, store.editing_rules)
    if looks == "rescue":
        await Rescue(store, answers, settings)._put_back(looked)
    else:
        await Leases(store, answers, Presence(store.agents), away_s=1)._put_back(looked, last_seen_ms)
    assert await owner(store, conversation_id) == "agent:sanne"
