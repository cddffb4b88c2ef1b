"""A site that says who its customer is: believed with the right hash, a stranger without."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import re
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
import websockets

from bot.model import Conversation
from bot.web.channels.identity import CustomerClaim, verified
from tests.conftest import ROOT, Site, running_site
from tests.web.test_widget_socket import Page

SECRET = "een-geheim-voor-de-proef"


@pytest.fixture(scope="module")
def shop(redis_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with running_site(redis_url, tmp_path_factory.mktemp("shop"), identity_secret=SECRET) as site:
        yield site


def signed(customer_id: str, secret: str = SECRET) -> str:
    return hmac.new(secret.encode(), customer_id.encode(), hashlib.sha256).hexdigest()


def customer(customer_id: str, **fields: str) -> dict[str, str]:
    return {"id": customer_id, "hash": signed(customer_id), **fields}


@asynccontextmanager
async def page(site: Site, claim: dict[str, str] | None, token: str | None = None) -> AsyncIterator[Page]:
    async with websockets.connect(site.ws_url + "/widget/socket") as socket:
        opened = Page(socket)
        await opened.send(type="hello", token=token, customer=claim)
        opened.welcome = await opened.receive("welcome")
        yield opened


async def say(site: Site, opened: Page, text: str = "hoi") -> Conversation:
    await opened.send(type="message", id=text, text=text)
    await opened.receive("ack")  # from here on a page may go
    async with site.store() as store:
        return await store.conversations.get(opened.welcome["conversation_id"])


async def test_who_is_verified_is_known_from_the_first_message_on(shop: Site) -> None:
    claim = customer("4711", name=" Anna\nde Wit ", email="anna@voorbeeld.nl")
    async with page(shop, claim) as opened:
        assert opened.welcome["identity"] == "verified"
        found = await say(shop, opened)
    assert (found.identity, found.customer_name, found.customer_email) == ("4711", "Anna de Wit", "anna@voorbeeld.nl")


async def test_a_page_that_goes_once_its_message_is_stored_leaves_who_wrote_it(shop: Site) -> None:
    async def write_and_go(number: int) -> str:
        async with page(shop, customer(f"gone-{number}")) as opened:
            await opened.send(type="message", id=f"gone-{number}", text="hoi")
            await opened.receive("ack")
            opened.vanish()
            return str(opened.welcome["conversation_id"])

    ids = await asyncio.gather(*map(write_and_go, range(30)))
    async with shop.store() as store:
        found = await store.conversations.get_many(ids)
    assert [one.identity for one in found] == [f"gone-{number}" for number in range(30)]


@pytest.mark.parametrize("change", [{"hash": "0" * 64}, {"hash": ""}, {"id": "4712"}, {"hash": signed("4711", "x")}])
async def test_who_is_not_believed_chats_as_a_stranger(shop: Site, change: dict[str, str]) -> None:
    async with page(shop, {**customer("4711", name="Anna"), **change}) as opened:
        assert opened.welcome["identity"] == "refused"
        found = await say(shop, opened)
    assert (found.identity, found.customer_name) == ("", "")


async def test_who_says_nothing_is_told_nothing(shop: Site) -> None:
    async with page(shop, None) as opened:
        assert opened.welcome["identity"] is None


async def test_a_stranger_who_signs_in_goes_on_in_the_same_chat(shop: Site) -> None:
    async with page(shop, None) as opened:
        before = await say(shop, opened)
        token = opened.welcome["token"]
    async with page(shop, customer("5001"), token) as opened:
        assert [one["text"] for one in opened.welcome["messages"]] == ["hoi"]
        async with shop.store() as store:
            found = await store.conversations.get(before.id)
    assert (before.identity, found.identity, opened.welcome["conversation_id"]) == ("", "5001", before.id)


async def test_somebody_else_on_the_same_browser_reads_nothing(shop: Site) -> None:
    async with page(shop, customer("5002")) as opened:
        first = await say(shop, opened, "geheim")
        token = opened.welcome["token"]
    async with page(shop, customer("5003"), token) as opened:
        assert opened.welcome["messages"] == [] and opened.welcome["conversation_id"] != first.id
    async with page(shop, customer("5002"), token) as opened:
        assert [one["text"] for one in opened.welcome["messages"]] == ["geheim"]


def test_without_a_secret_nobody_is_believed() -> None:
    assert verified(CustomerClaim("4711", signed("4711", "")), "") is None


@pytest.mark.parametrize("customer_id", ["", "x" * 201, "a\nb"])
def test_an_id_must_be_one_short_line(customer_id: str) -> None:
    assert verified(CustomerClaim(customer_id, signed(customer_id)), SECRET) is None


def test_the_example_in_the_docs_is_right() -> None:
    text = Path(ROOT / "docs/how-to/identity.md").read_text(encoding="utf-8")
    assert re.findall(r"`([0-9a-f]{64})`", text) == [signed("4711")]
