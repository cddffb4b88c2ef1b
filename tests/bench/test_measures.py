"""The measures of ours alone, small, against a real web server; the assistant says what the test tells it to."""

from __future__ import annotations

import asyncio
import resource
import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from tests.conftest import REST_TOKEN, Site
from tests.fakes.scripted_assistant import scripted_assistant
from tools.bench import measures
from tools.bench.load import Address
from tools.bench.messages import ANSWERED, ASKED, HANDED_OVER, Deck, Outcome
from tools.bench.pages import Pages, allow_files
from tools.bench.report import LATENCY
from tools.bench.sides import Side, outcome

TEXTS = [f"vraag {number}" + " aan een mens" * (number % 10 == 0) for number in range(200)]


class OfSite(Side):
    """The test's web server."""

    def __init__(self, site: Site, folder: Path) -> None:
        super().__init__("vraagbaak", folder, {}, Address(site.settings.port, REST_TOKEN, hands_over=True))
        self._site = site

    def pids(self) -> dict[str, list[int]]:
        assert self._site.process is not None
        return {"web": [self._site.process.pid]}

    async def outcomes(self, senders: Sequence[str]) -> list[Outcome]:
        async with self._site.store() as store:
            return [await outcome(store, sender) for sender in senders]


@pytest.fixture
def side(site: Site, tmp_path: Path) -> Iterator[OfSite]:
    """With an assistant in a thread of its own: measures are not async."""
    stop, ready = asyncio.Event(), threading.Event()
    loop = asyncio.new_event_loop()

    async def serve() -> None:
        async with site.store() as store, scripted_assistant(store):
            ready.set()
            await stop.wait()

    thread = threading.Thread(target=loop.run_until_complete, args=(serve(),))
    thread.start()
    assert ready.wait(10)
    try:
        yield OfSite(site, tmp_path)
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join()
        loop.close()


def deck_of(answered: list[str], handed_over: list[str]) -> Deck:
    """Nothing is unclear to the scripted assistant, so some that are answered stand for what is asked."""
    return Deck({ANSWERED: answered[len(handed_over) :], ASKED: answered[: len(handed_over)], HANDED_OVER: handed_over})


def test_measures_of_ours_alone(side: OfSite) -> None:
    messages = measures.rehearse(side, TEXTS, side.outcomes)
    assert messages[HANDED_OVER] == [text for text in TEXTS if "mens" in text]
    assert messages[ANSWERED] == [text for text in TEXTS if "mens" not in text]
    deck = deck_of(messages[ANSWERED], messages[HANDED_OVER])

    single = measures.one_at_a_time([side], deck, conversations=1, blocks=2)
    assert (single["messages"], single["blocks"], single["begun_again"]) == (20, 2, {"vraagbaak": 0})
    found = measures.concurrent([side], deck, at_once=4, conversations=5, blocks=2)
    assert (found["messages"], found["concurrent"]) == (100, 4)
    for measured in (single["vraagbaak"], found["vraagbaak"]):
        assert measured.keys() == {*LATENCY, "cpu_ms_of_web"}
        assert all(value > 0 for value in measured.values())

    long = measures.long_conversation([side], deck, conversations=1, length=30)
    assert long["vraagbaak"].keys() == {"first_ms", "last_ms", "growth"} and long["dropped"] == 0
    kept = measures.memory([side])["vraagbaak"]
    assert kept["total_mb"] == kept["without_redis_mb"] == kept["parts_mb"]["web"] > 20
    assert kept["processes"] == {"web": 1}


def test_idle_pages_are_welcomed_and_stay(side: OfSite) -> None:
    deck = deck_of([f"vraag {number}" for number in range(100)], [f"een mens, graag {number}" for number in range(10)])
    found = measures.idle_sockets(side, deck, count=30, conversations=1, idle_s=0.3)
    assert found["sockets"] == 30
    assert found["bytes_per_socket"] == pytest.approx(found["extra_mb"] * 1e6 / 30, abs=2000)
    assert found["with"].keys() == found["without"].keys() >= LATENCY.keys()


def test_idle_pages_ping_and_are_answered(side: OfSite) -> None:
    with Pages(side.address.port, 3, ping_every_s=0.05) as pages:
        time.sleep(0.5)
    assert pages.still_open == 3
    assert pages.pongs >= 3


def test_a_conversation_that_a_human_takes_over_half_way_is_not_measured_as_a_long_one(side: OfSite) -> None:
    deck = Deck({ANSWERED: ["een mens, graag", *(f"vraag {number}" for number in range(59))]})
    found = measures.long_conversation([side], deck, conversations=1, length=30)
    assert found["dropped"] == 1


def test_pages_that_are_not_welcomed_are_an_error() -> None:
    with pytest.raises(RuntimeError, match="could not be opened"):
        Pages(1, 2).__enter__()


def test_files_that_may_be_open_are_raised_and_never_lowered() -> None:
    before = soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft - 100, hard))
        allow_files(soft - 50)
        assert resource.getrlimit(resource.RLIMIT_NOFILE) == (soft - 50, hard)
        allow_files(10)
        assert resource.getrlimit(resource.RLIMIT_NOFILE) == (soft - 50, hard)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)
