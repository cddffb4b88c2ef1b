"""An agent who is gone loses their conversations to the queue, once; one who is here keeps them, whatever happens."""

from __future__ import annotations

import asyncio
import json
import os
import signal
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from bot.answers import Answers
from bot.model import Account, Conversation, Handoff, Message
from bot.redis_server import OwnRedis
from bot.settings import Settings
from bot.store import Store
from bot.web.access import API_ACCOUNT
from bot.web.handling import Handling
from bot.web.leases import Leases, Watch
from bot.web.presence import Presence
from tests.conftest import Site, eventually, running_site
from tests.fakes.conversations import handed_over, write

# Long enough that a busy machine, where a process may stand still for a second, makes nobody look gone.
LEASE_S = 2.0


@pytest.fixture(scope="module")
def sites(redis_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Site, Site]]:
    """Two web processes of one installation."""
    prefix = f"leases-{os.getpid()}"
    folders = [tmp_path_factory.mktemp("site") for _ in range(2)]
    with (
        running_site(redis_url, folders[0], redis_prefix=prefix, agent_away_s=LEASE_S) as one,
        running_site(redis_url, folders[1], redis_prefix=prefix, agent_away_s=LEASE_S) as other,
    ):
        yield one, other


@asynccontextmanager
async def browser(site: Site, account_id: str) -> AsyncIterator[aiohttp.ClientSession]:
    """A signed-in agent's."""
    token = await asyncio.to_thread(site.session, account_id, "agent")
    async with aiohttp.ClientSession(cookies={"bot_session": token}) as client:
        yield client


@asynccontextmanager
async def desk(site: Site, client: aiohttp.ClientSession) -> AsyncIterator[None]:
    """The desk, open and live."""
    async with client.get(f"{site.url}/desk/events") as stream:
        await stream.content.readline()
        yield
        stream.close()  # without a goodbye


async def claimed_by(store: Store, account: Account, **handoff: Any) -> str:
    """A conversation of `account` where the customer spoke last."""
    conversation_id = await handed_over(store, "help", **handoff)
    await store.queue.claim(await store.conversations.get(conversation_id), account)
    await write(store, "ben je er nog?", conversation_id)
    return conversation_id


async def back_in_queue(store: Store, conversation_id: str) -> Conversation:
    async def is_back() -> bool:
        return (await store.conversations.get(conversation_id)).owner == "queue"

    await eventually(is_back)
    return await store.conversations.get(conversation_id)


async def owner(store: Store, conversation_id: str) -> str:
    return (await store.conversations.get(conversation_id)).owner


async def last_said(store: Store, conversation_id: str) -> list[tuple[str, str]]:
    """(sender, text) of what came after the customer's last message, notes too."""
    said = [line.message for line in await store.conversations.transcript(conversation_id)]
    senders = [message.sender for message in said]
    after = len(senders) - senders[::-1].index("customer")
    return [(message.sender, message.text) for message in said[after:]]


def away_events(*sites: Site) -> list[dict[str, Any]]:
    lines = [json.loads(line) for site in sites for line in site.log.read_text().splitlines() if '"agent.away"' in line]
    return lines


@pytest.mark.parametrize("end", ["browser killed", "web process killed"])
async def test_an_agent_who_is_gone_loses_the_conversation_to_the_queue_once(
    sites: tuple[Site, Site], end: str
) -> None:
    one, other = sites
    async with other.store() as store, browser(one, "sanne") as client:
        sanne = await store.accounts.get("sanne")
        async with desk(one, client):
            conversation_id = await claimed_by(store, sanne, reason="complaint", priority="high", waits_s=60)
            before = (await store.conversations.get(conversation_id)).handoff
            assert before is not None
            if end == "browser killed":
                await asyncio.sleep(1.25 * LEASE_S)
                assert await owner(store, conversation_id) == "agent:sanne"
            else:
                assert one.process is not None
                os.kill(one.process.pid, signal.SIGKILL)
                one.process.wait()
        conversation = await back_in_queue(store, conversation_id)
        await asyncio.sleep(0.3)  # what the other process would do again
        said = await last_said(store, conversation_id)
        if end == "web process killed":
            await asyncio.to_thread(one.start)
    assert said == [
        ("note", "Sanne was 2 seconden niet bereikbaar. Het gesprek staat weer in de wachtrij."),
        ("system", said[1][1]),
    ]
    assert said[1][1].startswith("Sanne is weg. Een collega neemt het over. ")
    assert conversation.handoff == before
    events = [event for event in away_events(*sites) if event["conversation_id"] == conversation_id]
    assert [event["agent_id"] for event in events] == ["sanne"]


async def test_an_open_desk_and_all_that_is_asked_for_are_signs_of_life(sites: tuple[Site, Site]) -> None:
    """Of an agent without JavaScript there are only the pages. What signs of life are for: see `look`, below."""
    one, other = sites
    async with one.store() as store, browser(one, "sanne") as live, browser(one, "daan") as client:
        conversation_id = await handed_over(store)
        for site in (one, other):
            async with desk(site, live):
                for _ in range(2):  # for as long as it is open
                    await seen_after(store, "sanne", await last_seen_ms(store, "sanne"))
        for url in (f"{one.url}/desk/{conversation_id}", f"{other.url}/api/v1/queue"):
            before_ms = await last_seen_ms(store, "daan")
            async with client.get(url) as response:
                assert response.status == 200
            await seen_after(store, "daan", before_ms)


