"""The widget's channel, over a real WebSocket."""

from __future__ import annotations

import asyncio
import json
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
import websockets

from bot.model import Message
from tests.conftest import HANG_S, Site, eventually, running_site
from tests.fakes.scripted_assistant import scripted_assistant


class Page:
    """A page of the web shop with the widget on it."""

    def __init__(self, socket: websockets.ClientConnection) -> None:
        self._socket = socket
        self.welcome: dict[str, Any] = {}

    async def send(self, **frame: Any) -> None:
        await self._socket.send(json.dumps(frame))

    async def receive(self, *types: str) -> dict[str, Any]:
        """The next frame, of one of `types` if given."""
        while True:
            frame: dict[str, Any] = json.loads(await asyncio.wait_for(self._socket.recv(), HANG_S))
            if not types or frame["type"] in types:
                return frame

    async def ask(self, text: str, message_id: str = "") -> dict[str, Any]:
        """Send a message; returns the first one that is not its own."""
        await self.send(type="message", id=message_id or uuid.uuid4().hex, text=text)
        while (frame := await self.receive("message"))["message"]["sender"] == "customer":
            pass
        return frame["message"]

    def vanish(self) -> None:
        """Go as a page does that is closed, without a word."""
        self._socket.transport.abort()

    async def silent(self, seconds: float = 0.3) -> bool:
        try:
            await asyncio.wait_for(self._socket.recv(), seconds)
        except asyncio.TimeoutError:
            return True
        return False


@asynccontextmanager
async def page(site: Site, token: str | None = None, after: str = "") -> AsyncIterator[Page]:
    async with websockets.connect(site.ws_url + "/widget/socket") as socket:
        opened = Page(socket)
        await opened.send(type="hello", token=token, after=after)
        opened.welcome = await opened.receive("welcome")
        yield opened


async def test_a_question_is_acknowledged_then_answered(site: Site) -> None:
    async with site.store() as store, scripted_assistant(store), page(site) as customer:
        await customer.send(type="message", id="m1", text="wat kost terugsturen")
        kinds = [(await customer.receive())["type"] for _ in range(4)]
        assert kinds.index("ack") < kinds.index("typing")
        assert kinds.count("message") == 2
        stored = await store.conversations.messages(customer.welcome["conversation_id"])
    assert [message.text for message in stored] == ["wat kost terugsturen", "antwoord op wat kost terugsturen"]


async def test_an_ack_means_stored(site: Site) -> None:
    async with site.store() as store, page(site) as customer:
        await customer.send(type="message", id="m1", text="hoi")
        ack = await customer.receive("ack")
        stored = await store.conversations.messages(customer.welcome["conversation_id"])
        assert [(message.id, message.entry_id) for message in stored] == [("m1", ack["entry_id"])]


async def test_the_same_id_sent_again_is_acknowledged_and_stored_once(site: Site) -> None:
    async with site.store() as store, scripted_assistant(store), page(site) as customer:
        await customer.ask("hoi", "m1")
        await customer.send(type="message", id="m1", text="hoi")
        assert (await customer.receive("ack"))["repeated"] is True
        stored = await store.conversations.messages(customer.welcome["conversation_id"])
    assert [message.sender for message in stored] == ["customer", "assistant"]


async def test_a_page_that_comes_back_gets_what_it_missed(site: Site) -> None:
    async with site.store() as store, scripted_assistant(store):
        async with page(site) as customer:
            token = customer.welcome["token"]
            seen = await customer.ask("eerste")
        async with page(site, token) as other:
            await other.ask("tweede")
        async with page(site, token, after=seen["entry_id"]) as back:
            texts = [message["text"] for message in back.welcome["messages"]]
    assert texts == ["tweede", "antwoord op tweede"]


async def test_two_pages_of_one_customer_show_the_same(site: Site) -> None:
    async with site.store() as store, scripted_assistant(store), page(site) as one:
        async with page(site, one.welcome["token"]) as other:
            await one.ask("hoi")
            frames = [await other.receive("message") for _ in range(2)]
    assert [frame["message"]["text"] for frame in frames] == ["hoi", "antwoord op hoi"]


@pytest.mark.parametrize("change", ["signature", "id", "empty", "other"])
async def test_a_token_that_is_not_ours_opens_no_conversation(site: Site, change: str) -> None:
    async with site.store() as store, scripted_assistant(store), page(site) as customer:
        await customer.ask("geheim")
        conversation_id, _, signature = customer.welcome["token"].partition(".")
        wrong = {
            "signature": f"{conversation_id}.{'0' * 64}",
            "id": f"widget-anders.{signature}",
            "empty": f"{conversation_id}.",
            "other": "caf\u00e9.\u00e9",
        }[change]
        async with page(site, wrong) as stranger:
            assert stranger.welcome["conversation_id"] != conversation_id
            assert stranger.welcome["messages"] == []


