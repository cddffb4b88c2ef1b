"""The load on the webhook, short: does it run, does it lose nothing, and would it notice if something were lost."""

from __future__ import annotations

import asyncio
import hmac
import json
import subprocess
import threading
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import REST_TOKEN, Site, running_site
from tests.fakes.graph import FakeGraph
from tests.fakes.scripted_assistant import scripted_assistant
from tests.fakes.threaded import in_thread
from tools.bench import report
from tools.bench.load import Address
from tools.bench.sides import ASSISTANT_PYTHON, ROOT, Side
from tools.bench.webhook import measure, meta, outcome, traffic
from tools.bench.webhook.measure import Rate
from tools.bench.webhook.post import post
from tools.bench.webhook.traffic import Delivery, Traffic

TEXTS = [f"vraag {number}" for number in range(400)]


def made(**options: Any) -> Traffic:
    given: dict[str, Any] = {"page_id": "1001", "first_psid": 100, "per_s": 100, "seconds": 5, "photo_url": "http://x/"}
    return traffic.of(TEXTS, **{**given, **options})


# What is sent.


def test_so_many_events_a_second_of_many_customers_some_in_one_request() -> None:
    found = made()
    assert found.events == sum(len(delivery.events) for delivery in found.deliveries) == 500
    dues = [delivery.due_s for delivery in found.deliveries]
    assert dues == sorted(dues) and dues[-1] == 5
    assert {len(delivery.events) for delivery in found.deliveries} == {1, *traffic.BATCH_SIZES}
    kinds = Counter(one.kind for one in found.written)
    assert kinds.keys() == traffic.WRITTEN and kinds["text"] > 100 and found.reactions
    assert len({one.mid for one in found.written}) == len(found.written)
    assert {one.psid for one in found.written} == set(found.psids) and len(found.psids) > 30
    assert sum(one.is_first for one in found.written) == len(found.psids)
    asked = [one.text for one in found.written if one.kind == "text"]
    assert len(set(asked)) == len(asked) and set(asked) < set(TEXTS[: found.texts])
    with pytest.raises(ValueError, match="needs"):
        made(seconds=50)


def test_both_sides_get_the_same() -> None:
    ours, theirs = (
        [json.loads(each.body(1)) for each in made(page_id=page_id).deliveries] for page_id in ("1001", "1002")
    )
    assert json.dumps(ours).replace("1001", "1002") == json.dumps(theirs)


def test_a_request_has_both_of_metas_signatures_over_its_body() -> None:
    request = made().deliveries[0].request("/hook", "geheim", 1_700_000_000_000)
    head, _, body = request.partition(b"\r\n\r\n")
    headers = dict(line.split(": ", 1) for line in head.decode().split("\r\n")[1:])
    assert head.startswith(b"POST /hook HTTP/1.1\r\n") and headers["Content-Length"] == str(len(body))
    for name, digest in (("X-Hub-Signature", "sha1"), ("X-Hub-Signature-256", "sha256")):
        assert headers[name] == f"{digest}={hmac.new(b'geheim', body, digest).hexdigest()}"
    assert json.loads(body)["entry"][0]["messaging"][0]["timestamp"] == 1_700_000_000_000


async def test_requests_leave_on_time_whatever_the_other_side_does() -> None:
    """The first answer comes when the last request is there; a refusal and a lost connection are counted."""
    came: list[str] = []
    all_there = asyncio.Event()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
        body = json.loads(await reader.readexactly(int(head.partition("content-length: ")[2].partition("\r\n")[0])))
        number = body["entry"][0]["messaging"][0]["number"]
        came.append(number)
        if len(came) == 5:
            all_there.set()
        await all_there.wait()
        if number != 3:
            status = "503 Later" if number == 4 else "200 OK"
            writer.write(f"HTTP/1.1 {status}\r\nContent-Length: 2\r\n\r\nok".encode())
        writer.close()

    def delivery(number: int) -> Delivery:
        return Delivery(number / 100, (lambda at_ms: {"number": number},), "1001")

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        posted = await post([delivery(number) for number in range(5)], port=port, path="/", secret="x")
    assert sorted(came) == [0, 1, 2, 3, 4]
    assert len(posted.times_s) == 3 and sorted(posted.failures) == ["503", "IncompleteReadError"]
    assert len(posted.late_s) == 5


# What becomes of it.


class OfSite(Side):
    """The test's web server."""

    def __init__(self, site: Site, folder: Path) -> None:
        super().__init__("vraagbaak", folder, {}, Address(site.settings.port, REST_TOKEN, hands_over=True))
        self.site = site
        self.store = site.store

    def pids(self) -> dict[str, list[int]]:
        assert self.site.process is not None
        return {"web": [self.site.process.pid]}


