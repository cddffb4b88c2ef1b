"""The menus above a conversation, by keyboard alone, in a real Chromium."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser, expect

from bot.store import Store
from bot.web.desk.words import page_url
from tests.conftest import Site
from tests.fakes.conversations import handed_over

pytestmark = pytest.mark.browser


def test_an_agent_puts_aside_fetches_back_and_passes_on_with_the_keyboard(chromium: Browser, site: Site) -> None:
    token = site.session("sanne", "agent", name="Sanne")
    site.account("daan", "agent", name="Daan")
    conversation_id = site.run(handed_over)
    sanne = site.account("sanne", "agent")

    async def claim(store: Store) -> None:
        await store.queue.claim(await store.conversations.get(conversation_id), sanne)

    site.run(claim)
    context = chromium.new_context(reduced_motion="reduce")
    context.add_cookies([{"name": "bot_session", "value": token, "url": site.url}])
    page = context.new_page()
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.goto(site.url + page_url(conversation_id))
    expect(page.locator("#later-menu")).to_be_visible()

    page.keyboard.press("l")
    expect(page.locator("#action-snooze-hour button")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("#snoozed")).to_contain_text("Weggelegd tot")
    expect(page.locator("#later-menu > summary")).to_be_focused()
    expect(page.locator("#later-menu")).not_to_have_attribute("open", "")
    page.get_by_role("button", name="Haal terug").press("Enter")
    expect(page.locator("#snoozed")).to_have_count(0)

    # The agent may type on, or leaves the box.
    expect(page.locator("#reply")).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.locator("#conversation-title")).to_be_focused()
    page.keyboard.press("h")
    expect(page.get_by_role("button", name="Geef terug aan de assistent")).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.locator("#transfer-menu > summary")).to_be_focused()
    page.keyboard.press("t")
    expect(page.locator("#transfer-to")).to_be_focused()
    page.locator("#transfer-to").select_option("agent:daan")
    page.keyboard.press("Tab")
    page.keyboard.type("weet jij dit?")  # letters are letters here
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.locator("#transcript .message-note").last).to_contain_text("naar Daan.")
    expect(page.locator("#transcript .message-note").last).to_contain_text("weet jij dit?")
    expect(page.get_by_text("Overnemen van Daan")).to_be_visible()
    context.close()
    assert errors == []
