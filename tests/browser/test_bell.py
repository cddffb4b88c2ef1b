"""The bell in a real Chromium: live on the desk, and quiet once the page with notifications was seen."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser, expect

from bot.store.notifications import Notification
from tests.conftest import Site

pytestmark = pytest.mark.browser


def test_the_bell_counts_live_until_the_page_was_seen(chromium: Browser, site: Site) -> None:
    token = site.session("sanne", "agent", name="Sanne")
    context = chromium.new_context(reduced_motion="reduce")
    context.add_cookies([{"name": "bot_session", "value": token, "url": site.url}])
    desk = context.new_page()
    desk.goto(site.url + "/desk")
    bell = desk.locator("#bell-count")
    expect(bell).to_be_hidden()
    # As soon as the stream is there, without loading the page again.
    expect(desk.locator("#connection-bar")).to_be_empty()
    for count in ("1", "2"):
        site.run(lambda store: store.notifications.tell("sanne", Notification("mention", "Daan noemt je.", "/desk/x")))
        expect(bell).to_have_text(count)
    other = context.new_page()
    other.goto(site.url + "/notifications")
    expect(other.locator(".notification-new")).to_have_count(2)
    expect(other.locator("#bell-count")).to_be_hidden()
    expect(bell).to_be_hidden()
    context.close()
