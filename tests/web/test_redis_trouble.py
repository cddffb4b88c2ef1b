"""Whatever happens to Redis: every route says so and when to try again, and then all goes on without a restart."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import websockets

from bot.errors import EXIT_CONFIG
from bot.model import Message
from bot.store import Store
from tests.conftest import API_TOKEN, HANG_S, PASSWORD, REST_TOKEN, Site, eventually, free_port, running_site
from tests.store import redis_topologies, redis_troubles
from tests.store.redis_topologies import Server
from tests.store.redis_troubles import STORES_NOTHING, Trouble

REST = {"authorization": f"Bearer {REST_TOKEN}"}
API = {"authorization": f"Bearer {API_TOKEN}"}
CONVERSATION = "rest-anna"

# (method, path, headers, body): what can't be done while nothing can be stored ...
WRITES: list[tuple[str, str, dict[str, str], dict[str, Any]]] = [
    ("POST", "/webhooks/rest/webhook", REST, {"json": {"sender": "k", "message": "hoi", "message_id": "m1"}}),
    ("PUT", "/api/v1/templates/utter_gesloten", API, {"json": {"text": "Tot ziens."}}),
    ("POST", f"/desk/{CONVERSATION}/reply", {}, {"data": {"text": "hoi", "message_id": "0" * 32}}),
    ("POST", "/sign-in", {}, {"data": {"name": "sanne", "password": PASSWORD}}),
]
# ... and what can't be shown while nothing can be read.
READS: list[tuple[str, str, dict[str, str], dict[str, Any]]] = [
    ("GET", "/webhooks/rest/messages?sender=k", REST, {}),
    ("GET", "/api/v1/queue", API, {}),
    ("GET", f"/api/v1/conversations/{CONVERSATION}", API, {}),
    ("GET", "/desk", {}, {}),
    ("GET", f"/desk/{CONVERSATION}", {}, {}),
    ("GET", "/editor", {}, {}),
    ("GET", "/accounts", {}, {}),
]


@pytest.fixture(scope="module")
def redis_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with redis_topologies.one(tmp_path_factory.mktemp("redis") / "data") as started:
        yield started


@pytest.fixture(scope="module")
def site(redis_server: Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    # Two seconds instead of five: a test needn't wait so long for a Redis that hangs.
    url = f"redis://127.0.0.1:{redis_server.port}?socket_timeout=2"
    with running_site(url, tmp_path_factory.mktemp("site")) as site:
        agent = site.account("sanne", "admin")

        async def talk(store: Store) -> None:
            message = Message("q1", CONVERSATION, "customer", "hoi", 1)
            await store.conversations.receive(message, channel="rest", customer_id="anna")
            await store.queue.claim(await store.conversations.get(CONVERSATION), agent)

        site.run(talk)
        yield site


@pytest.fixture
async def browser(site: Site) -> AsyncIterator[aiohttp.ClientSession]:
    """Signed in as an admin; it says what a browser says when it asks for a page."""
    cookies = {"bot_session": site.session("sanne", "admin")}
    headers = {"accept": "text/html"}
    async with aiohttp.ClientSession(site.url, cookies=cookies, headers=headers) as client:
        yield client


async def answer(client: aiohttp.ClientSession, request: tuple[str, str, dict[str, str], dict[str, Any]]) -> Any:
    """Status, Retry-After and text."""
    method, path, headers, body = request
    async with client.request(method, path, headers=headers, allow_redirects=False, **body) as response:
        return response.status, response.headers.get("retry-after", ""), await response.text()


async def redis_part(client: aiohttp.ClientSession) -> dict[str, Any]:
    async with client.get("/health/ready") as response:
        return dict((await response.json())["parts"]["redis"])


@pytest.mark.parametrize("trouble", STORES_NOTHING, ids=str)
async def test_every_route_says_503_until_it_has_passed(
    site: Site, redis_server: Server, browser: aiohttp.ClientSession, trouble: Trouble
) -> None:
    async with widget(site) as (socket, token):
        with trouble.begin(redis_server):
            refused = WRITES if trouble.reads else [*WRITES, *READS]
            allowed = READS if trouble.reads else []
            health, frame, *answers = await asyncio.gather(
                redis_part(browser), send(socket), *(answer(browser, request) for request in [*refused, *allowed])
            )
            async with browser.get("/health/live") as response:
                assert response.status == 200
    for request, (status, retry_after, text) in zip(refused, answers, strict=False):
        assert status == 503 and int(retry_after) > 0, (request, status)
        if request[2]:
            assert json.loads(text)["code"] == "store_unavailable"
        else:
            assert "Er is niets verloren" in text
    for request, (status, _, text) in zip(allowed, answers[len(refused) :], strict=True):
        assert status == 200, (request, text)
    assert frame == CLOSED or (frame["code"], frame["id"], frame["retry"]) == ("store_unavailable", "w1", True)
    assert health["ok"] is False and trouble.reason in health["reason"]

    async def acknowledged() -> bool:
        async with widget(site, token) as (again, _):
            return bool((await send(again))["type"] == "ack")

    await eventually(acknowledged)
    assert (await redis_part(browser))["ok"] is True
    assert (await answer(browser, READS[0]))[0] == 200


# What a page is told that can't be served now: come back later, with what you have not sent.
CLOSED = {"type": "closed", "code": 1013}


@contextlib.asynccontextmanager
async def widget(site: Site, token: str = "") -> AsyncIterator[tuple[websockets.ClientConnection, str]]:
    async with websockets.connect(site.ws_url + "/widget/socket") as socket:
        await socket.send(json.dumps({"type": "hello", "token": token}))
        yield socket, json.loads(await socket.recv()).get("token", "")


async def send(socket: websockets.ClientConnection) -> dict[str, Any]:
    """The answer to a message."""
    try:
        await socket.send('{"type":"message","id":"w1","text":"hoi"}')
        while True:
            frame = json.loads(await asyncio.wait_for(socket.recv(), HANG_S))
            if frame["type"] in ("ack", "error"):
                return dict(frame)
    except websockets.ConnectionClosed as exc:
        return {"type": "closed", "code": exc.rcvd.code if exc.rcvd else None}


async def test_ready_names_a_policy_that_evicts_and_the_log_has_it(
    site: Site, redis_server: Server, browser: aiohttp.ClientSession
) -> None:
    with redis_troubles.evicting(redis_server):
        assert "expected noeviction" in (await redis_part(browser))["reason"]
        await eventually(lambda: logged(site, "redis.trouble", "expected noeviction"))
    assert (await redis_part(browser))["ok"] is True


async def test_ready_warns_when_what_is_stored_would_not_survive_a_restart(
    redis_server: Server, browser: aiohttp.ClientSession
) -> None:
    assert (await redis_part(browser))["warnings"] == []
    with redis_troubles.without_append_only_file(redis_server):
        part = await redis_part(browser)
    assert part["ok"] is True and "appendonly no" in part["warnings"][0]


async def logged(site: Site, event: str, reason: str = "") -> bool:
    """Whether that is the last thing that the log says about Redis."""
    lines = [json.loads(line) for line in site.log.read_text().splitlines() if line.startswith("{")]
    about_redis = [line for line in lines if line["event"].startswith("redis.")]
    return bool(about_redis and about_redis[-1]["event"] == event and reason in about_redis[-1].get("reason", ""))


# From the start.


@pytest.fixture
def late(tmp_path: Path) -> Iterator[Site]:
    """A web server whose Redis is not there yet; its port is free."""
    port = free_port()
    site = running_site(f"redis://127.0.0.1:{port}", tmp_path).site
    yield site
    if site.process and site.process.poll() is None:
        site.stop()


async def test_web_starts_without_redis_and_goes_on_when_it_comes(late: Site, tmp_path: Path) -> None:
    await asyncio.to_thread(late.start)
    port = int(late.redis_url.rpartition(":")[2])
    async with aiohttp.ClientSession(late.url) as client:
        assert (await redis_part(client))["reason"] == "Redis does not answer"
        for request in (WRITES[0], READS[0], READS[1]):
            status, retry_after, _ = await answer(client, request)
            assert status == 503 and int(retry_after) > 0
        async with websockets.connect(late.ws_url + "/widget/socket") as socket:
            await socket.send('{"type":"hello"}')
            assert json.loads(await socket.recv())["code"] == "store_unavailable"
            with pytest.raises(websockets.ConnectionClosed) as closed:
                await socket.recv()
        assert closed.value.rcvd is not None and closed.value.rcvd.code == 1013

        # One that will not do comes first: that is said, and nothing needs a restart.
        command = ["--maxmemory-policy", "allkeys-lru"]
        with redis_topologies.one(tmp_path / "redis", *command, port=port) as server:

            async def named() -> bool:
                return "noeviction" in (await redis_part(client))["reason"]

            await eventually(named)
            await eventually(lambda: logged(late, "redis.trouble", "expected noeviction"))
            server.ask("CONFIG", "SET", "maxmemory-policy", "noeviction")
            await eventually(lambda: logged(late, "redis.well"))
            assert (await redis_part(client))["ok"] is True
            status, _, _ = await answer(client, READS[0])
            assert status == 200


def test_web_does_not_start_with_a_redis_that_evicts(late: Site, tmp_path: Path) -> None:
    port = int(late.redis_url.rpartition(":")[2])
    with redis_topologies.one(tmp_path / "redis", "--maxmemory-policy", "allkeys-lru", port=port):
        with contextlib.suppress(RuntimeError):
            late.start()
        assert late.process is not None and late.process.wait(timeout=HANG_S) == EXIT_CONFIG
    assert "expected noeviction" in late.log.read_text()
