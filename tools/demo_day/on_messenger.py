"""A customer of the day who writes in Messenger, to the stand-in for Meta of `make fake-messenger`."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec

from bot.store import Store
from bot.store.inbound import RawEvent
from bot.store.work import now_ms
from tests.fakes.graph import FakeGraph
from tests.fakes.graph.__main__ import APP, PAGE, SECRET, VERIFY, bot_settings, populate
from tests.fakes.threaded import Threaded, in_thread
from tests.web.visitor import Visitor
from tools.demo_day.running import DemoDay

JO = "6001"


@contextmanager
def stand_in() -> Iterator[Threaded[FakeGraph]]:
    """Meta, on this machine."""
    with in_thread(FakeGraph(app_id=APP, app_secret=SECRET, verify_token=VERIFY)) as meta:
        yield meta


def settings_of(meta: Threaded[FakeGraph], folder: Path) -> dict[str, Any]:
    """What the day must be told to talk with it, for `running_day`."""
    found = bot_settings(meta.server, folder)
    return {name.removeprefix("BOT_").lower(): value for name, value in found.items()}


def chat(day: DemoDay, meta: Threaded[FakeGraph]) -> str:
    """An answer of the assistant, and Sanne's; returns the address of the conversation's page."""
    meta.run(lambda: populate(meta.server, day.site.url))
    jo = meta.run(lambda: meta.server.customer(JO, name="Jo Klant"))
    for question, answered in (("wat kost terugsturen?", "2,95"), ("mijn kat zit vast in jullie lift", "collega")):
        meta.do(jo.says(question))
        meta.do(jo.hears(answered))
    page = f"/desk/messenger-{PAGE}-{JO}"
    sanne = Visitor(day.site.url, day.site.session("sanne"))
    sanne.post(f"{page}/claim", seen_owner="queue")
    sanne.post(f"{page}/reply", text="Ik stuur meteen iemand! In welke winkel ben je?", message_id=str(uuid.uuid4()))
    meta.do(jo.hears("In welke winkel"))
    day.site.run(_set_aside)
    return page


async def _set_aside(store: Store) -> None:
    """What Meta may send one day, which this program does not know."""
    event = {"sender": {"id": JO}, "recipient": {"id": PAGE}, "timestamp": now_ms(), "poll": {"answer": "ja"}}
    raw = RawEvent("page", PAGE, "messaging", msgspec.Raw(msgspec.json.encode(event)), now_ms(), entry_id="0-1")
    await store.inbound.set_aside(raw, "unknown event: poll, recipient, sender, timestamp")
