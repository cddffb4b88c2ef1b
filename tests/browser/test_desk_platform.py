"""What agents can count on with customers of Messenger, in a real Chromium."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from aiohttp import web
from playwright.sync_api import Page, expect

from bot.model import META_INBOX, Account, Attachment
from bot.store import Store
from bot.store.work import now_ms
from bot.web.desk.words import page_url
from tests.browser.tabs import Tabs
from tests.browser.test_desk import send_all_the_same
from tests.conftest import Site, free_port, running_site
from tests.fakes.cdn import PNG, Cdn, running_cdn
from tests.fakes.conversations import message
from tests.fakes.platform import HOUR_MS, PAGE, SETTINGS, asks, begun

pytestmark = pytest.mark.browser

PORT = free_port()


@pytest.fixture(scope="module")
def site(redis_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    hosts = f"http://127.0.0.1:{PORT}"
    with running_site(redis_url, tmp_path_factory.mktemp("site"), media_hosts=hosts, **SETTINGS) as site:
        yield site


@pytest.fixture
def cdn() -> Iterator[Cdn]:
    """In a thread: Playwright has the loop of this one."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    running = running_cdn(PORT)
    yield asyncio.run_coroutine_threadsafe(running.__aenter__(), loop).result()
    asyncio.run_coroutine_threadsafe(running.__aexit__(None, None, None), loop).result()
    loop.call_soon_threadsafe(loop.stop)
    thread.join()
    loop.close()


@pytest.fixture
def mine(tabs: Tabs, site: Site) -> Iterator[tuple[Page, str]]:
    """The page of a conversation that Sanne has, and its id."""

    async def prepare(store: Store) -> str:
        conversation_id = await begun(store, customer_name="<script>window.stolen = 1</script>Jo")
        await asks(store, conversation_id, "kan dit nog geruild worden?")
        conversation = await store.conversations.get(conversation_id)
        await store.queue.claim(conversation, Account("sanne", "Sanne", ("agent",)))
        return conversation_id

    conversation_id = site.run(prepare)
    page = tabs.open(site.url + page_url(conversation_id), session=site.session("sanne", "agent", name="Sanne"))
    page.evaluate("window.notReloaded = true")
    yield page, conversation_id
    assert page.evaluate("[window.notReloaded, window.stolen]") == [True, None]


def test_a_photo_appears_as_soon_as_it_is_fetched(mine: tuple[Page, str], site: Site, cdn: Cdn) -> None:
    page, conversation_id = mine
    release = threading.Event()

    async def answer(_: Any) -> Any:
        while not release.is_set():
            await asyncio.sleep(0.02)
        return web.Response(body=PNG)

    cdn.answers["/a.png"] = answer
    photo = Attachment("image", cdn.url + "/a.png")
    site.run(lambda store: asks(store, conversation_id, "", attachments=(photo,)))
    expect(page.get_by_text("Wordt opgehaald…")).to_be_visible()
    release.set()
    picture = page.get_by_role("img", name="Foto van de klant")
    expect(picture).to_be_visible()
    assert picture.evaluate("picture => picture.decode().then(() => picture.naturalWidth)") == 64


def test_what_happens_to_a_message_is_seen_at_once(mine: tuple[Page, str], site: Site) -> None:
    page, conversation_id = mine

    async def happen(store: Store) -> None:
        written = await asks(store, conversation_id, "maat M graag")
        await store.conversations.edit(conversation_id, written.id, "maat L graag", number=1)
        await store.conversations.react(conversation_id, written.id, "❤️", at_ms=1)

    site.run(happen)
    line = page.locator(".transcript > .message-customer").last
    expect(line.locator(".bubble")).to_have_text("maat L graag")
    expect(line).to_contain_text("❤️")
    line.get_by_text("Eerste tekst").click()
    expect(line.get_by_text("maat M graag")).to_be_visible()


def test_what_was_typed_stays_while_nothing_can_be_sent(mine: tuple[Page, str], site: Site) -> None:
    page, conversation_id = mine
    reply = page.get_by_role("textbox", name="Antwoord aan")
    reply.fill("Ja hoor, dat kan.")

    async def wrote(store: Store, at_ms: int) -> None:
        key = store._keys.conversation(conversation_id)
        await store._client.hset(key, mapping={"opened_at_ms": at_ms, "wrote_at_ms": at_ms})

    # The time of an agent ends in a moment, without an event.
    site.run(lambda store: wrote(store, now_ms() - 7 * 24 * HOUR_MS + 1_500))
    site.run(lambda store: asks(store, conversation_id, "?"))
    expect(page.locator("#platform")).to_contain_text("De klant schreef te lang geleden.")
    expect(page.locator("#send")).to_be_disabled()
    expect(reply).to_have_value("Ja hoor, dat kan.")
    expect(reply).not_to_be_editable()
    reply.press("Control+Enter")
    site.run(lambda store: wrote(store, now_ms()))
    site.run(lambda store: asks(store, conversation_id, "hallo?"))
    expect(reply).to_be_editable()
    expect(reply).to_have_value("Ja hoor, dat kan.")
    expect(page.locator("#missed")).to_contain_text("hallo?")
    send_all_the_same(page)
    expect(page.locator(".message-agent .bubble")).to_have_text("Ja hoor, dat kan.")
    expect(reply).to_have_value("")


def test_an_agent_reads_of_trouble_and_of_metas_inbox(mine: tuple[Page, str], site: Site) -> None:
    page, _ = mine
    other = site.run(lambda store: begun(store, customer_name="Marieke"))

    async def trouble(store: Store) -> None:
        await asks(store, other)
        await store.pages.set_trouble(PAGE, "reconnect", "", at_ms=now_ms())
        said = message(other, "agent", "Ann hier", agent_name="Meta-inbox")
        await store.queue.answered_elsewhere(other, at_ms=now_ms(), message=said)

    site.run(trouble)
    expect(page.get_by_text("De pagina is niet meer gekoppeld.")).to_be_visible()
    expect(page.locator("#tab-colleagues .tab-count")).to_have_text("1")
    site.run(lambda store: store.pages.clear_trouble(PAGE))
    site.run(lambda store: asks(store, other, "nog een vraag", to_human=False))
    expect(page.get_by_text("De pagina is niet meer gekoppeld.")).to_have_count(0)
    assert site.run(lambda store: store.conversations.get(other)).owner == META_INBOX


@pytest.mark.parametrize("width", [390, 1200])
def test_nothing_is_wider_than_the_screen(mine: tuple[Page, str], site: Site, cdn: Cdn, width: int) -> None:
    page, conversation_id = mine
    page.set_viewport_size({"width": width, "height": 844})
    long = "x" * 300
    attachments = (
        Attachment("link", f"https://example.nl/{long}", long),
        Attachment("audio", cdn.keeps("/a.mp3", b"ID3" + bytes(1000))),
        Attachment("file", cdn.keeps(f"/{'y' * 90}.pdf", b"%PDF-")),
        Attachment("image"),
    )
    site.run(lambda store: asks(store, conversation_id, long, attachments=attachments))
    expect(page.locator(".attachment-audio audio")).to_be_visible()
    expect(page.locator(".attachment-file a")).to_be_visible()
    is_too_wide = "place => place.scrollWidth > place.clientWidth"
    for place in (page.locator("html"), page.locator("#transcript-scroll")):
        assert not place.evaluate(is_too_wide)
