"""An editor tries a message: real assistant, real helper for the other model, real browser."""

from __future__ import annotations

import hashlib

import pytest
from playwright.sync_api import BrowserContext, expect

from bot.model import ModelRecord
from bot.store import Store
from bot.web.access import SESSION_COOKIE
from tests.conftest import HANG_S, Site
from tests.e2e.conftest import Assistant
from tools.trained_model import trained_model

pytestmark = [pytest.mark.browser, pytest.mark.train]

HANG_MS = 1000 * HANG_S


def test_both_models_say_by_themselves_what_a_customer_would_read(
    site: Site, assistant: Assistant, customer: BrowserContext
) -> None:
    file = trained_model()

    async def prepare(store: Store) -> None:
        newest = max(record.trained_at_ms for record in await store.models.all())
        digest = hashlib.sha256(file.read_bytes()).hexdigest()
        await store.models.register(ModelRecord("nieuwer", str(file), digest, newest + 1))

    site.run(prepare)
    cookie = {"name": SESSION_COOKIE, "value": site.session("sanne", "editor"), "url": site.url}
    customer.add_cookies([cookie])  # type: ignore[list-item]
    page = customer.new_page()
    page.goto(site.url + "/trials")
    expect(page.get_by_label("Vergelijk met")).to_have_value("nieuwer")
    page.get_by_label("Bericht van de klant").fill("hoe laat zijn jullie open op zonndag?")
    page.get_by_role("button", name="Probeer", exact=True).click()
    answer = site.run(lambda store: store.templates.published("utter_faq_openingstijden"))
    for heading in ("Nu live", "Ander model"):
        column = page.locator(".trial-column").filter(has=page.get_by_role("heading", name=heading))
        expect(column.locator(".bubble")).to_contain_text(answer.text[:15], timeout=2 * HANG_MS)
        expect(column).to_contain_text("Gelezen als")
        expect(column.locator(".trial-near li").first).to_contain_text("Openingstijden")
    assert site.run(lambda store: store.conversations.recent()) == []
