"""Chatwoot with a real server of ours: its webhooks come over HTTP, and our process is killed."""

from __future__ import annotations

import asyncio
import time
import urllib.error
import urllib.request
from collections.abc import Iterator

import pytest

from bot.model import CHATWOOT, CLOSED, ModelRecord
from bot.store import Store
from tests.conftest import Site, running_site, until
from tests.fakes.chatwoot import FakeAgent, FakeChatwoot
from tests.fakes.chatwoot.records import Conversation
from tests.fakes.chatwoot.server import SETTINGS
from tests.fakes.chatwoot.webhooks import signed
from tests.fakes.conversations import handed_over, write
from tests.fakes.threaded import Threaded, in_thread
from tests.web.visitor import Visitor

WORD = SETTINGS["chatwoot_webhook_token"]
SECRET = "webhook-secret-for-tests"


@pytest.fixture(scope="module")
def fake() -> Iterator[Threaded[FakeChatwoot]]:
    with in_thread(FakeChatwoot()) as fake:
        yield fake


@pytest.fixture(scope="module")
def site(redis_url: str, tmp_path_factory: pytest.TempPathFactory, fake: Threaded[FakeChatwoot]) -> Iterator[Site]:
    settings = {**SETTINGS, "chatwoot_url": fake.server.url, "chatwoot_webhook_secret": SECRET}
    var = tmp_path_factory.mktemp("site")
    # Nobody can search in this one, and all else goes on.
    (var / "search").write_text("in the way of the index")
    with running_site(redis_url, var, **settings) as site:
        fake.server.webhooks.url = f"{site.url}/webhooks/chatwoot/{WORD}"
        fake.server.webhooks.secret = SECRET
        yield site


@pytest.fixture
def conversation(site: Site, fake: Threaded[FakeChatwoot]) -> Conversation:
    """One that Chatwoot has."""
    conversation_id = site.run(handed_over)
    until(lambda: owner(site, conversation_id) == CHATWOOT)
    (found,) = [one for one in fake.server.conversations.values() if one.source_id == conversation_id]
    return found


def owner(site: Site, conversation_id: str) -> str:
    return site.run(lambda store: store.conversations.get(conversation_id)).owner


async def has_assistant_and_model(store: Store) -> None:
    await store.models.register(ModelRecord("m1", "/x", "", 1))
    await store.models.activate("m1")
    await store.work.sign_of_life("test", '{"model":"m1"}')


def heard(site: Site, conversation: Conversation) -> list[str]:
    """What agents of Chatwoot said to the customer."""
    messages = site.run(lambda store: store.conversations.messages(conversation.source_id))
    return [one.text for one in messages if one.sender == "agent"]


def test_the_path_of_a_conversation(site: Site, fake: Threaded[FakeChatwoot], conversation: Conversation) -> None:
    noor = FakeAgent(fake.server)
    fake.run(lambda: noor.takes(conversation))
    fake.run(lambda: noor.says(conversation, "Ik ga kijken."))
    until(lambda: heard(site, conversation) == ["Ik ga kijken."])
    agent = Visitor(site.url, site.session("sanne", "agent", name="Sanne"))
    page = agent.get(f"/desk/{conversation.source_id}").text
    assert "in Chatwoot" in page and f"Doorgezet naar Chatwoot, als gesprek {conversation.display_id}." in page
    assert "In Chatwoot is dit van Noor." in page
    site.run(lambda store: write(store, "dank je", conversation.source_id))
    until(lambda: conversation.messages[-1].content == "dank je")
    fake.run(lambda: noor.resolves(conversation))
    until(lambda: owner(site, conversation.source_id) == CLOSED)
    fake.run(lambda: noor.opens(conversation))
    until(lambda: owner(site, conversation.source_id) == CHATWOOT)


async def test_the_customer_sees_that_an_agent_types_and_nothing_of_notes(
    site: Site, fake: Threaded[FakeChatwoot], conversation: Conversation
) -> None:
    noor, seen = FakeAgent(fake.server), []
    async with site.store() as store:
        events = store.events.listen()
        await anext(events)
        fake.run(lambda: noor.types(conversation, is_private=True))
        fake.run(lambda: fake.server.typing(conversation, {"type": "contact"}))
        await asyncio.to_thread(until, lambda: len(fake.server.webhooks.sent) >= 2)
        fake.run(lambda: noor.types(conversation))
        async for event in events:
            if event["type"] == "typing":
                seen.append((event["conversation_id"], event["sender"]))
                break
        await events.aclose()  # type: ignore[attr-defined]
    assert seen == [(conversation.source_id, "agent")]


