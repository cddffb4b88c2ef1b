"""Takes the README's pictures from the running product: `python -m tools.screenshots URL NAME PASSWORD [FAKE]`.

The account is one with the role agent; `make run` prints the first one. FAKE is the address of `make fake-messenger`,
to take the picture of Messenger as well; there and in the bot nobody may have written yet.
"""

from __future__ import annotations

import sys
from pathlib import Path

from playwright.sync_api import Browser, Page, ViewportSize, sync_playwright

from tests.chromium import launch

IMAGES = Path(__file__).resolve().parents[1] / "docs" / "images"
SIZE: ViewportSize = {"width": 1200, "height": 760}
MESSENGER_SIZE: ViewportSize = {"width": 1200, "height": 900}


def main(url: str, name: str, password: str, fake: str = "") -> int:
    IMAGES.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as playwright:
        browser = launch(playwright)
        chat = _ask(browser, url)
        desk = _claim(browser, url, name, password)
        desk.screenshot(path=IMAGES / "desk.png")
        desk.get_by_role("button", name="Versturen").click()
        chat.get_by_text("In welke winkel ben je?").wait_for()
        chat.screenshot(path=IMAGES / "demo.png")
        if fake:
            _messenger(browser, fake, desk).screenshot(path=IMAGES / "fake-messenger.png")
        browser.close()
    return 0


def _ask(browser: Browser, url: str) -> Page:
    """A customer's page, with a question that is answered and one for a human."""
    page = browser.new_context(viewport=SIZE, locale="nl-NL", timezone_id="Europe/Amsterdam").new_page()
    page.goto(f"{url}/demo")
    page.locator("chat-widget .launcher").click()
    field = page.get_by_role("textbox", name="Je bericht")
    for question, answered in (("wat kost terugsturen?", "2,95"), ("mijn kat zit vast in jullie lift", "collega")):
        field.fill(question)
        field.press("Enter")
        page.locator("chat-widget .message .bubble", has_text=answered).last.wait_for()
    return page


def _claim(browser: Browser, url: str, name: str, password: str) -> Page:
    """The desk, with the customer's conversation taken over and an answer typed."""
    page = browser.new_context(viewport=SIZE, locale="nl-NL").new_page()
    page.goto(f"{url}/desk")
    page.get_by_label("Naam").fill(name)
    page.get_by_label("Wachtwoord").fill(password)
    page.get_by_role("button", name="Inloggen").click()
    page.get_by_text("mijn kat zit vast").first.click()
    page.get_by_role("button", name="Neem over", exact=True).click()
    page.get_by_role("textbox", name="Antwoord aan").fill("Ik stuur meteen iemand! In welke winkel ben je?")
    return page


def _messenger(browser: Browser, fake: str, desk: Page) -> Page:
    """The stand-in for Meta: the same two questions, and an agent who answers under her own name."""
    page = browser.new_context(viewport=MESSENGER_SIZE, locale="nl-NL", timezone_id="Europe/Amsterdam").new_page()
    page.goto(fake)
    lines, field = page.locator("#lines"), page.get_by_label("Je bericht")
    for question, answered in (("wat kost terugsturen?", "2,95"), ("mijn kat zit vast in jullie lift", "collega")):
        field.fill(question)
        field.press("Enter")
        lines.get_by_text(answered).last.wait_for()
    desk.get_by_role("link", name="Jo Klant").click()
    desk.get_by_role("button", name="Neem over", exact=True).click()
    desk.get_by_role("textbox", name="Antwoord aan").fill("Ik stuur meteen iemand! In welke winkel ben je?")
    desk.get_by_role("button", name="Versturen").click()
    lines.get_by_text("In welke winkel ben je?").wait_for()
    field.blur()
    return page


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
