"""The REST channel, over real HTTP."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from bot.model import Attachment
from bot.web.desk.attachments import shown_attachments
from tests.conftest import REST_TOKEN, Site, eventually, running_site
from tests.fakes.scripted_assistant import scripted_assistant

HEADERS = {"authorization": f"Bearer {REST_TOKEN}"}


@pytest.fixture
def sender() -> str:
    return f"klant-{uuid.uuid4().hex[:8]}"


async def send(site: Site, sender: str, message: str, **more: Any) -> list[dict[str, Any]]:
    async with aiohttp.ClientSession(headers=HEADERS) as client:
        body = {"sender": sender, "message": message, **more}
        async with client.post(site.url + "/webhooks/rest/webhook", json=body) as response:
            assert response.status == 200, await response.text()
            found: list[dict[str, Any]] = await response.json()
            return found


async def test_the_answer_has_the_replies_of_that_turn_in_rasas_form(site: Site, sender: str) -> None:
    async with site.store() as store, scripted_assistant(store):
        replies = await send(site, sender, "wat kost terugsturen")
    assert replies == [
        {
            "recipient_id": sender,
            "text": "antwoord op wat kost terugsturen",
            "buttons": [{"title": "Retourkosten", "payload": "/faq_retourkosten"}],
        }
    ]


async def test_a_picture_goes_along_as_rasa_gives_one_and_is_not_fetched_for_the_desk(site: Site, sender: str) -> None:
    picture = Attachment("image", "https://winkel.example/kaart.png", "De kaart")
    async with site.store() as store, scripted_assistant(store, template="utter_x", attachments=(picture,)):
        [reply] = await send(site, sender, "waar zijn jullie?")
        assert (reply["text"], reply["image"]) == ("antwoord op waar zijn jullie?", picture.url)
        line = (await store.conversations.transcript(f"rest-{sender}"))[-1]
    [shown] = shown_attachments(line)
    assert (shown.shape, shown.title, shown.url) == ("link", "De kaart", picture.url)


async def test_many_senders_at_once_each_get_their_own_answer(site: Site) -> None:
    senders = [f"klant-{uuid.uuid4().hex}" for _ in range(30)]
    async with site.store() as store, scripted_assistant(store):
        answers = await asyncio.gather(*(send(site, one, f"vraag van {one}") for one in senders))
    assert [replies[0]["text"] for replies in answers] == [f"antwoord op vraag van {one}" for one in senders]


async def test_messages_of_one_sender_at_once_are_each_answered_once(site: Site, sender: str) -> None:
    texts = [f"vraag {number}" for number in range(10)]
    async with site.store() as store, scripted_assistant(store):
        answers = await asyncio.gather(*(send(site, sender, text) for text in texts))
        transcript = await store.conversations.transcript(f"rest-{sender}")
    assert [replies[0]["text"] for replies in answers] == [f"antwoord op {text}" for text in texts]
    asked = [line.message.text for line in transcript if line.message.sender == "customer"]
    answered = [line.message.text for line in transcript if line.message.sender == "assistant"]
    assert answered == [f"antwoord op {text}" for text in asked]


async def test_a_repeat_gets_the_same_answer_and_is_stored_once(site: Site, sender: str) -> None:
    async with site.store() as store, scripted_assistant(store):
        first = await send(site, sender, "hoi", message_id="m-1")
        again = await send(site, sender, "hoi", message_id="m-1")
        stored = await store.conversations.messages(f"rest-{sender}")
    assert first == again
    assert [message.sender for message in stored] == ["customer", "assistant"]


async def test_without_an_assistant_the_customer_is_told_and_a_human_gets_it(site: Site, sender: str) -> None:
    replies = await send(site, sender, "waar is mijn pakket")
    assert "Een collega" in replies[0]["text"]
    async with site.store() as store:
        waiting = [c for c in await store.queue.waiting() if c.customer_id == sender]
        assert waiting[0].handoff is not None and waiting[0].handoff.reason == "assistant_slow"
        texts = [line.message.text for line in await store.conversations.transcript(waiting[0].id)]
    assert texts[0] == "waar is mijn pakket"


async def test_without_an_assistant_everybody_who_waits_is_told(site: Site, sender: str) -> None:
    answers = await asyncio.gather(*(send(site, sender, f"vraag {number}") for number in range(3)))
    assert ["Een collega" in replies[0]["text"] for replies in answers] == [True, True, True]
    async with site.store() as store:
        said = [line.message.notice for line in await store.conversations.transcript(f"rest-{sender}")]
    assert said.count("handed_over") == 1


async def test_a_repeat_during_the_turn_waits_for_the_same_answer(site: Site, sender: str) -> None:
    async with site.store() as store:
        both = asyncio.gather(*(send(site, sender, "hoi", message_id="m-1") for _ in range(2)))
        await asyncio.sleep(0.3)
        async with scripted_assistant(store):
            first, second = await both
    assert first == second != []


async def test_a_lost_connection_to_the_events_loses_no_answer(site: Site, sender: str) -> None:
    async with site.store() as store:
        waiting = asyncio.ensure_future(send(site, sender, "hoi"))
        await asyncio.sleep(0.3)
        await store._client.client_kill_filter(_type="pubsub")
        await asyncio.sleep(0.3)
        async with scripted_assistant(store):
            assert [reply["text"] for reply in await waiting] == ["antwoord op hoi"]


async def test_while_a_human_has_it_the_assistant_says_nothing(site: Site, sender: str) -> None:
    async with site.store() as store, scripted_assistant(store):
        assert await send(site, sender, "ik wil een mens") != []
        assert await send(site, sender, "hallo?") == []


async def test_an_answer_is_marked_as_delivered(site: Site, sender: str) -> None:
    async with site.store() as store, scripted_assistant(store):
        await send(site, sender, "hoi")

        async def delivered() -> bool:
            return [line.state for line in await store.conversations.transcript(f"rest-{sender}")][-1] == "delivered"

        assert await eventually(delivered)


async def test_what_an_agent_wrote_can_be_read_from_where_one_was(site: Site, sender: str) -> None:
    agent = await asyncio.to_thread(site.account, "sanne", "agent")
    async with site.store() as store, scripted_assistant(store):
        await send(site, sender, "ik wil een mens")
        conversation_id = f"rest-{sender}"
        await store.queue.claim(await store.conversations.get(conversation_id), agent)
        seen = (await store.conversations.messages(conversation_id))[-1].entry_id
    async with aiohttp.ClientSession(headers={"authorization": "Bearer " + site.settings.api_token}) as client:
        url = f"{site.url}/api/v1/conversations/{conversation_id}"
        async with client.post(url + "/reply", json={"text": "x"}) as response:
            assert response.status == 409  # Sanne has it, not the API
    async with site.store() as store:
        from bot.model import Message

        await store.queue.reply(conversation_id, agent, Message("r1", conversation_id, "agent", "Hoi, Sanne hier", 1))
    async with aiohttp.ClientSession(headers=HEADERS) as client:
        params = {"sender": sender, "after": seen}
        async with client.get(site.url + "/webhooks/rest/messages", params=params) as response:
            found = await response.json()
    assert [(message["sender"], message["text"]) for message in found] == [("agent", "Hoi, Sanne hier")]


@pytest.mark.parametrize("sender", ["jan@voorbeeld.nl", "klant met spaties", "😀", "../../etc", "a:b c", "x" * 200])
async def test_any_sender_has_one_conversation(site: Site, sender: str) -> None:
    async with site.store() as store, scripted_assistant(store):
        first = await send(site, sender, "hoi")
        second = await send(site, sender, "nog iets")
    assert [replies[0]["recipient_id"] for replies in (first, second)] == [sender, sender]


@pytest.fixture(scope="module")
def closed_site(redis_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    var: Path = tmp_path_factory.mktemp("closed")
    with running_site(redis_url, var, rest_token="") as site:
        yield site


async def test_without_a_token_set_there_is_no_channel(closed_site: Site) -> None:
    async with aiohttp.ClientSession(headers=HEADERS) as client:
        async with client.post(closed_site.url + "/webhooks/rest/webhook", json={"sender": "a", "message": "b"}) as got:
            assert got.status == 404
            assert "BOT_REST_TOKEN" in (await got.json())["error"]