def test_webhooks_that_come_twice_and_in_the_wrong_order(
    site: Site, fake: Threaded[FakeChatwoot], conversation: Conversation
) -> None:
    noor, webhooks = FakeAgent(fake.server), fake.server.webhooks
    webhooks.is_holding = webhooks.twice = True
    said = [f"antwoord {number}" for number in range(8)]
    for text in said:
        fake.run(lambda text=text: noor.says(conversation, text))  # type: ignore[misc]
    fake.run(webhooks.release)
    webhooks.twice = False
    until(lambda: len(heard(site, conversation)) >= len(said))
    assert heard(site, conversation) == said


def test_killed_and_started_again_it_catches_up(
    site: Site, fake: Threaded[FakeChatwoot], conversation: Conversation
) -> None:
    noor = FakeAgent(fake.server)
    assert site.process
    site.process.kill()
    site.process.wait()
    fake.run(lambda: noor.says(conversation, "Ben je er nog?"))  # its webhook finds nobody, and is not repeated
    other = site.run(handed_over)
    site.run(lambda store: write(store, "ja hoor", conversation.source_id))
    site.start()
    until(lambda: heard(site, conversation) == ["Ben je er nog?"])
    until(lambda: conversation.messages[-1].content == "ja hoor")
    until(lambda: owner(site, other) == CHATWOOT)
    site.run(has_assistant_and_model)
    health = Visitor(site.url).get("/health/ready")
    assert health.status == 200 and '"degraded":["search","trainer"]' in health.body
    assert "conversations get through" in health.body
    assert (
        "Gesprekken voor een medewerker gaan naar Chatwoot"
        in Visitor(site.url, site.session("baas", "admin")).get("/koppelingen").text
    )


@pytest.mark.parametrize(
    ("word", "body", "status"),
    [
        ("wrong-word-of-16-chars", "{}", 403),
        (WORD, "no json", 400),
        (WORD, '{"event": 3}', 400),
        (WORD, '{"event": "message_created"}', 200),
        (WORD, '{"event": "conversation_status_changed", "id": 7, "contact_inbox": {"source_id": "widget-x"}}', 200),
        (WORD, '{"event": "contact_created", "id": "x", "conversation": null}', 200),
    ],
)
def test_what_is_not_for_us_changes_nothing(site: Site, word: str, body: str, status: int) -> None:
    assert post(site, word, body, signed(SECRET, body.encode())) == status


@pytest.mark.parametrize(
    ("secret", "body", "aged_s", "changed", "status"),
    [
        (SECRET, b"{}", 0, {}, 400),  # signed, and no event
        (None, b"{}", 0, {}, 403),
        ("another-secret-of-16", b"{}", 0, {}, 403),
        (SECRET, b"[]", 0, {}, 403),
        (SECRET, b"{}", 600, {}, 403),
        (SECRET, b"{}", 0, {"X-Chatwoot-Timestamp": "nu"}, 403),
        (SECRET, b"{}", 0, {"X-Chatwoot-Signature": "sha256=\xe9"}, 403),
    ],
    ids=["right", "none", "secret", "body", "old", "no time", "odd"],
)
def test_with_a_secret_only_what_is_signed_now_counts(
    site: Site, secret: str | None, body: bytes, aged_s: float, changed: dict[str, str], status: int
) -> None:
    headers = signed(secret, body, at_s=time.time() - aged_s) if secret else {}
    assert post(site, WORD, "{}", {**headers, **changed}) == status


def post(site: Site, word: str, body: str, headers: dict[str, str]) -> int:
    url = f"{site.url}/webhooks/chatwoot/{word}"
    request = urllib.request.Request(url, data=body.encode(), method="POST", headers=headers)
    try:
        return int(urllib.request.urlopen(request, timeout=10).status)
    except urllib.error.HTTPError as exc:
        return exc.code
