"""What a customer can count on in the chat widget, in a real Chromium.

The server is the one of tests/fakes/widget_server.py: real WebSockets, and faults when a test asks for them. The last
test runs on the product's own server, so that the two can't drift apart unseen.
"""

from __future__ import annotations

import base64
import os
import re
import signal
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from bot.redis_server import OwnRedis
from bot.store import Store
from bot.store.crisis import Crisis
from bot.store.work import now_ms
from tests.browser.tabs import Tabs
from tests.conftest import Site, eventually, running_site
from tests.fakes.widget_server import ANSWER, MAX_TEXT_CHARS, WidgetServer

pytestmark = pytest.mark.browser

PIXEL = base64.b64decode("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAQAAAC1HAwCAAAAC0lEQVR42mNk+A8AAQUBAScY42YAAAAASUVORK5CYII=")
QUESTION = "Hoe laat zijn jullie open op zondag?"
PHONE: dict[str, Any] = {"viewport": {"width": 360, "height": 640}, "has_touch": True, "is_mobile": True}
UNAVAILABLE = {"code": "store_unavailable", "error": "We proberen het zo opnieuw.", "retry": True}
NO_STORAGE = """
for (const name of ["localStorage", "sessionStorage"]) {
  Object.defineProperty(window, name, { get() { throw new DOMException("denied", "SecurityError"); } });
}
"""
COUNT_SOCKETS = """
window.sockets = 0;
window.WebSocket = class extends WebSocket { constructor(url) { super(url); window.sockets += 1; } };
"""
NOTE_LIVE = """
window.live = [];
new MutationObserver(() => {
  const log = document.querySelector("chat-widget")?.shadowRoot?.querySelector("[role=log]");
  if (!log || window.watched) return;
  window.watched = true;
  new MutationObserver((changes) => {
    for (const change of changes) if (change.addedNodes.length) live.push(log.getAttribute("aria-live"));
  }).observe(log.querySelector("ol"), { childList: true });
}).observe(document, { childList: true, subtree: true });
"""
NewPage = Callable[..., Page]


@pytest.fixture
def server() -> Iterator[WidgetServer]:
    server = WidgetServer()
    server.start()
    yield server
    server.close()


@pytest.fixture
def new_page(tabs: Tabs, server: WidgetServer) -> NewPage:
    """Opens a visitor's demo page; a second one is another tab. With a script or a clock it has its own browser."""

    def open_page(*, script: str = "", clock: bool = False, **options: Any) -> Page:
        url = server.url + "/demo"
        if script or clock:
            page = tabs.blank(**options)
            page.add_init_script(script)
            if clock:
                page.clock.install()
            page.goto(url)
        else:
            page = tabs.open(url, **options)
        launcher(page).wait_for()
        return page

    return open_page


@pytest.fixture
def page(new_page: NewPage) -> Page:
    return new_page()


def launcher(page: Page) -> Locator:
    return page.locator("chat-widget .launcher")


def field(page: Page) -> Locator:
    return page.get_by_role("textbox", name="Je bericht")


def rows(page: Page) -> Locator:
    return page.locator("chat-widget .message")


def bubbles(page: Page) -> Locator:
    return page.locator("chat-widget .message .bubble")


def retry_button(page: Page) -> Locator:
    return rows(page).get_by_role("button", name="Opnieuw proberen")


def ask(page: Page, text: str = QUESTION) -> None:
    if field(page).count() == 0:
        launcher(page).click()
    field(page).fill(text)
    field(page).press("Enter")


def stop_the_clock(page: Page, *, after_ms: int) -> None:
    """Whatever is due within `after_ms` happens now, and nothing after that by itself. Needs `clock=True`."""
    page.clock.pause_at((page.evaluate("Date.now()") + after_ms) / 1000)


def hear_all(server: WidgetServer) -> None:
    """All that the page has sent so far; it reads what is said to it, and tells so on the same connection."""
    newest = server.say("hoor je mij?")
    server.wait_for(lambda: {"type": "read", "up_to": newest["entry_id"]} in server.frames)


def is_at_end(page: Page) -> bool:
    return bool(page.get_by_role("log").evaluate("log => log.scrollHeight - log.scrollTop - log.clientHeight < 2"))


# Asking and being answered


