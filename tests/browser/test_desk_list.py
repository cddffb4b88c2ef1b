"""The list in a real Chromium: rows find their place by themselves, and hands can stay on the keyboard."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from bot.store import Store
from bot.store.notifications import Notification
from bot.web.desk import listing
from tests.browser.tabs import Tabs
from tests.browser.test_desk import Backstage, connected, mark_page, not_reloaded, row
from tests.conftest import Site
from tests.fakes.conversations import handed_over

pytestmark = pytest.mark.browser


@pytest.fixture
def backstage(site: Site) -> Backstage:
    return Backstage(site)


@pytest.fixture
def desk(tabs: Tabs, site: Site, backstage: Backstage) -> Page:
    """Sanne's desk, with nothing to do."""
    token = site.session("sanne", "agent", name="Sanne")
    site.account("daan", "agent", name="Daan")
    backstage.run(close_all)
    page = tabs.open(f"{site.url}/desk", session=token)
    connected(page)
    return page


async def close_all(store: Store) -> None:
    while found := (await store.views.page("open")).conversations:
        for one in found:
            await store.queue.close(one)


def shown(page: Page) -> list[str]:
    return [
        text.partition("row-")[2] for text in page.locator("#rows > li").evaluate_all("rows => rows.map(r => r.id)")
    ]


def test_rows_find_their_place_and_sizes_follow(desk: Page, backstage: Backstage) -> None:
    mark_page(desk)
    first = backstage.waiting("eerste", waits_s=60)
    expect(row(desk, first)).to_be_visible()
    low, high = backstage.waiting(priority="low"), backstage.waiting(priority="high")
    expect(row(desk, high)).to_be_visible()
    expect(row(desk, low)).to_be_visible()
    assert shown(desk) == [high, first, low]
    expect(desk.locator("#tab-waiting .tab-count")).to_have_text("3")
    backstage.claims("daan", first)
    expect(row(desk, first)).to_have_count(0)
    expect(desk.locator("#tab-colleagues .tab-count")).to_have_text("1")
    backstage.claims("sanne", high)
    expect(desk.locator("#tab-mine .tab-count")).to_have_text("1")
    expect(desk.locator("#tab-colleagues .tab-count")).to_have_text("1")
    expect(desk.locator("#tab-open .tab-count")).to_have_text("3")
    assert not_reloaded(desk)


def test_my_own_row_says_so_though_all_desks_get_the_same(desk: Page, backstage: Backstage) -> None:
    mine, other = backstage.waiting("van mij"), backstage.waiting("van daan")
    desk.goto(desk.url + "?view=open")
    connected(desk)
    backstage.claims("sanne", mine)
    backstage.claims("daan", other)
    expect(row(desk, mine)).to_contain_text("Nieuw", use_inner_text=True)
    expect(row(desk, other)).to_contain_text("Daan", use_inner_text=True)
    expect(row(desk, other)).not_to_contain_text("Nieuw", use_inner_text=True)
    expect(row(desk, mine)).not_to_contain_text("Sanne", use_inner_text=True)


def test_the_list_goes_on_when_somebody_comes_near_its_end(desk: Page, backstage: Backstage) -> None:
    many = listing.PAGE + 10

    async def fill(store: Store) -> list[str]:
        return [await handed_over(store, f"vraag {number}", waits_s=1000 - number) for number in range(many)]

    made = backstage.run(fill)
    desk.reload()
    desk.locator("#rows > li").nth(listing.PAGE - 1).scroll_into_view_if_needed()
    # A list that is read anew in that moment begins with its first page again, and goes on from there.
    desk.wait_for_function(HAS_ROWS, arg=[f"row-{one}" for one in made])
    expect(desk.locator("#list-more")).to_be_hidden()


def test_the_keyboard_is_enough(desk: Page, backstage: Backstage) -> None:
    first, second = backstage.waiting(waits_s=60), backstage.waiting(waits_s=30)
    expect(row(desk, second)).to_be_visible()
    expect(row(desk, first)).to_be_visible()
    desk.keyboard.press("j")
    expect(row(desk, first).locator("a")).to_be_focused()
    desk.keyboard.press("ArrowDown")
    expect(row(desk, second).locator("a")).to_be_focused()
    desk.keyboard.press("?")
    expect(desk.get_by_role("dialog", name="Sneltoetsen")).to_contain_text("Volgende voor mij")
    desk.keyboard.press("Escape")
    desk.keyboard.press("Enter")
    expect(desk.get_by_role("heading", level=1)).to_be_visible()
    desk.wait_for_url(f"**/desk/{second}**")
    connected(desk)
    desk.locator("#compose-note").focus()  # a choice is no place to type in
    desk.keyboard.press("g")
    desk.keyboard.press("m")
    desk.wait_for_url("**/desk?view=mine")
    desk.keyboard.press("s")
    expect(desk.get_by_role("searchbox")).to_be_focused()
    desk.keyboard.type("gm")
    expect(desk.get_by_role("searchbox")).to_have_value("gm")


