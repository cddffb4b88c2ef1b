"""From a page of the shop that says who is signed in, to the agent who sees it, notes something and finds it again."""

from __future__ import annotations

import hashlib
import hmac
import time
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.conftest import Site, running_site
from tests.web.visitor import Visitor

pytestmark = pytest.mark.browser

SECRET = "een-geheim-voor-de-proef"
SIGN_IN = """([id, hash]) => {
  const chat = document.querySelector("chat-widget");
  if (!id) for (const name of ["id", "hash", "name"]) chat.removeAttribute(`data-customer-${name}`);
  else Object.assign(chat.dataset, { customerId: id, customerHash: hash, customerName: "Anna de Wit" });
}"""


@pytest.fixture(scope="module")
def shop(redis_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with running_site(redis_url, tmp_path_factory.mktemp("shop"), identity_secret=SECRET, turn_timeout_s=0.2) as site:
        yield site


def signs_in(page: Page, customer_id: str, secret: str = SECRET) -> None:
    signed = hmac.new(secret.encode(), customer_id.encode(), hashlib.sha256).hexdigest()
    page.evaluate(SIGN_IN, [customer_id, signed])


def says(page: Page, text: str) -> None:
    page.get_by_label("Je bericht").fill(text)
    page.keyboard.press("Enter")
    # What the server has not got goes along to whoever signs in next on the page.
    expect(page.locator("chat-widget [data-sender=customer][data-state=sent]").last).to_contain_text(text)


def until_found(visitor: Visitor, word: str) -> None:
    """The index has a word about a second after it was said."""
    ends_at = time.monotonic() + 30
    while "1 gesprek" not in visitor.get(f"/desk/search?q={word}").text:
        assert time.monotonic() < ends_at, "the search never found it"
        time.sleep(0.1)


def test_a_signed_in_customer_is_known_noted_about_and_found(chromium: Browser, shop: Site) -> None:
    context = chromium.new_context(reduced_motion="reduce")
    customer = context.new_page()
    said: list[str] = []
    customer.on("console", lambda line: said.append(line.text) if line.type == "error" else None)
    customer.goto(shop.url + "/demo")
    customer.get_by_role("button", name="Stel je vraag").click()
    says(customer, "ik ben nog een vreemde")
    signs_in(customer, "4711")
    says(customer, "waar blijft mijn quinoa")
    expect(customer.locator("chat-widget")).to_contain_text("ik ben nog een vreemde")
    signs_in(customer, "")
    expect(customer.locator("chat-widget [data-sender=customer]")).to_have_count(0)
    assert said == []
    with customer.expect_console_message(lambda line: "data-customer-hash" in line.text):
        signs_in(customer, "4711", "niet-het-goede-geheim")
    expect(customer.locator("chat-widget")).to_contain_text("waar blijft mijn quinoa")

    session = shop.session("sanne", "agent", name="Sanne")
    context.add_cookies([{"name": "bot_session", "value": session, "url": shop.url}])
    agent = context.new_page()
    agent.set_viewport_size({"width": 1280, "height": 800})
    until_found(Visitor(shop.url, session), "quinoa")
    agent.goto(shop.url + "/desk/search")
    expect(agent.get_by_role("searchbox")).to_be_focused()
    agent.keyboard.type("quin")
    agent.get_by_role("link", name="Anna de Wit").click()
    card = agent.get_by_role("complementary", name="Klant")
    expect(card).to_contain_text("Geverifieerd klant 4711")
    colleague = context.new_page()
    colleague.set_viewport_size({"width": 390, "height": 844})
    colleague.goto(agent.url.partition("#")[0])
    expect(colleague.locator("#customer-body")).to_be_hidden()
    colleague.get_by_text("Klant: Anna de Wit").click()
    agent.get_by_text("Notitie toevoegen").click()
    agent.get_by_label("Notitie over deze klant").fill("Belt liever")
    agent.get_by_role("button", name="Bewaar notitie").click()
    expect(card.get_by_text("Belt liever")).to_be_visible()
    expect(agent.get_by_label("Notitie over deze klant")).to_be_hidden()
    expect(colleague.get_by_text("Belt liever")).to_be_visible()
    colleague.keyboard.press("Escape")
    expect(colleague.locator("#customer-body")).to_be_hidden()
    context.close()
