"""Takes the README's picture of Messenger: `python -m tools.messenger_screenshot URL NAME PASSWORD FAKE`.

The bot and `make fake-messenger` run together, and nobody has written yet. The account is one with the role agent;
`make run` prints the first one. FAKE is the address of the stand-in.
"""

from __future__ import annotations

import sys

from playwright.sync_api import Browser, Page, ViewportSize, sync_playwright

from tests.chromium import launch
from tools.screenshots import IMAGES

SIZE: ViewportSize = {"width": 1200, "height": 900}


def main(url: str, name: str, password: str, fake: str) -> int:
    with sync_playwright() as playwright:
        browser = launch(playwright)
        desk = _desk(browser, url, name, password)
        _messenger(browser, fake, desk).screenshot(path=IMAGES / "fake-messenger.png")
        browser.close()
    return 0


def _desk(browser: Browser, url: str, name: str, password: str) -> Page:
    page = browser.new_context(viewport=SIZE, locale="nl-NL").new_page()
    page.goto(f"{url}/desk")
    page.get_by_label("Inlognaam").fill(name)
    page.get_by_label("Wachtwoord").fill(password)
    page.get_by_role("button", name="Inloggen").click()
    return page


def _messenger(browser: Browser, fake: str, desk: Page) -> Page:
    """The stand-in for Meta: the same two questions, and an agent who answers under her own name."""
    page = browser.new_context(viewport=SIZE, locale="nl-NL", timezone_id="Europe/Amsterdam").new_page()
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
