"""Meta's inbox and public comments, from Meta's own events over HTTP to what agents see."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.model import Conversation
from bot.store import Store
from tests.conftest import Site, eventually, running_site
from tests.fakes.graph import FakeGraph
from tests.fakes.scripted_assistant import scripted_assistant
from tests.messenger.deliveries import APP_ID, APP_SECRET, VERIFY_TOKEN, messenger_settings

YML = "pages:\n- id: '1001'\n  comments:\n    private_reply: true\n"


class Page:
    """A page with its customers, our web server and an assistant."""

    def __init__(self, graph: FakeGraph, store: Store) -> None:
        self.graph = graph
        self.store = store

    async def conversation(self, conversation_id: str) -> Conversation:
        """After everything that was delivered had its effect."""

        async def nothing_waits() -> bool:
            return await self.store.inbound.size() == 0 and await self.store.work.waiting() == 0

        await eventually(nothing_waits)
        return await self.store.conversations.get(conversation_id)

    async def said(self, conversation_id: str) -> list[str]:
        await self.conversation(conversation_id)
        lines = await self.store.conversations.transcript(conversation_id)
        return [f"{line.message.sender}: {line.message.text}" for line in lines if line.message.sender != "note"]


@pytest.fixture
async def page(redis_url: str, tmp_path: Path) -> AsyncIterator[Page]:
    async with FakeGraph(app_id=APP_ID, app_secret=APP_SECRET, verify_token=VERIFY_TOKEN) as graph:
        graph.add_page("1001")
        settings = messenger_settings(tmp_path, graph_url=graph.url, messenger_tokens="1001=token-1001")
        settings["messenger_file"].write_text(YML)
        site: Site
        with running_site(redis_url, tmp_path, **settings) as site:
            graph.webhook_url = site.url + "/webhooks/messenger"
            async with site.store() as store, scripted_assistant(store):
                yield Page(graph, store)


async def test_a_human_in_the_inbox_and_comments_through_the_webhook(page: Page) -> None:
    jo, mia = page.graph.customer("6001"), page.graph.customer("6002", name="Mia Klant")
    thread, answered = "messenger-1001-6001", "assistant: antwoord op "

    await jo.says("hoi")
    assert await page.said(thread) == ["customer: hoi", answered + "hoi"]
    await page.graph.inbox_replies("6001", "Ann hier")
    await jo.says("dag Ann")  # comes in standby
    assert (await page.conversation(thread)).agent_name == "Meta-inbox"
    await page.graph.inbox_done("6001")
    assert (await page.conversation(thread)).owner == "assistant"
    await jo.says("nog iets")
    assert (await page.said(thread))[2:] == [
        "agent: Ann hier",
        "customer: dag Ann",
        "customer: nog iets",
        answered + "nog iets",
    ]

    # The inbox takes it without a word, and lets go without telling: the next message shows it.
    await page.graph.inbox_takes("6001", silently=True)
    await jo.says("ben je daar?")
    assert (await page.conversation(thread)).owner == "agent:meta-inbox"
    await page.graph.inbox_done("6001", silently=True)
    await jo.says("hallo?")
    assert (await page.said(thread))[-2:] == ["customer: hallo?", answered + "hallo?"]

    asked, tagged = await mia.comments("wat kost deze?"), await mia.comments("@Jan Jansen")
    comment_id = f"comment-1001-{asked}"
    assert await page.said(comment_id) == ["customer: wat kost deze?", answered + "wat kost deze?"]

    async def is_on_messenger() -> bool:
        conversation = await page.conversation(comment_id)
        return conversation.channel == "messenger" and conversation.private_reply == "sent"

    await eventually(is_on_messenger)
    assert [one.text for one in page.graph.sent if one.psid == "6002"] == ["antwoord op wat kost deze?"]
    await mia.removes_comment(asked)
    assert "customer: wat kost deze?" not in await page.said(comment_id)
    assert await page.store.conversations.get_many([f"comment-1001-{tagged}"]) == []
    assert await page.store.inbound.odd() == []
