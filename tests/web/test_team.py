"""The team's pages: departments and the duty roster, as managers use them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime, time, timedelta, timezone
from zoneinfo import ZoneInfo

import httpx
import pytest

from bot.model import Handoff
from bot.opening_hours import OpeningHours
from bot.store.departments import Department
from bot.store.duty import Shift
from bot.store.work import now_ms
from bot.web.team.hours_text import canonical_days, canonical_hours, shown_days
from bot.web.team.week import Week, gaps, shift_on, weeks_later
from tests.conftest import Site
from tests.fakes.conversations import write

AMSTERDAM = ZoneInfo("Europe/Amsterdam")


@pytest.fixture
def mila(site: Site) -> Iterator[httpx.Client]:
    """A manager's browser, with no departments yet."""

    async def empty(store: object) -> None:
        client, keys = store._client, store._keys  # type: ignore[attr-defined]
        await client.delete(keys.departments, keys.duty, keys.duty_ends)

    site.run(empty)
    for agent in ("sanne", "joost"):
        site.account(agent, "agent")
    with httpx.Client(
        base_url=site.url, cookies={"bot_session": site.session("mila", "manager")}, timeout=30
    ) as client:
        yield client


def fields(**more: object) -> dict[str, object]:
    """A form that is right."""
    form = {
        "name": "HR",
        "hours": "ma-vr 9-17",
        "first": "60",
        "resolve": "480",
        "repeat": "15",
        "expected_version": "0",
    }
    return {**form, "assignment": "manual", **more}


def departments(site: Site) -> list[Department]:
    return list(site.run(lambda store: store.departments.all()))


