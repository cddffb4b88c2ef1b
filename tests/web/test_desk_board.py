"""What the desks of a process are told: every change once, to all, also to one that was away for a moment."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest

from bot.model import Account
from bot.settings import Settings
from bot.store import Store
from bot.store.sessions import session_id
from bot.web.desk import board, stream
from bot.web.desk.board import Board, Desk
from bot.web.live import Live
from bot.web.pages import environment
from tests.conftest import HANG_S
from tests.fakes.conversations import handed_over, message, write

SANNE = Account("sanne", "Sanne", ("agent",))
Event = dict[str, Any]


async def no_troubles() -> tuple[str, ...]:
    return ()


@asynccontextmanager
async def running(store: Store, settings: Settings) -> AsyncIterator[Board]:
    live = Live(store.events)
    made = Board(store, live, environment(settings), no_troubles)
    tasks = [asyncio.create_task(made.run()), asyncio.create_task(live.run())]
    with made.open("ready") as ready:
        await until(ready, lambda event: event["type"] == "troubles")  # it listens
        await store.events.publish("typing", conversation_id="ready", sender="agent")
        await until(ready, lambda event: event["type"] == "typing")  # so does Redis
    yield made
    for task in tasks:
        task.cancel()


@pytest.fixture
async def desks(store: Store, settings: Settings) -> AsyncIterator[Board]:
    async with running(store, settings) as made:
        yield made


def read(text: str) -> list[Event]:
    return [json.loads(line.removeprefix("data: ")) for line in text.splitlines() if line.startswith("data: ")]


async def until(desk: Desk, is_it: Callable[[Event], bool]) -> list[Event]:
    """What a desk hears, up to the event that is meant."""
    heard: list[Event] = []
    async with asyncio.timeout(HANG_S):
        while True:
            for event in read(await desk.next(HANG_S)):
                heard.append(event)
                if is_it(event):
                    return heard


def about(conversation_id: str) -> Callable[[Event], bool]:
    return lambda event: conversation_id in event.get("ids", ())


async def test_every_desk_gets_the_same_row_with_its_places_and_the_sizes(store: Store, desks: Board) -> None:
    with desks.open("sanne") as one, desks.open("daan") as other:
        conversation_id = await handed_over(store, "<b>waar</b> is het?")
        frames = []
        for desk in (one, other):
            heard = await until(desk, lambda event: event.get("counts", {}).get("waiting") == 1)
            frames.append([event for event in heard if event["type"] == "changes"])
    assert frames[0] == frames[1]
    row = frames[0][-1]["rows"][-1]
    assert row["id"] == conversation_id and 'data-places="waiting|' in row["row"]
    assert "&lt;b&gt;waar" in row["row"] and "conversation-row-mine" not in row["row"]


async def test_many_changes_of_a_moment_are_one_frame(store: Store, desks: Board) -> None:
    with desks.open("sanne") as desk:
        for _ in range(20):
            await write(store, "en nog iets", "widget-veel")
        last = await write(store, "tot slot", "widget-veel")
        heard = await until(desk, lambda event: any("tot slot" in row["row"] for row in event.get("rows", ())))
    changes = [event for event in heard if event["type"] == "changes"]
    assert len(changes) <= 5 and all(event["ids"] == [last.conversation_id] for event in changes)


async def test_counts_of_an_agent_come_with_what_that_agent_does(store: Store, desks: Board) -> None:
    conversation_id = await handed_over(store)
    with desks.open("sanne") as desk:
        await store.queue.claim(await store.conversations.get(conversation_id), SANNE)
        heard = await until(desk, lambda event: event.get("counts", {}).get("held/sanne") == 1)
        assert heard[-1]["counts"]["held"] == 1
        await store.queue.reply(conversation_id, SANNE, message(conversation_id, "agent", "dag"))
        heard = await until(desk, lambda event: any("Jij" in row["row"] for row in event.get("rows", ())))
        assert "held" not in heard[-1]["counts"]  # as it was
    await store.queue.close(await store.conversations.get(conversation_id))
    with desks.open("sanne") as desk:
        # Nobody looked when it was closed, so that this desk had it from its page.
        await store.queue.claim(await store.conversations.get(await handed_over(store)), SANNE)
        heard = await until(desk, lambda event: event.get("counts", {}).get("held/sanne") == 1)
        assert heard[-1]["counts"]["held/sanne/klantenservice"] == 1


async def test_a_desk_that_was_away_gets_what_it_missed(store: Store, desks: Board) -> None:
    with desks.open("daan") as stays:
        with desks.open("sanne") as desk:
            await write(store, "een", "widget-een")
            await until(desk, about("widget-een"))
            last_id = f"{desks._name}-{desks._number}"
        await write(store, "twee", "widget-twee")
        await until(stays, about("widget-twee"))
        with desks.open("sanne", last_id) as desk:
            heard = read(await desk.next(HANG_S))
            assert [event.get("ids") for event in heard] == [["widget-twee"]]
        with desks.open("sanne", f"{desks._name}-{desks._number}") as desk:
            assert await desk.next(0.01) == ""


@pytest.mark.parametrize("last_id", ["", "other-1", "x", "{name}-999999", "{name}--1", "{name}-²"])
async def test_a_desk_that_nothing_is_known_of_reads_everything_again(desks: Board, last_id: str) -> None:
    with desks.open("sanne", last_id.format(name=desks._name)) as desk:
        assert read(await desk.next(HANG_S)) == [{"type": "resync"}]


async def test_what_happened_while_no_desk_was_open_is_not_missed(store: Store, desks: Board) -> None:
    last_id = f"{desks._name}-{desks._number}"
    await write(store, "niemand kijkt", "widget-x")
    async with asyncio.timeout(HANG_S):
        while f"{desks._name}-{desks._number}" == last_id:
            await asyncio.sleep(0.01)
    with desks.open("sanne", last_id) as desk:
        assert read(await desk.next(HANG_S)) == [{"type": "resync"}]


async def test_a_desk_that_reads_too_slowly_is_told_to_read_it_all(desks: Board) -> None:
    with desks.open("sanne") as desk:
        for number in range(board.MAX_BACKLOG + 1):
            desks._hear({"type": "notify", "account_id": "sanne", "text": str(number)})
        assert [event["type"] for event in read(await desk.next(HANG_S))] == ["resync", "notify"]


async def test_what_is_kept_for_desks_that_were_away_or_are_slow_has_a_limit(
    desks: Board, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(board, "KEPT_CHARS", 2_000)
    monkeypatch.setattr(board, "MAX_BACKLOG_CHARS", 2_000)
    with desks.open("sanne") as slow, desks.open("daan") as quick:
        for number in range(30):
            desks._hear({"type": "notify", "account_id": "sanne", "text": f"{number:500}"})
        heard = read(slow.take())
        assert [event["type"] for event in heard][0] == "resync" and heard[-1]["text"].strip() == "29"
        assert sum(len(frame.text) for frame in desks._kept) == desks._kept_chars <= 2_000 and desks._kept
        assert [event["type"] for event in read(quick.take())] == ["resync"]
        with desks.open("sanne", f"{desks._name}-{desks._number - 1}") as back:
            assert [event["text"].strip() for event in read(back.take())] == ["29"]


async def test_the_desk_that_an_account_opened_first_makes_room(desks: Board, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(board, "MAX_DESKS", 2)
    streams = [stream.event_stream(desks, "sanne") for _ in range(3)]
    other = stream.event_stream(desks, "daan")
    for one in (*streams, other):
        assert [await anext(one), "resync" in await anext(one)] == ["retry: 1000\n\n", True]
    async with asyncio.timeout(5):
        assert [event["type"] for text in [one async for one in streams[0]] for event in read(text)] == ["replaced"]
    assert [desk.is_over for desk in desks._desks] == [False, False, False]
    for one in (*streams[1:], other):
        await one.aclose()


async def test_a_browser_that_is_signed_out_reads_on_nowhere(store: Store, desks: Board) -> None:
    token, elsewhere = await store.sessions.start("sanne"), await store.sessions.start("sanne")
    with (
        desks.open("sanne", session_id=session_id(token)) as desk,
        desks.open("sanne", session_id=session_id(elsewhere)) as stays,
        desks.open("daan", session_id="x") as other,
    ):
        await store.sessions.end(token)
        await store.events.publish("viewing", conversation_id="x", account_id="y", name="Y", typing=False)
        await until(stays, lambda event: event["type"] == "viewing")
        assert [one.is_over for one in (desk, stays, other)] == [True, False, False]
        await store.sessions.end_all("sanne")
        await store.events.publish("viewing", conversation_id="x", account_id="y", name="Y", typing=False)
        await until(other, lambda event: event["type"] == "viewing")
        assert [one.is_over for one in (stays, other)] == [True, False]


async def test_what_is_for_one_account_goes_to_no_other(store: Store, desks: Board) -> None:
    with desks.open("sanne") as sanne, desks.open("daan") as daan:
        await store.events.publish("notify", account_id="sanne", why="mention", text="Kijk je even mee?", url="/desk/x")
        await store.events.publish("viewing", conversation_id="x", account_id="sanne", name="Sanne", typing=True)
        heard = await until(sanne, lambda event: event["type"] == "viewing")
        assert "notify" in [event["type"] for event in heard]
        heard = await until(daan, lambda event: event["type"] == "viewing")
        assert "notify" not in [event["type"] for event in heard]


async def test_a_conversation_that_is_gone_leaves_the_lists(store: Store, desks: Board) -> None:
    with desks.open("sanne") as desk:
        await store.events.publish("owner", conversation_id="widget-weg", owner="closed", messages=[])
        heard = await until(desk, about("widget-weg"))
    assert heard[-1]["rows"] == [{"id": "widget-weg", "row": "", "alarm": ""}]


async def test_somebody_in_danger_is_called_out_until_an_agent_answers(store: Store, desks: Board) -> None:
    def says(alarm: str) -> Callable[[Event], bool]:
        return lambda event: any(alarm in row["alarm"] if alarm else not row["alarm"] for row in event.get("rows", ()))

    with desks.open("sanne") as desk:
        conversation_id = await handed_over(store, "help", reason="self_harm", priority="urgent")
        await until(desk, says("Neem nu over."))
        await store.queue.claim(await store.conversations.get(conversation_id), SANNE)
        heard = await until(desk, says("is bij jou"))
        assert 'data-account="sanne"' in heard[-1]["rows"][0]["alarm"]
        await store.queue.reply(conversation_id, SANNE, message(conversation_id, "agent", "Ik ben er."))
        await until(desk, says(""))


async def test_quiet_stream_sends_heartbeats(desks: Board, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stream, "HEARTBEAT_S", 0.01)
    monkeypatch.setattr(stream, "LIFETIME_S", 0.1)
    chunks = [chunk async for chunk in stream.event_stream(desks, "sanne")]
    assert "resync" in chunks[1]
    assert len(chunks) > 3 and all(chunk.startswith(": heartbeat\n") for chunk in chunks[2:])


async def test_stopping_process_ends_its_streams_and_begins_none(desks: Board) -> None:
    open_stream = stream.event_stream(desks, "sanne")
    assert [await anext(open_stream), "resync" in await anext(open_stream)] == ["retry: 1000\n\n", True]
    desks.close()
    async with asyncio.timeout(HANG_S):
        assert len([chunk async for chunk in open_stream]) <= 1
        assert [chunk async for chunk in stream.event_stream(desks, "karim")] == ["retry: 1000\n\n"]
