"""Meta's inbox and public comments, from Meta's own events over HTTP to what agents see."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import aiohttp
import pytest
import pytest_asyncio

from bot.model import Conversation, Template
from bot.store import Store
from tests.conftest import API_TOKEN, Site, eventually, running_site
from tests.fakes.graph import FakeGraph
from tests.fakes.platform import APP_ID, APP_SECRET, SETTINGS, VERIFY_TOKEN
from tests.fakes.scripted_assistant import scripted_assistant

PUBLIC = "We stuurden je een privébericht."
YML = (
    "pages:\n- id: '1001'\n  persona_picture: https://winkel.example/agent.png\n  comments:\n    private_reply: true\n"
)


class Page:
    """A page with its customers, our web server and an assistant."""

    def __init__(self, graph: FakeGraph, store: Store, url: str) -> None:
        self.graph = graph
        self.store = store
        self.url = url

    async def agent(self, conversation_id: str, what: str, **body: str) -> None:
        """What an agent does on the desk, over the API."""
        headers = {"authorization": f"Bearer {API_TOKEN}"}
        url = f"{self.url}/api/v1/conversations/{conversation_id}/{what}"
        async with aiohttp.ClientSession() as client, client.post(url, json=body, headers=headers) as response:
            assert response.status < 300, await response.text()

    async def conversation(self, conversation_id: str) -> Conversation:
        """After everything that was delivered had its effect."""

        async def nothing_waits() -> bool:
            return await self.store.inbound.size() == 0 and await self.store.work.waiting() == 0

        await eventually(nothing_waits)
        return await self.store.conversations.get(conversation_id)

    def public(self) -> list[str]:
        return [comment.text for comment in self.graph.comments.values() if not comment.psid]

    async def said(self, conversation_id: str) -> list[str]:
        await self.conversation(conversation_id)
        lines = await self.store.conversations.transcript(conversation_id)
        return [f"{line.message.sender}: {line.message.text}" for line in lines if line.message.sender != "note"]


# One server for the file, and so one loop.
pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def page(redis_url: str, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Page]:
    folder = tmp_path_factory.mktemp("page")
    async with FakeGraph(app_id=APP_ID, app_secret=APP_SECRET, verify_token=VERIFY_TOKEN) as graph:
        graph.add_page("1001")
        file = folder / "messenger.yml"
        file.write_text(YML)
        settings = {**SETTINGS, "graph_url": graph.url, "messenger_file": file}
        site: Site
        with running_site(redis_url, folder, **settings) as site:
            graph.webhook_url = site.url + "/webhooks/messenger"
            async with site.store() as store, scripted_assistant(store):
                await store.templates.seed([Template("utter_reactie_openbaar", "Openbaar", PUBLIC)])
                yield Page(graph, store, site.url)
            # In a thread: it may wait for an answer of the graph, which is on this loop.
            await asyncio.to_thread(site.stop)


async def test_a_human_in_the_inbox_and_comments_through_the_webhook(page: Page) -> None:
    jo, mia = page.graph.customer("6001"), page.graph.customer("6002", name="Mia Klant")
    mia.public_id = "772"  # not what Messenger knows them by
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

    asked = await mia.comments("wat kost deze?")
    comment_id = f"comment-1001-{asked}"
    answer = await mia.hears()
    assert (answer.text, answer.comment_id) == ("antwoord op wat kost deze?", asked)

    async def has_public_reply() -> bool:
        return page.public() == [PUBLIC]

    await eventually(has_public_reply)
    comment = await page.conversation(comment_id)
    assert (comment.channel, comment.customer_id, comment.private_reply) == ("messenger", "6002", "sent")
    # Nothing more before they answer, and then as in any conversation.
    await mia.says("en in het blauw?")
    assert (await mia.hears()).text == "antwoord op en in het blauw?"
    assert (await page.conversation(comment_id)).private_reply == ""
    await page.graph.inbox_replies("6002", "Ann hier")
    await mia.says("dag Ann")
    assert (await page.conversation(comment_id)).owner == "agent:meta-inbox"

    tagged = await mia.comments("@Jan Jansen")
    assert await page.store.conversations.get_many([f"comment-1001-{tagged}"]) == []
    assert await page.store.inbound.odd() == []


async def test_a_private_reply_of_which_the_answer_was_lost_still_finds_its_customer(page: Page) -> None:
    mia = page.graph.customer("6003", name="Mia Klant")
    mia.public_id = "773"  # not what Messenger knows them by
    page.graph.cut_next(on="messages", accept_first=True)
    asked = await mia.comments("wat kost deze?")

    async def is_known() -> bool:
        return (await page.conversation(f"comment-1001-{asked}")).customer_id == "6003"

    await eventually(is_known)
    await mia.says("en in het blauw?")
    assert [(await mia.hears()).text for _ in range(2)] == [
        "antwoord op wat kost deze?",
        "antwoord op en in het blauw?",
    ]
    assert await page.store.conversations.get_many(["messenger-1001-6003"]) == []


async def test_what_the_assistant_says_to_a_thread_of_somebody_else_makes_it_give_way(page: Page) -> None:
    jo = page.graph.customer("6004")
    page.graph.fail_next(code=10, subcode=2018300)
    await jo.says("hoi")

    async def is_theirs() -> bool:
        return (await page.conversation("messenger-1001-6004")).owner == "agent:meta-inbox"

    await eventually(is_theirs)
    await jo.says("hallo?")  # to us again, so whoever had it let go
    assert (await jo.hears()).text == "antwoord op hallo?"


async def test_from_a_comment_to_an_agent_and_on_to_metas_inbox(page: Page) -> None:
    ada = page.graph.customer("6005", name="Ada Klant")
    ada.public_id = "775"
    comment_id = f"comment-1001-{await ada.comments('hebben jullie deze in het groen?')}"
    assert (await ada.hears()).text == "antwoord op hebben jullie deze in het groen?"

    async def is_known() -> bool:
        return (await page.conversation(comment_id)).channel == "messenger"

    await eventually(is_known)
    for question in ("wat kost terugsturen?", "ik wil een mens"):
        await ada.says(question)
        assert (await ada.hears()).text == f"antwoord op {question}"
    assert (await page.conversation(comment_id)).owner == "queue"
    await page.agent(comment_id, "claim", seen_owner="queue")
    await page.agent(comment_id, "reply", text="Hoi Ada, ik help je")
    reply = await ada.hears("ik help je")
    assert page.graph.personas[reply.persona_id].name == "API"
    await ada.reads()

    async def is_read() -> bool:
        lines = await page.store.conversations.transcript(comment_id)
        return any(line.message.text == "Hoi Ada, ik help je" and line.state == "read" for line in lines)

    await eventually(is_read)
    await page.agent(comment_id, "hand-back")
    await page.graph.inbox_replies("6005", "Ann hier, ik neem het over")
    await ada.says("dank je, Ann")
    assert (await page.conversation(comment_id)).owner == "agent:meta-inbox"
    assert (await page.said(comment_id))[-2:] == ["agent: Ann hier, ik neem het over", "customer: dank je, Ann"]

    # And back to the desk: the agent's first message takes the thread.
    await page.agent(comment_id, "claim", seen_owner="agent:meta-inbox")
    await page.agent(comment_id, "reply", text="Ik ben er weer")
    await ada.hears("Ik ben er weer")
    conversation = await page.conversation(comment_id)
    assert (conversation.owner, conversation.control) == ("agent:api", "")
