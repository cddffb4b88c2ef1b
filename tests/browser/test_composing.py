"""What agents can count on when they write, in a real Chromium: fast, and never to the wrong reader."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from bot.store import Store
from bot.web.desk.words import page_url
from tests.browser.test_desk import (
    Backstage,
    SignIn,
    backstage,
    connected,
    mine,
    reply_box,
    row,
    send_all_the_same,
    sign_in,
)
from tests.conftest import Site

__all__ = ["backstage", "mine", "sign_in"]

pytestmark = pytest.mark.browser

Mine = tuple[Page, str]


@pytest.fixture
def daan(site: Site, backstage: Backstage) -> Iterator[None]:
    site.account("daan", "agent", name="Daan")
    yield


def note_box(page: Page) -> object:
    return page.get_by_role("textbox", name="Notitie")


def test_an_answer_is_a_slash_and_a_few_letters_away(mine: Mine) -> None:
    page, _ = mine
    box = reply_box(page)
    page.keyboard.type("Dag! 1/2 /retour")
    field = page.get_by_role("combobox", name="Zoek een antwoord")
    expect(field).to_have_value("retour")
    expect(page.locator("#picker").get_by_role("option")).to_have_text(["faq_retourkosten Terugsturen kost 2,95."])
    page.keyboard.press("Enter")
    expect(box).to_have_value("Dag! 1/2 Terugsturen kost 2,95.")
    expect(box).to_be_focused()
    # What was no search after all is text.
    page.keyboard.type(" /nee")
    page.keyboard.press("Escape")
    expect(box).to_have_value("Dag! 1/2 Terugsturen kost 2,95. /nee")
    page.get_by_role("link", name="Antwoorden").last.click()
    expect(page.locator("#picker").get_by_role("option").nth(1)).to_be_visible()
    page.keyboard.press("ArrowDown")
    expect(page.locator("#picker").get_by_role("option").nth(1)).to_have_attribute("aria-selected", "true")
    page.keyboard.press("Escape")
    box.fill("")
    page.keyboard.press("Alt+1")
    expect(box).to_have_value("We zijn open van 9.30 tot 18.00 uur.")


def test_a_note_goes_to_colleagues_and_the_answer_stays_typed(mine: Mine, backstage: Backstage, daan: None) -> None:
    page, conversation_id = mine
    page.keyboard.type("voor de klant")
    page.locator("#conversation-title").focus()
    page.keyboard.press("m")
    page.keyboard.type("voor @da")
    expect(page.locator("#picker").get_by_role("option")).to_have_text(["Daan daan"])
    page.keyboard.press("Enter")
    page.keyboard.type("alleen")
    page.keyboard.press("Control+Enter")
    expect(page.locator("#transcript .message-note").last).to_contain_text("voor @Daan alleen")
    expect(page.locator("#note")).to_have_value("")
    assert backstage.said_by_agents(conversation_id) == []
    page.locator("#conversation-title").focus()
    page.keyboard.press("a")
    expect(reply_box(page)).to_have_value("voor de klant")
    page.keyboard.press("Control+Enter")
    expect(page.locator("#transcript .message-agent")).to_contain_text("voor de klant")
    assert backstage.said_by_agents(conversation_id) == ["voor de klant"]
    told = backstage.run(lambda store: store.notifications.latest("daan"))
    assert [one.kind for one in told].count("mention") == 1


def test_what_the_customer_writes_meanwhile_is_noticed_before_sending(mine: Mine, backstage: Backstage) -> None:
    page, conversation_id = mine
    page.keyboard.type("het komt morgen")
    backstage.customer_writes(conversation_id, "laat maar")
    missed = page.locator("#missed")
    expect(missed).to_contain_text("laat maar")
    send_all_the_same(page)
    expect(page.locator("#transcript .message-agent")).to_contain_text("het komt morgen")
    expect(missed).to_be_hidden()
    expect(page.get_by_role("button", name="Versturen", exact=True)).to_be_visible()


def test_who_reads_earlier_messages_does_not_answer_past_a_new_one(mine: Mine, backstage: Backstage) -> None:
    page, conversation_id = mine
    first = backstage.run(lambda store: store.conversations.get(conversation_id)).customer_entry_id
    backstage.customer_writes(conversation_id, "ben je er?")
    expect(page.locator("#transcript")).to_contain_text("ben je er?")
    page.goto(f"{page.url.partition('?')[0]}?before={entry_behind(first)}")
    connected(page)
    expect(page.locator("#transcript")).not_to_contain_text("ben je er?")
    seen = page.locator("#conversation").get_attribute("data-customer-entry-id")
    backstage.customer_writes(conversation_id, "laat maar")
    newest = backstage.run(lambda store: store.conversations.get(conversation_id)).customer_entry_id
    expect(page.locator(f'#conversation[data-customer-entry-id="{newest}"]')).to_be_attached()
    expect(page.locator("#conversation-head input[name=seen_entry_id]").first).to_have_value(str(seen))
    reply_box(page).fill("het komt morgen")
    page.keyboard.press("Control+Enter")
    expect(page.locator("#missed")).to_contain_text("laat maar")
    send_all_the_same(page)
    expect(page.locator("#transcript .message-agent")).to_contain_text("het komt morgen")
    # Once the last messages are there they stay.
    backstage.customer_writes(conversation_id, "fijn")
    expect(page.locator("#transcript")).to_contain_text("fijn")
    newest = backstage.run(lambda store: store.conversations.get(conversation_id)).customer_entry_id
    expect(page.locator("#conversation-head input[name=seen_entry_id]").first).to_have_value(newest)


def entry_behind(entry_id: str) -> str:
    """A place right behind that one."""
    ms, _, number = entry_id.partition("-")
    return f"{ms}-{int(number) + 1}"


def test_a_colleague_sees_who_types_and_the_draft_is_there_on_another_machine(
    mine: Mine, sign_in: SignIn, site: Site, backstage: Backstage, daan: None
) -> None:
    page, conversation_id = mine
    page.keyboard.type("half getypt")
    expect(page.locator("#others-here")).to_have_text("")

    async def daan_looks(store: Store) -> None:
        await store.viewers.here(conversation_id, await store.accounts.get("daan"), types=True)

    backstage.run(daan_looks)
    expect(page.locator("#others-here")).to_have_text("Daan typt.")

    async def draft(store: Store) -> str:
        found = await store.drafts.get(conversation_id, "sanne")
        return found["reply"].text if "reply" in found else ""

    with page.expect_response(lambda response: response.url.endswith("/draft")):
        page.keyboard.type(" en nog wat")
    assert backstage.run(draft).startswith("half getypt")
    # What was typed in the last second goes along when the page closes.
    page.keyboard.type("!")
    page.goto(site.url + "/desk?view=mine")
    concept = row(page, conversation_id).get_by_text("Concept")
    expect(concept).to_be_visible()
    elsewhere = sign_in(page_url(conversation_id))
    expect(reply_box(elsewhere)).to_have_value("half getypt en nog wat!")
    reply_box(elsewhere).fill("")
    expect(concept).to_be_hidden()


def test_labels_and_limits(mine: Mine) -> None:
    page, _ = mine
    page.get_by_text("+ Label").click()
    page.get_by_role("combobox", name="Nieuw label").fill("spoedje")
    page.keyboard.press("Enter")
    label = page.locator("#label-list .label")
    expect(label).to_contain_text("spoedje")
    expect(page.get_by_role("combobox", name="Nieuw label")).to_have_value("")
    page.get_by_role("button", name="Haal label spoedje weg").click()
    expect(label).to_have_count(0)
    reply_box(page).fill("**vet**")
    expect(page.locator("#reply-limit")).to_contain_text("De klant ziet geen opmaak")
    reply_box(page).fill("x" * 3999)
    expect(page.locator("#reply-limit")).to_have_text("Nog 1 tekens.")