def test_customer_asks_and_is_answered(page: Page) -> None:
    launcher(page).click()
    dialog = page.get_by_role("dialog", name="Winkel van Sinkel")
    expect(dialog).to_contain_text("Ik ben een digitale assistent")
    expect(dialog).to_contain_text("Je praat met de digitale assistent")

    ask(page)

    expect(bubbles(page)).to_have_text([QUESTION, ANSWER])
    expect(rows(page).first).to_have_attribute("data-state", "sent")
    expect(rows(page).first.locator("time")).to_have_attribute("datetime", re.compile(r"^\d{4}-\d\d-\d\dT"))


def test_visitor_who_never_opens_the_chat_costs_no_connection(new_page: NewPage) -> None:
    page = new_page(script=COUNT_SOCKETS)
    assert page.evaluate("sockets") == 0
    launcher(page).click()
    assert page.evaluate("sockets") == 1


def test_example_question_of_the_demo_page_is_asked_with_one_click(page: Page) -> None:
    page.get_by_role("button", name="Kan ik met Bancontact betalen?").click()
    expect(bubbles(page)).to_have_text(["Kan ik met Bancontact betalen?", ANSWER])


def test_the_header_says_who_has_the_conversation(page: Page, server: WidgetServer) -> None:
    ask(page)
    expect(rows(page)).to_have_count(2)
    dialog = page.get_by_role("dialog")
    server.set_owner("queue")
    expect(dialog).to_contain_text("Je staat in de wachtrij")
    server.set_owner("agent", "Sanne")
    expect(dialog).to_contain_text("Je praat met Sanne")
    server.send({"type": "typing", "sender": "agent"})
    expect(page.get_by_text("Sanne is aan het typen")).to_be_attached()
    server.say("Goedemiddag!", sender="agent", agent_name="Sanne")
    expect(rows(page).last).to_contain_text("Sanne")
    expect(page.locator("chat-widget .typing")).to_be_hidden()


def test_quick_reply_sends_its_title_and_payload_and_keeps_the_focus(page: Page, server: WidgetServer) -> None:
    ask(page)
    expect(rows(page)).to_have_count(2)
    server.say("Bedoel je:", buttons=[{"title": "Retourkosten", "payload": "/faq_retourkosten", "url": None}])
    server.say("Of toch:", buttons=[{"title": "Ruilen", "payload": "/faq_ruilen", "url": None}])
    expect(page.get_by_role("button", name="Retourkosten")).to_have_count(0)  # not the last message any more

    page.get_by_role("button", name="Ruilen").press("Enter")

    expect(bubbles(page).nth(4)).to_have_text("Ruilen")
    expect(page.get_by_role("button", name="Ruilen")).to_have_count(0)
    expect(field(page)).to_be_focused()
    sent = server.received("message")[-1]
    assert (sent["text"], sent["payload"]) == ("Ruilen", "/faq_ruilen")


def test_page_hears_when_the_chat_opens_closes_and_speaks(new_page: NewPage) -> None:
    page = new_page()
    page.evaluate("""() => {
      window.heard = [];
      for (const name of ["chat-opened", "chat-closed", "chat-message"])
        document.addEventListener(name, (event) => heard.push([name, event.detail?.sender ?? null]));
    }""")
    ask(page)
    expect(rows(page)).to_have_count(2)
    page.keyboard.press("Escape")
    heard = page.evaluate("heard")
    assert heard == [
        ["chat-opened", None],
        ["chat-message", "customer"],
        ["chat-message", "assistant"],
        ["chat-closed", None],
    ]


# The conversation stays


def test_reload_keeps_the_conversation_and_the_open_window(page: Page, server: WidgetServer) -> None:
    ask(page)
    expect(rows(page)).to_have_count(2)
    page.reload()
    expect(page.get_by_role("dialog")).to_be_visible()
    expect(bubbles(page)).to_have_text([QUESTION, ANSWER])
    assert len(server.conversations) == 1


def test_blocked_storage_still_lets_the_customer_chat(new_page: NewPage, server: WidgetServer) -> None:
    page = new_page(script=NO_STORAGE)
    ask(page)
    expect(bubbles(page)).to_have_text([QUESTION, ANSWER])
    server.drop()
    ask(page, "En op maandag?")
    expect(bubbles(page)).to_have_text([QUESTION, ANSWER, "En op maandag?", ANSWER])
    assert len(server.conversations) == 1
    page.reload()
    launcher(page).click()
    expect(page.get_by_role("dialog")).to_be_visible()
    expect(rows(page)).to_have_count(0)


