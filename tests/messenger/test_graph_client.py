"""A call to the Graph API: the whole answer, or one of three errors."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import datetime, timezone
from email.utils import formatdate

import pytest
from aiohttp import web

from bot.web.channels.messenger.config import MessengerConfig, Page
from bot.web.channels.messenger.graph import Graph, GraphRefused, GraphUnknown, GraphUnreachable, ahead_s
from tests.conftest import free_port

PAGE = Page("1001", "token-1001")


@asynccontextmanager
async def graph_that(answers: Callable[[web.Request], Awaitable[web.StreamResponse]] | None) -> AsyncIterator[Graph]:
    """A client of a server that answers everything so; None for no server."""
    app, port = web.Application(), free_port()
    if answers:
        app.router.add_route("*", "/{path:.*}", answers)
    runner = web.AppRunner(app)
    await runner.setup()
    if answers:
        await web.TCPSite(runner, "127.0.0.1", port).start()
    graph = Graph(MessengerConfig("7001", "secret", "verify", (PAGE,), f"http://127.0.0.1:{port}", human_agent=False))
    await graph.open()
    try:
        yield graph
    finally:
        await graph.close()
        await runner.cleanup()


async def test_an_answer_that_comes_in_pieces_is_read_to_its_end() -> None:
    async def in_pieces(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        for piece in (b'{"message_id":', b'"m_1"}'):
            await response.write(piece)
            await asyncio.sleep(0.05)
        return response

    async with graph_that(in_pieces) as graph:
        answer, _ = await graph.call(PAGE, "POST", "1001/messages", body={})
    assert answer == {"message_id": "m_1"}


async def test_a_clock_that_is_wrong_is_seen_and_does_not_spoil_the_proof() -> None:
    asked: list[int] = []

    async def a_minute_behind(request: web.Request) -> web.StreamResponse:
        asked.append(int(time.time()) - int(request.query["appsecret_time"]))
        return web.json_response({}, headers={"date": formatdate(time.time() - 60, usegmt=True)})

    async with graph_that(a_minute_behind) as graph:
        for _ in range(2):
            await graph.call(PAGE, "GET", "me")
        assert abs(graph.ahead_s - 60) <= 2
    assert asked[0] <= 1 and abs(asked[1] - 60) <= 2


@pytest.mark.parametrize(
    ("date", "seconds"),
    [("Thu, 26 Nov 2026 00:00:00 GMT", 90), ("Thu, 26 Nov 2026 00:01:28 GMT", 0), ("", 0), ("gisteren", 0)],
)
def test_only_a_clear_difference_of_clocks_counts(date: str, seconds: int) -> None:
    assert ahead_s(date, now_s=datetime(2026, 11, 26, 0, 1, 30, tzinfo=timezone.utc).timestamp()) == seconds


async def refuses(_: web.Request) -> web.StreamResponse:
    return web.json_response({"error": {"code": 10, "error_subcode": "2018278", "message": "(#10)"}}, status=400)


async def is_html(_: web.Request) -> web.StreamResponse:
    return web.Response(text="<html>502</html>", status=502, content_type="text/html")


async def is_huge(_: web.Request) -> web.StreamResponse:
    return web.Response(text='"' + "a" * 2_000_000 + '"')


@pytest.mark.parametrize(
    ("answers", "error"),
    [(refuses, GraphRefused), (is_html, GraphUnknown), (is_huge, GraphUnknown), (None, GraphUnreachable)],
)
async def test_each_way_to_fail_has_its_error_and_no_error_has_the_token(
    answers: Callable[[web.Request], Awaitable[web.StreamResponse]] | None, error: type[Exception]
) -> None:
    async with graph_that(answers) as graph:
        with pytest.raises(error) as raised:
            await graph.call(PAGE, "POST", "1001/messages", body={})
    assert "token-1001" not in f"{raised.value!r} {raised.value.__cause__!r}"
    if isinstance(raised.value, GraphRefused):
        assert (raised.value.error_code, raised.value.subcode) == (10, 2018278)
