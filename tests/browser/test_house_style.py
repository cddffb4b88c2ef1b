"""The house style while somebody types, in a real Chromium: what differs, why, and a better word at one click."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from tests.browser.tabs import Tabs
from tests.conftest import Site
from tests.web.answer_form import address, new_answer

pytestmark = pytest.mark.browser


def test_what_differs_is_shown_while_typing_and_replaced_at_one_click(site: Site, tabs: Tabs) -> None:
    answer = new_answer(site, "Je kunt bellen.")
    page = tabs.open(site.url + address(answer), session=site.session("sanne", "editor", name="Sanne"))
    text = page.get_by_label("Antwoord", exact=True)
    under = page.locator("[data-style-of=text]")
    expect(under).to_contain_text("Past bij de huisstijl.")
    text.fill("😀 U kunt indien gewenst bellen.")
    expect(under).to_contain_text("2 opmerkingen over de huisstijl.")
    expect(under).to_contain_text("We schrijven je, niet u.")
    expect(under).to_contain_text("Gewoner is “als je wilt” in plaats van “indien gewenst”.")
    under.get_by_role("button", name="Vervang U door Je").click()
    expect(text).to_have_value("😀 Je kunt indien gewenst bellen.")
    expect(text).to_be_focused()
    expect(under).to_contain_text("1 opmerking over de huisstijl.")
    under.get_by_role("button", name="Vervang indien gewenst door als je wilt").click()
    expect(text).to_have_value("😀 Je kunt als je wilt bellen.")
    expect(under).to_contain_text("Past bij de huisstijl.")
    page.get_by_role("button", name="Publiceren").click()
    expect(page.get_by_role("status").filter(has_text="Gepubliceerd.")).to_be_visible()
    assert site.run(lambda store: store.templates.get(answer.name)).text == "😀 Je kunt als je wilt bellen."


def test_a_suggestion_for_words_that_moved_meanwhile_changes_nothing(site: Site, tabs: Tabs) -> None:
    answer = new_answer(site, "Aan u.")
    page: Page = tabs.open(site.url + address(answer), session=site.session("sanne", "editor", name="Sanne"))
    page.route("**/house-style/check", lambda route: route.abort())
    text = page.get_by_label("Antwoord", exact=True)
    text.fill("Stuur het aan u.")
    button = page.get_by_role("button", name="Vervang u door je")
    button.click()
    expect(text).to_have_value("Stuur het aan u.")
    page.unroute("**/house-style/check")
    button.click()  # still that of before; it asks again
    expect(button).to_have_attribute("data-from", "14")
    button.click()
    expect(text).to_have_value("Stuur het aan je.")
