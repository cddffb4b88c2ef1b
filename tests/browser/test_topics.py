"""What editors can count on with topics in a real Chromium."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Dialog, Page, expect

from tests.browser.tabs import Tabs
from tests.conftest import Site, running_site
from tests.fakes.topics import seed_topics

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def site(redis_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """With the topics of the project."""
    with running_site(redis_url, tmp_path_factory.mktemp("site")) as site:
        site.run(seed_topics)
        yield site


@pytest.fixture
def page(tabs: Tabs, site: Site) -> Page:
    return tabs.open(site.url + "/editor", session=site.session("sanne", "editor", name="Sanne de Wit"))


def test_a_question_seen_becomes_a_topic_and_grows(site: Site, page: Page) -> None:
    page.get_by_role("navigation", name="Antwoorden en onderwerpen").get_by_role("link", name="Onderwerpen").click()
    page.get_by_role("link", name="Nieuw onderwerp").click()
    page.get_by_label("Naam").fill("Honden in de winkel")
    page.get_by_label("Voorbeelden").fill("mag mijn hond mee\nhond toegestaan?\nopen zondag roermond")
    page.get_by_role("textbox", name="Antwoord").fill("Honden zijn welkom.")
    page.get_by_label("Tekst op de knop").fill("Honden")
    page.get_by_role("button", name="Onderwerp maken").click()
    expect(page.get_by_role("alert")).to_contain_text("“open zondag roermond” bij Openingstijden")
    page.get_by_label("Voorbeelden").fill("mag mijn hond mee\nhond toegestaan?")
    page.get_by_role("button", name="Onderwerp maken").click()
    expect(page.get_by_role("status").filter(has_text="Het onderwerp is gemaakt.")).to_be_visible()
    page.get_by_label("Voorbeelden erbij").fill("honden verboden?")
    page.get_by_label("Naam").press("Enter")  # saves, and does nothing with an example
    expect(page.get_by_label("honden verboden?")).to_be_visible()
    page.get_by_label("hond toegestaan?").check()
    page.get_by_label("Omschrijving").fill("Ook katten.")
    page.get_by_role("button", name="Haal weg").click()
    expect(page.get_by_label("hond toegestaan?")).to_have_count(0)
    topic = site.run(lambda store: store.topics.get("faq_honden_in_de_winkel"))
    assert [one.text for one in topic.examples] == ["mag mijn hond mee", "honden verboden?"]
    assert topic.description == "Ook katten.", "what was typed is saved with it"


def test_what_was_typed_is_not_left_behind_unasked(site: Site, page: Page) -> None:
    page.goto(site.url + "/topics/faq_garantie")
    asked: list[Dialog] = []

    def stay(dialog: Dialog) -> None:
        asked.append(dialog)
        dialog.dismiss()

    page.on("dialog", stay)
    page.get_by_label("Voorbeelden erbij").fill("is dat nog garantie")
    page.get_by_role("link", name="← Alle onderwerpen").click()
    expect(page.get_by_label("Voorbeelden erbij")).to_have_value("is dat nog garantie")
    assert [dialog.type for dialog in asked] == ["beforeunload"]
    page.get_by_role("button", name="Opslaan", exact=True).click()
    expect(page.get_by_role("status").filter(has_text="Opgeslagen.")).to_be_visible()
    page.get_by_label("Voorbeelden erbij").fill("hoe lang geldt dat")
    page.get_by_label("Altijd een medewerker").check()
    page.on("dialog", lambda dialog: dialog.accept())
    page.remove_listener("dialog", stay)
    page.reload()
    page.get_by_role("button", name="Terughalen").click()
    expect(page.get_by_label("Voorbeelden erbij")).to_have_value("hoe lang geldt dat")
    expect(page.get_by_label("Altijd een medewerker")).to_be_checked()
    page.get_by_role("button", name="Opslaan", exact=True).click()
    expect(page.get_by_role("status").filter(has_text="Opgeslagen.")).to_be_visible()
    page.get_by_role("link", name="← Alle onderwerpen").click()
    expect(page.get_by_role("heading", name="Onderwerpen", level=1)).to_be_visible()
    assert len(asked) == 1, "what is saved can be left"