def test_reconnect_catches_up_without_repeats(page: Page, server: WidgetServer) -> None:
    ask(page)
    expect(rows(page)).to_have_count(2)
    server.stop()
    missed = server.conversation.messages[-1] | {
        "id": "missed",
        "entry_id": "1795000000000-99",
        "text": "Ben je er nog?",
    }
    server.conversation.messages.append(missed)
    server.start()
    expect(bubbles(page)).to_have_text([QUESTION, ANSWER, "Ben je er nog?"])
    hello = server.received("hello")[-1]
    assert hello["token"] == server.conversation.token
    assert hello["after"] == server.conversation.messages[1]["entry_id"]


def test_message_that_is_sent_twice_is_shown_and_counted_once(page: Page, server: WidgetServer) -> None:
    ask(page)
    expect(rows(page)).to_have_count(2)
    page.keyboard.press("Escape")
    message = server.say("Nog iets?")
    server.send({"type": "message", "message": message})
    server.say("Tot ziens!")
    expect(launcher(page)).to_have_text("2")
    expect(rows(page)).to_have_count(4)


def test_an_answer_shows_its_picture_above_its_text(page: Page, server: WidgetServer) -> None:
    page.route("https://winkel.example/*", lambda route: route.fulfill(body=PIXEL, content_type="image/png"))
    server.is_silent = True
    ask(page)
    server.wait_for(lambda: len(server.received("message")) == 1)
    server.say("Zie de kaart.", image={"url": "https://winkel.example/kaart.png", "alt": "De kaart"})
    server.say("Niet van het web.", image={"url": "javascript:alert(1)", "alt": "Nee"})
    expect(bubbles(page)).to_have_count(3)
    picture = rows(page).get_by_role("img")
    expect(picture).to_have_count(1)
    expect(picture).to_have_accessible_name("De kaart")
    page.wait_for_function("image => image.naturalWidth === 1", arg=picture.element_handle())
    expect(rows(page).filter(has=page.locator("img"))).to_contain_text("Zie de kaart.")


def test_long_history_begins_with_what_fits_and_what_was_missed_is_complete(page: Page, server: WidgetServer) -> None:
    ask(page)
    expect(rows(page)).to_have_count(2)
    server.page_size = 1
    page.reload()
    expect(bubbles(page)).to_have_text([ANSWER])
    server.stop()
    missed = [server.conversation.messages[-1] | {"id": f"m{n}", "entry_id": f"1795000000000-9{n}"} for n in range(3)]
    server.conversation.messages += missed
    server.start()
    expect(rows(page)).to_have_count(4)


def test_two_tabs_show_the_same_messages_once(new_page: NewPage) -> None:
    first = new_page()
    second = new_page()
    launcher(second).click()
    ask(first)
    expect(bubbles(first)).to_have_text([QUESTION, ANSWER])
    expect(bubbles(second)).to_have_text([QUESTION, ANSWER])
    ask(second, "En op maandag?")
    for page in (first, second):
        expect(bubbles(page)).to_have_text([QUESTION, ANSWER, "En op maandag?", ANSWER])


def test_conversation_that_the_server_forgot_starts_afresh(page: Page, server: WidgetServer) -> None:
    ask(page)
    expect(rows(page)).to_have_count(2)
    server.conversations.clear()
    server.drop()
    expect(page.get_by_text("Dit is een nieuw gesprek")).to_be_visible()
    expect(rows(page)).to_have_count(0)
    ask(page, "Nog een keer")
    expect(bubbles(page)).to_have_text(["Nog een keer", ANSWER])


# Sending that goes wrong


def test_message_without_an_ack_fails_and_is_retried_with_the_same_id(new_page: NewPage, server: WidgetServer) -> None:
    page = new_page(clock=True)
    server.holds_acks = True
    ask(page)
    server.wait_for(lambda: len(server.received("message")) == 1)
    expect(rows(page).first).to_have_attribute("data-state", "sending")
    stop_the_clock(page, after_ms=8_100)
    expect(rows(page).first).to_contain_text("Niet verzonden")
    expect(page.get_by_role("status").filter(has_text="Je bericht is niet verzonden.")).to_be_attached()

    server.holds_acks = False
    retry_button(page).click()

    expect(rows(page).first).to_have_attribute("data-state", "sent")
    expect(rows(page)).to_have_count(1)
    first, second = server.received("message")
    assert first["id"] == second["id"]