def test_many_at_once_by_keyboard(desk: Page, backstage: Backstage) -> None:
    first, second, third = (backstage.waiting(waits_s=60 - number) for number in range(3))
    for one in (first, second, third):
        expect(row(desk, one)).to_be_visible()
    bar = desk.locator("#bulk")
    expect(bar).to_be_hidden()
    mark_page(desk)
    for _ in range(2):
        desk.keyboard.press("j")
        desk.keyboard.press("x")
        desk.keyboard.press("j")
    expect(bar).to_contain_text("2 gesprekken gekozen")
    backstage.claims("daan", first)
    expect(bar).to_contain_text("1 gesprek gekozen")
    backstage.customer_writes(third, "o wacht, nog iets")
    expect(row(desk, third)).to_contain_text("o wacht")
    bar.get_by_role("combobox").select_option("close:no_reply")
    bar.get_by_role("button", name="Doe het").press("Enter")
    refused = desk.locator("#bulk-result")
    expect(refused).to_contain_text("De klant schreef intussen nog iets.")
    # What goes on in the list does not take that away.
    another = backstage.waiting()
    expect(row(desk, another)).to_be_visible()
    expect(refused).to_contain_text("De klant schreef intussen nog iets.")
    # Now it was seen.
    bar.get_by_role("button", name="Doe het").press("Enter")
    expect(desk.locator("#bulk-result")).to_have_text("1 gesprek gedaan.")
    expect(row(desk, third)).to_have_count(0)
    expect(bar).to_be_hidden()
    assert not_reloaded(desk)


def test_a_row_does_not_move_under_a_mouse_that_is_down(desk: Page, backstage: Backstage) -> None:
    last = backstage.waiting(priority="low")
    expect(row(desk, last)).to_be_visible()
    row(desk, last).locator("a").hover()
    desk.mouse.down()
    before = backstage.waiting(priority="high")
    with desk.expect_response("**/desk/list**"):  # back on the network, it reads the whole list
        desk.evaluate("dispatchEvent(new Event('online'))")
    backstage.run(lambda store: store.notifications.tell("sanne", Notification("mention", "Daan noemt je.", "/desk/x")))
    expect(desk.locator("#bell-count")).to_have_text("1")  # what happened before that has come too
    assert row(desk, before).count() == 0
    desk.mouse.up()
    desk.wait_for_url(f"**/desk/{last}**")


HAS_ROWS = """ids => {
  const rows = [...document.querySelectorAll("#rows > li")];
  return rows.length === ids.length && rows.every((row, place) => row.id === ids[place]);
}"""
COUNT_TONES = """() => {
  window.tones = 0;
  window.OscillatorNode = class extends OscillatorNode { start() { window.tones += 1; } };
}"""


def test_sound_and_messages_are_off_until_somebody_asks(desk: Page, backstage: Backstage) -> None:
    desk.evaluate(COUNT_TONES)
    backstage.waiting()
    expect(desk.locator("#tab-waiting .tab-count")).to_have_text("1")
    assert desk.evaluate("window.tones") == 0
    desk.get_by_label("Geluid en meldingen").click()
    desk.get_by_role("button", name="Geluid").click()
    expect(desk.get_by_role("button", name="Geluid")).to_have_attribute("aria-pressed", "true")
    heard = desk.evaluate("window.tones")
    backstage.waiting()
    expect(desk.locator("#tab-waiting .tab-count")).to_have_text("2")
    desk.wait_for_function("before => window.tones > before", arg=heard)
    desk.reload()
    desk.get_by_label("Geluid en meldingen").click()
    expect(desk.get_by_role("button", name="Geluid")).to_have_attribute("aria-pressed", "true")


def test_the_next_conversation_opens_while_typing(desk: Page, backstage: Backstage) -> None:
    first, second = backstage.waiting("eerste vraag"), backstage.waiting("tweede vraag")
    for one in (first, second):
        backstage.claims("sanne", one)
    desk.goto(f"{desk.url}/{first}?view=mine")
    box = desk.get_by_role("textbox", name="Antwoord aan")
    box.fill("nog niet klaar")
    box.press("Alt+ArrowDown")
    expect(desk.locator(f'[id="row-{second}"] a')).to_have_attribute("aria-current", "page")
    expect(box).to_be_focused()
    expect(box).to_have_value("")
    # Behind the last comes the first, with what was typed.
    box.press("Alt+ArrowDown")
    expect(desk.locator(f'[id="row-{first}"] a')).to_have_attribute("aria-current", "page")
    expect(box).to_have_value("nog niet klaar")
