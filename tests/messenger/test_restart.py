"""A whole web process with the channel on: it stops without leaving anything uncertain, and its log has no secrets."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import aiohttp
import pytest

from tests.conftest import Site, running_site
from tests.fakes.graph import FakeGraph
from tests.fakes.threaded import in_thread
from tests.messenger.post_office import Town, when

MESSENGER = {
    "messenger_app_id": "7001",
    "messenger_app_secret": "the-secret-of-the-app",
    "messenger_verify_token": "the-verify-token",
    "messenger_tokens": "1001=the-token-of-1001",
}


@pytest.fixture(scope="module")
def graph() -> Iterator[FakeGraph]:
    with in_thread(FakeGraph(app_secret=MESSENGER["messenger_app_secret"])) as fake:
        fake.server.add_page("1001", token="the-token-of-1001")
        yield fake.server


@pytest.fixture(scope="module")
def site(graph: FakeGraph, redis_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    var = tmp_path_factory.mktemp("site")
    file = var / "messenger.yml"
    file.write_text("pages: []\n")
    with running_site(redis_url, var, graph_url=graph.url, messenger_file=file, **MESSENGER) as site:
        yield site


async def test_a_restart_leaves_nothing_uncertain_and_sends_nothing_twice(graph: FakeGraph, site: Site) -> None:
    async with site.store() as store:
        here = Town(store, graph)
        _, conversation_id = await here.customer()
        graph.slow(0.5)
        await here.says(conversation_id, "een")
        await here.says(conversation_id, "twee")
        await when(lambda: [call for call in graph.calls if call.endpoint == "messages"])
        await asyncio.to_thread(site.stop)
        assert await here.states(conversation_id) == ["sent", "waiting"]
        graph.slow(0.0)
        await asyncio.to_thread(site.start)
        await here.until(conversation_id, "sent", "sent")
        assert here.texts() == ["een", "twee"]
    assert "message.uncertain" not in site.log.read_text()


async def test_no_secret_and_no_word_of_a_customer_is_in_the_log(graph: FakeGraph, site: Site) -> None:
    async with site.store() as store:
        here = Town(store, graph)
        _, conversation_id = await here.customer("6002")
        graph.cut_next()
        graph.fail_next(code=2)
        graph.pages["1001"].dead_subcode = 463
        await here.says(conversation_id, "mijn nummer is 0612345678")
        await when(lambda: "page.trouble" in site.log.read_text())
        graph.pages["1001"].dead_subcode = None
        await store.pages.clear_trouble("1001")
    log = site.log.read_text()
    assert "message.uncertain" in log or "message.refused" in log
    for secret in (*MESSENGER.values(), "the-token-of-1001", "appsecret", "0612345678"):
        assert secret == "/nonexistent" or secret == "7001" or secret not in log


async def test_an_agent_who_types_on_the_desk_is_seen_typing(graph: FakeGraph, site: Site) -> None:
    async with site.store() as store:
        here = Town(store, graph)
        _, conversation_id = await here.customer("6003")
    session = await asyncio.to_thread(site.session, "sanne", "agent")
    async with aiohttp.ClientSession(cookies={"bot_session": session}) as client:
        async with client.post(f"{site.url}/desk/{conversation_id}/typing", headers={"origin": site.url}) as response:
            assert response.status == 204
    await when(lambda: [action.action for action in graph.actions] == ["mark_seen", "typing_on"])
