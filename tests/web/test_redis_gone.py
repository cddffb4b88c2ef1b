"""While Redis is gone nothing is stored, everybody is told so, and afterwards all goes on."""

from __future__ import annotations

import asyncio
import json
import os
import signal
from collections.abc import Iterator
from pathlib import Path

import aiohttp
import pytest
import websockets

from bot.redis_server import OwnRedis
from bot.web.operations.metrics import READ_TIMEOUT_S
from tests.conftest import HANG_S, REST_TOKEN, Site, eventually, running_site
from tests.fakes.scripted_assistant import scripted_assistant
from tests.figures import samples
from tests.web.test_widget_socket import page

HEADERS = {"authorization": f"Bearer {REST_TOKEN}"}


class Outage:
    """A Redis and a web server of the test's own."""

    def __init__(self, redis: OwnRedis, site: Site) -> None:
        self.redis = redis
        self.site = site

    async def begin(self) -> None:
        async with self.site.store() as store:
            process_id = (await store._client.info("server"))["process_id"]
        os.kill(process_id, signal.SIGKILL)
        await eventually(self._is_gone)

    async def end(self) -> None:
        await asyncio.to_thread(self.redis.start)

    async def _is_gone(self) -> bool:
        return not self.redis.is_running()


@pytest.fixture
def outage(tmp_path: Path) -> Iterator[Outage]:
    with OwnRedis(tmp_path) as redis, running_site(redis.url, tmp_path) as site:
        yield Outage(redis, site)


async def test_rest_says_503_and_when_to_try_again(outage: Outage) -> None:
    await outage.begin()
    async with aiohttp.ClientSession(headers=HEADERS) as client:
        url = outage.site.url + "/webhooks/rest/webhook"
        body = {"sender": "k", "message": "hoi", "message_id": "m1"}
        async with client.post(url, json=body) as response:
            assert response.status == 503
            assert int(response.headers["retry-after"]) > 0
            assert (await response.json())["code"] == "store_unavailable"
        async with client.get(outage.site.url + "/health/ready") as response:
            assert response.status == 503
            assert (await response.json())["parts"]["redis"]["ok"] is False
        async with client.get(outage.site.url + "/health/live") as response:
            assert response.status == 200
        figures = await samples(outage.site.url)
        assert (figures["bot_redis_up"], "bot_queue_conversations" in str(figures)) == (0, False)
        assert figures['bot_requests_refused_total{code="store_unavailable"}'] == 1
        await outage.end()
        async with outage.site.store() as store, scripted_assistant(store):

            async def answered() -> bool:
                async with client.post(url, json=body) as response:
                    return response.status == 200 and [one["text"] for one in await response.json()] == [
                        "antwoord op hoi"
                    ]

            assert await eventually(answered)
            assert (await samples(outage.site.url))["bot_redis_up"] == 1
            stored = await store.conversations.messages("rest-k")
    assert [message.sender for message in stored] == ["customer", "assistant"]


async def test_metrics_are_there_before_prometheus_gives_up_on_a_redis_that_hangs(tmp_path: Path) -> None:
    assert READ_TIMEOUT_S < 10  # Prometheus' own limit
    with OwnRedis(tmp_path) as redis, running_site(f"{redis.url}?socket_timeout={10 * HANG_S}", tmp_path) as site:
        async with site.store() as store:
            process_id = (await store._client.info("server"))["process_id"]
        os.kill(process_id, signal.SIGSTOP)
        try:
            figures = await asyncio.wait_for(samples(site.url), HANG_S)
        finally:
            os.kill(process_id, signal.SIGCONT)
        assert (figures["bot_redis_up"], figures["bot_widget_pages"]) == (0, 0)

        async def is_back() -> bool:
            return (await samples(site.url))["bot_redis_up"] == 1

        assert await eventually(is_back)


async def test_the_widget_is_told_to_keep_its_message_and_can_send_it_later(outage: Outage) -> None:
    async with websockets.connect(outage.site.ws_url + "/widget/socket") as socket:
        await socket.send('{"type":"hello"}')
        await socket.recv()
        frame = json.dumps({"type": "message", "id": "m1", "text": "hoi"})
        await outage.begin()
        await socket.send('{"type":"typing"}')  # of which nobody reads that it failed
        await socket.send(frame)
        error = json.loads(await asyncio.wait_for(socket.recv(), HANG_S))
        assert (error["type"], error["code"], error["retry"], error["id"]) == ("error", "store_unavailable", True, "m1")
        await outage.end()

        async def stored() -> bool:
            await socket.send(frame)
            while (answer := json.loads(await asyncio.wait_for(socket.recv(), HANG_S)))["type"] not in ("ack", "error"):
                pass
            return bool(answer["type"] == "ack")

        assert await eventually(stored)


async def test_a_page_that_does_not_wait_for_its_acks_keeps_its_messages_in_order(outage: Outage) -> None:
    async with page(outage.site) as customer, page(outage.site, customer.welcome["token"]) as other_page:
        await outage.begin()
        for number in (1, 2):
            await customer.send(type="message", id=f"m{number}", text=f"bericht {number}")
            assert (await customer.receive("error"))["id"] == f"m{number}"
        await outage.end()
        async with outage.site.store():
            pass  # it answers again
        await customer.send(type="message", id="m3", text="bericht 3")
        error = await customer.receive("error")
        assert (error["id"], error["code"], error["retry"]) == ("m3", "store_unavailable", True)
        assert "'m1'" in error["detail"]

        async def first_is_stored() -> bool:
            await other_page.send(type="message", id="m1", text="bericht 1")
            return (await other_page.receive("ack", "error"))["type"] == "ack"

        assert await eventually(first_is_stored)
        assert (await customer.receive("message"))["message"]["id"] == "m1"
        for number, answered in ((3, "error"), (2, "ack"), (3, "ack"), (4, "ack")):
            await customer.send(type="message", id=f"m{number}", text=f"bericht {number}")
            assert (await customer.receive("error", "ack"))["type"] == answered
        async with outage.site.store() as store:
            stored = await store.conversations.messages(customer.welcome["conversation_id"])
    assert [message.id for message in stored if message.sender == "customer"] == ["m1", "m2", "m3", "m4"]


async def test_what_is_read_while_redis_is_gone_is_noted_when_it_is_back(outage: Outage) -> None:
    async with outage.site.store() as store, scripted_assistant(store), page(outage.site) as customer:
        answer = await customer.ask("hoi")
        await outage.begin()
        await customer.send(type="read", up_to=answer["entry_id"])  # a customer who only reads is told of no message
        await customer.send(type="message", id="later", text="en nu?")
        assert (await customer.receive("error"))["id"] == "later"
        await outage.end()

        async def is_read() -> bool:
            transcript = await store.conversations.transcript(customer.welcome["conversation_id"])
            return [line.state for line in transcript][-1] == "read"

        assert await eventually(is_read)


async def test_a_page_for_people_says_so_in_dutch(outage: Outage) -> None:
    await outage.begin()
    async with aiohttp.ClientSession(cookies={"bot_session": "x"}) as client:
        async with client.get(outage.site.url + "/desk") as response:
            assert response.status == 503
            assert "niets verloren" in await response.text()
