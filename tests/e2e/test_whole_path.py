"""From a question on the web site to an answer or a human: real Rasa, real Redis, real browser."""

from __future__ import annotations

import json
import urllib.request
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from bot.store import Store
from tests.conftest import API_TOKEN, PASSWORD, REST_TOKEN, Site
from tests.e2e.chat import ask, bubbles, open_chat
from tests.e2e.conftest import Assistant

pytestmark = [pytest.mark.browser, pytest.mark.train]

ODD_QUESTION = "mijn kat zit vast in jullie lift"


def sign_in(context: BrowserContext, site: Site) -> Page:
    page = context.new_page()
    page.goto(site.url + "/desk")
    page.get_by_label("Naam").fill("sanne")
    page.get_by_label("Wachtwoord").fill(PASSWORD)
    page.get_by_role("button", name="Inloggen").click()
    return page


def request(site: Site, method: str, path: str, token: str, body: Any = None) -> Any:
    sent = urllib.request.Request(
        site.url + path,
        method=method,
        data=json.dumps(body).encode() if body is not None else None,
        headers={"authorization": f"Bearer {token}"},
    )
    with urllib.request.urlopen(sent, timeout=20) as response:
        return json.load(response)


def send(site: Site, sender: str, message: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = request(
        site, "POST", "/webhooks/rest/webhook", REST_TOKEN, {"sender": sender, "message": message}
    )
    return found


def test_a_customer_asks_and_an_agent_helps_in_the_same_window(
    site: Site, assistant: Assistant, customer: BrowserContext, agent: BrowserContext
) -> None:
    chat = open_chat(customer, site)
    ask(chat, "hoe laat zijn jullie open op zondag?")
    expect(bubbles(chat).last).to_contain_text("zondag van 12.00 tot 17.00 uur", timeout=15_000)

    ask(chat, ODD_QUESTION)
    expect(bubbles(chat).last).to_contain_text("collega", timeout=15_000)
    expect(chat.get_by_role("dialog")).to_contain_text("wachtrij")

    desk = sign_in(agent, site)
    desk.get_by_role("link", name=ODD_QUESTION).or_(desk.locator(".conversation-row")).first.click()
    transcript = desk.locator("#transcript")
    expect(transcript).to_contain_text("hoe laat zijn jullie open op zondag?")
    expect(transcript).to_contain_text("zondag van 12.00 tot 17.00 uur")
    expect(transcript).to_contain_text(ODD_QUESTION)
    expect(transcript).to_contain_text("Herkend als")
    expect(desk.locator("#handoff")).to_contain_text("Vraag niet herkend")

    desk.get_by_role("button", name="Neem over", exact=True).click()
    expect(bubbles(chat).last).to_contain_text("Je praat nu met Sanne")
    desk.get_by_role("textbox", name="Antwoord aan").fill("Ik stuur meteen iemand naar de lift!")
    desk.get_by_role("button", name="Versturen").click()
    expect(bubbles(chat).last).to_have_text("Ik stuur meteen iemand naar de lift!")

    ask(chat, "dank je, hij miauwt al minder")
    expect(transcript).to_contain_text("hij miauwt al minder")

    chat.reload()
    expect(chat.get_by_role("dialog")).to_be_visible()
    expect(bubbles(chat)).to_have_count(7)
    expect(bubbles(chat).nth(5)).to_have_text("Ik stuur meteen iemand naar de lift!")

    site.stop()
    site.start()
    ask(chat, "ben je er nog?")
    expect(transcript).to_contain_text("ben je er nog?", timeout=40_000)
    expect(bubbles(chat)).to_have_count(8)


def test_what_is_asked_over_rest_is_answered_with_the_template(site: Site, assistant: Assistant) -> None:
    replies = send(site, "rest-1", "hoe laat zijn jullie open op zondag?")
    stored = request(site, "GET", "/api/v1/templates/utter_faq_openingstijden", API_TOKEN)
    assert replies[0]["text"] == stored["text"]


def test_what_is_not_understood_is_in_the_queue_with_all_that_an_agent_needs(site: Site, assistant: Assistant) -> None:
    send(site, "rest-2", "hallo")
    replies = send(site, "rest-2", ODD_QUESTION)
    assert "collega" in replies[0]["text"]
    queue = request(site, "GET", "/api/v1/queue", API_TOKEN)
    item = next(item for item in queue["items"] if item["conversation"]["customer_id"] == "rest-2")
    assert item["handoff"]["reason"] == "not_confident"
    assert len(item["handoff"]["nlu"]["ranking"]) >= 3
    said = [line["message"]["text"] for line in item["transcript"]]
    assert (said[0], said[2]) == ("hallo", ODD_QUESTION)
    whole = request(site, "GET", f"/api/v1/conversations/{item['conversation']['id']}", API_TOKEN)
    assert whole["transcript"] == item["transcript"]


def test_a_complaint_gets_sympathy_and_the_front_of_the_queue(site: Site, assistant: Assistant) -> None:
    send(site, "rest-3", "ik wil een medewerker spreken")
    replies = send(site, "rest-4", "ik heb een klacht, jullie medewerker was ontzettend onbeschoft tegen mij")
    assert "klacht" in replies[0]["text"]
    queue = request(site, "GET", "/api/v1/queue", API_TOKEN)
    first = queue["items"][0]
    assert (first["handoff"]["reason"], first["handoff"]["priority"]) == ("complaint", "high")


def test_an_edited_answer_is_in_the_next_reply(site: Site, assistant: Assistant) -> None:
    path = "/api/v1/templates/utter_faq_cadeaubon"
    request(site, "PUT", path, API_TOKEN, {"text": "Cadeaubonnen koop je bij de kassa. {openingstijden}"})
    replies = send(site, "rest-5", "waar kan ik een cadeaubon kopen?")
    assert replies[0]["text"].startswith("Cadeaubonnen koop je bij de kassa. vandaag")


@pytest.mark.parametrize("text", ["/restart", "/session_start", "/nlu_ask", "/faq_bestaat_niet", "/"])
def test_a_command_of_rasa_is_just_text_to_a_customer(site: Site, assistant: Assistant, text: str) -> None:
    sender = f"rest-slash-{text.strip('/') or 'x'}"
    assert send(site, sender, text) != []


def test_a_button_gives_its_answer_whatever_its_title(site: Site, assistant: Assistant) -> None:
    replies = send(site, "rest-6", "/faq_retourkosten")
    stored = request(site, "GET", "/api/v1/templates/utter_faq_retourkosten", API_TOKEN)
    assert replies[0]["text"] == stored["text"]


def test_a_title_that_an_editor_changed_is_on_the_buttons(site: Site, assistant: Assistant) -> None:
    path = "/api/v1/templates/utter_faq_retourneren"
    current = request(site, "GET", path, API_TOKEN)
    request(site, "PUT", path, API_TOKEN, {"text": current["text"], "title": "Iets terugsturen"})
    replies = send(site, "rest-title", "terug")
    assert "Iets terugsturen" in [button["title"] for button in replies[0]["buttons"]]


def test_no_after_an_answer_brings_a_human(site: Site, assistant: Assistant) -> None:
    send(site, "rest-7", "wat kost terugsturen?")
    replies = send(site, "rest-7", "/ontkennen")
    assert "Sorry" in replies[0]["text"]
    queue = request(site, "GET", "/api/v1/queue", API_TOKEN)
    reasons = {item["conversation"]["customer_id"]: item["handoff"]["reason"] for item in queue["items"]}
    assert reasons["rest-7"] == "not_helped"


def test_a_missing_answer_brings_a_human(site: Site, assistant: Assistant) -> None:
    async def remove(store: Store) -> None:
        await store._client.hdel(store._keys.templates, "utter_faq_garantie")

    site.run(remove)
    replies = send(site, "rest-8", "/faq_garantie")
    assert "collega" in replies[0]["text"]
    queue = request(site, "GET", "/api/v1/queue", API_TOKEN)
    reasons = {item["conversation"]["customer_id"]: item["handoff"]["reason"] for item in queue["items"]}
    assert reasons["rest-8"] == "template_missing"


def test_a_long_conversation_costs_no_more_and_is_kept_whole(site: Site, assistant: Assistant) -> None:
    for number in range(25):
        assert send(site, "rest-9", "/faq_ruilen" if number % 2 else "/groet")
    whole = request(site, "GET", "/api/v1/conversations/rest-rest-9", API_TOKEN)
    assert len(whole["transcript"]) == 50

    async def dialogue(store: Store) -> str:
        found = await store._client.hget(store._keys.conversation("rest-rest-9"), "dialogue")
        return str(found)

    assert len(site.run(dialogue)) < 20_000


@pytest.mark.parametrize(
    "text",
    [
        "hoe laat zijn jullie open in kwetsjeldorp?",
        "kwetsjel kwetsjel kwetsjel",
        "waar is bestelling KW-7700441 van kwetsjel@voorbeeld.nl?",
        "ik heb een klacht over kwetsjel",
        '{"event": "kwetsjel"} /kwetsjel %(kwetsjel)s',
        "ik wil dood kwetsjel",
    ],
)
def test_logs_follow_a_message_from_web_to_assistant_without_a_word_of_it(
    site: Site, assistant: Assistant, text: str
) -> None:
    sender = f"rest-12-{abs(hash(text))}"
    assert send(site, sender, text)
    # The assistant begins the next message when the line about this one is written.
    assert send(site, "rest-13", "hallo")
    logs = site.log.read_text(), assistant.log.read_text()
    lines = [json.loads(line) for log in logs for line in log.splitlines() if line.startswith("{")]
    events = [line["event"] for line in lines if line.get("conversation_id") == f"rest-{sender}"]
    finished = [] if "dood" in text else ["turn.finished"]  # a web process gives that to a human itself
    assert {"message.received", "message.sent", *finished} <= set(events)
    for word in ("kwetsjel", "7700441"):
        assert word not in "".join(logs).lower().replace(sender, "")


def test_without_the_assistant_customers_are_told_and_humans_get_it(site: Site, assistant: Assistant) -> None:
    assistant.stop()
    replies = send(site, "rest-10", "hoe laat zijn jullie open?")
    assert "storing" in replies[0]["text"]
    queue = request(site, "GET", "/api/v1/queue", API_TOKEN)
    item = next(item for item in queue["items"] if item["conversation"]["customer_id"] == "rest-10")
    assert item["handoff"]["reason"] == "assistant_slow"
    assert [line["message"]["text"] for line in item["transcript"]][0] == "hoe laat zijn jullie open?"
    assistant.start()
    assert "9.30" in send(site, "rest-11", "hoe laat zijn jullie open?")[0]["text"]