def test_dead_connection_is_noticed_and_replaced(new_page: NewPage, server: WidgetServer) -> None:
    page = new_page(clock=True)
    ask(page)
    expect(rows(page)).to_have_count(2)
    server.answers_pings = False  # the socket stays open, as after a change of networks
    page.clock.fast_forward(26_000)
    server.wait_for(lambda: len(server.received("ping")) == 1)
    page.clock.fast_forward(5_100)
    server.wait_for(lambda: len(server.received("hello")) == 2)


def test_message_that_the_server_could_not_take_goes_out_by_itself_later(
    new_page: NewPage, server: WidgetServer
) -> None:
    page = new_page(clock=True)
    server.next_error = UNAVAILABLE
    ask(page)
    expect(rows(page).first).to_have_attribute("data-state", "failed")
    page.clock.fast_forward(1_300)
    expect(bubbles(page)).to_have_text([QUESTION, ANSWER])
    assert len({message["id"] for message in server.received("message")}) == 1


def test_messages_wait_for_the_one_before_and_go_out_in_order(new_page: NewPage, server: WidgetServer) -> None:
    page = new_page(clock=True)
    server.is_silent = True
    server.refusal = UNAVAILABLE
    for text in ("een", "twee", "drie"):
        ask(page, text)
    # Each of them made the first one try again at once.
    server.wait_for(lambda: len(server.received("message")) >= 3)
    expect(rows(page).first).to_contain_text(UNAVAILABLE["error"])
    expect(rows(page).nth(1)).to_contain_text("Wacht op je vorige bericht")
    expect(rows(page).nth(2)).to_contain_text("Wacht op je vorige bericht")
    assert {message["text"] for message in server.received("message")} == {"een"}

    server.refusal = None
    retry_button(page).click()

    expect(page.locator("chat-widget [data-state=sent]")).to_have_count(3)
    assert [message["text"] for message in server.conversation.messages] == ["een", "twee", "drie"]


def test_message_waits_for_the_ack_of_the_one_before(page: Page, server: WidgetServer) -> None:
    server.holds_acks = True
    ask(page, "een")
    ask(page, "twee")
    expect(rows(page).last).to_have_attribute("data-state", "sending")
    server.wait_for(lambda: len(server.received("message")) == 1)
    hear_all(server)
    (first,) = server.received("message")
    server.holds_acks = False
    server.send({"type": "ack", "id": first["id"], "entry_id": "1795000000000-1", "repeated": False})
    server.wait_for(lambda: [message["text"] for message in server.received("message")] == ["een", "twee"])
    expect(page.locator("chat-widget [data-state=sent]")).to_have_count(4)


def test_message_that_is_refused_for_good_does_not_hold_up_the_next(page: Page, server: WidgetServer) -> None:
    server.holds_acks = True
    ask(page, "een")
    ask(page, "twee")
    server.wait_for(lambda: len(server.received("message")) == 1)
    server.holds_acks = False
    refusal = {"type": "error", "code": "invalid", "error": "Dat kan niet.", "retry": False}
    server.send({**refusal, "id": server.received("message")[0]["id"]})
    expect(rows(page).filter(has_text="twee")).to_have_attribute("data-state", "sent")
    expect(rows(page).filter(has_text="een")).to_contain_text("Dat kan niet.")


def test_message_of_another_tab_is_neither_lost_nor_sent_twice(new_page: NewPage, server: WidgetServer) -> None:
    first = new_page()
    ask(first)
    expect(rows(first)).to_have_count(2)
    server.is_silent = True
    server.refusal = UNAVAILABLE
    ask(first, "een")
    second = new_page()
    ask(second, "twee")
    expect(rows(second).filter(has_text="twee")).to_have_attribute("data-state", "behind")
    first.close()
    server.refusal = None
    expect(second.locator("chat-widget [data-state=sent]")).to_have_count(4)
    assert [message["text"] for message in server.conversation.messages[2:]] == ["een", "twee"]


def test_attempts_that_fail_come_less_and_less_often(new_page: NewPage, server: WidgetServer) -> None:
    page = new_page(clock=True)
    server.refusal = UNAVAILABLE
    ask(page)
    expect(rows(page).first).to_have_attribute("data-state", "failed")
    for attempt, longest_ms in enumerate((1_250, 2_500, 5_000, 10_000, 18_750, 18_750), 1):
        server.wait_for(lambda attempt=attempt: len(server.received("message")) == attempt)
        page.clock.run_for(longest_ms)
    waits = page.evaluate("""async () => {
      const { waitBeforeRetry } = await import("/static/widget/outbox.js");
      return [0, 1, 2, 3, 4, 20].flatMap((failures) => [0, 1].map((chance) => waitBeforeRetry(failures, chance)));
    }""")
    assert waits == [750, 1250, 1500, 2500, 3000, 5000, 6000, 10000, 11250, 18750, 11250, 18750]


