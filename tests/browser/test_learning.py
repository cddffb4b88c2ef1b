"""The learning inbox in a real Chromium: by keyboard, with the conversation beside it."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from tests.browser.tabs import Tabs
from tests.conftest import Site
from tests.fakes.missed import GIFT_CARDS, something_missed
from tests.fakes.topics import seed_topics

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def inbox(site: Site) -> Site:
    site.run(seed_topics)
    site.run(something_missed)
    return site


@pytest.fixture
def page(tabs: Tabs, inbox: Site) -> Page:
    return tabs.open(inbox.url + "/learning", session=inbox.session("sanne", "editor", name="Sanne de Wit"))


def test_by_keyboard_from_the_inbox_to_examples_and_back(site: Site, page: Page) -> None:
    for key in ("j", "j", "Enter"):  # the first is what no grouping has seen
        page.keyboard.press(key)
    expect(page.get_by_role("heading", level=1)).to_have_text(GIFT_CARDS[0])
    # The second message, and the conversation around it, without a new page.
    page.keyboard.press("j")
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    beside = page.locator("#conversation-lines")
    expect(beside.locator(".learning-it")).to_contain_text(GIFT_CARDS[1])
    page.keyboard.press("x")
    expect(page.get_by_label(f"Kies: {GIFT_CARDS[1]}")).to_be_checked()
    # A letter in a field is a letter.
    text = page.locator("#text-2")
    text.fill("xjk cadeaubon")
    expect(page.get_by_label(f"Kies: {GIFT_CARDS[1]}")).to_be_checked()
    page.get_by_role("button", name="Zet erbij").click()
    expect(page.get_by_role("status").filter(has_text="1 bericht toegevoegd aan “Cadeaubon”")).to_be_visible()
    assert site.run(lambda store: store.topics.get("faq_cadeaubon")).examples[-1].text == "xjk cadeaubon"
    page.get_by_role("button", name="Ongedaan maken").click()
    expect(page.get_by_text("De berichten staan weer in de leerinbox.")).to_be_visible()
    assert "xjk cadeaubon" not in {
        one.text for one in site.run(lambda store: store.topics.get("faq_cadeaubon")).examples
    }


def test_enter_in_a_field_does_nothing_to_the_messages(site: Site, page: Page) -> None:
    before = site.run(lambda store: store.missed.count())
    page.get_by_role("link", name=GIFT_CARDS[0]).click()
    page.get_by_role("button", name="Kies alles op deze pagina").click()
    page.locator("#new-topic > summary").click()
    page.get_by_label("Naam van het onderwerp").fill("Betalen met een bon")
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("Kies wat er met de berichten moet gebeuren.")
    expect(page.get_by_label("Naam van het onderwerp")).to_have_value("Betalen met een bon")
    assert site.run(lambda store: store.missed.count()) == before
