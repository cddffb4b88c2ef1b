"""Accounts in Chromium, with the keyboard alone. What axe says of these pages is in test_accessibility.py."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator

import pyotp
import pytest
from playwright.sync_api import Browser, Page, expect

from tests.conftest import PASSWORD, Site

pytestmark = pytest.mark.browser


@pytest.fixture
def page(chromium: Browser, site: Site) -> Iterator[Page]:
    site.account("baas", "admin", name="Baas")
    context = chromium.new_context(base_url=site.url)
    yield context.new_page()
    context.close()


def typed(page: Page, *words: str) -> None:
    """One field after the other, and Enter."""
    for number, word in enumerate(words):
        if number:
            page.keyboard.press("Tab")
        page.keyboard.type(word)
    page.keyboard.press("Enter")


def test_the_second_factor_from_setup_to_sign_in_by_keyboard(page: Page) -> None:
    page.goto("/sign-in?next=/account/totp")
    expect(page.get_by_label("Inlognaam")).to_be_focused()
    typed(page, "baas", PASSWORD)
    expect(page.get_by_role("heading", name="Inloggen in twee stappen")).to_be_visible()
    app = pyotp.TOTP(re.sub(r"\s", "", page.locator(".one-time-password").inner_text()))
    page.get_by_label("Code", exact=True).focus()
    typed(page, "12", PASSWORD)
    expect(page.get_by_label("Code", exact=True)).to_be_focused()
    typed(page, app.now(), PASSWORD)
    expect(page.get_by_role("listitem").filter(has_text=re.compile(r"^[A-Z2-9]{5}-[A-Z2-9]{5}$"))).to_have_count(10)

    page.context.clear_cookies()
    page.goto("/sign-in?next=/accounts")
    expect(page.get_by_label("Inlognaam")).to_be_focused()
    typed(page, "baas", PASSWORD)
    expect(page.get_by_label("Code uit je app")).to_be_focused()
    typed(page, "000000")
    expect(page.get_by_label("Code uit je app")).to_be_focused()
    expect(page.get_by_role("alert")).to_contain_text("Deze code klopt niet")
    typed(page, app.at(int(time.time()) + 30))
    expect(page.get_by_role("heading", name="Accounts")).to_be_visible()

    page.get_by_label("Naam", exact=True).focus()
    typed(page, "Piet", "piet")
    expect(page.get_by_label(re.compile("Medewerker"))).to_be_focused()
    page.keyboard.press("Space")
    page.keyboard.press("Enter")
    link = page.locator(".one-time-link").inner_text()
    page.context.clear_cookies()
    page.goto(link)
    expect(page.get_by_role("heading")).to_be_visible()
