"""Customers' names, as Meta tells them or not."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import pytest

from bot.model import Conversation
from bot.store import Store
from bot.store.conversations import Contact
from bot.store.work import now_ms
from bot.web.channels.messenger.config import MessengerConfig, Page
from bot.web.channels.messenger.graph import Graph
from bot.web.channels.messenger.people import People, name_in
from bot.web.live import Live
from bot.web.media.names import clean, file_name
from tests.conftest import eventually
from tests.fakes.conversations import message
from tests.fakes.graph import FakeGraph

PAGE, JO = "1001", "6001"
ID = f"messenger-{PAGE}-{JO}"


@dataclass
class Asking:
    store: Store
    graph: FakeGraph
    people: People
    live: Live

    async def write(self, channel: str = "messenger", conversation_id: str = ID, customer_id: str = JO) -> None:
        contact = Contact(channel, customer_id, PAGE, opened_at_ms=now_ms(), wrote_at_ms=now_ms())
        await self.store.conversations.note_contact(conversation_id, contact)
        written = message(conversation_id, "customer", "hoi")
        await self.store.conversations.receive(written, channel=channel, customer_id=customer_id)

    @property
    def asked(self) -> list[dict[str, Any]]:
        return [call.query for call in self.graph.calls if call.method == "GET"]

    async def name(self, conversation_id: str = ID) -> str:
        conversation: Conversation = await self.store.conversations.get(conversation_id)
        return conversation.customer_name


@pytest.fixture
async def asking(store: Store) -> AsyncIterator[Asking]:
    """Somebody who asks for names as messages come, and Meta."""
    async with FakeGraph() as meta:
        meta.add_page(PAGE, name="Winkel van Sinkel", token="token-1001", instagram_id="9001")
        jo = meta.customer(JO, name="Jo Klant", page=PAGE)
        await jo.says("hoi")
        page = Page(PAGE, "token-1001", instagram_id="9001")
        config = MessengerConfig(meta.app_id_text, meta.app_secret, "verify", (page,), meta.url, True)
        graph, live = Graph(config), Live(store.events)
        await graph.open()
        people = People(config, graph, store=store, live=live)
        tasks = [asyncio.create_task(work) for work in (live.run(), people.run())]
        await asyncio.sleep(0.1)  # until it listens
        yield Asking(store, meta, people, live)
        for task in tasks:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task
        await graph.close()


async def test_a_name_is_asked_once_and_then_known(asking: Asking) -> None:
    for _ in range(3):
        await asking.write()
    assert await eventually(asking.name) == "Jo Klant"
    await asking.write()
    assert not await asking.people.learn(ID)
    assert len(asking.asked) == 1
    assert asking.asked[0]["fields"] == "first_name,last_name,name"


async def test_agents_hear_that_the_name_is_known(asking: Asking) -> None:
    with asking.live.subscribe(ID) as subscription:
        await asking.write()
        kinds = [(await subscription.next(5) or {}).get("type") for _ in range(2)]
    assert kinds == ["message", "mark"]


@pytest.mark.parametrize("profile", ["empty", "phone_only", "no_right"])
async def test_without_a_name_the_placeholder_stays_for_a_day(asking: Asking, profile: Any) -> None:
    asking.graph.customers[PAGE, JO].profile = profile
    for _ in range(3):
        await asking.write()

    async def asked() -> bool:
        return bool(asking.asked)

    await eventually(asked)
    assert not await asking.people.learn(ID)
    assert (await asking.name(), len(asking.asked)) == ("", 1)
    # A day later Meta knows more.
    asking.graph.customers[PAGE, JO].profile = "full"
    client, keys = asking.store._client, asking.store._keys
    await client.hset(keys.conversation(ID), "name_asked_at_ms", now_ms() - 25 * 3_600_000)
    await asking.write()
    assert await eventually(asking.name) == "Jo Klant"


@pytest.mark.parametrize("state", ["paused", "trouble"])
async def test_nothing_is_asked_while_meta_has_had_enough(asking: Asking, state: str) -> None:
    if state == "paused":
        await asking.store.pages.pause(PAGE, now_ms() + 60_000)
    else:
        await asking.store.pages.set_trouble(PAGE, "reconnect", "", at_ms=now_ms())
    await asking.write()
    assert not await asking.people.learn(ID)
    assert asking.asked == []


@pytest.mark.parametrize(
    ("conversation_id", "channel", "customer_id"),
    [("comment-1001-5_8", "comment", "6001"), ("messenger-1002-6001", "messenger", "6001")],
)
async def test_only_customers_of_our_pages_are_asked_for(
    asking: Asking, conversation_id: str, channel: str, customer_id: str
) -> None:
    contact = Contact(channel, customer_id, conversation_id.split("-")[1] if channel == "messenger" else PAGE)
    await asking.store.conversations.note_contact(conversation_id, contact)
    assert not await asking.people.learn(conversation_id)
    assert asking.asked == []


@pytest.mark.parametrize(
    ("profile", "name"),
    [
        ({"name": "Jo Klant", "first_name": "Jo"}, "Jo Klant"),
        ({"first_name": "Jo", "last_name": "Klant", "id": "6001"}, "Jo Klant"),
        ({"first_name": "Jo"}, "Jo"),
        ({"username": "jo.klant"}, "@jo.klant"),
        ({"name": "", "username": "jo"}, "@jo"),
        ({"name": 7, "first_name": None}, ""),
        ({}, ""),
        ({"name": "\u202eevil\u202c\x00 \x1b[31m\nJo"}, "evil [31m Jo"),
        ({"name": "x" * 500}, "x" * 80),
        ({"name": "👩‍👧 Jo"}, "👩‍👧 Jo"),
    ],
)
def test_a_name_is_fit_to_be_shown(profile: dict[str, Any], name: str) -> None:
    assert name_in(profile) == name


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("/v/factuur.pdf", "factuur.pdf"),
        ("/v/" + "a" * 300 + ".pdf", "a" * 96 + ".pdf"),
        ("/v/fac%E2%80%AEfdp.exe", "fac fdp.exe"),
        ("/v/..%2F..%2Fetc%2Fpasswd", "_._etc_passwd"),
        ("/v/a%0D%0Aset-cookie:x%22.pdf", "a set-cookie_x_.pdf"),
        ("/v/%FF", "\ufffd"),
        ("/v/", "bestand.pdf"),
        ("", "bestand.pdf"),
    ],
)
def test_a_file_keeps_a_harmless_name(path: str, name: str) -> None:
    assert file_name("file", f"https://cdn.example{path}?oh=secret", "application/pdf") == name


def test_a_text_on_one_line() -> None:
    assert clean("  twee\n regels\u2028en een \ud800 halve ", 100) == "twee regels en een halve"