def test_unsent_messages_survive_a_reload_and_go_out_in_order(page: Page, server: WidgetServer) -> None:
    ask(page)
    expect(rows(page)).to_have_count(2)
    server.is_silent = True
    server.stop()
    for text in ("een", "twee", "drie"):
        ask(page, text)
    expect(rows(page).last).to_contain_text("Wacht op verbinding")
    expect(page.get_by_text("Geen verbinding. We proberen het opnieuw")).to_be_visible()

    server.start()
    page.reload()

    expect(bubbles(page)).to_have_text([QUESTION, ANSWER, "een", "twee", "drie"])
    expect(page.locator("chat-widget [data-state=sent]")).to_have_count(5)
    assert [message["text"] for message in server.conversation.messages[2:]] == ["een", "twee", "drie"]


def test_offline_bar_goes_away_when_the_connection_is_back(page: Page, server: WidgetServer) -> None:
    launcher(page).click()
    server.wait_for(lambda: server.connections == 1)
    server.stop()
    bar = page.get_by_text("Geen verbinding. We proberen het opnieuw")
    expect(bar).to_be_visible()
    server.start()
    page.get_by_role("button", name="Nu proberen").click()
    expect(bar).to_be_hidden()
    expect(field(page)).to_be_focused()


@pytest.mark.parametrize("retry", [True, False])
def test_refused_message_shows_the_servers_words(page: Page, server: WidgetServer, retry: bool) -> None:
    server.next_error = {"code": "slow_down", "error": "Wacht een minuut.", "retry": retry}
    ask(page)
    expect(rows(page).first).to_contain_text("Wacht een minuut.")
    expect(retry_button(page)).to_have_count(1 if retry else 0)
    ask(page, "Iets anders")
    expect(bubbles(page)).to_have_text(
        [QUESTION, ANSWER, "Iets anders", ANSWER] if retry else [QUESTION, "Iets anders", ANSWER]
    )


def test_error_that_is_about_no_message_is_shown(page: Page, server: WidgetServer) -> None:
    ask(page)
    expect(rows(page)).to_have_count(2)
    server.send({"type": "error", "code": "x", "error": "Er ging iets mis.", "id": None, "retry": False})
    expect(page.get_by_role("alert")).to_have_text("Er ging iets mis.")
    server.send({"type": "ack", "id": "van-een-andere-tab", "entry_id": "1-0", "repeated": False})
    expect(page.get_by_role("alert")).to_have_count(0)


def test_refused_page_is_told_and_does_not_knock_again(new_page: NewPage, server: WidgetServer) -> None:
    page = new_page(script=COUNT_SOCKETS, clock=True)
    launcher(page).click()
    server.wait_for(lambda: server.connections == 1)
    server.close_all(1008)
    expect(page.get_by_text("De chat werkt niet op deze pagina.")).to_be_visible()
    page.clock.fast_forward(60_000)
    assert page.evaluate("sockets") == 1


def test_message_that_is_too_large_for_the_server_is_not_sent_again(page: Page, server: WidgetServer) -> None:
    server.holds_acks = True
    ask(page)
    server.wait_for(lambda: len(server.received("message")) == 1)
    server.close_all(1009)
    expect(rows(page).first).to_contain_text("Dit bericht is te groot om te versturen.")
    server.wait_for(lambda: len(server.received("hello")) == 2)
    hear_all(server)
    assert len(server.received("message")) == 1


def test_waits_between_attempts_grow_to_half_a_minute(page: Page) -> None:
    waits = page.evaluate("""async () => {
      const { waitBeforeAttempt } = await import("/static/widget/connection.js");
      return [0, 1, 2, 3, 20].flatMap((attempt) => [0, 1].map((chance) => waitBeforeAttempt(attempt, chance)));
    }""")
    assert waits == [500, 625, 750, 1250, 1500, 2500, 3000, 5000, 30000, 30000]


# Text from outside


