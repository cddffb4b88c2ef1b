"""Notes are for agents only: no channel passes one on, by whatever way."""

from __future__ import annotations

import asyncio
import json
import uuid

import aiohttp

from bot.model import Account, Handoff, Message
from bot.store import Store
from tests.conftest import API_TOKEN, REST_TOKEN, Site
from tests.fakes.conversations import handed_over, message, write
from tests.web.test_widget_socket import page
from tests.web.visitor import Visitor

SANNE = Account("sanne", "Sanne", ("agent",))
SECRET = "de klant klinkt boos"


async def note(store: Store, conversation_id: str, *more: Message, notes: int = 1) -> None:
    """Sanne had the conversation and gave it back with a note, and perhaps with what the customer hears."""
    await store.queue.claim(
        await store.conversations.get(conversation_id), SANNE, handoff=Handoff("complaint", "high", 1)
    )
    written = [message(conversation_id, "note", SECRET, agent_name="Sanne") for _ in range(notes)]
    found = await store.conversations.get(conversation_id)
    await store.queue.put_back(found, Handoff("complaint", "high", 1), [*written, *more])


async def test_a_note_changes_nothing_of_what_the_customer_has_and_lists_show(store: Store) -> None:
    conversation_id = await handed_over(store, "help")
    before = await store.conversations.get(conversation_id)
    told_before = await store._client.hget(store._keys.conversation(conversation_id), "told_at_ms")
    outbox_before, unread_before = await store.outbox.size(), await store.conversations.unread(conversation_id)
    await note(store, conversation_id)
    after = await store.conversations.get(conversation_id)
    assert (after.last_text, after.last_sender, after.last_at_ms) == (
        before.last_text,
        before.last_sender,
        before.last_at_ms,
    )
    assert await store._client.hget(store._keys.conversation(conversation_id), "told_at_ms") == told_before
    assert await store.outbox.size() == outbox_before
    assert await store.conversations.unread(conversation_id) == unread_before
    (line,) = [one for one in await store.conversations.transcript(conversation_id) if one.message.sender == "note"]
    assert line.state is None


async def test_the_widget_never_gets_a_note(site: Site) -> None:
    async with site.store() as store, page(site) as customer:
        conversation_id, token = customer.welcome["conversation_id"], customer.welcome["token"]
        await handed_over(store, "help", conversation_id)
        frames = [await customer.receive("message") for _ in range(2)]
        last = frames[-1]["message"]["entry_id"]
        # More than a welcome holds: they must not stand in the way of what comes behind them either.
        said = message(conversation_id, "system", "Je staat weer in de wachtrij.")
        await note(store, conversation_id, said, notes=450)
        live = await customer.receive("message")
        assert live["message"]["text"] == said.text
        await note(store, conversation_id)
        await customer.send(type="ping")
        assert (await customer.receive("message", "pong"))["type"] == "pong"
        async with page(site, token) as reloaded, page(site, token, after=last) as resumed:
            welcomes = [reloaded.welcome, resumed.welcome]
        async with page(site, token, after=live["message"]["entry_id"]) as nothing_new:
            welcomes.append(nothing_new.welcome)
    assert [len(welcome["messages"]) for welcome in welcomes] == [3, 1, 0]
    assert [welcome["more"] for welcome in welcomes] == [False, False, False]
    assert SECRET not in json.dumps([frames, live, welcomes])


async def test_the_rest_channel_never_gives_a_note(site: Site) -> None:
    sender = uuid.uuid4().hex
    async with (
        site.store() as store,
        aiohttp.ClientSession(headers={"authorization": f"Bearer {REST_TOKEN}"}) as client,
    ):
        conversation_id = await handed_over(store, "help", f"rest-{sender}", channel="rest", customer_id=sender)
        await note(store, conversation_id)
        await store._client.hset(store._keys.conversation(conversation_id), "told_at_ms", 1)
        url = f"{site.url}/webhooks/rest"
        async with client.post(f"{url}/webhook", json={"sender": sender, "message": "is daar iemand?"}) as response:
            answered = await response.json()
        async with client.get(f"{url}/messages", params={"sender": sender}) as response:
            read = await response.json()
        async with client.get(f"{url}/messages", params={"sender": sender, "after": read[0]["entry_id"]}) as response:
            read_on = await response.json()
    assert [one["text"][:14] for one in answered] == ["Je staat nog i"]
    assert (len(read), len(read_on)) == (2, 1)
    assert SECRET not in json.dumps([answered, read, read_on])


async def test_agents_read_it_on_the_desk_and_in_the_api(site: Site) -> None:
    async with site.store() as store:
        conversation_id = (await write(store, "mens")).conversation_id
        await note(store, conversation_id)
    token = await asyncio.to_thread(site.session, "daan", "agent")
    desk = await asyncio.to_thread(Visitor(site.url, token).get, f"/desk/{conversation_id}")
    assert "Sanne, alleen voor medewerkers" in desk.text and SECRET in desk.text
    headers = {"authorization": f"Bearer {API_TOKEN}"}
    async with aiohttp.ClientSession(headers=headers) as client:
        async with client.get(f"{site.url}/api/v1/conversations/{conversation_id}") as response:
            transcript = (await response.json())["transcript"]
    assert [line["message"]["sender"] for line in transcript] == ["customer", "note"]


async def test_a_note_leads_to_another_conversation_and_a_customers_words_lead_nowhere(site: Site) -> None:
    async with site.store() as store:
        conversation_id = await handed_over(store, "kijk op /desk/iets-anders <b>")
        lead = message(conversation_id, "note", "De klant reageerde ook: /desk/comment-1001-5_8 <b>", notice="comment")
        await store.conversations.note(lead)
        for number, where in enumerate(("1001_5", "1001_5?a=b")):
            post = message(
                conversation_id,
                "note",
                f"Openbare reactie {number}: https://www.facebook.com/{where}",
                notice="comment",
            )
            await store.conversations.note(post)
        # The mark of a link to us is whatever somebody wrote there.
        referral = message(conversation_id, "note", "Met kenmerk /desk/van-de-klant.", notice="platform")
        await store.conversations.note(referral)
    shown = Visitor(site.url, site.session("sanne", "agent", name="Sanne")).get(f"/desk/{conversation_id}").body
    assert '<a href="/desk/comment-1001-5_8">ga naar dat gesprek</a> &lt;b&gt;' in shown
    assert 'reactie 0: <a href="https://www.facebook.com/1001_5" target="_blank"' in shown
    assert "reactie 1: https://www.facebook.com/1001_5?a=b" in shown
    assert "kijk op /desk/iets-anders &lt;b&gt;" in shown and "Met kenmerk /desk/van-de-klant." in shown
