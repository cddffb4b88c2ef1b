"""What agents can count on at the desk in a real Chromium: live, and without losing what they were doing."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, TypeVar

import pytest
from playwright.sync_api import Browser, Page, Route, expect

from bot.answers import Answers
from bot.store import Store
from bot.web.channels.intake import Intake
from bot.web.desk.words import page_url
from bot.web.handling import Handling
from bot.web.operations.metrics import Metrics
from bot.web.rescue import Rescue
from tests.browser.tabs import Tabs
from tests.conftest import Site, eventually, running_site
from tests.fakes.conversations import SURE, answer, handed_over, naming, write

pytestmark = pytest.mark.browser

PHONE: dict[str, Any] = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}
Result = TypeVar("Result")
SignIn = Callable[..., Page]


@pytest.fixture
def sign_in(tabs: Tabs, site: Site) -> SignIn:
    """Opens the desk for Sanne."""
    token = site.session("sanne", "agent", name="Sanne")
    site.account("daan", "agent", name="Daan")

    def open_desk(path: str = "/desk", **options: Any) -> Page:
        return tabs.open(site.url + path, session=token, **options)

    return open_desk


class Backstage:
    """What happens meanwhile: customers, and colleagues at other desks."""

    def __init__(self, site: Site) -> None:
        self._site = site

    def run(self, work: Callable[[Store], Awaitable[Result]]) -> Result:
        return self._site.run(work)

    def waiting(self, text: str = "mijn kat zit vast in jullie lift", **fields: Any) -> str:
        return self.run(lambda store: handed_over(store, text, **fields))

    def customer_writes(self, conversation_id: str, text: str) -> None:
        self.run(lambda store: write(store, text, conversation_id))

    def claims(self, account_id: str, conversation_id: str) -> None:
        async def claim(store: Store) -> None:
            handling = Handling(
                store, Answers(store.templates, self._site.settings, store.departments, store.editing_rules)
            )
            conversation = await store.conversations.get(conversation_id)
            await handling.claim(conversation_id, await store.accounts.get(account_id), conversation.owner)

        self.run(claim)

    def said_by_agents(self, conversation_id: str) -> list[str]:
        async def read(store: Store) -> list[str]:
            messages = await store.conversations.messages(conversation_id)
            return [message.text for message in messages if message.sender == "agent"]

        return self.run(read)

    def publish(self, kind: str, **fields: Any) -> None:
        self.run(lambda store: store.events.publish(kind, **fields))


@pytest.fixture
def backstage(site: Site) -> Backstage:
    return Backstage(site)


@pytest.fixture
def mine(sign_in: SignIn, backstage: Backstage) -> tuple[Page, str]:
    """The page of a conversation that Sanne has, and its id."""
    conversation_id = backstage.waiting()
    page = sign_in(page_url(conversation_id))
    page.get_by_role("button", name="Neem over").click()
    expect(reply_box(page)).to_be_focused()
    return page, conversation_id


def reply_box(page: Page) -> Any:
    return page.get_by_role("textbox", name="Antwoord aan")


def send_all_the_same(page: Page) -> None:
    """In the moment that something came, or with the time to read it: the second time it goes out."""
    send = page.get_by_role("button", name="Toch versturen")
    send.click()
    expect(page.locator("#composer[aria-busy]")).to_have_count(0)
    if send.is_visible():
        expect(page.locator("#desk-notice")).to_contain_text("Nog niet verzonden")
        send.click()


def row(page: Page, conversation_id: str) -> Any:
    return page.locator(f'[id="row-{conversation_id}"]')


def connected(page: Page) -> None:
    """The page hears what happens, from here on."""
    expect(page.locator("#desk[data-connected]")).to_be_attached()


def mark_page(page: Page) -> None:
    """So that a test can tell a live update from a reload."""
    page.evaluate("window.notReloaded = true")


def not_reloaded(page: Page) -> bool:
    return bool(page.evaluate("window.notReloaded === true"))


# Live


def test_waiting_conversation_appears_without_reload(sign_in: SignIn, backstage: Backstage) -> None:
    page = sign_in()
    connected(page)
    mark_page(page)
    before = int(page.locator("#tab-waiting .tab-count").text_content() or 0)
    conversation_id = backstage.waiting("waar is mijn bank", priority="high", reason="complaint")
    expect(row(page, conversation_id)).to_contain_text("waar is mijn bank")
    expect(row(page, conversation_id)).to_contain_text("Hoog")
    assert page.title().startswith(f"({before + 1}) Desk")
    assert not_reloaded(page)


def test_somebody_in_danger_stands_above_everything_without_reload(sign_in: SignIn, backstage: Backstage) -> None:
    reading = backstage.waiting("mijn kat zit vast")
    page = sign_in(page_url(reading), viewport=PHONE["viewport"])
    connected(page)
    mark_page(page)
    conversation_id = backstage.waiting("ik wil niet meer leven", reason="self_harm", priority="urgent")
    alarm = page.get_by_role("alert").get_by_role("link", name="Spoed: Mogelijk zelfdoding")
    expect(alarm).to_be_visible()
    assert page.title().startswith("SPOED! (")
    assert not_reloaded(page)
    alarm.click()
    expect(page.locator("#alarm-advice")).to_contain_text("Neem het serieus")
    backstage.claims("daan", conversation_id)
    expect(page.locator("#desk-alarm a")).to_have_count(0)
    assert page.title().startswith("(")


def test_an_agents_own_conversation_that_becomes_urgent_is_called_out_on_every_page(
    sign_in: SignIn, backstage: Backstage, site: Site
) -> None:
    conversation_id = backstage.waiting("waar is mijn pakket")
    backstage.claims("sanne", conversation_id)
    page = sign_in("/desk")
    connected(page)

    async def write_in_danger(store: Store) -> None:
        answers = Answers(store.templates, site.settings, store.departments, store.editing_rules)
        intake = Intake(store, answers, site.settings, Metrics(), Rescue(store, answers, site.settings))
        written = intake.message(conversation_id, "danger", "ik wil niet meer leven")
        await intake.store(written, channel="widget", customer_id=conversation_id)

    backstage.run(write_in_danger)
    alarm = page.get_by_role("alert").get_by_role("link", name="is bij jou")
    alarm.click()
    expect(page.locator("#alarm-advice")).to_be_visible()
    reply_box(page).fill("Ik ben er, ik bel je nu")
    page.get_by_role("button", name="Versturen").click()
    expect(page.locator("#desk-alarm a")).to_have_count(0)


def test_what_the_customer_names_appears_and_one_click_selects_it(sign_in: SignIn, backstage: Backstage) -> None:
    async def name(store: Store, conversation_id: str | None, **values: str) -> str:
        written = await write(store, "tekst", conversation_id)
        await answer(store, written, nlu=naming(SURE, **values))
        return written.conversation_id

    conversation_id = backstage.run(lambda store: name(store, None, product="kast"))
    page = sign_in(page_url(conversation_id))
    connected(page)
    mark_page(page)
    backstage.run(lambda store: name(store, conversation_id, order_number="WS-1048221"))
    page.locator("#customer-facts dd").first.filter(has_text="WS-1048221").click()
    assert page.evaluate("getSelection().toString()") == "WS-1048221"
    expect(page.locator("#customer-facts dd").filter(has_text="kast").first).to_be_visible()
    assert not_reloaded(page)


def test_waiting_time_counts_up(sign_in: SignIn, backstage: Backstage) -> None:
    conversation_id = backstage.waiting(waits_s=58)
    page = sign_in()
    expect(row(page, conversation_id).locator("time")).to_have_text("1 min")


def test_customers_words_appear_around_what_the_agent_does(mine: tuple[Page, str], backstage: Backstage) -> None:
    page, conversation_id = mine
    mark_page(page)
    page.locator("details.recognised summary").click()
    reply_box(page).press_sequentially("Ik kom eraan, ")
    backstage.customer_writes(conversation_id, "hij miauwt heel hard")
    expect(page.locator("#transcript .message-customer").last).to_contain_text("hij miauwt heel hard")
    page.keyboard.type("blijf rustig")
    expect(reply_box(page)).to_have_value("Ik kom eraan, blijf rustig")
    expect(page.locator("details.recognised ol")).to_be_visible()
    assert not_reloaded(page)


def test_focus_stays_on_a_row_that_moves(sign_in: SignIn, backstage: Backstage) -> None:
    last = backstage.waiting(priority="low")
    page = sign_in()
    row(page, last).locator("a").focus()
    other = backstage.waiting(priority="high")
    expect(row(page, other)).to_be_visible()
    expect(row(page, last).locator("a")).to_be_focused()
    backstage.claims("daan", last)
    expect(row(page, last)).to_have_count(0)
    assert page.evaluate("document.activeElement.closest('.conversation-row') !== null")


def test_reader_stays_where_they_read_and_hears_of_new_messages(mine: tuple[Page, str], backstage: Backstage) -> None:
    page, conversation_id = mine
    for number in range(12):
        backstage.customer_writes(conversation_id, f"bericht {number}\n\n\n\nslot")
    expect(page.locator("#transcript").get_by_text("bericht 11")).to_be_in_viewport()
    first = page.locator("#transcript").get_by_text("mijn kat zit vast")
    page.locator("#transcript-scroll").evaluate("el => el.scrollTop = -el.scrollHeight")
    top = first.evaluate("el => el.getBoundingClientRect().top")
    backstage.customer_writes(conversation_id, "nog iets")
    page.get_by_role("button", name="Nieuw bericht hieronder").wait_for()
    assert first.evaluate("el => el.getBoundingClientRect().top") == pytest.approx(top, abs=1)
    page.get_by_role("button", name="Nieuw bericht hieronder").click()
    expect(page.get_by_text("nog iets").last).to_be_in_viewport()
    expect(page.get_by_role("button", name="Nieuw bericht hieronder")).to_be_hidden()

    # Who answers from among earlier messages is at the last ones from then on.
    connected(page)
    second = page.locator("#transcript > li[data-message-id]").nth(1).get_attribute("id") or ""
    page.goto(f"{page.url}?before={second.removeprefix('message-')}")
    expect(page.locator("#transcript").get_by_text("nog iets")).to_have_count(0)
    reply_box(page).fill("Ik kom eraan.")
    page.keyboard.press("Control+Enter")
    send = page.get_by_role("button", name="Toch versturen")
    expect(page.locator("#composer[aria-busy]")).to_have_count(0)
    if send.is_visible():
        send.click()
    expect(page.locator("#transcript .message-agent").last).to_contain_text("Ik kom eraan.")
    backstage.customer_writes(conversation_id, "fijn, tot zo")
    expect(page.locator("#transcript").get_by_text("fijn, tot zo")).to_be_visible()
    expect(page.locator("#transcript .message-agent").last).to_contain_text("Ik kom eraan.")


def test_second_tab_is_live_too_and_survives_the_first(sign_in: SignIn, backstage: Backstage) -> None:
    first = sign_in()
    connected(first)
    second = sign_in()
    one = backstage.waiting()
    expect(row(second, one)).to_be_visible()
    first.close()
    another = backstage.waiting()
    expect(row(second, another)).to_be_visible()


def test_lost_connection_is_shown_and_what_was_missed_is_caught_up(
    site: Site, mine: tuple[Page, str], backstage: Backstage
) -> None:
    page, conversation_id = mine
    reply_box(page).fill("een half antwoo")
    site.stop()
    try:
        expect(page.locator("#connection-bar")).to_contain_text("Geen verbinding")
        backstage.customer_writes(conversation_id, "ben je er nog?")
    finally:
        site.start()
    expect(page.get_by_text("ben je er nog?").last).to_be_visible()
    expect(page.locator("#connection-bar")).to_be_empty()
    expect(reply_box(page)).to_have_value("een half antwoo")


def test_customer_typing_is_shown_until_the_message(mine: tuple[Page, str], backstage: Backstage) -> None:
    page, conversation_id = mine
    connected(page)
    backstage.publish("typing", conversation_id="widget-een-ander", sender="customer")
    backstage.publish("typing", conversation_id=conversation_id, sender="agent")
    waiting = page.locator("#tab-waiting .tab-count")
    before = int(waiting.text_content() or 0)
    backstage.waiting()
    expect(waiting).to_have_text(str(before + 1))  # which happened after those
    assert page.locator("#customer-typing").text_content() == ""
    backstage.publish("typing", conversation_id=conversation_id, sender="customer")
    expect(page.locator("#customer-typing")).to_have_text("Klant typt…")
    backstage.customer_writes(conversation_id, "hallo?")
    expect(page.locator("#customer-typing")).to_be_empty()


def test_typing_is_told_at_most_once_in_three_seconds(mine: tuple[Page, str]) -> None:
    page, _ = mine
    told: list[str] = []
    page.on("request", lambda request: told.append(request.url) if request.url.endswith("/typing") else None)
    reply_box(page).press_sequentially("een heel lang antwoord", delay=20)
    assert len(told) == 1


# Answering


def test_reply_is_sent_with_the_keyboard(mine: tuple[Page, str], backstage: Backstage) -> None:
    page, conversation_id = mine
    mark_page(page)
    reply_box(page).fill("De monteur is onderweg.")
    page.keyboard.press("Control+Enter")
    expect(page.locator("#transcript .message-agent").last).to_contain_text("De monteur is onderweg.")
    expect(reply_box(page)).to_have_value("")
    expect(reply_box(page)).to_be_focused()
    reply_box(page).fill("Over tien minuten.")
    page.get_by_role("button", name="Versturen").click()
    expect(page.locator("#transcript .message-agent").last).to_contain_text("Over tien minuten.")
    assert backstage.said_by_agents(conversation_id) == ["De monteur is onderweg.", "Over tien minuten."]
    assert not_reloaded(page)


def test_answer_whose_confirmation_got_lost_is_not_sent_twice(mine: tuple[Page, str], backstage: Backstage) -> None:
    page, conversation_id = mine

    def lose_the_answer(route: Route) -> None:
        route.fetch(max_redirects=0)
        route.abort()

    page.route("**/reply", lose_the_answer)
    page.route("**/transcript", lambda route: route.abort())
    reply_box(page).fill("Ik bel je zo.")
    page.get_by_role("button", name="Versturen").click()
    expect(page.get_by_text("Geen verbinding. Je tekst staat er nog.")).to_be_visible()
    page.unroute("**/reply")
    page.reload()
    expect(reply_box(page)).to_have_value("")
    assert backstage.said_by_agents(conversation_id) == ["Ik bel je zo."]


def test_typed_text_survives_a_takeover_and_a_reload(mine: tuple[Page, str], backstage: Backstage) -> None:
    page, conversation_id = mine
    reply_box(page).fill("Mijn zorgvuldige antwoord")
    backstage.claims("daan", conversation_id)
    expect(page.get_by_role("alert")).to_have_text("Dit gesprek is nu bij Daan.")
    expect(reply_box(page)).to_have_value("Mijn zorgvuldige antwoord")
    expect(page.get_by_role("button", name="Versturen")).to_be_disabled()
    page.reload()
    expect(reply_box(page)).to_have_value("Mijn zorgvuldige antwoord")
    page.get_by_text("Overnemen van Daan").click()
    page.get_by_role("button", name="Ja, neem het over").click()
    page.get_by_role("button", name="Versturen").click()
    expect(reply_box(page)).to_have_value("")
    assert backstage.said_by_agents(conversation_id) == ["Mijn zorgvuldige antwoord"]


def test_reply_that_lost_the_race_says_who_has_it(mine: tuple[Page, str], backstage: Backstage) -> None:
    page, conversation_id = mine
    page.route("**/transcript", lambda route: route.abort())
    reply_box(page).fill("Net te laat")
    backstage.claims("daan", conversation_id)
    page.keyboard.press("Control+Enter")
    expect(page.get_by_role("alert")).to_have_text("Niet verzonden. Daan was je voor.")
    expect(reply_box(page)).to_have_value("Net te laat")


def test_claim_that_lost_the_race_says_who_was_first(sign_in: SignIn, backstage: Backstage) -> None:
    conversation_id = backstage.waiting()
    page = sign_in(page_url(conversation_id))
    page.route("**/transcript", lambda route: route.abort())
    backstage.claims("daan", conversation_id)
    page.keyboard.press("o")
    expect(page.get_by_role("alert")).to_have_text("Daan was je voor.")
    expect(page.get_by_text("Overnemen van Daan")).to_be_visible()
    page.keyboard.press("o")
    expect(page.get_by_role("button", name="Ja, neem het over")).to_be_focused()


def test_agent_who_was_gone_reads_what_happened_and_takes_it_again(
    chromium: Browser, redis_url: str, tmp_path: Path
) -> None:
    with running_site(redis_url, tmp_path, agent_away_s=1) as site, chromium.new_context() as context:
        context.add_cookies([{"name": "bot_session", "value": site.session("sanne", "agent"), "url": site.url}])
        conversation_id = site.run(handed_over)
        page = context.new_page()
        page.goto(site.url + page_url(conversation_id))
        page.get_by_role("button", name="Neem over").click()
        expect(reply_box(page)).to_be_focused()
        page.close()  # open, it keeps the conversation: tests/web/test_leases.py

        async def is_back(store: Store) -> bool:
            async def is_waiting() -> bool:
                return (await store.conversations.get(conversation_id)).owner == "queue"

            return await eventually(is_waiting)

        assert site.run(is_back)
        page = context.new_page()
        page.goto(site.url + page_url(conversation_id))
        note = page.get_by_role("listitem").filter(has_text="Alleen voor medewerkers")
        expect(note).to_contain_text("Sanne was 1 seconde niet bereikbaar. Het gesprek staat weer in de wachtrij.")
        page.get_by_role("button", name="Neem over").click()
        expect(reply_box(page)).to_be_focused()


def test_closing_asks_first(mine: tuple[Page, str]) -> None:
    page, conversation_id = mine
    page.locator("#close-menu > summary").click()
    page.get_by_role("button", name="Opgelost").click()
    expect(page.get_by_role("button", name="Heropen en neem over")).to_be_visible()
    page.goto(page.url.split("?")[0] + "?view=closed")
    expect(row(page, conversation_id).get_by_role("link")).to_have_attribute("aria-current", "page")


def test_signed_out_agent_is_told_and_keeps_the_text(site: Site, mine: tuple[Page, str], backstage: Backstage) -> None:
    page, conversation_id = mine
    reply_box(page).fill("bijna klaar")
    connected(page)
    page.clock.install()
    # The stream ends first, which would be called a lost connection a moment later.
    page.context.clear_cookies()
    page.context.set_offline(True)
    page.evaluate("dispatchEvent(new Event('online'))")
    expect(page.locator("#desk[data-connected]")).to_have_count(0)
    page.context.set_offline(False)
    page.keyboard.press("Control+Enter")
    expect(page.get_by_role("link", name="Log opnieuw in")).to_be_visible()
    page.clock.fast_forward(3_000)
    expect(page.get_by_role("link", name="Log opnieuw in")).to_be_visible()
    expect(reply_box(page)).to_have_value("bijna klaar")
    assert backstage.said_by_agents(conversation_id) == []


# Everywhere


def test_desk_works_without_javascript(sign_in: SignIn, backstage: Backstage) -> None:
    conversation_id = backstage.waiting()
    page = sign_in(java_script_enabled=False)
    row(page, conversation_id).locator("a").click()
    page.get_by_role("button", name="Neem over").click()
    reply_box(page).fill("Zonder script gaat het ook.")
    page.get_by_role("button", name="Versturen").click()
    expect(page.locator("#transcript .message-agent").last).to_be_in_viewport()
    page.locator("#close-menu > summary").click()
    page.get_by_role("button", name="Opgelost").click()
    expect(page.get_by_role("button", name="Heropen en neem over")).to_be_visible()
    assert backstage.said_by_agents(conversation_id) == ["Zonder script gaat het ook."]


def test_customers_markup_does_nothing(sign_in: SignIn, backstage: Backstage) -> None:
    evil = "<img src=x onerror=\"document.title='gehackt'\"><script>document.title='gehackt'</script>"
    conversation_id = backstage.waiting(evil)
    page = sign_in(page_url(conversation_id))
    backstage.customer_writes(conversation_id, f"live {evil}")
    expect(page.locator("#transcript .message-customer").last).to_contain_text(f"live {evil}")
    assert "gehackt" not in page.title()
    assert page.locator("#conversation img, #list img").count() == 0


def test_phone_shows_list_and_conversation_as_two_screens(sign_in: SignIn, backstage: Backstage) -> None:
    conversation_id = backstage.waiting()
    page = sign_in(**PHONE)
    row(page, conversation_id).locator("a").tap()
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    expect(page.locator("#desk-list")).to_be_hidden()
    page.get_by_role("button", name="Neem over").tap()
    page.locator("#close-menu > summary").tap()
    expect(page.get_by_role("button", name="Opgelost")).to_be_in_viewport(ratio=1)
    page.get_by_role("link", name="Alle gesprekken").tap()
    expect(page.get_by_role("heading", name="Wacht")).to_have_count(1)
    page.get_by_role("link", name="Van mij").tap()
    expect(row(page, conversation_id)).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_everything_is_reached_with_tab_and_shows_its_focus(mine: tuple[Page, str], backstage: Backstage) -> None:
    page, own = mine
    backstage.waiting()
    page.locator(".skip-link").focus()
    reached = set()
    while "send" not in reached:
        page.keyboard.press("Tab")
        focused = page.evaluate(FOCUSED)
        assert focused["outline"] != "none", focused
        assert len(reached) < 100
        reached.add(focused["name"])
    wanted = {f"row-{own}", "transfer-menu", "later-menu", "close-menu", "transcript-scroll", "reply", "send"}
    assert wanted <= reached


FOCUSED = """() => ({
  name: document.activeElement.closest("[id]")?.id ?? "",
  outline: getComputedStyle(document.activeElement).outlineStyle,
})"""
