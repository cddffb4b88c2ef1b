"""A conversation on an agent's day, from the customer's question to the customer's mark: three people, three browsers.

Agents use the keyboard only. The assistant's part is played with the store, as an assistant leaves it there.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from bot.model import Handoff, IntentScore, Message, Nlu, Template
from bot.store import Store
from bot.store.work import now_ms
from tests.conftest import PASSWORD, Site, eventually, running_site
from tests.fakes.conversations import answer

pytestmark = pytest.mark.browser

ABOUT_RETURNS = Nlu(
    "human",
    "faq_retourkosten",
    0.55,
    (IntentScore("faq_retourkosten", 0.55), IntentScore("faq_openingstijden", 0.2), IntentScore("klacht", 0.1)),
    (),
    0.8,
)
ABOUT_HOURS = Nlu("human", "faq_openingstijden", 0.9, (IntentScore("faq_openingstijden", 0.9),), (), 0.8)
MORE_TEMPLATES = [
    Template("utter_beoordeling_vraag", "Beoordeling", "Hoe hielp {medewerker} je?"),
    Template("utter_beoordeling_dank", "Dank", "Dank je wel voor je cijfer."),
]


@pytest.fixture(scope="module")
def site(redis_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """It waits long for the assistant, which is this test."""
    with running_site(redis_url, tmp_path_factory.mktemp("site"), turn_timeout_s=60) as site:
        site.run(lambda store: store.templates.seed(MORE_TEMPLATES))
        for account_id in ("sanne", "daan"):
            site.account(account_id, "agent")
        yield site


@pytest.fixture
def new_page(chromium: Browser) -> Iterator[Callable[[str], Page]]:
    """Somebody's own browser; a test fails if a page's code throws."""
    contexts, errors = [], []

    def open_page(url: str) -> Page:
        contexts.append(chromium.new_context(reduced_motion="reduce", viewport={"width": 1280, "height": 800}))
        page = contexts[-1].new_page()
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.goto(url)
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert errors == []


def test_from_the_question_to_the_mark(new_page: Callable[[str], Page], site: Site) -> None:
    customer, sanne, daan = (new_page(site.url + path) for path in ("/demo", "/sign-in", "/sign-in"))
    signs_in(sanne, "sanne")
    signs_in(daan, "daan")

    # The customer asks, the assistant is not sure enough.
    customer.get_by_role("button", name="Stel je vraag").click()
    says(customer, "ik wil iets terugsturen, hoe zit dat")
    site.run(hands_over)
    expect(said(customer)).to_contain_text("Een collega helpt je zo.")

    # Next for Sanne; the answer that fits is one key away.
    expect(sanne.locator("#tab-waiting .tab-count")).to_have_text("1")
    sanne.keyboard.press("n")
    expect(sanne.get_by_role("textbox", name="Antwoord aan")).to_be_focused()
    expect(sanne.locator("#suggestions strong")).to_have_text(["faq_retourkosten", "faq_openingstijden"])
    sanne.keyboard.press("Alt+1")
    expect(sanne.locator("#reply")).to_have_value("Terugsturen kost 2,95.")
    sanne.keyboard.press("Control+Enter")
    expect(sanne.locator("#reply")).to_have_value("")
    expect(said(customer)).to_contain_text("Terugsturen kost 2,95.")
    expect(customer.locator("chat-widget")).to_contain_text("Sanne")

    # The assistant reads along, so the next question has its own suggestion, without loading the page.
    says(customer, "en hoe laat kan ik het in België brengen?")
    site.run(reads_along)
    expect(sanne.locator("#suggestions strong")).to_have_text(["faq_openingstijden"])

    # Sanne asks Daan in a note, and gives it to him.
    leaves_the_text(sanne)
    sanne.keyboard.press("m")
    sanne.keyboard.type("dit is iets voor @da")
    expect(sanne.locator("#picker").get_by_role("option")).to_have_text(["Daan daan"])
    sanne.keyboard.press("Enter")
    sanne.keyboard.press("Control+Enter")
    expect(sanne.locator("#transcript .message-note").last).to_contain_text("dit is iets voor @Daan")
    expect(daan.locator("#bell-count")).to_have_text("1")
    leaves_the_text(sanne)
    sanne.keyboard.press("t")
    expect(sanne.locator("#transfer-to")).to_be_focused()
    sanne.keyboard.type("Daan")
    expect(sanne.locator("#transfer-to")).to_have_value("agent:daan")
    sanne.keyboard.press("Tab")
    sanne.keyboard.type("jij kent België")
    sanne.keyboard.press("Tab")
    sanne.keyboard.press("Enter")
    expect(sanne.get_by_text("Overnemen van Daan")).to_be_visible()
    expect(said(customer)).to_contain_text("Daan")

    # Daan hears it, and goes there from his bell.
    expect(daan.locator("#bell-count")).to_have_text("2")
    daan.locator("#bell").press("Enter")
    expect(daan.locator(".notification-new")).to_have_count(2)
    daan.locator("main").get_by_role("link", name=re.compile("Sanne")).first.press("Enter")
    expect(daan.locator("#transcript")).to_contain_text("jij kent België")
    daan.locator("#conversation-title").focus()
    daan.keyboard.press("a")
    daan.keyboard.type("In Antwerpen tot zes uur.")
    daan.keyboard.press("Control+Enter")
    expect(said(customer)).to_contain_text("In Antwerpen tot zes uur.")
    expect(sanne.locator("#transcript")).to_contain_text("In Antwerpen tot zes uur.")

    # It is solved; the customer says how it went, and the desk shows that.
    leaves_the_text(daan)
    daan.keyboard.press("e")
    expect(daan.get_by_role("button", name="Opgelost")).to_be_focused()
    daan.keyboard.press("Enter")
    expect(daan.get_by_role("button", name="Heropen en neem over")).to_be_visible()
    expect(said(customer)).to_contain_text("Hoe hielp Daan je?")
    customer.get_by_role("button", name="😀 5").click()
    expect(said(customer)).to_contain_text("Dank je wel voor je cijfer.")
    expect(daan.locator("#transcript .message-customer").last).to_contain_text("😀 5")
    expect(daan.get_by_role("button", name="Heropen en neem over")).to_be_visible()
    expect(daan.get_by_role("complementary", name="Klant")).to_contain_text("cijfer 5 van 5")


def signs_in(page: Page, name: str) -> None:
    expect(page.locator("#name")).to_be_focused()
    page.keyboard.type(name)
    page.keyboard.press("Tab")
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Enter")
    expect(page.locator("#connection-bar")).to_be_empty()


def leaves_the_text(page: Page) -> None:
    """Back to where a letter is a shortcut."""
    page.keyboard.press("Escape")
    expect(page.locator("#conversation-title")).to_be_focused()


def says(page: Page, text: str) -> None:
    page.get_by_label("Je bericht").fill(text)
    page.keyboard.press("Enter")
    expect(said(page)).to_contain_text(text)


def said(page: Page) -> Locator:
    """What the customer has before them."""
    return page.get_by_role("log")


async def hands_over(store: Store) -> None:
    """The assistant does not answer the only conversation that there is."""
    written = await last_message(store)
    handoff = Handoff("not_confident", "normal", now_ms(), written.id, nlu=ABOUT_RETURNS)
    await answer(store, written, "Een collega helpt je zo.", nlu=ABOUT_RETURNS, handoff=handoff)


async def reads_along(store: Store) -> None:
    unread = await eventually(store.work.next_unread)
    assert unread and await store.work.understood(unread, ABOUT_HOURS)


async def last_message(store: Store) -> Message:
    async def written() -> list[Message]:
        found = await store.conversations.recent()
        return await store.conversations.messages(found[0].id) if found else []

    return (await eventually(written))[-1]
