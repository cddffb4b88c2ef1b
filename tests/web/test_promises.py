"""Who is warned when a customer waits longer than was promised, in which order, and until when."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from bot.errors import StoreUnavailable
from bot.model import Account, Conversation, Handoff, Role
from bot.settings import Settings
from bot.store import Store
from bot.store.connection import encode
from bot.store.departments import Department, Target
from bot.store.duty import Shift
from bot.store.notifications import Choices
from bot.store.reminders import Reminder
from bot.store.work import now_ms
from bot.web.mail import Mailer
from bot.web.mail_outbox import MailOutbox
from bot.web.operations.metrics import Metrics
from bot.web.promises import BUNDLE_PAUSE_S, Promises
from bot.web.reminding import Reminding
from bot.web.telling import Telling
from tests.fakes.conversations import message, write
from tests.fakes.mail_server import MailServer, mail_server

MINUTE = 60_000
HOUR = 60 * MINUTE
# Open all week, so that the hour in which the tests run does not matter.
ALWAYS = "ma-zo 0:00-23:59"
SERVICE = Department(
    "klantenservice",
    "de klantenservice",
    Target(10, 480),
    hours=ALWAYS,
    members=("sanne", "joost"),
    managers=("mila",),
    repeat_minutes=15,
)


@pytest.fixture(scope="module")
def mails() -> Iterator[MailServer]:
    with mail_server() as server:
        yield server


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return replace(settings, holidays="", public_url="https://chat.voorbeeld.nl")


def today_and_tomorrow() -> tuple[str, ...]:
    today = datetime.now(ZoneInfo("Europe/Amsterdam")).date()
    return today.isoformat(), (today + timedelta(days=1)).isoformat()


class Office:
    """A department with people, and two web processes that look after its promises."""

    def __init__(self, store: Store, settings: Settings, mails: MailServer) -> None:
        self.store = store
        mailing = replace(settings, smtp_url=mails.url, mail_from="post@sinkel.example")
        telling = [Telling(store, Mailer(mailing)) for _ in range(2)]
        self.promises = [Promises(store, one, mailing) for one in telling]
        self.reminding = [Reminding(store, one) for one in telling]
        self.outbox = MailOutbox(store, Mailer(mailing), mailing, Metrics())

    async def look(self) -> None:
        await asyncio.gather(*(one.look() for one in self.promises))

    async def send_mails(self) -> None:
        for mail in await self.store.mails.due(now_ms(), 10):
            await self.outbox._send(mail)

    async def told(self) -> dict[str, int]:
        """How many notifications each has."""
        found = {}
        for account in await self.store.accounts.all():
            count = len(await self.store.notifications.latest(account.id))
            if count:
                found[account.id] = count
        return found

    async def texts(self, account_id: str) -> list[str]:
        return [one.text for one in await self.store.notifications.latest(account_id)]

    async def late(self, name: str = "c1", *, priority: str = "normal", reason: str = "complaint") -> Conversation:
        """Somebody who was promised an answer an hour ago."""
        await write(self.store, "hallo", name, channel="rest")
        handoff = Handoff(reason, priority, now_ms() - HOUR, department="klantenservice", first_due_ms=now_ms() - HOUR)  # type: ignore[arg-type]
        await self.store.queue.put(await self.store.conversations.get(name), replace(handoff, resolve_due_ms=now_ms()))
        return await self.store.conversations.get(name)

    async def time_passes(self, name: str = "c1") -> None:
        """The next warning is due, if there is one."""
        client, key = self.store._client, self.store._keys.conversation(name)
        seen = await self.store.conversations.get(name)
        if seen.alarm_at_ms:
            await client.hset(key, "alarm_at_ms", now_ms() - 1)
            await self.store.conversations.note(message(name, "note", "even tussendoor"))

    def account(self, account_id: str) -> Account:
        return Account(account_id, account_id.title(), ("agent",))


@pytest.fixture
async def office(store: Store, settings: Settings, mails: MailServer, monkeypatch: pytest.MonkeyPatch) -> Office:
    async def hashed(password: str) -> str:
        return "x"

    monkeypatch.setattr("bot.store.accounts.hash_password", hashed)
    people: dict[str, tuple[Role, ...]] = {
        "sanne": ("agent",),
        "joost": ("agent",),
        "noor": ("agent",),
        "mila": ("manager",),
        "baas": ("admin",),
    }
    for account_id, roles in people.items():
        await store.accounts.create(account_id, account_id.title(), roles, "x" * 20)
    await store.departments.save(SERVICE)
    return Office(store, settings, mails)


async def test_first_who_has_duty_then_the_managers_too_until_somebody_answers(office: Office) -> None:
    store = office.store
    await store.duty.add([Shift("noor", now_ms() - HOUR, now_ms() + HOUR)])
    await office.late()
    await office.look()
    assert await office.told() == {"noor": 1}
    await office.look()
    assert await office.told() == {"noor": 1}, "not before the department's time"
    for times in (2, 3):
        await office.time_passes()
        await office.look()
        assert await office.told() == {"noor": times, "mila": times - 1}
    assert (await office.texts("mila"))[0].endswith("Dit is de 3e waarschuwing.")

    sanne = office.account("sanne")
    await office.time_passes()
    await store.queue.claim(await store.conversations.get("c1"), sanne)
    held = await store.conversations.get("c1")
    assert held.alarm_at_ms > now_ms() + 14 * MINUTE, "a claim is silent for the department's time, no longer"
    await store.queue.reply("c1", sanne, message("c1", "agent", "Hoi"))
    answered = await store.conversations.get("c1")
    assert (answered.alarm_level, answered.alarm_at_ms) == (0, answered.handoff and answered.handoff.resolve_due_ms)


async def test_an_end_that_was_promised_is_warned_of_until_it_is_closed(office: Office) -> None:
    store, sanne = office.store, office.account("sanne")
    await store.queue.claim(await office.late(), sanne)
    await store.queue.reply("c1", sanne, message("c1", "agent", "Hoi"))
    await office.look()
    assert (await office.texts("sanne"))[0].startswith(
        "Te laat: een gesprek is nog niet klaar (de klantenservice, klacht)"
    )
    await office.time_passes()
    await store.queue.reply("c1", sanne, message("c1", "agent", "Ik zoek het uit"))
    assert (await store.conversations.get("c1")).alarm_at_ms > now_ms() + 14 * MINUTE, "an answer is a deed too"
    await store.queue.close(await store.conversations.get("c1"), reason="solved")
    await office.time_passes()
    told = await office.told()
    await office.look()
    assert await office.told() == told
    counts = (await store.figures.read()).counts
    assert counts["promise_warnings:end:first"] == 1
    # An hour late, so in the bucket above it, by a hair.
    assert (counts["people_answer:14400"], counts["people_close:14400"]) == (1, 1)


@pytest.mark.parametrize(
    ("members", "managers", "present", "told"),
    [
        (("sanne", "joost"), ("mila",), ("sanne", "noor"), {"sanne"}),
        (("sanne", "joost"), ("mila",), ("noor",), {"sanne", "joost"}),
        ((), ("mila",), (), {"sanne", "joost", "noor"}),
        (("gone",), (), (), {"sanne", "joost", "noor"}),
    ],
)
async def test_without_duty_who_is_there_then_all_then_the_managers(
    office: Office, members: tuple[str, ...], managers: tuple[str, ...], present: tuple[str, ...], told: set[str]
) -> None:
    known = await office.store.departments.get("klantenservice")
    await office.store.departments.save(replace(known, members=members, managers=managers))
    await office.store.agents.seen(present)
    await office.late()
    await office.look()
    assert set(await office.told()) == told


async def test_two_processes_warn_once(office: Office) -> None:
    await asyncio.gather(*(office.late(f"c{number}") for number in range(3)))
    await asyncio.gather(office.look(), office.look())
    assert await office.told() == {"sanne": 3, "joost": 3}
    # Found in the list before another process warned, and read after it.
    assert await office.store.queue.warned(await office.store.conversations.get("c0"), next_at_ms=1) == 0


async def test_many_at_once_are_one_notification_but_for_danger(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.store.views.PAGE", 2)
    roster, read = office.store.duty, []
    on_duty = roster.on_duty

    async def counted(department_id: str, at_ms: int) -> list[str]:
        read.append(at_ms // MINUTE)
        return await on_duty(department_id, at_ms)

    monkeypatch.setattr(roster, "on_duty", counted)
    for number in range(5):
        await office.late(f"c{number}")
    await office.late("danger", priority="urgent", reason="self_harm")
    await office.promises[0].look()
    texts = await office.texts("sanne")
    assert texts[0] == "5 klanten wachten langer dan beloofd (de klantenservice)."
    assert texts[1:] == ["Spoed: mogelijk zelfdoding. Een klant wacht op antwoord (de klantenservice)."]
    assert len(read) == len(set(read)), "who has duty was read again for the same minute"


async def test_what_comes_right_after_many_is_told_a_while_later_but_for_danger(office: Office) -> None:
    promises = office.promises[0]
    for number in range(4):
        await office.late(f"c{number}")
    await promises.look()
    await office.late("more")
    await office.late("danger", priority="urgent", reason="self_harm")
    await promises.look()
    assert [text[:9] for text in await office.texts("sanne")] == ["Spoed: mo", "4 klanten"]
    promises._bundled_s["sanne"] -= BUNDLE_PAUSE_S
    await promises.look()
    assert [text[:9] for text in await office.texts("sanne")] == ["Te laat: ", "Spoed: mo", "4 klanten"]
    # A process that stops has noted that it warns: no other one tells what waits there.
    await promises.close()
    assert [text[:9] for text in await office.texts("joost")] == ["Te laat: ", "Spoed: mo", "4 klanten"]


async def test_even_of_danger_more_than_ten_at_once_are_one_notification(office: Office) -> None:
    for number in range(11):
        await office.late(f"c{number}", priority="urgent", reason="self_harm")
    await office.promises[0].look()
    assert await office.texts("sanne") == ["Spoed: 11 klanten wachten op antwoord (de klantenservice)."]


async def test_who_is_in_danger_is_warned_of_at_once_and_around_the_clock(office: Office) -> None:
    known = await office.store.departments.get("klantenservice")
    await office.store.departments.save(replace(known, closed_days=today_and_tomorrow()))
    await write(office.store, "ik wil niet meer", "c1", channel="rest")
    handoff = Handoff("self_harm", "urgent", now_ms())
    await office.store.queue.put(await office.store.conversations.get("c1"), handoff)
    seen = await office.store.conversations.get("c1")
    assert seen.handoff and seen.handoff.first_due_ms > now_ms() >= seen.alarm_at_ms
    await office.look()
    assert set(await office.told()) == {"sanne", "joost"}
    assert (await office.store.conversations.get("c1")).alarm_at_ms <= now_ms() + 5 * MINUTE


@pytest.mark.parametrize("on_duty", [False, True])
async def test_warnings_go_on_in_opening_hours_or_while_somebody_has_duty(office: Office, on_duty: bool) -> None:
    known = await office.store.departments.get("klantenservice")
    await office.store.departments.save(replace(known, closed_days=today_and_tomorrow()))
    if on_duty:
        await office.store.duty.add([Shift("noor", now_ms() - HOUR, now_ms() + HOUR, "klantenservice")])
    await office.late()
    await office.look()
    soon = (await office.store.conversations.get("c1")).alarm_at_ms < now_ms() + 20 * MINUTE
    assert soon is on_duty


async def test_what_is_put_aside_is_not_warned_of(office: Office) -> None:
    store, sanne = office.store, office.account("sanne")
    seen = await office.late()
    await store.queue.claim(seen, sanne)
    await store.queue.snooze(await store.conversations.get("c1"), now_ms() + HOUR)
    await office.look()
    assert await office.told() == {}
    assert await store.queue.warned(await store.conversations.get("c1"), next_at_ms=1) == 0


async def test_a_warning_is_mailed_to_who_has_an_address_and_wants_it(office: Office, mails: MailServer) -> None:
    store = office.store
    for account_id in ("sanne", "joost"):
        known = await store.accounts.get(account_id)
        with_address = replace(known, email=f"{account_id}@sinkel.example")
        await store._client.hset(store._keys.accounts, account_id, encode(with_address))
    await store.notifications.choose("joost", Choices(mail=False))
    before = len(mails.mails)
    await office.late()
    await office.promises[0].look()
    await office.send_mails()
    assert [one["to"] for one in mails.mails[before:]] == ["sanne@sinkel.example"]
    text = mails.mails[-1].get_content()
    assert "https://chat.voorbeeld.nl/desk/c1" in text and "hallo" not in text
    assert mails.mails[-1]["subject"].startswith(
        "Te laat: een klant wacht nog op antwoord (de klantenservice, klacht)."
    )
    # A reminder goes with the step that tells it.
    await store.reminders.add(Reminder("sanne", "c1", "Bel terug", now_ms() - 1, "sanne"))
    await asyncio.gather(*(one.look() for one in office.reminding))
    (mail,) = await store.mails.waiting()
    assert (mail.account_id, mail.text, mail.url) == ("sanne", "Herinnering: Bel terug", "/desk/c1")


async def test_a_reminder_is_told_once_when_it_is_due_and_stays_until_it_is_done(office: Office) -> None:
    store = office.store
    due = Reminder("sanne", "c1", "Bel terug", now_ms() - 1, "sanne")
    later = Reminder("sanne", "c1", "Stuur de bon", now_ms() + HOUR, "joost")
    for one in (later, due):
        await store.reminders.add(one)
    await asyncio.gather(*(one.look() for one in office.reminding * 2))
    assert await office.texts("sanne") == ["Bel terug"]
    listed = await store.reminders.of_account("sanne")
    assert [(one.text, bool(one.told_at_ms)) for one in listed] == [("Bel terug", True), ("Stuur de bon", False)]
    await store.reminders.done("sanne", due.id)
    await store.reminders.done("sanne", later.id)
    assert await store.reminders.of_account("sanne") == [] == await store.reminders.due(now_ms() + 2 * HOUR)


@pytest.mark.parametrize("deed", ["disabled", "removed"])
async def test_a_reminder_of_who_is_gone_comes_to_the_managers(office: Office, deed: str) -> None:
    store = office.store
    await store.reminders.add(Reminder("joost", "c1", "Bel terug", now_ms() - 1, "joost"))
    if deed == "disabled":
        await store.accounts.change("joost", is_disabled=True)
    else:
        await store.accounts.remove("joost")
        await store.reminders.forget("joost")
    await asyncio.gather(*(one.look() for one in office.reminding * 2))
    assert await office.texts("mila") == ["Herinnering van joost, die er niet meer is: Bel terug"]
    assert await office.texts("sanne") == [] and await store.reminders.of_account("joost") == []


async def test_a_warning_that_could_not_be_told_is_told_when_redis_is_back(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    await office.late()
    promises, notifications = office.promises[0], office.store.notifications

    async def away(*_: object, **__: object) -> None:
        raise StoreUnavailable("Redis does not answer")

    with monkeypatch.context() as patch:
        patch.setattr(notifications, "tell", away)
        with pytest.raises(StoreUnavailable):
            await promises.look()
    assert await office.told() == {}
    await promises.look()
    await promises.look()
    assert await office.told() == {"sanne": 1, "joost": 1}
