"""More messages than the assistants can answer: customers are told, wait in order, or get a human."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import pytest

from bot.store import Store
from tests.conftest import REST_TOKEN, Site, eventually, running_site
from tests.fakes.conversations import write
from tests.fakes.scripted_assistant import scripted_assistant

HEADERS = {"authorization": f"Bearer {REST_TOKEN}"}
MAX_BACKLOG = 3


@pytest.fixture
def site(redis_url: str, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Site]:
    """With the seconds that one may wait in line as its parameter."""
    limits = {"turn_timeout_s": 0.5, "busy_wait_s": request.param, "max_backlog": MAX_BACKLOG}
    with running_site(redis_url, tmp_path, **limits) as site:
        yield site


patient, impatient = (pytest.mark.parametrize("site", [busy_wait_s], indirect=True) for busy_wait_s in (30, 1))


@asynccontextmanager
async def busy_assistant(store: Store) -> AsyncIterator[None]:
    """One that lives, and is not at these conversations yet."""

    async def live() -> None:
        while True:
            await store.work.sign_of_life("busy", "{}")
            await asyncio.sleep(0.1)

    task = asyncio.create_task(live())
    try:
        yield
    finally:
        task.cancel()
        await store.work.sign_off("busy")


async def send(site: Site, sender: str, text: str, message_id: str) -> list[str]:
    async with aiohttp.ClientSession(headers=HEADERS) as client:
        body = {"sender": sender, "message": text, "message_id": message_id}
        async with client.post(site.url + "/webhooks/rest/webhook", json=body) as response:
            assert response.status == 200
            return [reply["text"] for reply in await response.json()]


async def reason(store: Store, conversation_id: str) -> str | None:
    conversation = await store.conversations.get(conversation_id)
    return conversation.handoff.reason if conversation.handoff and conversation.owner == "queue" else None


@patient
async def test_who_waits_in_line_is_asked_for_patience_once_and_then_answered(site: Site) -> None:
    async with site.store() as store:
        async with busy_assistant(store):
            written = await write(store, "hoi", "c1")

            async def is_told() -> bool:
                return [m.notice for m in await store.conversations.messages("c1")] == ["", "patience"]

            await eventually(is_told)
            await asyncio.sleep(0.6)  # two looks of the safety net, and a turn's time limit
            assert await is_told()
            async with scripted_assistant(store):

                async def is_answered() -> bool:
                    said = [m.text for m in await store.conversations.messages("c1")]
                    return said == ["hoi", "Het is nu druk. Je krijgt zo antwoord.", "antwoord op hoi"]

                await eventually(is_answered)
    assert written.id


@impatient
async def test_who_waits_too_long_in_line_gets_a_human(site: Site) -> None:
    async with site.store() as store, busy_assistant(store):
        await write(store, "hoi", "c1")

        async def is_handed_over() -> bool:
            return await reason(store, "c1") == "assistant_busy"

        await eventually(is_handed_over)
        notices = [m.notice for m in await store.conversations.messages("c1")]
    assert notices == ["", "patience", "handed_over"]


@patient
async def test_a_rest_caller_hears_to_be_patient_and_a_repeat_gets_the_answer(site: Site) -> None:
    """REST waits no longer than usual; what comes later is read with a repeat, or from /webhooks/rest/messages."""
    async with site.store() as store:
        # The busy one lives on: without any assistant the safety net would hand the customer over at once.
        async with busy_assistant(store):
            replies = await send(site, "klant", "hoi", "m1")
            assert replies[0].startswith("Het is nu druk")
            async with scripted_assistant(store):
                assert "antwoord op hoi" in await send(site, "klant", "hoi", "m1")
        stored = [m.sender for m in await store.conversations.messages("rest-klant")]
    assert stored == ["customer", "system", "assistant"]


@patient
@pytest.mark.parametrize("room", [True, False])
async def test_with_too_many_in_line_a_further_customer_gets_a_human_at_once(site: Site, room: bool) -> None:
    async with site.store() as store, busy_assistant(store):
        for number in range(MAX_BACKLOG - room):
            await write(store, "hoi", f"c{number}")
        await asyncio.sleep(1.0)  # the safety net has looked
        sender = uuid.uuid4().hex
        sending = asyncio.create_task(send(site, sender, "hoi", "m1"))

        async def is_stored() -> bool:
            return bool(await store.conversations.messages(f"rest-{sender}"))

        async def is_handed_over() -> bool:
            return await reason(store, f"rest-{sender}") == "assistant_busy"

        await eventually(is_stored)
        await asyncio.sleep(0.05)
        if room:
            assert await reason(store, f"rest-{sender}") is None
        else:
            await eventually(is_handed_over)
        replies = await sending
    assert replies