async def last_seen_ms(store: Store, account_id: str) -> int:
    return (await store.agents.last_seen([account_id]))[account_id]


async def seen_after(store: Store, account_id: str, before_ms: int) -> None:
    async def is_seen() -> bool:
        return await last_seen_ms(store, account_id) > before_ms

    await eventually(is_seen)


async def test_who_had_an_answer_hears_nothing_until_they_write_and_an_integration_keeps_its_own(
    sites: tuple[Site, Site],
) -> None:
    async with sites[0].store() as store:
        await asyncio.to_thread(sites[0].account, "sanne", "agent")
        sanne = await store.accounts.get("sanne")
        of_api = await claimed_by(store, API_ACCOUNT)
        conversation_id = await claimed_by(store, sanne)
        await store.queue.reply(
            conversation_id, sanne, Message("r1", conversation_id, "agent", "Dat kan tot 18 uur.", 1)
        )
        await back_in_queue(store, conversation_id)
        assert [sender for sender, _ in await last_said(store, conversation_id)] == ["agent", "note"]
        assert await owner(store, of_api) == "agent:api"
        received = await store.conversations.receive(
            Message("m9", conversation_id, "customer", "En morgen?", 1), channel="widget", customer_id="k"
        )
        assert received.remind


@pytest.mark.parametrize(
    ("reason", "says"),
    [
        ("complaint", "Sorry, Sanne is even niet bereikbaar. Een collega van de klantenservice"),
        ("self_harm", "bel 113"),
    ],
)
async def test_no_template_leaves_nobody_without_a_word_and_who_is_in_danger_without_the_numbers(
    store: Store, settings: Settings, reason: str, says: str
) -> None:
    answers = Answers(store.templates, settings, store.departments, store.editing_rules)
    notice = await answers.agent_away("c1", agent_name="Sanne", handoff=Handoff(reason, "high", 1))
    assert says in notice.text


async def test_who_claims_again_just_now_keeps_it_against_a_process_that_looked_before(
    store: Store, settings: Settings
) -> None:
    sanne = Account("sanne", "Sanne", ("agent",))
    conversation_id = await claimed_by(store, sanne)
    looked = await store.conversations.get(conversation_id)
    last_seen_ms = (await store.agents.last_seen(["sanne"]))["sanne"]
    handling = Handling(store, Answers(store.templates, settings, store.departments, store.editing_rules))
    await handling.put_back(conversation_id, sanne)
    await asyncio.sleep(0.002)
    await handling.claim(conversation_id, sanne, "queue")
    leases = Leases(
        store,
        Answers(store.templates, settings, store.departments, store.editing_rules),
        Presence(store.agents),
        away_s=1,
    )
    await leases._put_back(looked, last_seen_ms)
    assert await owner(store, conversation_id) == "agent:sanne"


async def test_a_redis_that_was_gone_for_a_whole_lease_costs_no_agent_anything(
    tmp_path: Path, settings: Settings
) -> None:
    lease_s = 0.8
    with OwnRedis(tmp_path) as redis:
        store = Store(redis.url, settings)
        await store.open()
        conversation_id = await claimed_by(store, Account("sanne", "Sanne", ("agent",)))
        presence = Presence(store.agents)
        task = asyncio.create_task(
            Leases(
                store,
                Answers(store.templates, settings, store.departments, store.editing_rules),
                presence,
                away_s=lease_s,
            ).run()
        )
        with presence.here("sanne"):
            await asyncio.sleep(0.5)
            os.kill((await store._client.info("server"))["process_id"], signal.SIGKILL)
            await asyncio.sleep(1.5 * lease_s)
            await asyncio.to_thread(redis.start)
            await asyncio.sleep(1.5 * lease_s)
            assert await owner(store, conversation_id) == "agent:sanne"
        await back_in_queue(store, conversation_id)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await store.close()


# When somebody counts as gone: `look` gets what the store says and the time of a steady clock.


def test_nobody_is_gone_before_a_whole_lease_of_watching() -> None:
    watch = Watch(lease_s=10)
    an_hour_ago_or_never = {"sanne": 1_000, "piet": 0}
    assert [watch.look(an_hour_ago_or_never, at_s) for at_s in (100, 104, 108)] == [set()] * 3
    assert watch.look(an_hour_ago_or_never, 110) == {"sanne", "piet"}


def test_a_clock_that_jumps_makes_nobody_look_gone() -> None:
    watch = Watch(lease_s=10)
    for seen_ms, at_s in ((5_000_000, 100), (9_000_000_000, 105), (4_000, 110), (4_000, 114), (5, 119)):
        assert watch.look({"sanne": seen_ms}, at_s) == set()


@pytest.mark.parametrize("interruption", ["it stood still", "the store was gone"])
def test_watching_begins_anew_after(interruption: str) -> None:
    watch = Watch(lease_s=10)
    for at_s in (100, 104, 108):
        watch.look({"sanne": 1}, at_s)
    if interruption == "the store was gone":
        watch.forget()
    begun_at_s = 109 if interruption == "the store was gone" else 130
    assert watch.look({"sanne": 1}, begun_at_s) == set()
    assert watch.look({"sanne": 1}, begun_at_s + 5) == set()
    assert watch.look({"sanne": 1}, begun_at_s + 10) == {"sanne"}
