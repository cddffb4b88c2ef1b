"""The chat window of the demo page, as a customer uses it."""

from __future__ import annotations

from playwright.sync_api import BrowserContext, Locator, Page, expect

from tests.conftest import Site


def bubbles(page: Page) -> Locator:
    return page.locator("chat-widget .message .bubble")


def open_chat(context: BrowserContext, site: Site) -> Page:
    page = context.new_page()
    page.goto(site.url + "/demo")
    page.locator("chat-widget .launcher").click()
    return page


def ask(page: Page, text: str) -> None:
    field = page.get_by_role("textbox", name="Je bericht")
    field.fill(text)
    field.press("Enter")


def ask_until_answered(page: Page, question: str, answer: str, button: str) -> bool:
    """Ask, press the button of "Bedoel je ...?" if it comes to that, and read the answer. Whether it came to that."""
    ask(page, question)
    said, offered = bubbles(page).filter(has_text=answer), page.get_by_role("button", name=button, exact=True)
    expect(said.or_(offered).first).to_be_visible()
    was_asked = not said.is_visible()
    if was_asked:
        offered.click()
    expect(said).to_be_visible()
    return was_asked
