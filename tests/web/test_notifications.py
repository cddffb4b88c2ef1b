"""Notifications, reminders and mail to the customer, as agents use them."""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import httpx
import pytest

from bot.model import Account, Handoff
from bot.store.connection import encode
from bot.store.mails import Mail
from bot.store.notifications import Notification
from bot.store.work import now_ms
from tests.conftest import Site, eventually, running_site
from tests.fakes.conversations import NOT_SURE, answer, message, naming, write
from tests.fakes.mail_server import MailServer, mail_server

AMSTERDAM = ZoneInfo("Europe/Amsterdam")
MESSAGE_ID = re.compile(r'name="message_id" value="(\w+)"')


@pytest.fixture(scope="module")
def mails() -> Iterator[MailServer]:
    with mail_server() as server:
        yield server


@pytest.fixture(scope="module")
def site(redis_url: str, tmp_path_factory: pytest.TempPathFactory, mails: MailServer) -> Iterator[Site]:
    var = tmp_path_factory.mktemp("site")
    settings = {"smtp_url": mails.url, "mail_from": "Sinkel <post@sinkel.example>"}
    # On a busy machine a test may take longer than a customer is let wait for the assistant.
    with running_site(redis_url, var, turn_timeout_s=30.0, **settings) as site:
        yield site


@pytest.fixture(scope="module")
def sanne(site: Site) -> Iterator[httpx.Client]:
    site.account("joost", "agent", name="Joost")
    with httpx.Client(
        base_url=site.url, cookies={"bot_session": site.session("sanne", "agent", name="Sanne")}, timeout=30
    ) as client:
        yield client


def conversation(site: Site, name: str, email: str = "anna@voorbeeld.nl") -> str:
    """Somebody who named an address, was answered by an agent, and about whom there is a note; returns its id."""
    name = f"{name}-{uuid.uuid4().hex}"

    async def make(store: object) -> None:
        written = await write(store, "Mijn rekening is NL91ABNA0417164300, waar is mijn pakket?", name)  # type: ignore[arg-type]
        handoff = Handoff("not_confident", "normal", now_ms(), written.id, nlu=NOT_SURE)
        found = naming(NOT_SURE, email=email)
        await answer(store, written, "Een collega helpt je zo.", nlu=found, handoff=handoff)  # type: ignore[arg-type]
        agent = Account("sanne", "Sanne", ("agent",))
        await store.queue.claim(await store.conversations.get(name), agent)  # type: ignore[attr-defined]
        await store.queue.reply(name, agent, message(name, "agent", "Het komt morgen.", agent_name="Sanne"))  # type: ignore[attr-defined]
        await store.conversations.note(message(name, "note", "Lastige klant."))  # type: ignore[attr-defined]

    site.run(make)
    return name


def test_a_notification_is_new_until_it_was_read(site: Site, sanne: httpx.Client) -> None:
    assert "Er zijn nog geen meldingen" in sanne.get("/notifications").text
    for text in ("Eén", "<b>Twee</b>"):
        site.run(lambda store, text=text: store.notifications.tell("sanne", Notification("mention", text, "/desk/x")))  # type: ignore[misc]
    assert sanne.get("/notifications/unread").json() == {"unread": 2, "crisis_until": ""}
    shown = sanne.get("/notifications").text
    assert shown.index("&lt;b&gt;Twee") < shown.index("Eén") and shown.count("notification-new") == 2
    assert sanne.post("/notifications/read").headers["location"] == "/notifications"
    assert sanne.get("/notifications/unread").json() == {"unread": 0, "crisis_until": ""}
    site.run(lambda store: store.notifications.tell("sanne", Notification("mention", "Drie")))
    assert sanne.get("/notifications").text.count("notification-new") == 1


async def test_the_server_warns_of_a_promise_that_is_not_kept(site: Site, sanne: httpx.Client) -> None:
    site.account("mila", "manager", name="Mila")
    async with site.store() as store:
        await write(store, "hallo", "te-laat", channel="rest")
        hour_ago_ms = now_ms() - 3_600_000
        handoff = Handoff("complaint", "normal", hour_ago_ms, department="klantenservice", first_due_ms=hour_ago_ms)
        await store.queue.put(await store.conversations.get("te-laat"), handoff)

        async def told() -> bool:
            return any(one.conversation_id == "te-laat" for one in await store.notifications.latest("joost"))

        await eventually(told)
        assert await store.notifications.latest("mila") == [], "a first warning is not for managers"


async def test_managers_see_which_mail_never_arrived(site: Site, mails: MailServer) -> None:
    gone = Mail("joost", "promise", "Te laat: een klant wacht", "/desk/te-laat", now_ms())
    cookies = {"bot_session": site.session("mila", "manager", name="Mila")}
    async with site.store() as store, httpx.AsyncClient(base_url=site.url, cookies=cookies, timeout=30) as mila:
        assert "Alle mails zijn aangekomen" in (await mila.get("/team/mail")).text
        joost = replace(await store.accounts.get("joost"), email="joost@vol.example")
        await store._client.hset(store._keys.accounts, "joost", encode(joost))
        await store.notifications.tell("joost", Notification("promise", gone.text), mail=gone)

        async def told() -> bool:
            page = (await mila.get("/team/mail")).text
            return "Joost" in page and "weigert deze mail" in page and "antwoord 552" in page

        await eventually(told)
        page = (await mila.get("/team/mail")).text
        assert "Te laat" not in page and "vol.example" not in page
        mails.laters = 9
        await store._client.hset(store._keys.accounts, "joost", encode(replace(joost, email="joost@later.example")))
        waits = Mail("joost", "promise", gone.text, at_ms=now_ms() - 3_600_000, url="")
        await store.notifications.tell("joost", Notification("promise", gone.text), mail=waits)
        ready = (await mila.get("/health/ready")).json()
        assert not ready["parts"]["mail"]["ok"] and "mail" in ready["degraded"]
        await store.mails.done(waits)
        await store._client.hset(store._keys.accounts, "joost", encode(replace(joost, email="")))