@pytest.mark.parametrize("text", ["<script>window.hacked = 1</script>", "<img src=x onerror='window.hacked = 1'>"])
def test_markup_in_text_is_shown_as_text(page: Page, server: WidgetServer, text: str) -> None:
    ask(page, text)
    expect(rows(page)).to_have_count(2)
    server.say(text, sender="agent", agent_name=text, buttons=[{"title": text, "payload": "/x", "url": None}])
    server.set_owner("agent", text)
    expect(bubbles(page)).to_have_text([text, ANSWER, text])
    expect(page.get_by_role("dialog")).to_contain_text(f"Je praat met {text}")
    assert page.evaluate("window.hacked") is None


def test_only_web_addresses_become_links(page: Page, server: WidgetServer) -> None:
    ask(page)
    expect(rows(page)).to_have_count(2)
    server.say(
        'Zie https://a.example/b_(c)?d=1. Niet: javascript:alert(1), ftp://a.example of "data:text/html,x".',
        buttons=[
            {"title": "Goed", "payload": None, "url": "https://a.example/goed"},
            {"title": "Fout", "payload": None, "url": "javascript:alert(1)"},
        ],
    )
    expect(rows(page)).to_have_count(3)
    links = page.locator("chat-widget .log a")
    assert links.evaluate_all("links => links.map((link) => [link.href, link.target, link.rel])") == [
        ["https://a.example/b_(c)?d=1", "_blank", "noopener noreferrer"],
        ["https://a.example/goed", "_blank", "noopener noreferrer"],
    ]
    expect(page.get_by_text("Fout", exact=True)).to_have_count(0)


def test_each_message_has_its_own_text_direction(page: Page, server: WidgetServer) -> None:
    ask(page)
    expect(rows(page)).to_have_count(2)
    server.say("مرحبا، كيف يمكنني مساعدتك؟")
    expect(rows(page)).to_have_count(3)
    directions = bubbles(page).evaluate_all("all => all.map((bubble) => getComputedStyle(bubble).direction)")
    assert directions == ["ltr", "ltr", "rtl"]


# Keyboard, screen reader, reading


def test_keyboard_alone_is_enough(page: Page) -> None:
    launcher(page).focus()
    page.keyboard.press("Enter")
    expect(field(page)).to_be_focused()
    page.keyboard.type("eerste regel")
    page.keyboard.press("Shift+Enter")
    page.keyboard.type("tweede regel")
    page.keyboard.press("Enter")
    expect(bubbles(page)).to_have_text(["eerste regel\ntweede regel", ANSWER])
    expect(field(page)).to_be_focused()
    page.keyboard.press("Shift+Tab")
    expect(page.get_by_role("log")).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_be_hidden()
    expect(launcher(page)).to_be_focused()
    expect(launcher(page)).to_have_attribute("aria-expanded", "false")


def test_enter_that_ends_a_composition_sends_nothing(page: Page, server: WidgetServer) -> None:
    launcher(page).click()
    field(page).fill("にほん")
    composing = {"key": "Enter", "bubbles": True, "cancelable": True, "isComposing": True}
    field(page).dispatch_event("keydown", composing)
    expect(field(page)).to_have_value("にほん")
    assert server.received("message") == []


def test_log_is_polite_and_silent_about_what_was_there_already(new_page: NewPage) -> None:
    page = new_page(script=NOTE_LIVE)
    ask(page)
    expect(rows(page)).to_have_count(2)
    page.reload()
    expect(rows(page)).to_have_count(2)
    ask(page, "Nog iets")
    expect(rows(page)).to_have_count(4)
    assert page.evaluate("live") == ["off", "off", "polite", "polite"]


def test_closed_chat_counts_unread_messages_and_opening_reads_them(page: Page, server: WidgetServer) -> None:
    ask(page)
    expect(rows(page)).to_have_count(2)
    server.wait_for(lambda: len(server.received("read")) == 1)
    page.keyboard.press("Escape")
    reads = len(server.received("read"))
    server.say("Nog iets?")
    newest = server.say("Ben je er nog?")
    expect(launcher(page)).to_have_attribute("title", "Stel je vraag (2 nieuwe berichten)")
    expect(launcher(page)).to_have_text("2")
    server.wait_for(lambda: server.received("received")[-1:] == [{"type": "received", "up_to": newest["entry_id"]}])
    assert len(server.received("read")) == reads

    page.reload()
    expect(launcher(page)).to_have_text("2")
    launcher(page).click()

    server.wait_for(lambda: server.received("read")[-1]["up_to"] == newest["entry_id"])
    page.keyboard.press("Escape")
    expect(launcher(page)).to_have_attribute("title", "Stel je vraag")


