"""The crisis switch as managers use it, over HTTP against the real server, and as widgets hear of it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from bot.model import Template
from bot.store.crisis import Crisis
from bot.store.topics import Topic
from bot.store.work import now_ms
from bot.web.editor.crisis_form import choices
from tests.conftest import Site, eventually, until
from tests.web.test_widget_socket import page
from tests.web.visitor import Page, Visitor

AMSTERDAM = ZoneInfo("Europe/Amsterdam")
HOUR_MS = 3_600_000
FEES = "utter_faq_retourkosten"


@pytest.fixture(autouse=True)
def off(site: Site) -> Iterator[None]:
    """Each test begins and ends without a crisis."""
    yield
    site.run(lambda store: _set(store, Crisis()))


@pytest.fixture
def manager(site: Site) -> Visitor:
    return Visitor(site.url, site.session("mia", "manager", name="Mia"))


@pytest.fixture
def editor(site: Site) -> Visitor:
    return Visitor(site.url, site.session("ed", "editor", name="Ed"))


def test_switched_on_it_says_what_it_was_told_and_ended_all_is_as_it_was(site: Site, manager: Visitor) -> None:
    before = _read(site)
    site.run(lambda store: store.topics.save(Topic("faq_uren", "Openingstijden")))
    on = _switch(manager, banner="<b>Storing</b>", intents=["faq_uren"], **_text(1, FEES, "Terugsturen kan nu niet."))
    assert (on.status, on.location) == (303, "/crisis?done=on")
    crisis = site.run(lambda store: store.crisis.get())
    assert (crisis.banner, crisis.intents, crisis.by) == ("<b>Storing</b>", ("faq_uren",), "mia")
    assert 0 < crisis.until_ms - now_ms() <= 2 * HOUR_MS
    assert _read(site).text == "Terugsturen kan nu niet."
    shown = manager.get(on.location)
    assert "De crisisstand is aan." in shown.text and "&lt;b&gt;Storing" in shown.body
    assert manager.post("/crisis/end").location == manager.post("/crisis/end").location
    assert _read(site) == before
    kept = manager.get("/crisis")
    assert kept.value("banner") == "<b>Storing</b>" and kept.value("text-1") == "Terugsturen kan nu niet."
    deeds = [one.what for one in site.run(lambda store: store.audit.page(limit=2))]
    assert deeds == ["crisis.ended", "crisis.on"]
    assert "Uitgezet Mia" in kept.text and "Aangezet tot" in kept.text


def test_every_page_has_a_bar_while_it_holds(site: Site, manager: Visitor, editor: Visitor) -> None:
    agent = Visitor(site.url, site.session("aad", "agent"))
    _switch(manager, banner="Storing")
    for who, path in ((manager, "/desk"), (editor, "/editor"), (agent, "/desk"), (agent, "/account")):
        shown = until(lambda who=who, path=path: re.search(r'id="crisis-bar" role="status">', who.get(path).body))
        assert shown
    assert "Crisisstand aan tot" in agent.get("/desk").text and 'href="/crisis"' not in agent.get("/desk").body
    assert '"crisis_until":""' not in agent.get("/notifications/unread").body
    manager.post("/crisis/end")
    until(lambda: re.search(r'id="crisis-bar" role="status" hidden', agent.get("/desk").body))


def test_the_emergency_numbers_stay_what_they_are(site: Site, manager: Visitor) -> None:
    site.run(lambda store: store.templates.seed([Template("utter_noodgeval", "Noodgeval", "Bel 112.")]))
    assert f'value="{FEES}"' in (shown := manager.get("/crisis").body) and "utter_noodgeval" not in shown


def test_editors_look_and_can_not_switch(site: Site, editor: Visitor) -> None:
    shown = editor.get("/crisis")
    assert shown.status == 200 and "<form" not in shown.body.partition("<main")[2]
    assert _switch(editor, banner="Storing").status == 403
    assert not site.run(lambda store: store.crisis.get()).is_on


@pytest.mark.parametrize(
    ("fields", "error"),
    [
        ({"banner": ""}, "nu verandert er niets"),
        ({"banner": "Storing {wanneer}"}, "In de melding kunnen geen variabelen staan."),
        ({"banner": "🙂" * 301}, "hoogstens 300 tekens lang zijn; het zijn er nu 301"),
        ({"until": "own", "own": "2020-01-01T09:00"}, "Kies een tijd die nog komt, hoogstens 31 dagen vooruit."),
        ({"until": "own", "own": "2099-01-01T09:00"}, "Kies een tijd die nog komt, hoogstens 31 dagen vooruit."),
        ({"until": "2h", "own": "2026-12-24T09:00"}, "Je koos een ander eind dan deze tijd."),
        ({"until": "own", "own": "straks"}, "Kies een dag en een tijd"),
        ({"until": "same"}, "De crisisstand is intussen vanzelf uitgegaan."),
        ({"until": ""}, "Kies wanneer de crisisstand vanzelf uitgaat."),
        ({"text-1": "Tekst zonder antwoord"}, "Kies welk antwoord vervangen wordt door tekst 1."),
        ({"text-1-name": "utter_noodgeval", "text-1": "Storing."}, "Kies welk antwoord vervangen wordt door tekst 1."),
        ({"text-1-name": FEES}, "Tekst 1: vul het antwoord in."),
        ({"text-1-name": FEES, "text-1": "{prijs}"}, "Tekst 1: {prijs} bestaat niet."),
        ({"text-1-name": FEES, "text-1": "a", "text-2-name": FEES, "text-2": "b"}, "Dit antwoord staat er al."),
        ({"intents": "faq_weg"}, "Een van de onderwerpen bestaat niet meer."),
    ],
)
def test_what_can_not_be_is_said_and_what_was_typed_stays(
    site: Site, manager: Visitor, fields: dict[str, str], error: str
) -> None:
    refused = _switch(manager, **{"banner": "Storing", **fields})
    assert refused.status == 400 and error in refused.text
    assert refused.value("banner") == fields.get("banner", "Storing")
    assert not site.run(lambda store: store.crisis.get()).is_on


def test_it_can_be_prepared_and_switched_on_later(site: Site, manager: Visitor) -> None:
    assert _switch(manager, deed="keep", until="", banner="Alles is dicht.").location == "/crisis?done=kept"
    assert not site.run(lambda store: store.crisis.get()).holds(now_ms())
    form = manager.get("/crisis")
    assert form.value("banner") == "Alles is dicht."
    assert _switch(manager, banner=form.value("banner")).status == 303
    assert site.run(lambda store: store.crisis.get()).holds(now_ms())


def test_another_answer_gets_a_row_and_keeps_what_was_typed(manager: Visitor) -> None:
    more = _switch(manager, deed="more", banner="Storing", **_text(1, FEES, "a"))
    assert more.status == 200 and more.value("text-1") == "a" and more.value("banner") == "Storing"
    assert 'name="text-4"' in more.body


def test_it_is_changed_and_made_longer_without_a_new_beginning(site: Site, manager: Visitor) -> None:
    _switch(manager, banner="Storing")
    first = site.run(lambda store: store.crisis.get())
    for _ in range(2):  # a double click
        assert manager.post("/crisis/extend", until_ms=first.until_ms).status == 303
    _switch(manager, banner="Bijna klaar", until="same")
    now = site.run(lambda store: store.crisis.get())
    assert (now.banner, now.from_ms, now.until_ms) == ("Bijna klaar", first.from_ms, first.until_ms + HOUR_MS)


def test_who_is_second_sees_both_and_a_double_click_is_no_conflict(site: Site, manager: Visitor) -> None:
    other = Visitor(site.url, site.session("bo", "manager", name="Bo"))
    version = manager.get("/crisis").value("expected_version")
    fields = {"deed": "on", "until": "2h", "expected_version": version}
    assert other.post("/crisis", banner="Van Bo", **fields).status == 303
    assert other.post("/crisis", banner="Van Bo", **fields).status == 303
    conflict = manager.post("/crisis", banner="Van Mia", **fields)
    assert conflict.status == 409 and "Bo heeft de crisisstand intussen gewijzigd" in conflict.text
    assert "Van Bo" in conflict.text and conflict.value("banner") == "Van Mia"
    again = manager.post(
        "/crisis", banner="Van Mia", **{**fields, "expected_version": conflict.value("expected_version")}
    )
    assert again.status == 303 and site.run(lambda store: store.crisis.get()).banner == "Van Mia"


def test_another_end_that_came_too_late_is_not_said_to_count(site: Site, manager: Visitor) -> None:
    """As from a page of before, in another tab: all is the same but the end."""
    version = manager.get("/crisis").value("expected_version")
    fields = {"deed": "on", "banner": "Storing", "expected_version": version}
    assert manager.post("/crisis", until="2h", **fields).status == 303
    late = manager.post("/crisis", until="morning", **fields)
    assert late.status == 409 and "intussen gewijzigd" in late.text
    for seen in ("²", "9" * 5_000, "-1", ""):
        assert manager.post("/crisis/extend", until_ms=seen).status == 303
    assert site.run(lambda store: store.crisis.get()).until_ms - now_ms() <= 2 * HOUR_MS


def test_an_answer_is_rolled_back_and_published_in_a_crisis_and_customers_read_it_afterwards(
    site: Site, manager: Visitor, editor: Visitor
) -> None:
    answer = site.run(lambda store: store.templates.published(FEES))
    site.run(lambda store: store.templates.save(replace(answer, text="Versie twee."), expected_version=answer.version))
    _switch(manager, banner="Storing", **_text(1, FEES, "Even niet."))
    back = editor.post(f"/editor/{FEES}/restore", version=answer.version, expected_version=answer.version + 1)
    assert back.status == 303 and _read(site).text == "Even niet."
    shown = editor.get(f"/editor/{FEES}").text
    assert "In de crisisstand lezen klanten nu: Even niet." in shown and "klanten zien deze" not in shown
    manager.post("/crisis/end")
    assert _read(site).text == answer.text
    shown = editor.get(f"/editor/{FEES}").text
    assert "In de crisisstand lezen klanten nu" not in shown and "klanten zien deze" in shown


async def test_open_widgets_hear_of_it_and_of_its_end_and_new_ones_begin_with_it(site: Site) -> None:
    async with site.store() as store, page(site) as customer:
        assert customer.welcome["banner"] == ""
        now = now_ms()
        crisis = Crisis(True, "Storing", from_ms=now, until_ms=now + HOUR_MS, at_ms=now, version=await _version(store))
        crisis = await store.crisis.save(crisis)
        assert await customer.receive("banner") == {"type": "banner", "text": "Storing"}
        async with page(site) as other:
            assert other.welcome["banner"] == "Storing"
        # It ends by itself.
        await store.crisis.save(replace(crisis, until_ms=now_ms() + 300))
        assert await customer.receive("banner") == {"type": "banner", "text": ""}

        async def is_over() -> bool:
            async with page(site) as other:
                return bool(other.welcome["banner"] == "")

        await eventually(is_over)


@pytest.mark.parametrize(
    ("now", "ends"),
    [
        ("2026-11-26T16:05", ["18.05", "18.00", "9.00"]),
        ("2026-11-26T19:00", ["21.00", "9.00"]),
        # Two hours as they pass: at 3.00 it was 2.00 again.
        ("2026-10-25T01:30", ["2.30", "18.00", "9.00"]),
    ],
)
def test_the_quick_ends(now: str, ends: list[str]) -> None:
    at = datetime.fromisoformat(now).replace(tzinfo=AMSTERDAM)
    found = choices(at)
    assert [re.findall(r"\d+\.\d\d", title)[0] for _, title, _ in found] == ends
    assert found[0][2].astimezone(timezone.utc) - at.astimezone(timezone.utc) == timedelta(hours=2)


def _switch(visitor: Visitor, **fields: Any) -> Page:
    """As from the page as it is now."""
    shown = visitor.get("/crisis")
    assert shown.status == 200
    version = re.search(r'name="expected_version" value="(\d+)"', shown.body)
    defaults = {"deed": "on", "until": "2h", "expected_version": version[1] if version else 0}
    return visitor.post_form("/crisis", {**defaults, **fields})


def _text(number: int, name: str, text: str) -> dict[str, str]:
    return {f"text-{number}-name": name, f"text-{number}": text}


def _read(site: Site) -> Template:
    return site.run(lambda store: store.templates.get(FEES))


async def _version(store: Any) -> int:
    return int((await store.crisis.get()).version)


async def _set(store: Any, crisis: Crisis) -> None:
    await store.crisis.save(replace(crisis, version=await _version(store)))
