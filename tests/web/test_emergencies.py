"""Somebody in danger reads the emergency numbers at once and is first with the agents, whatever else is going on."""

from __future__ import annotations

import asyncio
import json
import uuid
from collections.abc import Iterator
from typing import Any

import aiohttp
import pytest

from bot.answers import Answers
from bot.model import Account, Conversation, Handoff, Message, Template
from bot.settings import Settings
from bot.store import Store
from bot.store.departments import Department, Target
from tests.conftest import HANG_S, Site, eventually, running_site
from tests.fakes.conversations import handed_over, silent_since, write
from tests.fakes.scripted_assistant import scripted_assistant
from tests.web.test_rest import send
from tests.web.test_widget_socket import page

SELF_HARM = "ik wil niet meer leven"
EMERGENCY = "de keuken staat in brand"


@pytest.fixture(scope="module")
def site(redis_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """No assistant runs, and the time limit of a turn is so long that what waited for it would never come."""
    with running_site(redis_url, tmp_path_factory.mktemp("site"), turn_timeout_s=10 * HANG_S) as site:
        yield site


@pytest.fixture
def sender() -> str:
    return f"klant-{uuid.uuid4().hex[:8]}"


async def conversation_of(store: Store, sender: str) -> Conversation:
    return await store.conversations.get(f"rest-{sender}")


async def agent(store: Store) -> Account:
    known = {account.id: account for account in await store.accounts.all()}
    return known.get("sanne") or await store.accounts.create("sanne", "Sanne", ("agent",), "een-lang-wachtwoord")


async def notices(store: Store, conversation_id: str) -> list[str]:
    return [m.text for m in await store.conversations.messages(conversation_id) if m.sender == "assistant"]


@pytest.mark.parametrize(
    ("text", "reason", "numbers"),
    [(SELF_HARM, "self_harm", ("0800-0113", "113.nl", "1813", "112")), (EMERGENCY, "emergency", ("112",))],
)
async def test_without_an_assistant_the_numbers_come_at_once_and_a_human_gets_it_first(
    site: Site, sender: str, text: str, reason: str, numbers: tuple[str, ...]
) -> None:
    async with site.store() as store:
        await handed_over(store, "een klacht", reason="complaint", priority="high", waits_s=3000)
        replies = await asyncio.wait_for(send(site, sender, text), HANG_S)
        assert len(replies) == 1 and all(number in replies[0]["text"] for number in numbers)
        first = (await store.queue.waiting())[0]
        assert first.customer_id == sender and first.handoff is not None
        assert (first.handoff.reason, first.handoff.priority) == (reason, "urgent")
        assert await store.work.oldest_pending(first.id) == ""
        await store.queue.close(first)


@pytest.mark.parametrize("text", [SELF_HARM, "waar is mijn pakket"])
async def test_the_assistant_says_nothing_to_it(site: Site, sender: str, text: str) -> None:
    async with site.store() as store, scripted_assistant(store):
        await send(site, sender, "wat kost terugsturen")
        replies = await send(site, sender, text)
        said = [reply["text"] for reply in replies]
        assert (said == [f"antwoord op {text}"]) == (text != SELF_HARM)
        assert ("113" in said[0]) == (text == SELF_HARM)


async def test_the_answer_to_what_came_before_is_not_given_any_more(site: Site, sender: str) -> None:
    async with site.store() as store:
        earlier = asyncio.ensure_future(send(site, sender, "wat kost terugsturen"))

        async def turn_in_hand() -> Any:
            item = await store.work.take("slow", block_ms=200)
            return item and await store.work.begin(item)

        turn = await eventually(turn_in_hand)
        await send(site, sender, SELF_HARM)
        from bot.model import Nlu

        assert await store.work.finish(turn, [], dialogue="", nlu=Nlu("answer", "x", 1.0)) is None
        assert "113" in (await earlier)[0]["text"]


async def test_the_same_message_again_does_nothing(site: Site, sender: str) -> None:
    first = await send(site, sender, SELF_HARM, message_id="m-1")
    again = await send(site, sender, SELF_HARM, message_id="m-1")
    assert first == again
    async with site.store() as store:
        conversation = await conversation_of(store, sender)
        assert len(await store.conversations.messages(conversation.id)) == 2
        assert conversation.version == 1


async def test_who_says_it_again_is_not_told_again_but_another_danger_is(site: Site, sender: str) -> None:
    await send(site, sender, SELF_HARM)
    assert await send(site, sender, "ik wil echt dood") == []
    assert "noodgeval" in (await send(site, sender, EMERGENCY))[0]["text"]
    async with site.store() as store:
        assert len(await notices(store, f"rest-{sender}")) == 2


async def test_who_waits_already_goes_to_the_front_and_never_back(site: Site) -> None:
    async with site.store() as store:
        conversation_id = await handed_over(store, "mijn kat zit vast", f"rest-{uuid.uuid4().hex[:8]}", channel="rest")
        other = await handed_over(store, "klacht", reason="complaint", priority="high", waits_s=600)
        await send(site, conversation_id.removeprefix("rest-"), EMERGENCY)
        waiting = [one.id for one in await store.queue.waiting()]
        assert waiting.index(conversation_id) < waiting.index(other)
        found = await store.conversations.get(conversation_id)
        assert found.handoff is not None and found.handoff.reason == "emergency"
        await send(site, conversation_id.removeprefix("rest-"), "hallo?")
        assert (await store.conversations.get(conversation_id)).handoff == found.handoff


async def test_beside_an_agent_the_numbers_are_said_once_without_a_time(site: Site, sender: str) -> None:
    async with site.store() as store:
        sanne = await agent(store)
        await handed_over(store, "hoi", f"rest-{sender}", channel="rest", customer_id=sender)
        await store.queue.claim(await conversation_of(store, sender), sanne)
        replies = await send(site, sender, SELF_HARM)
        assert "113" in replies[0]["text"] and "antwoord" not in replies[0]["text"]
        assert await send(site, sender, "ik wil dood") == []
        conversation = await conversation_of(store, sender)
        assert conversation.owner == "agent:sanne"
        assert conversation.handoff is not None and conversation.handoff.priority == "urgent"
        assert conversation.id not in [one.id for one in await store.queue.waiting()]


async def test_an_agent_who_is_silent_loses_it_after_two_minutes(site: Site, sender: str) -> None:
    async with site.store() as store:
        sanne = await agent(store)
        calm = await handed_over(store, "hoi")
        await store.queue.claim(await store.conversations.get(calm), sanne)
        await write(store, "ben je er nog?", calm)
        await send(site, sender, SELF_HARM)
        await store.queue.claim(await conversation_of(store, sender), sanne)
        three_minutes_ago = (await conversation_of(store, sender)).last_at_ms - 180_000
        for conversation_id in (calm, f"rest-{sender}"):
            await silent_since(store, conversation_id, three_minutes_ago)

        async def is_back() -> bool:
            return (await conversation_of(store, sender)).owner == "queue"

        assert await eventually(is_back)
        assert (await store.conversations.get(calm)).owner == "agent:sanne"
        handoff = (await conversation_of(store, sender)).handoff
        assert handoff is not None and handoff.priority == "urgent"
        assert "113" in (await notices(store, f"rest-{sender}"))[-1]


async def test_after_the_end_of_a_conversation_it_counts_again(site: Site, sender: str) -> None:
    async with site.store() as store:
        await send(site, sender, SELF_HARM)
        await store.queue.close(await conversation_of(store, sender))
        assert "113" in (await send(site, sender, SELF_HARM))[0]["text"]
        conversation = await conversation_of(store, sender)
        assert conversation.owner == "queue" and conversation.handoff is not None


async def test_a_button_counts_as_its_words(site: Site) -> None:
    async with page(site) as shop:
        await shop.send(type="message", id="m1", text="ik wil dood", payload="/faq_ruilen")
        while (frame := await shop.receive("message"))["message"]["sender"] == "customer":
            pass
        assert "113" in frame["message"]["text"]
        async with site.store() as store:
            assert (await store.conversations.get(shop.welcome["conversation_id"])).owner == "queue"


async def test_nobody_is_promised_when_the_shop_is_closed(store: Store, settings: Settings) -> None:
    closed = Department("klantenservice", settings.department, Target(10, 480), hours="ma 0:00-0:01")
    await store.departments.save(closed)
    answers = Answers(store.templates, settings, store.departments, store.editing_rules)
    await store.templates.seed([Template("utter_zelfdoding", "", "Bel 113. {wanneer}")])
    for reason in ("self_harm", "emergency"):
        text = (await answers.handover(Handoff(reason, "urgent", 1), "c1")).text
        assert "vanaf 0.00 uur" in text and "minuten" not in text


@pytest.mark.parametrize("reason", ["self_harm", "emergency"])
async def test_without_a_template_the_numbers_are_named_too(store: Store, settings: Settings, reason: str) -> None:
    answers = Answers(store.templates, settings, store.departments, store.editing_rules)
    for message in (
        await answers.handover(Handoff(reason, "urgent", 1), "c1"),
        await answers.beside_agent(Handoff(reason, "urgent", 1), "c1"),
    ):
        assert "113" in message.text and "112" in message.text and "{" not in message.text


async def test_a_reminder_names_the_numbers_again(store: Store, settings: Settings) -> None:
    answers = Answers(store.templates, settings, store.departments, store.editing_rules)
    waiting = Handoff("self_harm", "urgent", 1)
    assert "113" in (await answers.waiting("c1", notice="still_waiting", handoff=waiting)).text
    assert "113" not in (await answers.waiting("c1", notice="still_waiting")).text


async def test_log_and_metric_tell_of_it_without_its_words(site: Site, sender: str) -> None:
    await send(site, sender, "ik wil dood want ik mis pluto zo")
    async with aiohttp.ClientSession() as client, client.get(site.url + "/metrics") as response:
        assert 'bot_emergencies_total{kind="self_harm"}' in await response.text()
    lines = [json.loads(line) for line in site.log.read_text().splitlines() if line.startswith("{")]
    found = [line for line in lines if line["event"] == "emergency.found" and line["conversation_id"].endswith(sender)]
    assert [(line["kind"], line["owner"], line["told"]) for line in found] == [("self_harm", "queue", True)]
    assert "pluto" not in site.log.read_text()


async def test_the_desk_shows_it_above_everything(site: Site, sender: str) -> None:
    token = await asyncio.to_thread(site.session, "daan", "agent", name="Daan")
    await send(site, sender, SELF_HARM)
    async with aiohttp.ClientSession(cookies={"bot_session": token}) as client:
        async with client.get(f"{site.url}/desk") as response:
            desk = await response.text()
        async with client.get(f"{site.url}/desk/rest-{sender}") as response:
            conversation = await response.text()
    assert "<title>SPOED! (" in desk and "Spoed: Mogelijk zelfdoding" in desk
    assert 'id="alarm-advice" role="alert"' in conversation and "Ook jij kunt 113 bellen" in conversation
    assert "Dit bericht gaf alarm." in conversation


async def test_a_conversation_that_can_not_be_read_stops_no_alarm(store: Store, settings: Settings) -> None:
    written = Message("m1", "c1", "customer", "hoi", 1)
    await store.conversations.receive(written, channel="rest", customer_id="k")
    await store._client.hset(store._keys.conversation("c1"), "handoff", "no JSON")
    from bot.web.channels.intake import Intake
    from bot.web.operations.metrics import Metrics
    from bot.web.rescue import Rescue

    answers = Answers(store.templates, settings, store.departments, store.editing_rules)
    intake = Intake(store, answers, settings, Metrics(), Rescue(store, answers, settings))
    message = intake.message("c1", "m2", SELF_HARM)
    received = await intake.store(message, channel="rest", customer_id="k")
    assert (received.owner, received.told) == ("queue", True)