def test_new_connection_is_told_again_what_was_read(page: Page, server: WidgetServer) -> None:
    ask(page)
    expect(rows(page)).to_have_count(2)
    newest = server.conversation.messages[-1]["entry_id"]
    server.wait_for(lambda: server.received("read")[-1:] == [{"type": "read", "up_to": newest}])
    hellos = len(server.received("hello"))

    server.drop()

    server.wait_for(lambda: len(server.received("hello")) > hellos)
    server.wait_for(lambda: server.frames[-1] == {"type": "read", "up_to": newest})


def test_reader_who_scrolled_up_is_not_pulled_down(page: Page, server: WidgetServer) -> None:
    ask(page)
    expect(rows(page)).to_have_count(2)
    for number in range(20):
        server.say(f"regel {number}")
    expect(rows(page)).to_have_count(22)
    assert is_at_end(page)
    log = page.get_by_role("log")
    log.evaluate("log => log.scrollTo(0, 0)")
    page.evaluate("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")

    server.say("nieuw")

    button = page.get_by_role("button", name="Nieuwe berichten", exact=True)
    expect(button).to_be_visible()
    assert log.evaluate("log => log.scrollTop") == 0
    button.click()
    expect(button).to_be_hidden()
    assert is_at_end(page)


def test_text_that_is_too_long_is_counted_and_not_sent(page: Page, server: WidgetServer) -> None:
    ask(page)
    expect(rows(page)).to_have_count(2)
    field(page).fill("😀" * (MAX_TEXT_CHARS - 3))
    expect(page.get_by_text("Nog 3 tekens")).to_be_visible()
    field(page).fill("😀" * (MAX_TEXT_CHARS + 1))
    expect(page.get_by_text("1 teken te veel")).to_be_visible()
    field(page).press("Enter")
    expect(rows(page)).to_have_count(2)
    assert len(server.received("message")) == 1


def test_typing_is_told_at_most_once_in_three_seconds(new_page: NewPage, server: WidgetServer) -> None:
    page = new_page(clock=True)
    launcher(page).click()
    server.wait_for(lambda: server.connections == 1)
    field(page).press_sequentially("hallo")
    page.clock.fast_forward(3_100)
    field(page).press_sequentially("daar")
    server.wait_for(lambda: len(server.received("typing")) >= 2)
    hear_all(server)
    assert len(server.received("typing")) == 2


# Where it is shown


def test_phone_shows_a_sheet_over_the_whole_screen_without_sideways_scroll(
    new_page: NewPage, server: WidgetServer
) -> None:
    page = new_page(**PHONE)
    launcher(page).tap()
    dialog = page.get_by_role("dialog")
    assert dialog.bounding_box() == {"x": 0, "y": 0, "width": 360, "height": 640}
    assert dialog.evaluate("dialog => dialog.matches(':modal')")
    expect(page.get_by_role("log")).to_be_focused()  # the keyboard would cover half of it
    server.wait_for(lambda: server.connections == 1)
    server.say(
        "a" * 300 + " https://www.example.nl/" + "b" * 200, buttons=[{"title": "c" * 80, "payload": "/x", "url": None}]
    )
    expect(rows(page)).to_have_count(1)
    for scroller in (page.locator("html"), page.get_by_role("log"), dialog):
        assert scroller.evaluate("node => node.scrollWidth <= node.clientWidth")
    assert field(page).evaluate("node => parseFloat(getComputedStyle(node).fontSize)") >= 16
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    assert page.locator("html").evaluate("node => node.scrollWidth <= node.clientWidth")


def test_controls_are_large_enough_to_touch(new_page: NewPage, server: WidgetServer) -> None:
    page = new_page(**PHONE)
    launcher(page).tap()
    server.wait_for(lambda: server.connections == 1)
    server.next_error = {"code": "x", "error": "Wacht even.", "retry": True}
    ask(page)
    server.say("Bedoel je:", buttons=[{"title": "Ja", "payload": "/bevestigen", "url": None}])
    expect(retry_button(page)).to_be_visible()
    for control in page.locator("chat-widget").get_by_role("button").all():
        box = control.bounding_box()
        assert box and box["width"] >= 44 and box["height"] >= 44, control.inner_html()


