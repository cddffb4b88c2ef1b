"""What a customer sees of the questions afterwards: thumbs under an answer, a mark for the agent."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from bot.store import Store
from tests.conftest import Site, running_site
from tests.fakes.conversations import answer
from tests.web.test_afterwards import QUESTION, SANNE, TEMPLATE, TEMPLATES, THANKS, Desk

pytestmark = pytest.mark.browser


@pytest.fixture
def site(redis_url: str, tmp_path: Path) -> Iterator[Site]:
    with running_site(redis_url, tmp_path, helped_after_s=0.1) as site:
        site.run(lambda store: store.templates.seed(TEMPLATES))
        yield site


async def answered(store: Store) -> str:
    """The assistant answers the customer on the page."""
    (conversation,) = await store.conversations.recent()
    (written,) = await store.conversations.messages(conversation.id)
    await answer(store, written, template=TEMPLATE)
    return conversation.id


def button(page: Page, name: str) -> None:
    page.get_by_role("button", name=name).click()


def test_thumbs_down_brings_an_agent_who_gets_a_mark(site: Site, chromium: Browser) -> None:
    context = chromium.new_context(reduced_motion="reduce", viewport={"width": 390, "height": 700})
    page = context.new_page()
    page.goto(site.url + "/demo")
    page.locator("chat-widget .launcher").click()
    page.get_by_role("textbox", name="Je bericht").fill("Hoe laat zijn jullie open?")
    page.get_by_role("textbox", name="Je bericht").press("Enter")
    bubbles = page.locator("chat-widget .message .bubble")
    expect(page.locator("chat-widget .message").first).to_have_attribute("data-state", "sent")
    conversation_id = site.run(answered)

    expect(bubbles.last).to_have_text(QUESTION)
    assert not Axe().run(page).response["violations"]
    button(page, "👎 Nee")
    expect(bubbles.last).to_have_text(re.compile("Een collega neemt het over"))
    expect(page.get_by_role("button", name="👍 Ja")).to_have_count(0)

    async def help_out(store: Store) -> None:
        desk = Desk(store, site.settings)
        await desk.handling.claim(conversation_id, SANNE, "queue")
        await desk.handling.reply(conversation_id, SANNE, "Zondag van 12 tot 17 uur.", "reply-1")
        await desk.handling.close(conversation_id, SANNE)

    site.run(help_out)
    expect(bubbles.last).to_have_text("Hoe hielp Sanne je?")
    assert not Axe().run(page).response["violations"]
    button(page, "😀 5")
    expect(bubbles.last).to_have_text(THANKS)
    expect(page.get_by_role("button", name="😞 1")).to_have_count(0)

    conversation = site.run(lambda store: store.conversations.get(conversation_id))
    assert (conversation.owner, conversation.rating) == ("closed", 5)
    context.close()
