"""What is done on a page before its picture is taken."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from playwright.sync_api import Page

from bot.store.work import now_ms
from tests.conftest import Site
from tools.demo_day.planning import CRISIS


def select_three(page: Page) -> None:
    for box in page.locator("input[name=ids]").all()[:3]:
        box.check()


def show_customer(page: Page) -> None:
    page.keyboard.press("g")
    page.keyboard.press("k")


def type_slash(page: Page) -> None:
    page.locator("#reply").press_sequentially("/retour")


def ask(page: Page) -> None:
    """A question that is answered and one for a human."""
    page.locator("chat-widget .launcher").click()
    field = page.get_by_role("textbox", name="Je bericht")
    for question, answered in (("wat kost terugsturen?", "2,95"), ("mijn kat zit vast in jullie lift", "collega")):
        field.fill(question)
        field.press("Enter")
        page.locator("chat-widget .message .bubble", has_text=answered).last.wait_for()


def see_banner(site: Site, page: Page) -> None:
    """In an open chat; the crisis is over before the next picture of this site's pages."""

    async def begin(store: Any) -> None:
        now, before = now_ms(), await store.crisis.get()
        crisis = replace(CRISIS, is_on=True, from_ms=now, until_ms=now + 3_000, at_ms=now, version=before.version)
        await store.crisis.save(crisis)

    page.locator("chat-widget .launcher").click()
    page.locator("chat-widget .field").wait_for()
    site.run(begin)
    page.locator("chat-widget .banner", has_text="storing").wait_for()


def write_stiffly(page: Page) -> None:
    """What the house style has something to say about."""
    page.get_by_label("Antwoord", exact=True).fill(
        "U kunt indien gewenst uw bestelling binnen 30 dagen retourneren. Het geld wordt op uw rekening gestort."
    )
    page.locator("[data-style-of=text]").get_by_role("button", name="Vervang U door Je").wait_for()
    page.locator("[data-style-of=text]").scroll_into_view_if_needed()