async def test_the_customer_sees_who_takes_over_and_reads_the_agent(site: Site) -> None:
    sanne = await asyncio.to_thread(site.account, "sanne", "agent")
    async with site.store() as store, scripted_assistant(store), page(site) as customer:
        conversation_id = customer.welcome["conversation_id"]
        await customer.ask("ik wil een mens")
        assert (await customer.receive("owner"))["owner"] == "queue"
        await store.queue.claim(await store.conversations.get(conversation_id), sanne)
        owner = await customer.receive("owner")
        assert (owner["owner"], owner["agent_name"]) == ("agent", "Sanne")
        await store.queue.reply(
            conversation_id, sanne, Message("r1", conversation_id, "agent", "Hoi!", 1, agent_name="Sanne")
        )
        message = (await customer.receive("message"))["message"]
    assert (message["sender"], message["text"], message["agent_name"]) == ("agent", "Hoi!", "Sanne")


async def test_delivered_and_read_reach_the_desk(site: Site) -> None:
    async with site.store() as store, scripted_assistant(store), page(site) as customer:
        conversation_id = customer.welcome["conversation_id"]
        answer = await customer.ask("hoi")

        async def state() -> str | None:
            return (await store.conversations.transcript(conversation_id))[-1].state

        assert await state() == "sent"
        await customer.send(type="received", up_to=answer["entry_id"])
        assert await eventually(lambda: _is(state, "delivered"))
        await customer.send(type="read", up_to=answer["entry_id"])
        assert await eventually(lambda: _is(state, "read"))


async def _is(state: Any, expected: str) -> bool:
    return bool(await state() == expected)


async def test_an_agent_who_types_is_seen(site: Site) -> None:
    async with site.store() as store, page(site) as customer:
        conversation_id = customer.welcome["conversation_id"]
        await store.events.publish("typing", conversation_id=conversation_id, sender="agent")
        assert await customer.receive() == {"type": "typing", "sender": "agent"}


async def test_a_customer_who_types_is_seen_by_the_desk_but_not_sent_back(site: Site) -> None:
    async with page(site) as customer:
        await customer.send(type="typing")
        assert await customer.silent()


async def test_a_pressed_button_keeps_what_it_stands_for(site: Site) -> None:
    async with site.store() as store, page(site) as customer:
        await customer.send(type="message", id="m1", text="Retourkosten", payload="/faq_retourkosten")
        await customer.receive("ack")
        stored = await store.conversations.messages(customer.welcome["conversation_id"])
    assert (stored[0].text, stored[0].payload) == ("Retourkosten", "/faq_retourkosten")


async def test_who_floods_is_slowed_down_and_told(redis_url: str, tmp_path: Path) -> None:
    def start() -> running_site:
        return running_site(redis_url, tmp_path, messages_per_minute=3, conversations_per_minute=2)

    running = await asyncio.to_thread(lambda: start())
    site = await asyncio.to_thread(running.__enter__)
    try:
        async with page(site) as customer:
            for number in range(4):
                await customer.send(type="message", id=f"m{number}", text="hoi")
            error = await customer.receive("error")
            assert (error["code"], error["id"], error["retry"]) == ("too_many_requests", "m3", True)
            await customer.send(type="message", id="m4", text="hoi")
            error = await customer.receive("error")
            assert (error["code"], error["id"], error["retry"]) == ("too_many_requests", "m4", True)
            assert "'m3'" in error["detail"]
            await customer.send(type="message", id="m5", text="")
            assert (await customer.receive("error"))["code"] == "invalid"
        async with page(site):
            pass
        async with websockets.connect(site.ws_url + "/widget/socket") as socket:
            await socket.send('{"type":"hello"}')
            assert json.loads(await socket.recv())["code"] == "too_many_requests"
    finally:
        await asyncio.to_thread(running.__exit__)


async def test_a_customer_who_waits_long_hears_that_nobody_forgot(site: Site) -> None:
    async with site.store() as store, scripted_assistant(store), page(site) as customer:
        conversation_id = customer.welcome["conversation_id"]
        await customer.ask("ik wil een mens")
        await customer.send(type="message", id="soon", text="hallo?")
        await customer.receive("ack")
        await store._client.hset(store._keys.conversation(conversation_id), "told_at_ms", 1)
        reminder = await customer.ask("is daar iemand?")
        stored = await store.conversations.messages(conversation_id)
    assert reminder["text"].startswith("Je staat nog in de wachtrij.")
    assert [message.notice for message in stored].count("still_waiting") == 1
