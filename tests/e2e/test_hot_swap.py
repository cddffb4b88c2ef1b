"""Another model while customers write: a working one, a broken one, and back."""

from __future__ import annotations

import asyncio
import hashlib
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import aiohttp
import msgspec
import pytest

from bot.model import ModelRecord
from bot.store import Store
from tests.assistants import start_activate
from tests.conftest import REST_TOKEN, Site, eventually
from tests.e2e.conftest import Assistant, site_with_model
from tools.trained_model import trained_model

pytestmark = pytest.mark.train

# The machine is shared with other tests; `20` was tried by hand on one of its own.
MESSAGES_PER_S = 5
MESSAGES_PER_CONVERSATION = 4
QUESTION = "hoe laat zijn jullie open op zondag?"
ANSWER = "utter_faq_openingstijden"


@pytest.fixture(scope="module")
def site(redis_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """With a time limit for a turn that no busy machine reaches."""
    with site_with_model(redis_url, tmp_path_factory.mktemp("swap"), turn_timeout_s=20.0) as site:
        yield site


class Customers:
    """Ask the same question again and again, each a few times in one conversation, as fast as asked for."""

    def __init__(self, site: Site) -> None:
        self._url = site.url + "/webhooks/rest/webhook"
        self._asked: list[asyncio.Task[None]] = []
        self.answers: list[tuple[int, list[str]]] = []
        self.answered_at_s: list[float] = []

    async def ask_until(self, done: asyncio.Event) -> None:
        headers = {"authorization": f"Bearer {REST_TOKEN}"}
        async with aiohttp.ClientSession(headers=headers) as client:
            while not done.is_set():
                self._asked.append(asyncio.create_task(self._ask(client, len(self._asked))))
                await asyncio.sleep(1 / MESSAGES_PER_S)
            await asyncio.gather(*self._asked)

    async def _ask(self, client: aiohttp.ClientSession, number: int) -> None:
        # Neighbours in time are different customers, so that nobody has to wait for an answer of their own.
        turn, customer = divmod(number, 10)
        message = {"sender": f"swap-{turn // MESSAGES_PER_CONVERSATION}-{customer}", "message": QUESTION}
        async with client.post(self._url, json=message) as response:
            body = await response.json()
            self.answers.append((response.status, [said["text"] for said in body]))
            self.answered_at_s.append(time.monotonic())

    @property
    def longest_gap_s(self) -> float:
        times = sorted(self.answered_at_s)
        return max(later - earlier for earlier, later in zip(times, times[1:], strict=False))


async def register(store: Store, name: str, content: bytes) -> None:
    """A model that the assistant has to fetch from the store."""
    record = ModelRecord(name, "/of/another/machine", hashlib.sha256(content).hexdigest(), int(time.time() * 1000))
    await store.models.register(record)
    await store.models.put_file(name, [content])


async def says(store: Store, **wanted: str) -> None:
    """Wait until the assistant says so in its sign of life."""

    async def does() -> bool:
        return [msgspec.json.decode(about) for about in (await store.work.alive()).values()] == [wanted]

    await eventually(does, timeout_s=120)


async def roll_back(site: Site, log: Path) -> str:
    process = start_activate(site.environ, log, "--rollback")
    assert await asyncio.to_thread(process.wait) == 0, log.read_text()
    return log.read_text()


async def reason(site: Site) -> str:
    async with aiohttp.ClientSession() as client, client.get(site.url + "/health/ready") as response:
        assert response.status == 200
        parts: dict[str, Any] = (await response.json())["parts"]
        return str(parts["assistant"]["reason"])


async def answers_in_store(store: Store) -> int:
    """How many messages of customers there are; each has one reply, and it is the assistant's."""
    asked = 0
    for conversation in await store.conversations.recent(1000):
        messages = await store.conversations.messages(conversation.id)
        mine = [message.id for message in messages if message.sender == "customer"]
        replies = [message for message in messages if message.sender != "customer"]
        assert [reply.in_reply_to for reply in replies] == mine
        assert {reply.sender for reply in replies} == {"assistant"}
        asked += len(mine)
    return asked


async def swap_twice_and_back(site: Site, store: Store, folder: Path) -> None:
    await register(store, "copy", trained_model().read_bytes())
    await store.models.activate("copy")
    await says(store, model="copy")
    await register(store, "broken", b"no archive")
    await store.models.activate("broken")
    await says(store, model="copy", refused="broken")
    assert "1 refused that one" in await reason(site)
    said = await roll_back(site, folder / "activate.log")
    assert "Model copy is active." in said and "1 of 1 assistant answers with it." in said
    await says(store, model="copy")
    first = trained_model().name.removesuffix(".tar.gz")
    await store.models.activate(first)
    await says(store, model=first)
    assert await reason(site) == "1 running"


async def test_no_message_is_lost_late_or_answered_twice_while_the_model_changes(
    site: Site, assistant: Assistant, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    customers, done = Customers(site), asyncio.Event()
    asking = asyncio.create_task(customers.ask_until(done))
    async with site.store() as store:
        try:
            await swap_twice_and_back(site, store, tmp_path)
        finally:
            done.set()
            await asking
        answer = (await store.templates.get(ANSWER)).text
        assert {status for status, _ in customers.answers} == {200}
        assert Counter(len(texts) for _, texts in customers.answers) == {1: len(customers.answers)}
        assert {texts[0][:40] for _, texts in customers.answers} == {answer[:40]}
        assert await answers_in_store(store) == len(customers.answers)
        assert await store.queue.waiting() == []
    with capsys.disabled():
        print(f" {len(customers.answers)} messages, longest gap {customers.longest_gap_s:.2f} s", end="")


def test_the_log_says_what_happened(assistant: Assistant, site: Site) -> None:
    log = Path(assistant.log).read_text()
    assert log.count("model.loaded") == 3
    assert log.count("model.refused") == 1
    assert "turn.failed" not in log and "turn.dropped" not in log
