"""The page of `make fake-messenger`: chat as the customer, and see what Meta sees."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.fakes.graph import FakeGraph
from tests.fakes.receiver import receiving
from tests.fakes.threaded import Threaded, in_thread

pytestmark = pytest.mark.browser
OPENING_HOURS = "Op zondag open van 12.00 tot 17.00 uur. <b>Tot dan</b>"


@pytest.fixture
def fake() -> Iterator[Threaded[FakeGraph]]:
    with in_thread(FakeGraph()) as fake:
        fake.run(lambda: fake.server.add_page("1001", token="token-1001"))
        fake.run(lambda: fake.server.customer("6001", name="Jo Klant"))
        webhook = receiving()
        fake.server.webhook_url = fake.do(webhook.__aenter__()).url
        yield fake
        fake.do(webhook.__aexit__(None, None, None))


@pytest.fixture
def page(chromium: Browser, fake: Threaded[FakeGraph]) -> Iterator[Page]:
    """The page; a message on its console or an error in it fails the test."""
    context = chromium.new_context(viewport={"width": 1280, "height": 860}, locale="nl-NL")
    page = context.new_page()
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    page.goto(fake.server.url)
    yield page
    assert said == []
    context.close()


def answer(fake: Threaded[FakeGraph], **message: Any) -> None:
    """What a bot would send."""
    body = {"recipient": {"id": "6001"}, "message": message, "access_token": "token-1001"}
    headers = {"Content-Type": "application/json"}
    request = urllib.request.Request(f"{fake.server.url}/v26.0/me/messages", json.dumps(body).encode(), headers)
    urllib.request.urlopen(request, timeout=5).close()


def test_a_customer_asks_presses_a_quick_reply_and_gets_a_human(page: Page, fake: Threaded[FakeGraph]) -> None:
    phone, watch = page.locator(".phone"), page.locator(".watch")
    page.get_by_label("Je bericht").fill("hoe laat open?")
    page.get_by_role("button", name="Stuur", exact=True).click()
    expect(phone.get_by_text("hoe laat open?")).to_be_visible()
    reply = {"content_type": "text", "title": "Retourkosten", "payload": "/faq_retourkosten"}
    answer(fake, text=OPENING_HOURS, quick_replies=[reply])
    expect(phone.get_by_text(OPENING_HOURS)).to_be_visible()  # with its tags: text is never markup
    expect(watch.locator("#calls summary").first).to_contain_text("200")

    phone.get_by_role("button", name="Retourkosten").click()
    expect(phone.locator(".choices button")).to_have_count(0)
    watch.get_by_role("button", name="Antwoord", exact=True).click()
    expect(phone.get_by_text("Ann hier")).to_be_visible()
    expect(watch.locator("#standing")).to_contain_text("meelezer")
    watch.get_by_role("tab", name="Wat er bezorgd is").click()
    expect(watch.locator("#deliveries li").filter(has_text="take_thread_control")).to_be_visible()


def test_the_newest_message_is_in_sight_after_looking_elsewhere_and_after_ones_own(
    page: Page, fake: Threaded[FakeGraph]
) -> None:
    page.get_by_label("Je bericht").fill("hoi")
    page.get_by_label("Je bericht").press("Enter")
    for number in range(12):
        answer(fake, text=f"Antwoord {number}\nmet een tweede regel")
    lines = page.locator("#lines")
    expect(lines.get_by_text("Antwoord 11")).to_be_in_viewport()
    page.get_by_role("tab", name="Bericht op de pagina").click()
    answer(fake, text="Antwoord 12", quick_replies=[{"content_type": "text", "title": "Ja", "payload": "/ja"}])
    page.get_by_role("tab", name="Gesprek").click()
    expect(lines.get_by_text("Antwoord 12")).to_be_in_viewport()
    # Who reads what was said before is left there, until they write something.
    lines.evaluate("list => list.scrollTop = 0")
    answer(fake, text="Antwoord 13")
    expect(lines.get_by_text("Antwoord 13")).to_be_attached()
    expect(lines.get_by_text("Antwoord 0")).to_be_in_viewport()
    page.get_by_label("Je bericht").fill("en dit?")
    page.get_by_label("Je bericht").press("Enter")
    expect(lines.get_by_text("en dit?")).to_be_in_viewport()


def test_only_who_is_on_facebook_comments_there(page: Page, fake: Threaded[FakeGraph]) -> None:
    fake.run(lambda: fake.server.customer("8001", name="Sam Bos", platform="instagram"))
    page.get_by_role("tab", name="Bericht op de pagina").click()
    page.get_by_label("Je bent").select_option(label="Sam Bos · Instagram")
    expect(page.get_by_label("Je bericht")).to_be_visible()
    expect(page.get_by_role("tab", name="Bericht op de pagina")).to_be_hidden()
    page.get_by_label("Je bent").select_option(label="Jo Klant · Messenger")
    expect(page.get_by_role("tab", name="Bericht op de pagina")).to_be_visible()


def test_the_next_message_goes_wrong_as_chosen(page: Page, fake: Threaded[FakeGraph]) -> None:
    page.get_by_label("Je bericht").fill("hoi")
    page.get_by_label("Je bericht").press("Enter")
    page.get_by_label("Het volgende bericht van de bot").select_option(label="krijgt: HTML met status 502")
    page.get_by_role("button", name="Laat misgaan").click()
    expect(page.locator("#standing")).to_contain_text("html 502")
    with pytest.raises(urllib.error.HTTPError, match="502"):
        answer(fake, text="Hallo!")
    expect(page.locator("#standing")).not_to_contain_text("html 502")


def test_another_site_can_press_no_button(fake: Threaded[FakeGraph]) -> None:
    url, body = f"{fake.server.url}/_fake/do/says", json.dumps({"page": "1001", "psid": "6001", "text": "x"}).encode()
    headers = {"Content-Type": "application/json"}
    for more in ({"Sec-Fetch-Site": "cross-site"}, {"Host": "evil.example"}, {"Content-Type": "text/plain"}):
        with pytest.raises(urllib.error.HTTPError, match="403"):
            urllib.request.urlopen(urllib.request.Request(url, body, {**headers, **more}), timeout=5)
    urllib.request.urlopen(urllib.request.Request(url, body, headers), timeout=5).close()
    assert [line.text for line in fake.server.thread("6001").lines] == ["x"]