@pytest.mark.parametrize("module", [False, True])
def test_site_of_another_origin_embeds_it_with_one_line(new_page: NewPage, server: WidgetServer, module: bool) -> None:
    page = new_page()
    tag = f'<script type="module" src="{server.url}/widget.js"></script><chat-widget heading="Sjop"></chat-widget>'
    line = tag if module else f'<script async src="{server.url}/widget.js" data-heading="Sjop"></script>'
    html = f"<!doctype html><title>Sjop</title><style>* {{ color: red; font-size: 40px }}</style>{line}"
    server.pages["/shop"] = html
    page.goto(f"http://localhost:{server.port}/shop")  # another origin than 127.0.0.1
    ask(page)
    expect(bubbles(page)).to_have_text([QUESTION, ANSWER])
    expect(page.locator("chat-widget")).to_have_count(1)
    expect(page.get_by_role("dialog", name="Sjop")).to_be_visible()
    assert bubbles(page).last.evaluate("node => getComputedStyle(node).fontSize") == "16px"


def test_the_real_server_speaks_the_same_protocol(chromium: Browser, site: Site) -> None:
    """There is no assistant behind `site`: the answer is that a human will come."""
    with chromium.new_context(reduced_motion="reduce") as context:
        page = context.new_page()
        page.goto(f"{site.url}/demo")
        launcher(page).wait_for()
        ask(page)
        expect(rows(page).first).to_have_attribute("data-state", "sent")
        expect(rows(page)).to_have_count(2)
        expect(page.get_by_role("dialog")).to_contain_text("Je staat in de wachtrij")
        context.set_offline(True)
        ask(page, "En op maandag?")
        context.set_offline(False)
        expect(rows(page).filter(has_text="En op maandag?")).to_have_attribute("data-state", "sent")
        page.reload()
        expect(bubbles(page).filter(has_text=QUESTION)).to_have_count(1)
        expect(bubbles(page).filter(has_text="En op maandag?")).to_have_count(1)


def test_the_banner_of_a_crisis_is_on_top_in_chats_that_are_open_until_it_ends(chromium: Browser, site: Site) -> None:
    banner = "De bezorging ligt stil. Kijk op https://winkel.example/storing."
    with chromium.new_context(reduced_motion="reduce") as context:
        page = context.new_page()
        page.goto(f"{site.url}/demo")
        launcher(page).click()
        shown = page.locator("chat-widget .banner")
        expect(page.get_by_role("dialog")).to_be_visible()
        expect(shown).to_be_hidden()
        now = now_ms()
        crisis = Crisis(True, banner, from_ms=now, until_ms=now + 3_600_000, at_ms=now)
        crisis = site.run(lambda store: store.crisis.save(crisis))
        expect(shown).to_have_text(banner)
        expect(shown.get_by_role("link")).to_have_attribute("href", "https://winkel.example/storing")
        page.reload()
        launcher(page).click()
        expect(shown).to_have_text(banner)
        site.run(lambda store: store.crisis.save(replace(crisis, until_ms=now_ms() + 200)))
        expect(shown).to_be_hidden()


def test_what_is_written_while_redis_is_gone_is_stored_once_and_in_order(chromium: Browser, tmp_path: Path) -> None:
    texts = ["een", "twee", "drie"]
    with (
        OwnRedis(tmp_path) as redis,
        running_site(redis.url, tmp_path, turn_timeout_s=60) as site,
        chromium.new_context(reduced_motion="reduce") as context,
    ):
        page = context.new_page()
        page.goto(f"{site.url}/demo")
        ask(page, "nul")
        expect(rows(page).first).to_have_attribute("data-state", "sent")
        kill_redis(site)
        for text in texts:
            ask(page, text)
        expect(rows(page).nth(1)).to_contain_text("Je bericht is nog niet verstuurd. We proberen het zo opnieuw.")
        expect(rows(page).nth(3)).to_contain_text("Wacht op je vorige bericht")

        redis.start()

        expect(page.locator("chat-widget [data-state=sent]")).to_have_count(4)
        conversation_id = site.run(lambda store: store.conversations.recent())[0].id
        stored = site.run(lambda store: store.conversations.messages(conversation_id))
        assert [message.text for message in stored] == ["nul", *texts]
        expect(bubbles(page)).to_have_text(["nul", *texts])


def kill_redis(site: Site) -> None:
    async def find(store: Store) -> int:
        # On a busy disk Redis holds writes back for up to two seconds, and a kill then costs them.
        async def is_written() -> bool:
            return int((await store._client.info("persistence"))["aof_buffer_length"]) == 0

        await eventually(is_written)
        return int((await store._client.info("server"))["process_id"])

    os.kill(site.run(find), signal.SIGKILL)