def test_mail_is_wanted_until_somebody_says_no(site: Site, sanne: httpx.Client) -> None:
    assert 'name="mail" checked' in sanne.get("/notifications").text
    sanne.post("/notifications/choices", data={})
    assert 'name="mail" checked' not in sanne.get("/notifications").text


async def test_a_reminder_comes_when_it_is_due_and_is_ticked_off(site: Site, sanne: httpx.Client) -> None:
    name = conversation(site, "herinner-mij")
    tomorrow = datetime.now(AMSTERDAM) + timedelta(days=1)
    form = {"text": "Bel terug", "day": tomorrow.date().isoformat(), "time": "09:30", "account": "sanne"}
    assert sanne.post(f"/desk/{name}/reminder", data=form).headers["location"] == f"/desk/{name}"
    assert "Bel terug" in sanne.get(f"/desk/{name}/reminder").text
    async with site.store() as store:
        (made,) = await store.reminders.of_account("sanne")
        assert datetime.fromtimestamp(made.at_ms / 1000, AMSTERDAM).hour == 9
        # Tomorrow comes early; the server itself tells.
        await store._client.zadd(store._keys.reminders_due, {f"sanne {made.id}": now_ms()})

        async def told() -> bool:
            return "Bel terug" in [one.text for one in await store.notifications.latest("sanne")]

        await eventually(told)
    assert "nu doen" in sanne.get("/notifications").text
    sanne.post(f"/notifications/reminders/{made.id}/done")
    assert "nu doen" not in sanne.get("/notifications").text


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"text": ""}, "Schrijf op wat je wilt doen"),
        ({"day": "2020-01-01"}, "die nog komen"),
        ({"day": "morgen"}, "die nog komen"),
        ({"account": "niemand"}, "Kies voor wie"),
    ],
)
def test_a_reminder_that_is_not_right_comes_back_as_it_was_typed(
    site: Site, sanne: httpx.Client, changed: dict[str, str], said: str
) -> None:
    name = conversation(site, "herinner-fout")
    form = {"text": "Bel terug", "day": "2099-01-01", "time": "09:30", "account": "joost"}
    soon = (datetime.now(AMSTERDAM) + timedelta(days=2)).date().isoformat()
    answer = sanne.post(f"/desk/{name}/reminder", data={**form, "day": soon, **changed})
    assert answer.status_code == 400 and said in answer.text
    assert ("Bel terug" in answer.text) == ("text" not in changed)


async def test_a_conversation_is_mailed_as_the_customer_knows_it(
    site: Site, sanne: httpx.Client, mails: MailServer
) -> None:
    name = conversation(site, "mail-mij")
    page = sanne.get(f"/desk/{name}/mail").text
    assert 'value="anna@voorbeeld.nl"' in page and "Het komt morgen." in page and "Lastige klant" not in page
    before, message_id = len(mails.mails), MESSAGE_ID.search(page)
    assert message_id
    form = {"address": "anna@voorbeeld.nl", "message_id": message_id[1]}
    for _ in range(2):  # a double click
        assert sanne.post(f"/desk/{name}/mail", data=form).headers["location"] == f"/desk/{name}"
    (mail,) = mails.mails[before:]
    text = mail.get_content()
    assert (mail["to"], mail["subject"]) == ("anna@voorbeeld.nl", "Je gesprek met Winkel van Sinkel")
    assert re.search(r"\d\d:\d\d Jij: Mijn rekening is \[IBAN\], waar is mijn pakket\?", text)
    assert re.search(r"\d\d:\d\d Sanne: Het komt morgen\.", text)
    assert "Lastige klant" not in text and "faq_" not in text and "0.5" not in text
    assert "Sanne heeft het gesprek gemaild naar a***@voorbeeld.nl." in sanne.get(f"/desk/{name}").text
    async with site.store() as store:
        noted = (await store.audit.page(limit=1))[0]
    assert (noted.what, noted.about, noted.details) == ("conversation.mailed", name, "a***@voorbeeld.nl")


@pytest.mark.parametrize(
    ("address", "status", "said"),
    [("anna", 400, "Vul één mailadres in"), ("anna@vol.example", 502, "nam de mail niet aan")],
)
def test_a_mail_that_does_not_go_leaves_what_was_typed(
    site: Site, sanne: httpx.Client, address: str, status: int, said: str
) -> None:
    name = conversation(site, "mail-fout")
    answer = sanne.post(f"/desk/{name}/mail", data={"address": address, "message_id": "0" * 32})
    assert answer.status_code == status and said in answer.text and f'value="{address}"' in answer.text


def test_nobody_mails_a_conversation_again_and_again(site: Site, sanne: httpx.Client, mails: MailServer) -> None:
    name, before = conversation(site, "mail-vaak"), len(mails.mails)
    for number in range(4):
        form = {"address": "anna@voorbeeld.nl", "message_id": f"{number:032x}"}
        answer = sanne.post(f"/desk/{name}/mail", data=form)
    assert answer.status_code == 429 and len(mails.mails) == before + 3
