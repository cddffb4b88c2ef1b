"""Departments: what goes where, and what is promised there."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from bot.answers import Answers
from bot.errors import Conflict, InvalidMessage
from bot.model import Handoff, Nlu, Template
from bot.settings import Settings
from bot.store import Store
from bot.store.departments import Department, Target

SERVICE = Department("klantenservice", "de klantenservice", Target(10, 480), reasons=("complaint",), place=0)
HR = Department("hr", "HR", Target(120, 960), hours="ma-vr 9:00-17:00", intents=("faq_vacatures",), place=1)


def at(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=ZoneInfo("Europe/Amsterdam")).timestamp() * 1000)


def asked(intent: str = "", reason: str = "not_confident", **more: object) -> Handoff:
    return Handoff(reason, "normal", at("2026-11-18 10:00"), nlu=Nlu("human", intent, 0.9), **more)  # type: ignore[arg-type]


@pytest.fixture
async def two(store: Store) -> Store:
    await store.departments.save(SERVICE)
    await store.departments.save(HR)
    return store


@pytest.mark.parametrize(
    ("handoff", "department"),
    [
        (asked("faq_vacatures"), "hr"),
        (asked("faq_retourkosten"), "klantenservice"),
        # A reason goes before what was asked, and what an agent chose before both.
        (asked("faq_vacatures", "complaint"), "klantenservice"),
        (asked("faq_retourkosten", department="hr"), "hr"),
        (asked("faq_vacatures", department="gone"), "hr"),
    ],
)
async def test_a_handoff_goes_to_the_department_of_its_intent_or_reason(
    two: Store, handoff: Handoff, department: str
) -> None:
    assert (await two.departments.plan(handoff, "widget")).department == department


async def test_a_promise_is_that_of_department_and_channel(two: Store) -> None:
    quick = replace(await two.departments.get("hr"), channels={"messenger": Target(30, 0)})
    await two.departments.save(quick)
    friday = replace(asked("faq_vacatures"), at_ms=at("2026-11-20 16:00"))
    planned = await two.departments.plan(friday, "widget")
    assert planned.first_due_ms == at("2026-11-23 10:00")
    on_messenger = await two.departments.plan(friday, "messenger")
    assert (on_messenger.first_due_ms, on_messenger.resolve_due_ms) == (at("2026-11-20 16:30"), 0)


async def test_the_customer_reads_the_name_and_the_hours_of_the_department(store: Store, settings: Settings) -> None:
    await store.departments.save(replace(SERVICE, hours="ma 0:00-0:01"))
    always = replace(HR, target=Target(60, 0), channels={"messenger": Target(0, 0)}, hours="ma-zo 0:00-23:59")
    await store.departments.save(always)
    await store.templates.seed([Template("utter_overdracht_onbekend", "x", "Naar {afdeling}. {wanneer}")])
    answers = Answers(store.templates, replace(settings, holidays=""), store.departments, store.editing_rules)
    said = await answers.handover(asked("faq_vacatures"), "c1", channel="messenger")
    assert said.text == "Naar HR. Je krijgt zo snel mogelijk antwoord."
    assert (await answers.handover(asked("faq_retourkosten"), "c1")).text.startswith(
        "Naar de klantenservice. Je krijgt"
    )
    assert "zo snel mogelijk" not in (await answers.waiting("c1", notice="still_waiting")).text
    away = await answers.agent_away("c1", agent_name="Sanne", handoff=asked("faq_vacatures"), channel="messenger")
    assert "Een collega van HR" in away.text and "zo snel mogelijk" in away.text


async def test_without_departments_it_is_that_of_the_settings(store: Store, settings: Settings) -> None:
    (only,) = await store.departments.all()
    assert (only.name, only.target.first_minutes, only.version) == (settings.department, settings.reply_minutes, 0)
    values = await Answers(store.templates, settings, store.departments, store.editing_rules).values()
    assert values["afdeling"] == settings.department


async def test_who_saves_what_somebody_else_changed_is_told(two: Store) -> None:
    seen = await two.departments.get("hr")
    await two.departments.save(replace(seen, name="de afdeling HR"))
    with pytest.raises(Conflict):
        await two.departments.save(replace(seen, name="personeelszaken"))
    assert (await two.departments.get("hr")).name == "de afdeling HR"


async def test_a_topic_belongs_to_one_department(two: Store) -> None:
    service = await two.departments.get("klantenservice")
    for taken in (replace(service, intents=("faq_vacatures",)), replace(HR, id="new", reasons=("complaint",))):
        with pytest.raises(Conflict, match="belongs to"):
            await two.departments.save(taken)
    with pytest.raises(InvalidMessage):
        await two.departments.save(replace(service, hours="altijd"))


async def test_a_promise_longer_than_all_opening_hours_in_sight_still_ends(store: Store) -> None:
    await store.departments.save(Department("hr", "HR", Target(10, 40 * 60), hours="wo 9:00-10:00"))
    planned = await store.departments.plan(asked(), "widget")
    assert asked().at_ms < planned.first_due_ms < planned.resolve_due_ms < asked().at_ms + 70 * 86_400_000
