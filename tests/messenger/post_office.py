"""All that sends, put together on a real store and the fake Graph API, with short waits."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field, replace
from typing import Any

from aiohttp import web

from bot.model import Account, Conversation, Message, State
from bot.store import Store
from bot.store.conversations import Contact
from bot.web.channels.messenger.actions import Actions
from bot.web.channels.messenger.config import MessengerConfig, Page
from bot.web.channels.messenger.courier import Courier
from bot.web.channels.messenger.graph import Graph
from bot.web.channels.messenger.pace import Pace
from bot.web.channels.messenger.page_watch import PageWatch
from bot.web.channels.messenger.personas import Personas
from bot.web.channels.messenger.sender import Sender
from bot.web.channels.messenger.times import Times
from bot.web.live import Live
from bot.web.operations.metrics import Metrics
from tests.conftest import HANG_S
from tests.fakes.conversations import SURE, message, write
from tests.fakes.graph import Customer, FakeGraph

SANNE = Account("sanne", "Sanne", ("agent",))
PAGE = Page("1001", "token-1001", instagram_id="9001", persona_picture="https://winkel.example/agent.png")
OTHER_PAGE = Page("1002", "token-1002")
QUICK = Times(
    echo_wait_ms=300,
    echo_look_ms=20,
    blind_wait_ms=600,
    look_every_s=0.05,
    park_ms=60_000,
    back_off_ms=(10, 20, 30),
    wait_ms=10,
    unreachable_ms=(20, 50),
)
HOUR_MS = 3_600_000


def now_ms() -> int:
    return int(time.time() * 1000)


@dataclass
class Heard:
    """Stands in for `Elsewhere` and `Comments`."""

    refusals: list[str] = field(default_factory=list)
    begun: list[tuple[str, str]] = field(default_factory=list)
    private_replies: list[tuple[str, str]] = field(default_factory=list)

    async def refused(self, conversation_id: str, at_ms: int) -> None:
        assert abs(at_ms - now_ms()) < 60_000
        self.refusals.append(conversation_id)

    async def private_reply_begins(self, conversation_id: str, attempt: str) -> None:
        self.begun.append((conversation_id, attempt))

    async def private_reply_sent(self, conversation: Conversation, recipient_id: str) -> None:
        self.private_replies.append((conversation.id, recipient_id))


class Process:
    """What one web process has of the channel."""

    def __init__(self, store: Store, config: MessengerConfig, *, times: Times = QUICK, timeout_s: float = 0.15) -> None:
        self.store = store
        self.graph = Graph(config, timeout_s=timeout_s)
        self.metrics = Metrics()
        self.heard = Heard()
        self.live = Live(store.events)
        self.pages = PageWatch(
            store, self.graph, config, self.metrics, look_every_s=0.02, probe_every_s=0.05, try_blocked_every_s=0.1
        )
        self.personas = Personas(store.pages, self.graph, timeout_s=0.5)
        self.actions = Actions(store, self.graph, config, self.personas, timeout_s=0.5)
        self.pace = Pace(store.pages, slow_down_ms=20, first_pause_ms=200)
        self.courier = Courier(
            store,
            self.graph,
            config,
            metrics=self.metrics,
            pages=self.pages,
            pace=self.pace,
            personas=self.personas,
            actions=self.actions,
            elsewhere=self.heard,
            comments=self.heard,
            times=times,
        )
        self.sender = Sender(store.sending, self.courier, self.live, look_every_s=0.02)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[Process]:
        await self.graph.open()
        tasks = [asyncio.create_task(run()) for run in (self.live.run, self.pages.run, self.sender.run)]
        try:
            yield self
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            await self.sender.stop(within_s=2.0)
            await self.actions.close()
            await self.graph.close()


async def when(condition: Callable[[], Any]) -> None:
    """Until it is true, noticed at once."""
    async with asyncio.timeout(HANG_S):
        while not condition():
            await asyncio.sleep(0.005)


class Town:
    """Pages and their customers, with what the store knows of them."""

    def __init__(self, store: Store, graph: FakeGraph) -> None:
        self.store = store
        self.graph = graph

    async def customer(
        self,
        psid: str = "6001",
        *,
        page: Page = PAGE,
        hours_ago: float = 0,
        platform: str = "messenger",
        agent: bool = True,
    ) -> tuple[Customer, str]:
        """Somebody who wrote so long ago, and their conversation. agent: Sanne has it."""
        customer = self.graph.customer(psid, page=page.id, platform=platform)  # type: ignore[arg-type]
        self.graph.clock.advance(hours=-hours_ago)
        await customer.says("hallo")
        self.graph.clock.advance(hours=hours_ago)
        account_id = page.id if platform == "messenger" else page.instagram_id
        conversation_id = f"{platform}-{account_id}-{psid}"
        at_ms = int(now_ms() - hours_ago * HOUR_MS)
        contact = Contact(platform, psid, page.id, opened_at_ms=at_ms, wrote_at_ms=at_ms)
        await self.store.conversations.note_contact(conversation_id, contact)
        if agent:
            await self.store.queue.claim(await self.store.conversations.get(conversation_id), SANNE)
        return customer, conversation_id

    async def says(self, conversation_id: str, text: str) -> str:
        """Sanne says something; the message's id."""
        said = message(conversation_id, "agent", text, agent_name="Sanne")
        await self.store.queue.reply(conversation_id, SANNE, said)
        return said.id

    async def asks(self, conversation_id: str) -> None:
        customer_id = (await self.store.conversations.get(conversation_id)).customer_id
        await write(self.store, "vraag", conversation_id, channel="messenger", customer_id=customer_id)

    async def answers(self, conversation_id: str, *replies: Message | str, asked: bool = False) -> None:
        """The customer asks, unless they did before, and the assistant replies."""
        if not asked:
            await self.asks(conversation_id)
        item = await self.store.work.take("test", block_ms=500)
        turn = item and await self.store.work.begin(item)
        assert turn
        said = [one if isinstance(one, Message) else message(conversation_id, "assistant", one) for one in replies]
        said = [replace(one, in_reply_to=one.in_reply_to or turn.message.id) for one in said]
        assert await self.store.work.finish(turn, said, dialogue="{}", nlu=SURE) is not None

    async def states(self, conversation_id: str) -> list[State | None]:
        """Of what was said to the customer."""
        lines = await self.store.conversations.transcript(conversation_id)
        return [line.state for line in lines if line.message.to_customer]

    async def problems(self, conversation_id: str) -> list[str]:
        lines = await self.store.conversations.transcript(conversation_id)
        return [line.marks.problem for line in lines if line.message.to_customer]

    async def until(self, conversation_id: str, *states: State) -> None:
        """Until all that was said there is in these states."""
        deadline = time.monotonic() + HANG_S
        while (found := await self.states(conversation_id)) != list(states):
            if time.monotonic() > deadline:
                raise AssertionError(f"not within {HANG_S} s; the states are {found}")
            await asyncio.sleep(0.01)

    def texts(self, psid: str = "6001") -> list[str]:
        return [sent.text for sent in self.graph.sent_to(psid)]