# Opening hours as people type them.


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("ma-vr 9:00-17:30, za 10:00-16:00", "ma-vr 9:00-17:30, za 10:00-16:00"),
        (
            "Maandag t/m vrijdag van 9 tot 17.30 uur\nzaterdag 10-16, zondag gesloten",
            "ma-vr 9:00-17:30, za 10:00-16:00",
        ),
        ("werkdagen 09.00 – 21.00; weekend 10:00-24:00", "ma-vr 9:00-21:00, za-zo 10:00-23:59"),
        ("ma, di en do 9-12", "ma-di 9:00-12:00, do 9:00-12:00"),
    ],
)
def test_hours_are_read_as_people_type_them(typed: str, kept: str) -> None:
    assert canonical_hours(typed) == kept == canonical_hours(kept)
    OpeningHours.parse(kept, timezone="Europe/Amsterdam")


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("altijd", "‘altijd’ begrijpen we niet"),
        ("ma-vr", "Er staan nog geen tijden bij"),
        ("zo gesloten", "Er staan nog geen tijden bij"),
        ("ma 17-9", "later op de dag"),
        ("ma 9-25", "25 is geen tijd"),
        ("vr-ma 9-17", "begin met de eerste dag"),
        ("ma-vr 9-17, vr 9-12", "Vrijdag staat er twee keer in"),
    ],
)
def test_hours_that_can_not_be_read_say_why(typed: str, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        canonical_hours(typed)


def test_closed_days_are_read_in_every_usual_way() -> None:
    days = canonical_days("31 december 2026\n24-12-2026, 2026-05-04\n24/12/2026")
    assert days == ("2026-05-04", "2026-12-24", "2026-12-31")
    assert canonical_days(shown_days(days)) == days
    for wrong in ("31-2-2027", "morgen"):
        with pytest.raises(ValueError, match=wrong):
            canonical_days(wrong)


# Departments.


def test_a_team_begins_with_an_example(site: Site, mila: httpx.Client) -> None:
    assert "Zet het voorbeeld klaar" in mila.get("/team").text
    mila.post("/team/example")
    shown = mila.get("/team").text
    assert "Zet het voorbeeld klaar" not in shown and "alles wat geen andere afdeling krijgt" in shown
    assert [one.id for one in departments(site)] == ["klantenservice", "hr", "zakelijk"]
    assert departments(site)[0].reasons == ("complaint",)
    assert mila.post("/team/example").status_code == 409


def test_a_department_is_made_and_the_first_one_keeps_the_rest(site: Site, mila: httpx.Client) -> None:
    made = mila.post(
        "/team/new",
        data=fields(
            members=["sanne", "joost"],
            intents=["faq_retourkosten"],
            closed_days="24-12-2026",
            **{"messenger-first": "5"},
        ),
    )
    assert made.headers["location"] == "/team/departments/hr?saved=1"
    first, hr = departments(site)
    assert first.name == "de klantenservice" and first.version == 1
    assert (hr.hours, hr.closed_days, hr.members) == ("ma-vr 9:00-17:00", ("2026-12-24",), ("sanne", "joost"))
    assert hr.target_of("messenger").first_minutes == 5 and hr.target_of("messenger").resolve_minutes == 480
    assert "Opgeslagen" in mila.get(made.headers["location"]).text
    audit = site.run(lambda store: store.audit.page(limit=1))
    assert (audit[0].account_id, audit[0].what, audit[0].about) == ("mila", "department.saved", "hr")


@pytest.mark.parametrize(
    ("changed", "control", "said"),
    [
        ({"name": ""}, "name", "Vul een naam in"),
        ({"name": "De Klantenservice"}, "name", "Er is al een afdeling die zo heet."),
        ({"hours": "altijd"}, "hours", "begrijpen we niet"),
        ({"closed_days": "morgen"}, "closed_days", "geen datum"),
        ({"first": "veel"}, "first", "Hoeveel minuten tot een antwoord"),
        ({"repeat": "0"}, "repeat", "van 1 tot 1440"),
        ({"widget-first": "x"}, "widget-first", "Vul een getal in"),
        ({"reasons": ["complaint"]}, "reasons", "‘Klacht’ gaat al naar de klantenservice"),
    ],
)
def test_a_form_that_is_not_right_comes_back_as_it_was_typed(
    site: Site, mila: httpx.Client, changed: dict[str, object], control: str, said: str
) -> None:
    mila.post("/team/departments/klantenservice", data=fields(name="de klantenservice", reasons=["complaint"]))
    answer = mila.post("/team/new", data=fields(**changed))
    assert answer.status_code == 400 and said in answer.text and f'href="#{control}"' in answer.text
    assert f'id="{control}"' in answer.text and len(departments(site)) == 1


def test_two_managers_who_save_at_once_see_both_versions(site: Site, mila: httpx.Client) -> None:
    mila.post("/team/example")
    mila.post("/team/departments/hr", data=fields(expected_version="1", name="personeelszaken"))
    answer = mila.post("/team/departments/hr", data=fields(expected_version="1", name="de afdeling HR"))
    assert answer.status_code == 409 and "Nog niet opgeslagen" in answer.text
    text = re.sub(r"</?mark>", "", answer.text)
    assert "Naam: personeelszaken" in text and "Naam: de afdeling HR" in text
    assert 'name="expected_version" value="2"' in text and 'value="de afdeling HR"' in text
    assert (
        mila.post("/team/departments/hr", data=fields(expected_version="2", name="de afdeling HR")).status_code == 303
    )


def test_departments_change_places_and_go_when_they_have_nothing_open(site: Site, mila: httpx.Client) -> None:
    mila.post("/team/example")
    mila.post("/team/departments/zakelijk/move", data={"direction": "up"})
    mila.post("/team/departments/klantenservice/move", data={"direction": "up"})
    assert [one.id for one in departments(site)] == ["klantenservice", "zakelijk", "hr"]

    async def hand_over(store: object) -> None:
        written = await write(store, "hallo", "team-1", channel="rest")  # type: ignore[arg-type]
        conversation = await store.conversations.get(written.conversation_id)  # type: ignore[attr-defined]
        await store.queue.put(conversation, Handoff("asked_for_human", "normal", now_ms(), department="hr"))  # type: ignore[attr-defined]

    site.run(hand_over)
    refused = mila.post("/team/departments/hr/remove")
    assert refused.status_code == 409 and "staat nog 1 gesprek open" in refused.text and "1 wacht" in refused.text
    assert mila.post("/team/departments/zakelijk/remove").headers["location"] == "/team?removed=1"
    assert [one.id for one in departments(site)] == ["klantenservice", "hr"]


# The roster.


def test_a_shift_comes_every_week_at_the_same_hour_also_when_the_clocks_change() -> None:
    first = shift_on("sanne", "", datetime(2026, 10, 22).date(), time(22), time(2), AMSTERDAM)
    later = weeks_later(first, 1, AMSTERDAM)
    for shift, day in ((first, 22), (later, 29)):
        assert datetime.fromtimestamp(shift.from_ms / 1000, AMSTERDAM) == datetime(2026, 10, day, 22, tzinfo=AMSTERDAM)
    assert later.from_ms - first.from_ms == (7 * 24 + 1) * 3_600_000
    # The night itself is an hour longer.
    night = shift_on("sanne", "", datetime(2026, 10, 24).date(), time(22), time(6), AMSTERDAM)
    assert night.until_ms - night.from_ms == 9 * 3_600_000


def test_what_nobody_has_duty_in_is_pointed_out() -> None:
    hours = OpeningHours.parse("ma-vr 9:00-18:00", timezone="Europe/Amsterdam", country="NL")
    now = datetime(2026, 12, 24, 19, tzinfo=AMSTERDAM).astimezone(timezone.utc)

    def duty(day: int, begins: int, ends: int) -> Shift:
        return shift_on("sanne", "", datetime(2026, 12, day).date(), time(begins), time(ends), AMSTERDAM)

    shifts = [duty(24, 18, 23), duty(25, 9, 23), duty(26, 20, 23), duty(27, 9, 18), duty(28, 18, 23), duty(29, 18, 22)]
    assert gaps(shifts, [hours], now, AMSTERDAM) == [
        # The second day of Christmas, a Saturday.
        "Zaterdag overdag heeft nog niemand dienst.",
        "Zaterdagavond heeft van 18.00 tot 20.00 uur nog niemand dienst.",
        "Zondagavond heeft nog niemand dienst.",
        "Dinsdagavond heeft van 22.00 tot 23.00 uur nog niemand dienst.",
        "Woensdagavond heeft nog niemand dienst.",
    ]


def test_a_manager_fills_the_roster_and_copies_a_week(site: Site, mila: httpx.Client) -> None:
    week = Week.of("", AMSTERDAM, datetime.now(timezone.utc)).next
    form = {"account": "sanne", "department": "", "day": week.days[5].isoformat(), "begins": "18:00", "ends": "1:00"}
    added = mila.post("/team/rooster", data={**form, "weeks": "2", "week": week.name})
    assert added.headers["location"] == f"/team/rooster?week={week.name}&added=1"
    assert "18.00–1.00" in mila.get(f"/team/rooster?week={week.name}").text

    def shifts(of: Week) -> list[Shift]:
        return list(site.run(lambda store: store.duty.between(of.from_ms, of.until_ms)))

    assert [len(shifts(one)) for one in (week, week.next, week.next.next)] == [1, 1, 0]
    # What is there stays, and a second time changes nothing.
    assert mila.post("/team/rooster/copy", data={"week": week.name}).headers["location"].endswith("copied=0")
    for copied in ("1", "0"):
        assert mila.post("/team/rooster/copy", data={"week": week.next.name}).headers["location"].endswith(copied)
    (shift,) = shifts(week)
    at_ms = shift.from_ms + 1
    assert site.run(lambda store: store.duty.on_duty("hr", at_ms)) == ["sanne"]
    mila.post(f"/team/rooster/{shift.id}/remove")
    assert shifts(week) == []


def test_what_is_over_stays_on_the_roster(site: Site, mila: httpx.Client) -> None:
    yesterday = (datetime.now(AMSTERDAM) - timedelta(days=2)).date()
    form = {"account": "sanne", "department": "", "day": yesterday.isoformat(), "begins": "18:00", "ends": "23:00"}
    answer = mila.post("/team/rooster", data={**form, "weeks": "1"})
    assert answer.status_code == 400 and "Deze dienst is al voorbij" in answer.text
    over = Shift("sanne", now_ms() - 7_200_000, now_ms() - 3_600_000)
    site.run(lambda store: store.duty.add([over]))
    assert mila.post(f"/team/rooster/{over.id}/remove").status_code == 403


def test_an_agent_reads_the_roster_and_changes_nothing(site: Site, mila: httpx.Client) -> None:
    with httpx.Client(base_url=site.url, cookies={"bot_session": site.session("sanne", "agent")}) as sanne:
        shown = sanne.get("/team/rooster")
        assert shown.status_code == 200 and "Dienst toevoegen" not in shown.text
        assert sanne.post("/team/rooster", data={}).status_code == 403 and sanne.get("/team").status_code == 403
