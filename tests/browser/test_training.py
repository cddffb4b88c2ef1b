"""Training in a browser: the page follows by itself, and a model goes live and back with a click each."""

from __future__ import annotations

from pathlib import Path

from playwright.sync_api import Browser, expect

from bot.model import ModelRecord
from bot.store import Store
from bot.store.trainings import Report, Training
from tests.conftest import Site, until

FILE = str(Path(__file__).resolve())


def test_an_editor_trains_and_lets_the_model_go_live_and_back(chromium: Browser, site: Site) -> None:
    async def two_models(store: Store) -> None:
        for at_ms, name in enumerate(("oud", "nieuw"), start=1):
            await store.models.register(ModelRecord(name, FILE, "0", at_ms, {"golden": {"n": 2, "failed_lines": []}}))
        await store.models.activate("oud")
        await store.trainings.sign_of_life("trainer")

    async def take(store: Store) -> Training:
        taken = await store.trainings.take("trainer", lease_ms=600_000)
        assert taken is not None
        await store.trainings.go_on(taken, "golden", 55, lease_ms=600_000)
        return taken

    site.run(two_models)
    context = chromium.new_context(base_url=site.url)
    context.add_cookies([{"name": "bot_session", "value": site.session("eva", "editor"), "url": site.url}])
    page = context.new_page()
    page.goto("/training")
    page.get_by_role("button", name="Train een nieuw model").click()
    expect(page.get_by_role("heading", name="Wacht")).to_be_visible()
    training = site.run(take)
    expect(page.get_by_text("Maakt de toetsvragen.")).to_be_visible()
    expect(page.locator("progress")).to_have_attribute("value", "55")
    site.run(lambda store: store.trainings.done(training, Report("nieuw", before="oud", golden=2)))
    page.get_by_role("button", name="Live zetten").click()
    expect(page.get_by_role("heading", name="Dit model is live")).to_be_visible()

    def taken_over() -> bool:
        """An assistant says so again and again."""
        site.run(lambda store: store.work.sign_of_life("winkel-1", '{"model": "nieuw"}'))
        return page.get_by_text("overgenomen").is_visible()

    until(taken_over)
    page.goto("/training")
    page.get_by_role("button", name="Terug naar het vorige model").click()
    expect(page.get_by_text("Het vorige model antwoordt weer.")).to_be_visible()
    active = site.run(lambda store: store.models.active())
    assert active is not None and active.name == "oud"
    context.close()
