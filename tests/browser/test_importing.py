"""A community manager imports a page with forty questions, in a real Chromium."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.browser.tabs import Tabs
from tests.conftest import Site

pytestmark = pytest.mark.browser

FAQ = Path(__file__).parents[1] / "evaluation" / "faqs" / "energie" / "faq.csv"


def test_a_file_is_looked_at_imported_and_undone(tabs: Tabs, site: Site) -> None:
    page = tabs.open(site.url + "/importing", session=site.session("iris", "editor"))
    page.get_by_label("Bestand").set_input_files(FAQ)
    page.get_by_role("button", name="Bekijk wat er gebeurt").click()
    expect(page.get_by_role("status")).to_contain_text("Er is nog niets veranderd")
    expect(page.get_by_label("Tekst op de knop van rij 2", exact=True)).to_have_value("Meterstanden")
    page.get_by_label("Wat gebeurt er met rij 3?", exact=True).select_option("Sla over")
    page.get_by_role("button", name="Importeer", exact=True).click()
    expect(page.get_by_role("status")).to_contain_text("39 nieuwe onderwerpen")
    expect(page.get_by_role("button", name="Train een nieuw model")).to_be_visible()
    page.get_by_text("Maak deze import ongedaan").click()
    page.get_by_role("button", name="Maak ongedaan").click()
    expect(page.get_by_role("status")).to_contain_text("ongedaan gemaakt")