@pytest.fixture(scope="module")
def graph(redis_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[OfSite, meta.Meta]]:
    """A site with its channel on, its assistant in a thread, and the stand-in for Meta in its process."""
    running = running_site(redis_url, tmp_path_factory.mktemp("webhook"), turn_timeout_s=60)
    with meta.Meta(running.site.settings.port) as graph:
        running.site.environ |= meta.settings(graph.url)
        with running as site, assistant_of(site):
            yield OfSite(site, Path(site.log).parent), graph


class assistant_of:
    """A scripted one, with a loop of its own: measures are not async."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self._stop, self._ready = asyncio.Event(), threading.Event()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_until_complete, args=(self._serve(),))

    async def _serve(self) -> None:
        async with self._site.store() as store, scripted_assistant(store):
            self._ready.set()
            await self._stop.wait()

    def __enter__(self) -> None:
        self._thread.start()
        assert self._ready.wait(10)

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join()
        self._loop.close()


def test_under_load_nothing_is_lost_and_every_answer_reaches_meta_once(graph: tuple[OfSite, meta.Meta]) -> None:
    side, fake = graph
    (row,) = measure.webhook(side, None, fake, TEXTS, [Rate(60, 3)], warm_up=Rate(10, 1))
    found = row["vraagbaak"]
    assert row["events"] == 180 and found["written"] > 50
    nothing = (
        "lost",
        "unsent",
        "failures",
        "reactions_lost",
        "photos_lost",
        "set_aside",
        "sent_twice",
        "silent_customers",
    )
    assert {name: found[name] for name in nothing} == dict.fromkeys(nothing, 0)
    assert found["settled"] and found["answered"] > 40 and found["human"] > 0
    assert found["answered"] + found["human"] == found["asked"]
    assert found["ok_median_ms"] > 0 and found["stored_p99_ms"] > 0
    assert "| of them lost | 0 | – | – |" in report.webhook(row)


def test_a_message_that_never_came_is_lost_and_so_is_a_reaction(graph: tuple[OfSite, meta.Meta]) -> None:
    side, _ = graph
    sent = made(seconds=3)

    async def found() -> outcome.Outcome:
        async with side.store() as store:
            return await outcome.of_ours(store, sent, begun_ms=0)

    nothing = asyncio.run(found())
    assert nothing.lost == nothing.written == len(sent.written) and nothing.asked == 0
    assert nothing.reactions_lost == len(sent.reactions) > 0
    assert nothing.photos_lost == sum(one.kind == "photo" for one in sent.written) > 0


def test_what_never_got_an_answer_is_lost_though_it_is_stored(graph: tuple[OfSite, meta.Meta]) -> None:
    side, fake = graph
    sent = made(seconds=1, first_psid=900, page_id=meta.OUR_PAGE)
    fake.meet(meta.OUR_PAGE, sent.psids)
    posted = asyncio.run(post(sent.deliveries, port=side.address.port, path=meta.OUR_PATH, secret=meta.APP_SECRET))

    async def found(traffic_: Traffic) -> outcome.Outcome:
        async with side.store() as store:
            assert await outcome.settle(store)
            return await outcome.of_ours(store, traffic_, begun_ms=posted.begun_ms)

    assert asyncio.run(found(sent)).lost == 0
    # The same, looked at as if a sticker asked for an answer.
    as_texts = [replace(one, kind="text") if one.kind == "sticker" else one for one in sent.written]
    stickers = sum(one.kind == "sticker" for one in sent.written)
    assert asyncio.run(found(replace(sent, written=as_texts))).lost == stickers > 0


# Plain Rasa's channel.

_SENDS = """
import asyncio, sys
from tools.bench.webhook.rasa_channel import Facebook
keys = {"verify": "v", "secret": "s", "page-access-token": sys.argv[2], "graph-url": sys.argv[1]}
asyncio.run(Facebook.from_credentials(keys).get_output_channel().send_text_message("6001", "hoi van Rasa"))
"""


def test_rasas_own_channel_sends_to_the_stand_in_for_meta() -> None:
    with in_thread(FakeGraph()) as fake:
        fake.run(lambda: fake.server.add_page("1002", token="token-x"))
        jo = fake.run(lambda: fake.server.customer("6001"))
        fake.do(jo.says("hoi"))
        command = [ASSISTANT_PYTHON, "-c", _SENDS, fake.server.url, "token-x"]
        subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
        assert [sent.text for sent in fake.server.sent] == ["hoi van Rasa"]
        assert {call.version for call in fake.server.calls} == {"v2.12"}
