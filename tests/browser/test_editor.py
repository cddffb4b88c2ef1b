"""What editors can count on in a real Chromium: typing is seen at once, and nothing that was typed is lost."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable
from dataclasses import replace
from typing import Any, TypeVar

import pytest
from playwright.sync_api import Page, expect

from bot.model import Template
from tests.browser.tabs import Tabs
from tests.conftest import PASSWORD, Site

pytestmark = pytest.mark.browser

PHONE: dict[str, Any] = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}
Result = TypeVar("Result")
OpenPage = Callable[..., Page]


@pytest.fixture
def open_page(tabs: Tabs, site: Site) -> OpenPage:
    """Opens a page for Sanne (`token=""`: for nobody)."""
    sannes = site.session("sanne", "admin", "editor", name="Sanne de Wit")

    def open_page(path: str, token: str = sannes, **options: Any) -> Page:
        return tabs.open(site.url + path, session=token, **options)

    return open_page


@pytest.fixture
def answer(site: Site) -> Template:
    """An answer that only this test edits."""
    number = uuid.uuid4().hex[:8]
    template = Template(f"utter_faq_{number}", f"Vraag {number}", "De eerste tekst.")
    return site.run(lambda store: store.templates.save(template, expected_version=0))


@pytest.mark.parametrize("java_script_enabled", [True, False], ids=["with JavaScript", "without"])
def test_sign_in_edit_and_sign_out(
    site: Site, open_page: OpenPage, answer: Template, java_script_enabled: bool
) -> None:
    site.account("noor", "editor", name="Noor Bakker")
    page = open_page(f"/editor/{answer.name}", "", java_script_enabled=java_script_enabled)
    page.get_by_label("Inlognaam").fill("noor")
    page.get_by_label("Wachtwoord").fill(PASSWORD)
    page.keyboard.press("Enter")
    page.get_by_label("Antwoord", exact=True).fill("Van Noor.")
    page.get_by_label("Tekst van knop 1").fill("Website")
    page.get_by_label("Wat knop 1 doet").select_option("Opent een webpagina")
    page.get_by_label("Webpagina van knop 1").fill("https://www.example.nl/")
    page.get_by_role("button", name="Publiceren").click()
    expect(page.get_by_role("status").filter(has_text="Gepubliceerd. Klanten zien dit antwoord nu.")).to_be_visible()
    stored = site.run(lambda store: store.templates.get(answer.name))
    assert stored.text == "Van Noor." and stored.buttons[0].url == "https://www.example.nl/"
    page.get_by_text("Noor Bakker").first.click()
    page.get_by_role("button", name="Uitloggen").click()
    expect(page.get_by_role("heading", name="Inloggen")).to_be_visible()


def test_search_narrows_the_list_while_typing(open_page: OpenPage, answer: Template) -> None:
    page = open_page("/editor")
    rows = page.locator(".answer-row")
    all_rows = rows.count()
    page.get_by_role("searchbox").press_sequentially("RÉTOUR")
    expect(rows).to_have_count(1)
    expect(page.get_by_role("status")).to_have_text("1 antwoord voor “RÉTOUR”")
    page.get_by_role("link", name="faq_retourkosten").click()
    page.go_back()
    expect(page.get_by_role("searchbox")).to_have_value("RÉTOUR")
    expect(rows).to_have_count(1)
    page.get_by_role("searchbox").fill("xyzzy")
    expect(page.get_by_text("Geen antwoord gevonden.")).to_be_visible()
    page.get_by_role("searchbox").fill("")
    expect(rows).to_have_count(all_rows)
    page.get_by_role("link", name="Niet gebruikt").click()
    page.get_by_role("searchbox").press_sequentially("retour")
    expect(page).to_have_url(re.compile(r"/editor\?filter=unused&q=retour$"))
    expect(rows).to_have_count(1)


def test_preview_and_count_follow_the_typing(open_page: OpenPage, answer: Template) -> None:
    page = open_page(f"/editor/{answer.name}")
    text, bubble = page.get_by_label("Antwoord", exact=True), page.locator("#preview-widget .preview-text")
    text.fill("<b>Welkom</b> bij {bedrijf}, {prijs} 😀")
    expect(bubble).to_have_text("<b>Welkom</b> bij Winkel van Sinkel, {prijs} 😀")
    expect(bubble.locator("mark")).to_have_text("{prijs}")
    expect(page.locator("#text + .count")).to_have_text("38 van 2000 tekens")
    text.fill("x" * 641)
    expect(page.locator("#text + .count")).to_contain_text("te lang voor één bericht met knoppen in Messenger")
    text.fill("x" * 2001)
    expect(page.locator("#text + .count")).to_have_text("2001 van 2000 tekens: 1 te veel")
    page.get_by_label("Tekst van knop 2").fill("Klik hier")
    expect(page.locator("#preview-widget .quick-replies")).to_have_text("Klik hier")


def test_variable_is_put_where_the_cursor_is(open_page: OpenPage, answer: Template) -> None:
    page = open_page(f"/editor/{answer.name}")
    text = page.get_by_label("Antwoord", exact=True)
    text.fill("Dag van .")
    text.evaluate("(area) => area.setSelectionRange(8, 8)")
    page.get_by_text("Variabelen die je kunt gebruiken").click()
    page.get_by_role("button", name="{bedrijf}").press("Enter")
    expect(text).to_have_value("Dag van {bedrijf}.")
    expect(text).to_be_focused()


def test_address_is_asked_for_only_when_a_button_opens_a_page(open_page: OpenPage, answer: Template) -> None:
    page = open_page(f"/editor/{answer.name}")
    expect(page.get_by_label("Webpagina van knop 1")).to_be_hidden()
    page.get_by_label("Wat knop 1 doet").select_option("Opent een webpagina")
    expect(page.get_by_label("Webpagina van knop 1")).to_be_visible()


def test_first_wrong_field_has_the_focus_and_says_why(open_page: OpenPage, answer: Template) -> None:
    page = open_page(f"/editor/{answer.name}")
    page.get_by_label("Antwoord", exact=True).fill("Dat kost {prijs}.")
    page.get_by_label("Tekst van knop 1").fill("Knop zonder doel")
    page.get_by_role("button", name="Publiceren").click()
    text = page.get_by_label("Antwoord", exact=True)
    expect(text).to_be_focused()
    expect(text).to_have_accessible_description(
        "{prijs} bestaat niet. Je kunt kiezen uit {wanneer}, {afdeling}, {medewerker}, {bedrijf}, {openingstijden},"
        " {kanaal}, {klant}, {bestelnummer}. Hoogstens 2000 tekens."
        " Boven 640 tekens past het in Messenger niet in één bericht met knoppen."
    )
    page.get_by_role("link", name="Kies wat knop 1 doet.").click()
    expect(page.get_by_label("Wat knop 1 doet")).to_be_focused()


def test_conflict_shows_both_and_can_be_saved_after_all(site: Site, open_page: OpenPage, answer: Template) -> None:
    page = open_page(f"/editor/{answer.name}")
    theirs = replace(answer, text="De tekst van Noor.", edited_by="noor")
    site.run(lambda store: store.templates.save(theirs, expected_version=1))
    page.get_by_label("Antwoord", exact=True).fill("De tekst van Sanne.")
    page.get_by_role("button", name="Publiceren").click()
    expect(page.get_by_role("alert")).to_be_focused()
    expect(page.locator("#theirs mark")).to_have_text("Noor.")
    expect(page.locator("#mine mark")).to_have_text("Sanne.")
    page.get_by_role("button", name="Publiceren").click()
    expect(page.locator("#preview-widget .preview-text")).to_have_text("De tekst van Sanne.")
    page.get_by_text("Versie 2", exact=True).click()
    page.get_by_role("button", name="Zet terug: versie 2").click()
    expect(page.locator("#preview-widget .preview-text")).to_have_text("De tekst van Noor.")


def test_typed_text_survives_the_end_of_the_session(site: Site, open_page: OpenPage, answer: Template) -> None:
    site.account("noor", "editor", name="Noor Bakker")
    page = open_page(f"/editor/{answer.name}", site.session("noor", "editor"))
    page.get_by_label("Antwoord", exact=True).fill("Een uur werk.")
    site.run(lambda store: store.sessions.end_all("noor"))
    page.get_by_role("button", name="Publiceren").click()
    page.get_by_role("link", name="Inloggen").click()
    page.get_by_label("Inlognaam").fill("noor")
    page.get_by_label("Wachtwoord").fill(PASSWORD)
    page.get_by_role("button", name="Inloggen").click()
    page.get_by_role("button", name="Terughalen").click()
    expect(page.get_by_label("Antwoord", exact=True)).to_have_value("Een uur werk.")
    expect(page.locator("#preview-widget .preview-text")).to_have_text("Een uur werk.")
    page.get_by_role("button", name="Publiceren").click()
    expect(page.get_by_text("Gepubliceerd. Klanten")).to_be_visible()
    page.wait_for_url("**/" + answer.name)
    page.reload()
    expect(page.get_by_text("Gepubliceerd. Klanten")).to_be_hidden()
    expect(page.get_by_role("button", name="Terughalen")).to_be_hidden()


def test_leaving_with_unsaved_text_asks_first(open_page: OpenPage, answer: Template) -> None:
    page = open_page(f"/editor/{answer.name}")
    asked: list[str] = []
    page.once("dialog", lambda dialog: (asked.append(dialog.type), dialog.accept()))
    page.get_by_label("Titel", exact=True).press_sequentially("!")
    page.get_by_role("link", name="Alle antwoorden").click()
    page.wait_for_url("**/editor")
    assert asked == ["beforeunload"]


def test_menu_opens_and_closes_by_keyboard(open_page: OpenPage) -> None:
    page = open_page("/editor")
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Naar de inhoud")).to_be_focused()
    menu = page.locator(".account-menu summary")
    menu.press("Enter")
    expect(page.get_by_role("link", name="Mijn profiel")).to_be_visible()
    page.keyboard.press("Tab")
    page.keyboard.press("Escape")
    expect(page.get_by_role("link", name="Mijn profiel")).to_be_hidden()
    expect(menu).to_be_focused()


@pytest.mark.parametrize("path", ["/editor", "/editor/utter_overdracht", "/accounts", "/account", "/account/totp"])
def test_page_fits_a_phone(open_page: OpenPage, path: str) -> None:
    page = open_page(path, **PHONE)
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["viewport"]["width"]
    small = page.evaluate(
        "[...document.querySelectorAll('main .button, main input:not([type=hidden], [type=checkbox]), main select')]"
        ".filter((one) => one.checkVisibility() && !one.readOnly && one.getBoundingClientRect().height < 36)"
        ".map((one) => one.outerHTML)"
    )
    assert small == [], "too small for a finger"


def test_two_editors_see_each_other_and_who_is_second_hears_it_at_once(
    site: Site, open_page: OpenPage, answer: Template
) -> None:
    sanne = open_page(f"/editor/{answer.name}")
    noor = open_page(f"/editor/{answer.name}", site.session("noor", "editor", name="Noor Bakker"), locale="nl-NL")
    expect(noor.locator("#others-here")).to_have_text("Sanne de Wit bewerkt dit ook.")
    noor.get_by_label("Antwoord", exact=True).fill("Van Noor.")
    expect(sanne.locator("#others-here")).to_contain_text("Noor Bakker")
    noor.get_by_role("button", name="Concept opslaan").click()
    expect(noor.get_by_text("Concept opgeslagen.")).to_be_visible()
    expect(sanne.get_by_text("Een collega heeft dit antwoord intussen opgeslagen.")).to_be_visible()
    sanne.get_by_label("Antwoord", exact=True).fill("Van Sanne.")
    sanne.get_by_role("button", name="Publiceren").click()
    expect(sanne.locator("#theirs mark")).to_have_text("Noor.")
    expect(sanne.get_by_label("Antwoord", exact=True)).to_have_value("Van Sanne.")


def test_enter_in_a_field_publishes_nothing(site: Site, open_page: OpenPage, answer: Template) -> None:
    page = open_page(f"/editor/{answer.name}")
    page.get_by_label("Titel", exact=True).fill("Nieuwe titel")
    page.keyboard.press("Enter")
    expect(page.get_by_text("Concept opgeslagen.")).to_be_visible()
    assert site.run(lambda store: store.templates.get(answer.name)).title == answer.title


def test_the_preview_shows_the_widget_and_another_channel_while_typing(open_page: OpenPage, answer: Template) -> None:
    page = open_page(f"/editor/{answer.name}")
    widget, other = page.locator("#preview-widget .preview-text"), page.locator("#preview-other .preview-text")
    page.get_by_label("Antwoord", exact=True).fill("Je schrijft in {kanaal}. " + "Een zin. " * 80)
    expect(widget).to_contain_text("Je schrijft in de chat.")
    expect(other).to_contain_text("Je schrijft in Messenger.")
    page.get_by_label("Tekst van knop 1").fill("Website")
    page.get_by_label("Wat knop 1 doet").select_option("Opent een webpagina")
    page.get_by_label("Webpagina van knop 1").fill("https://www.example.nl/")
    expect(page.locator("#preview-other .preview-links")).to_have_text("Website")
    expect(page.locator("#preview-other")).to_contain_text("Dit gaat als 2 berichten")
    page.get_by_text("Andere teksten").click()
    page.get_by_label("Wie leest andere tekst 1?").select_option("Alleen op Instagram")
    page.get_by_label("Andere tekst 1", exact=True).fill("Kort.")
    page.get_by_label("Naast de website").select_option("Instagram")
    expect(page.locator("#preview-other")).to_contain_text("Kort.")
    expect(widget).to_contain_text("Je schrijft in de chat.")