class TownWithSender(Town):
    """`process` sends, and echoes settle what they are echoes of."""

    def __init__(self, store: Store, graph: FakeGraph, config: MessengerConfig, process: Process) -> None:
        super().__init__(store, graph)
        self.config = config
        self.process = process


@asynccontextmanager
async def town(
    store: Store, *, echoes: bool = True, times: Times = QUICK, **more: Any
) -> AsyncIterator[TownWithSender]:
    """echoes: they are heard. more: for Process."""
    async with FakeGraph() as graph, _listening(store, graph) as url:
        graph.add_page("1001", token="token-1001", instagram_id="9001")
        graph.add_page("1002", token="token-1002")
        if echoes:
            graph.webhook_url = url
        config = MessengerConfig("7001", "app-secret", "verify-token", (PAGE, OTHER_PAGE), graph.url, human_agent=True)
        async with Process(store, config, times=times, **more).running() as process:
            yield TownWithSender(store, graph, config, process)


@asynccontextmanager
async def _listening(store: Store, graph: FakeGraph) -> AsyncIterator[str]:
    """A webhook that does nothing but settle our own messages."""

    async def verify(request: web.Request) -> web.Response:
        return web.Response(text=request.query["hub.challenge"])

    async def receive(request: web.Request) -> web.Response:
        body = await request.json()
        channel = "messenger" if body["object"] == "page" else "instagram"
        for entry in body["entry"]:
            for event in entry.get("messaging", ()):
                said = event.get("message", {})
                if said.get("is_echo"):
                    conversation_id = f"{channel}-{entry['id']}-{event['recipient']['id']}"
                    attempt = said["metadata"].removeprefix("vb:")
                    with suppress(RuntimeError):
                        await store.sending.settle(conversation_id, attempt, mid=said["mid"], at_ms=event["timestamp"])
        return web.Response(text="EVENT_RECEIVED")

    app = web.Application()
    app.router.add_get("/webhook", verify)
    app.router.add_post("/webhook", receive)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}/webhook"
    finally:
        await runner.cleanup()
