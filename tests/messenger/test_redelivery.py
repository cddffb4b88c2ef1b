"""Meta sends again what got no 200: while Redis is gone, after a failure, and in any order."""

from __future__ import annotations

import asyncio
import json
import os
import signal
from pathlib import Path
from typing import Any

import aiohttp

from bot.redis_server import OwnRedis
from tests.conftest import Site, eventually, running_site
from tests.fakes.platform import SETTINGS
from tests.fakes.scripted_assistant import scripted_assistant
from tests.figures import samples
from tests.messenger.deliveries import (
    deliver,
    envelope,
    escaped,
    new_customer,
    now_ms,
    post,
    text_event,
)


async def test_while_redis_is_gone_meta_hears_so_and_what_it_sends_again_is_stored_once(tmp_path: Path) -> None:
    customer = new_customer()
    said, more = text_event(customer, "hoi"), text_event(customer, "ben je er?")
    with OwnRedis(tmp_path) as redis, running_site(redis.url, tmp_path, **SETTINGS) as site:
        await deliver(site, said)
        async with site.store() as store:
            process_id = (await store._client.info("server"))["process_id"]
        os.kill(process_id, signal.SIGKILL)

        async def is_gone() -> bool:
            return not redis.is_running()

        await eventually(is_gone)
        body = escaped(envelope(said, more))
        assert (await post(site, body))[0] == 503
        async with aiohttp.ClientSession() as client:
            async with client.post(site.url + "/webhooks/messenger", data=b"{}") as response:
                assert response.status == 403
        assert (await health(site))["ok"] is False
        await asyncio.to_thread(redis.start)

        async def is_taken() -> bool:
            return (await post(site, body))[0] == 200

        await eventually(is_taken)
        await deliver(site, more)
        async with site.store() as store, scripted_assistant(store):
            conversation_id = f"messenger-1001-{customer}"

            async def is_answered() -> bool:
                return len(await store.conversations.transcript(conversation_id)) >= 4

            await eventually(is_answered, 20)
            texts = [line.message.text for line in await store.conversations.transcript(conversation_id)]
            assert await store.inbound.odd() == []
    assert sorted(texts) == sorted(["hoi", "ben je er?", "antwoord op hoi", "antwoord op ben je er?"])
    assert texts.index("hoi") < texts.index("ben je er?")


async def test_after_a_failure_messages_are_put_in_their_order(messenger: Site) -> None:
    customer, an_hour_ago = new_customer(), now_ms() - 3_600_000
    events = [text_event(customer, str(number), at_ms=an_hour_ago + number) for number in range(6)]
    edit = {**events[2], "timestamp": an_hour_ago + 9}
    edit["message_edit"] = {"mid": events[2]["message"]["mid"], "text": "twee", "num_edit": 1}
    del edit["message"]
    for one in (edit, events[4], events[1], events[5], events[0], events[3], events[2]):
        await deliver(messenger, one)
    async with messenger.store() as store:

        async def all_done() -> bool:
            return await store.inbound.size() == 0

        await eventually(all_done)
        transcript = await store.conversations.transcript(f"messenger-1001-{customer}")
        conversation = await store.conversations.get(f"messenger-1001-{customer}")
    said = [line for line in transcript if line.message.sender == "customer"]
    assert [line.message.text for line in said] == ["0", "1", "2", "3", "4", "5"]
    assert said[2].marks.edited_text == "twee"
    assert conversation.opened_at_ms == an_hour_ago + 5


async def test_two_web_processes_deal_with_each_event_once(messenger: Site, tmp_path: Path) -> None:
    customers = [new_customer() for _ in range(5)]
    settings = {**SETTINGS, "redis_prefix": messenger.settings.redis_prefix}
    with running_site(messenger.redis_url, tmp_path, **settings) as other:
        async with messenger.store() as store, scripted_assistant(store):
            for number in range(4):
                events = [text_event(customer, str(number)) for customer in customers]
                await asyncio.gather(deliver(messenger, *events), deliver(other, *events))

            async def is_answered() -> bool:
                transcripts = [await store.conversations.transcript(f"messenger-1001-{one}") for one in customers]
                return all(len(transcript) == 8 for transcript in transcripts)

            await eventually(is_answered)
            other.stop()  # the one that may be leading
            await deliver(messenger, text_event(customers[0], "nog een"))

            async def goes_on() -> bool:
                transcript = await store.conversations.transcript(f"messenger-1001-{customers[0]}")
                return [line.message.text for line in transcript][-2:] == ["nog een", "antwoord op nog een"]

            await eventually(goes_on)


async def test_a_batch_of_everything_at_once(messenger: Site) -> None:
    """Several entries, pages and arrays in one request, with strange ones between."""
    one, two = new_customer(), new_customer()
    body = {
        "object": "page",
        "entry": [
            {"id": "1001", "time": 1, "messaging": [text_event(one, "a"), None, text_event(two, "b")]},
            {
                "id": "1002",
                "time": "1",
                "messaging": [text_event(one, "c", page="1002")],
                "changes": [{"field": "feed"}],
            },
            "strange",
            {"id": "777", "messaging": [text_event(one, "x", page="777")]},
            {"id": "1001", "standby": [text_event(two, "d")], "messaging": [text_event(one, "e")]},
        ],
    }
    assert (await post(messenger, json.dumps(body).encode()))[0] == 200
    async with messenger.store() as store:

        async def all_done() -> bool:
            return await store.inbound.size() == 0

        await eventually(all_done)

        async def said(page: str, customer: str) -> list[str]:
            transcript = await store.conversations.transcript(f"messenger-{page}-{customer}")
            return [line.message.text for line in transcript if line.message.sender == "customer"]

        assert [await said("1001", one), await said("1001", two)] == [["a", "e"], ["b", "d"]]
        assert [await said("1002", one), await said("777", one)] == [["c"], []]


async def test_health_says_when_events_wait(redis_url: str, tmp_path: Path) -> None:
    starting = running_site(redis_url, tmp_path, **SETTINGS)
    async with starting.site.store() as store:
        assert await store.inbound.lead("a process that does nothing", 60_000)
        old = {"event": "x"}
        await store._client.xadd(store._keys.inbound, old, id=f"{now_ms() - 90_000}-0")
        with starting as site:
            part = await health(site)
            assert part["ok"] is False and part["reason"].startswith("an event of Meta has waited")
            figures = await samples(site.url)
            assert figures["bot_inbound_events"] == 1 and figures["bot_inbound_oldest_seconds"] > 89
            await store.inbound.resign("a process that does nothing")

            async def is_well() -> bool:
                return bool((await health(site))["ok"])

            await eventually(is_well)


async def health(site: Site) -> dict[str, Any]:
    async with aiohttp.ClientSession() as client:
        async with client.get(site.url + "/health/ready") as response:
            part: dict[str, Any] = (await response.json())["parts"]["messenger"]
            return part
