"""`/metrics`: what Prometheus reads of the installation, and of one web process."""

from __future__ import annotations

import asyncio
import json
import uuid
from pathlib import Path

import aiohttp
import websockets

from bot.model import Handoff, ModelRecord, Nlu
from tests.conftest import REST_TOKEN, Site, eventually, running_site
from tests.fakes.conversations import answer, handed_over, write
from tests.fakes.scripted_assistant import scripted_assistant
from tests.figures import samples

HEADERS = {"authorization": f"Bearer {REST_TOKEN}"}


async def send(site: Site, message: str, sender: str = "klant") -> None:
    async with aiohttp.ClientSession(headers=HEADERS) as client:
        body = {"sender": sender, "message": message}
        async with client.post(site.url + "/webhooks/rest/webhook", json=body) as response:
            assert response.status == 200


async def rises(site: Site, before: dict[str, float], *names: str) -> list[float]:
    after = await samples(site.url)
    return [after[name] - before.get(name, 0.0) for name in names]


async def test_a_message_in_and_its_answer_out_are_counted(site: Site) -> None:
    before = await samples(site.url)
    async with site.store() as store, scripted_assistant(store):
        await send(site, "hoi")
    delivered = 'bot_message_states_total{channel="rest",state="delivered"}'

    async def is_delivered() -> bool:
        return await rises(site, before, delivered) == [1]

    assert await eventually(is_delivered)
    assert (
        await rises(
            site,
            before,
            'bot_messages_received_total{channel="rest"}',
            'bot_messages_to_customers_total{channel="rest",sender="assistant"}',
            'bot_messages_sent_total{channel="rest"}',
            'bot_turns_total{outcome="answer"}',
            "bot_answer_seconds_count",
            'bot_answer_seconds_bucket{le="+Inf"}',
            "bot_turn_seconds_count",
            "bot_store_seconds_count",
        )
        == [1.0] * 8
    )


async def test_the_buckets_of_the_histogram_add_up(site: Site) -> None:
    async with site.store() as store:
        for wait_s in (0.0, 0.06):
            written = await write(store, "hoi")
            await asyncio.sleep(wait_s)
            await answer(store, written)
        figures = await samples(site.url)
    buckets = [count for name, count in figures.items() if name.startswith("bot_answer_seconds_bucket")]
    assert buckets == sorted(buckets) and len(buckets) == 13
    assert buckets[-1] == figures["bot_answer_seconds_count"] > figures['bot_answer_seconds_bucket{le="0.05"}']
    assert figures["bot_answer_seconds_sum"] >= 0.06


async def test_the_installations_figures_are_the_same_from_each_process_and_outlive_it(
    site: Site, tmp_path: Path
) -> None:
    async with site.store() as store:
        await handed_over(store, reason="complaint", priority="high", waits_s=50)
    own = await samples(site.url)
    with running_site(site.redis_url, tmp_path, redis_prefix=site.settings.redis_prefix) as other:
        others = await samples(other.url)
    counters = [name for name in own if name.startswith(("bot_messages_received", "bot_turns", "bot_handoffs"))]
    assert {name: own[name] for name in counters} == {name: others[name] for name in counters}
    assert own['bot_handoffs_total{reason="complaint"}'] >= 1
    assert own["bot_store_seconds_count"] != others["bot_store_seconds_count"] == 0  # of the process alone


async def test_what_waits_is_told_by_priority(site: Site) -> None:
    before = await samples(site.url)
    async with site.store() as store:
        written = await write(store, "hoi")
        nlu = Nlu("human", "", 0.0)
        await answer(store, written, nlu=nlu, handoff=Handoff("emergency", "urgent", 1, written.id, nlu))
    urgent, low = ('bot_queue_conversations{priority="urgent"}', 'bot_queue_conversations{priority="low"}')
    assert await rises(site, before, urgent, low) == [1, 0]
    assert (await samples(site.url))['bot_queue_oldest_seconds{priority="urgent"}'] > 1_000_000


async def test_which_assistants_run_with_which_model(site: Site) -> None:
    async with site.store() as store:
        assert (await samples(site.url))["bot_assistants"] == 0
        await store.models.register(ModelRecord("m2", "/x", "", 1_763_640_000_000))
        await store.models.activate("m2")
        for name, model in (("a", "m1"), ("b", "m2"), ("c", "m2")):
            await store.work.sign_of_life(name, json.dumps({"model": model}))
        figures = await samples(site.url)
        for name in ("a", "b", "c"):
            await store.work.sign_off(name)
    assert figures["bot_assistants"] == 3
    assert figures['bot_assistant_info{model="m2"}'] == 2
    assert figures['bot_assistant_info{model="m1"}'] == 1
    assert figures['bot_model_info{model="m2",trained="2025-11-20T12:00:00+00:00"}'] == 1


async def test_the_first_failure_is_a_rise(site: Site) -> None:
    """Prometheus sees no rise in a figure that was not there before."""
    async with site.store() as store:
        await write(store, "hoi", channel="widget")
    figures = await samples(site.url)
    assert figures['bot_message_states_total{channel="widget",state="failed"}'] == 0
    assert figures['bot_handoffs_total{reason="assistant_failed"}'] == 0


async def test_what_is_refused_is_counted_by_its_code(site: Site) -> None:
    before = await samples(site.url)
    async with aiohttp.ClientSession() as client:
        await client.post(site.url + "/webhooks/rest/webhook", json={"sender": "k", "message": "x"})
        await client.get(f"{site.url}/{uuid.uuid4().hex}")
    async with websockets.connect(site.ws_url + "/widget/socket") as socket:
        await socket.send('{"type":"hello"}')
        await socket.recv()
        pages = (await samples(site.url))["bot_widget_pages"]
        await socket.send("{}")
        await socket.recv()
    assert pages == before["bot_widget_pages"] + 1
    assert await rises(
        site,
        before,
        'bot_requests_refused_total{code="not_signed_in"}',
        'bot_requests_refused_total{code="not_found"}',
        'bot_messages_refused_total{channel="widget",code="invalid"}',
    ) == [1, 1, 1]


async def test_a_process_tells_of_its_memory_and_how_late_its_timers_are(site: Site) -> None:
    async def has_lag() -> bool:
        return (await samples(site.url))["bot_event_loop_lag_seconds_count"] > 0

    assert await eventually(has_lag)
    figures = await samples(site.url)
    assert figures["process_resident_memory_bytes"] > 10_000_000
    assert figures["bot_redis_up"] == 1
    assert figures["bot_redis_memory_used_bytes"] > 0
