"""Notifications by mail, against a real SMTP server that comes, goes and says no."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest

from bot.settings import Settings
from bot.store import Store
from bot.store.connection import encode
from bot.store.mails import MAX_WAITING, Mail
from bot.store.notifications import Choices, Notification
from bot.store.work import now_ms
from bot.web import leading, mail_outbox
from bot.web.mail import Mailer
from bot.web.mail_outbox import MailOutbox
from bot.web.operations.metrics import Metrics
from bot.web.telling import Telling
from tests.conftest import eventually, free_port
from tests.fakes.mail_server import mail_server

PORT = free_port()


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in (("EVERY_S", 0.02), ("BUSY_S", 0.02), ("PAUSE_S", 0.02), ("MAX_PAUSE_S", 0.05)):
        monkeypatch.setattr(mail_outbox, name, value)
    monkeypatch.setattr(mail_outbox, "RETRIES_S", (0.05,))
    monkeypatch.setattr(mail_outbox, "SERVER_RETRIES_S", (0.05,))
    monkeypatch.setattr(leading, "PAUSE_S", 0.02)


@pytest.fixture
def settings(settings: Settings) -> Settings:
    mail = {"smtp_url": f"smtp://127.0.0.1:{PORT}", "mail_from": "post@sinkel.example"}
    return replace(settings, public_url="https://chat.voorbeeld.nl", **mail)  # type: ignore[arg-type]


@asynccontextmanager
async def sending(store: Store, settings: Settings) -> AsyncIterator[MailOutbox]:
    """A web process that sends; it ends as a kill ends it, but for the lease."""
    outbox = MailOutbox(store, Mailer(settings), settings, Metrics())
    task = asyncio.create_task(outbox.run())
    try:
        yield outbox
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await outbox.close()


async def tell(store: Store, settings: Settings, account_id: str, address: str, *texts: str) -> None:
    """Somebody with this address is told this, one after the other."""
    if account_id not in {one.id for one in await store.accounts.all()}:
        made = await store.accounts.create(account_id, account_id.title(), ("agent",), "een-lang-wachtwoord")
        await store._client.hset(store._keys.accounts, account_id, encode(replace(made, email=address)))
    for text in texts:
        told = Notification("promise", text, "/desk/c1", "c1", now_ms())
        await Telling(store, Mailer(settings)).tell(await store.accounts.get(account_id), told)


async def test_what_is_told_while_the_mail_server_is_down_arrives_when_it_is_back(
    store: Store, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mail_outbox, "LATE_MS", -1)
    await tell(store, settings, "sanne", "sanne@sinkel.example", "Te laat: eerste", "Te laat: tweede")
    async with sending(store, settings), sending(store, settings):
        await eventually(lambda: has_tried(store))
    problems = {(one.problem, one.status) for one in await store.mails.waiting() if one.tries}
    assert problems == {("unreachable", 0)} and await store.mails.failed() == []
    with mail_server(PORT) as server:
        # Those that failed are gone with their process: another one goes on.
        async with sending(store, settings), sending(store, settings):
            await eventually(lambda: has_none(store))
        assert sorted(mail["subject"] for mail in server.mails) == ["Te laat: eerste", "Te laat: tweede"]
    assert "https://chat.voorbeeld.nl/desk/c1" in server.mails[0].get_content()
    assert "De mail kon niet eerder weg." in server.mails[0].get_content()
    assert server.mails[0]["message-id"].endswith("@sinkel.example>")


async def has_tried(store: Store) -> bool:
    return any(one.tries >= 2 for one in await store.mails.waiting())


async def has_none(store: Store) -> bool:
    return not await store.mails.waiting()


async def test_later_is_tried_again_and_never_is_given_up_without_a_word_of_it(
    store: Store, settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    await tell(store, settings, "sanne", "sanne@later.example", "Te laat: later")
    await tell(store, settings, "joost", "joost@vol.example", "Te laat: nooit")
    await tell(store, settings, "noor", "noor@sinkel.example", "Te laat: niet gewild")
    await store.notifications.choose("noor", Choices(mail=False))
    with mail_server(PORT) as server:
        server.laters = 2
        async with sending(store, settings):
            await eventually(lambda: has_none(store))
    assert [mail["to"] for mail in server.mails] == ["sanne@later.example"]
    (failed,) = await store.mails.failed()
    assert (failed.account_id, failed.problem, failed.status, failed.tries) == ("joost", "refused", 552, 1)
    assert failed.text == "" and failed.url == "/desk/c1"
    logged = "".join(capsys.readouterr())
    assert logged.count("mail.missed") == 3 and "@" not in logged and "Te laat" not in logged


async def test_after_a_day_it_is_given_up_and_there_is_an_end_to_how_many_wait(
    store: Store, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mail_outbox, "GIVE_UP_MS", -1)
    await tell(store, settings, "sanne", "sanne@sinkel.example", "Te laat")
    async with sending(store, settings):
        await eventually(lambda: has_none(store))
    assert [one.problem for one in await store.mails.failed()] == ["expired"]
    await store._client.hset(store._keys.mails, mapping={str(number): "{}" for number in range(MAX_WAITING)})
    await tell(store, settings, "sanne", "", "Te veel")
    assert [one.text for one in await store.notifications.latest("sanne")] == ["Te veel", "Te laat"]
    assert await store._client.hlen(store._keys.mails) == MAX_WAITING


async def test_what_another_process_sent_does_not_come_back(store: Store) -> None:
    mail = Mail("sanne", "promise", "Te laat", "/desk/c1", now_ms())
    await store.notifications.tell("sanne", Notification("promise", "Te laat"), mail=mail)
    assert await store.mails.due(now_ms(), 10) == [mail]
    assert (await store.figures.read()).mails.size == 1
    await store.mails.done(mail)
    assert not await store.mails.later(mail) and not await store.mails.give_up(mail)
    assert await store.mails.waiting() == [] == await store.mails.failed()
