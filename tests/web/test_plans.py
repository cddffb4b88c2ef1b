"""Planning answers: the pages, over HTTP against the real server, and what publishes a plan when its time has come."""

from __future__ import annotations

import asyncio
import uuid
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from bot.errors import Conflict, EditConflict, NotFound
from bot.model import Image, Template, Variant
from bot.store import Store
from bot.store.answer_drafts import AnswerDraft
from bot.store.plans import Plan, as_planned
from bot.store.work import now_ms
from bot.web.editor.local_times import UnclearMoment, read_moment, typed_moment
from bot.web.editor.timeline import timeline
from bot.web.planned import Planned
from tests.conftest import Site, until
from tests.web.visitor import Page, Visitor

AMSTERDAM = ZoneInfo("Europe/Amsterdam")
HOURS = Template("utter_uren", "Uren", "Open tot 18 uur.")
HOUR_MS = 3_600_000
IMAGE = Image("https://winkel.example/kerst.png", "Een kerstboom")


def plan_of(text: str, from_ms: int, until_ms: int = 0, **fields: Any) -> Plan:
    return Plan(replace(HOURS, text=text, **fields), from_ms, until_ms, "robin", now_ms())


# The hours that the clock has, and has not


@pytest.mark.parametrize(
    ("typed", "says"),
    [
        ("2027-03-28T02:30", "2.30 uur bestaat niet op zo 28 mrt 2027: dan gaat de klok een uur vooruit."),
        ("2026-10-25T02:00", "2.00 uur komt twee keer voor op zo 25 okt: dan gaat de klok een uur terug."),
        ("2026-10-25T02:59", "2.59 uur komt twee keer voor"),
        ("morgen", "Kies een dag en een tijd"),
        ("2026-12-24", "Kies een dag en een tijd"),
        ("2026-12-24T09:00+02:00", "Kies een dag en een tijd"),
        ("9999-12-31T23:59", ""),
        ("0001-01-01T00:00", "Kies een dag en een tijd"),
    ],
)
def test_an_hour_that_is_not_there_or_twice_is_no_moment(typed: str, says: str) -> None:
    if not says:
        assert read_moment(typed, AMSTERDAM) > 0
        return
    with pytest.raises(UnclearMoment, match=says.replace(".", r"\.")):
        read_moment(typed, AMSTERDAM)


@pytest.mark.parametrize("typed", ["2026-10-25T01:59", "2026-10-25T03:00", "2027-03-28T01:59", "2027-03-28T03:00"])
def test_every_other_time_is_the_same_when_it_is_shown_again(typed: str) -> None:
    assert typed_moment(read_moment(typed, AMSTERDAM), AMSTERDAM) == typed


@pytest.mark.parametrize(("day", "hours"), [("2026-10-25", 3), ("2027-03-28", 1)])
def test_a_plan_over_the_change_of_summer_time_holds_from_and_until_what_the_clock_says(day: str, hours: int) -> None:
    plan = plan_of("Nacht.", *(read_moment(f"{day}T{hour}:00", AMSTERDAM) for hour in ("01", "03")))
    assert plan.until_ms - plan.from_ms == hours * HOUR_MS
    found = [as_planned(HOURS, [plan], plan.from_ms + half * HOUR_MS // 2).text for half in range(-1, 2 * hours + 1)]
    assert found == ["Open tot 18 uur.", *["Nacht."] * (2 * hours), "Open tot 18 uur."]


# What publishes them


@pytest.fixture
async def planned(store: Store) -> Planned:
    await store.templates.save(replace(HOURS, edited_at_ms=1), expected_version=0)
    return Planned(store)


async def deeds(store: Store) -> list[str]:
    return [one.what for one in reversed(await store.audit.page())]


async def test_a_plan_without_end_is_published_once_by_whoever_is_first(store: Store, planned: Planned) -> None:
    now = now_ms()
    variants = (Variant("Tot 6!", "messenger"),)
    await store.plans.add(plan_of("Voortaan tot 20 uur.", now + 1000, variants=variants))
    await planned.look(now + 999)
    assert (await store.templates.published("utter_uren")).version == 1
    await asyncio.gather(*(Planned(store).look(now + 1000) for _ in range(5)))
    await planned.look(now + 1000)
    found = await store.templates.published("utter_uren")
    assert (found.text, found.version, found.variants) == ("Voortaan tot 20 uur.", 2, variants)
    assert (found.edited_by, found.because) == ("robin", "ingepland")
    assert await store.plans.all() == {} and len(await store.plans.past()) == 1
    assert await deeds(store) == ["plan.published"]
    # Published by hand later, it stays.
    await store.templates.save(replace(HOURS, text="Anders.", edited_at_ms=now + 2000), expected_version=2)
    await planned.look(now + HOUR_MS)
    assert (await store.templates.get("utter_uren")).text == "Anders."


async def test_a_process_that_dies_between_publishing_and_ending_leaves_the_rest(
    store: Store, planned: Planned, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = now_ms()
    await store.plans.add(plan_of("Voortaan tot 20 uur.", now - 1000))

    async def dies(name: str, plan_id: str) -> Plan:
        raise RuntimeError("killed")

    with monkeypatch.context() as patched:
        patched.setattr(store.plans, "end", dies)
        with pytest.raises(RuntimeError):
            await planned.look()
    await planned.look()
    assert (await store.templates.published("utter_uren")).version == 2
    assert await deeds(store) == ["plan.published"] and await store.plans.all() == {}


async def test_after_a_time_without_processes_all_is_as_it_was_read_meanwhile(store: Store, planned: Planned) -> None:
    now = now_ms()
    await store.plans.add(plan_of("Eerst.", now - 5 * HOUR_MS))
    await store.plans.add(plan_of("Even.", now - 4 * HOUR_MS, now - 3 * HOUR_MS))
    await store.plans.add(plan_of("Dan.", now - 2 * HOUR_MS))
    await store.plans.add(plan_of("Nu even.", now - HOUR_MS, now + HOUR_MS))
    plans = await store.plans.of("utter_uren")
    read = [as_planned(HOURS, plans, now + hours * HOUR_MS).text for hours in (-6, -5, -4, -3, -2, -1, 1)]
    assert read == ["Open tot 18 uur.", "Eerst.", "Even.", "Eerst.", "Dan.", "Nu even.", "Dan."]
    await planned.look(now)
    assert [one.text for one in await store.templates.history("utter_uren")] == ["Dan.", "Eerst.", "Open tot 18 uur."]
    assert (await store.templates.get("utter_uren")).text == "Nu even."
    assert [one.template.text for one in await store.plans.past()] == ["Dan.", "Even.", "Eerst."]


@pytest.mark.parametrize("change", [{"is_removed": True}, {"text": "Met de hand."}])
async def test_a_plan_does_not_undo_what_somebody_did_since(
    store: Store, planned: Planned, change: dict[str, Any]
) -> None:
    now = now_ms()
    await store.plans.add(plan_of("Voortaan tot 20 uur.", now - 1000))
    done = await store.templates.save(replace(HOURS, edited_at_ms=now, **change), expected_version=1)
    await planned.look(now)
    assert await store.templates.published("utter_uren") == done
    assert await deeds(store) == ["plan.passed_over"] and await store.plans.all() == {}


async def test_one_without_end_is_a_moment_that_others_may_not_be_about(store: Store) -> None:
    await store.plans.add(plan_of("Voorgoed.", 5000))
    for from_ms, until_ms in ((5000, 6000), (4000, 5001), (5000, 0)):
        with pytest.raises(Conflict):
            await store.plans.add(plan_of("Ook.", from_ms, until_ms))
    for from_ms, until_ms in ((4000, 5000), (5001, 6000), (7000, 0)):
        await store.plans.add(plan_of("Wel.", from_ms, until_ms))


async def test_who_changes_a_plan_can_not_overwrite_unseen(store: Store) -> None:
    plan = await store.plans.add(plan_of("Kerst.", 5000, 6000))
    changed = await store.plans.change(plan, replace(plan, until_ms=7000, made_at_ms=plan.made_at_ms + 1))
    assert await store.plans.of("utter_uren") == (changed,)
    with pytest.raises(EditConflict):
        await store.plans.change(plan, replace(plan, until_ms=8000))
    await store.plans.remove("utter_uren", plan.id)
    with pytest.raises(EditConflict):
        await store.plans.change(changed, plan)
    with pytest.raises(NotFound):
        await store.plans.end("utter_uren", plan.id)


def test_the_timeline_has_what_stands_before_during_and_after() -> None:
    plans = [plan_of("Kerst.", 2000, 3000), plan_of("Voortaan.", 4000), plan_of("Pasen.", 5000, 6000)]
    found = [(one.from_ms, one.until_ms, one.template.text) for one in timeline(HOURS, plans, 1000, {})]
    assert found == [
        (0, 2000, "Open tot 18 uur."),
        (2000, 3000, "Kerst."),
        (3000, 4000, "Open tot 18 uur."),
        (4000, 5000, "Voortaan."),
        (5000, 6000, "Pasen."),
        (6000, 0, "Voortaan."),
    ]
    found = [(one.from_ms, one.until_ms, one.template.text) for one in timeline(HOURS, plans[:1], 2500, {})]
    assert found == [(0, 3000, "Kerst."), (3000, 0, "Open tot 18 uur.")]
    assert [one.template.text for one in timeline(HOURS, plans[:1], 3000, {})] == ["Open tot 18 uur."]


# The pages


@pytest.fixture
def editor(site: Site) -> Visitor:
    return Visitor(site.url, site.session("sanne", "editor", name="Sanne de Wit"))


@pytest.fixture
def answer(site: Site) -> Template:
    """An answer that only this test plans."""
    number = uuid.uuid4().hex[:8]
    template = Template(f"utter_faq_{number}", f"Vraag {number}", "Zoals altijd.")
    return site.run(lambda store: store.templates.save(template, expected_version=0))


def test_a_plan_is_made_changed_and_removed(site: Site, editor: Visitor, answer: Template) -> None:
    made = _plan(editor, answer, **{"from": _in(1), "until": _in(2), "text": "<b>Kerst</b>"})
    assert made.location == f"/editor/{answer.name}/plans?done=saved"
    (plan,) = site.run(lambda store: store.plans.of(answer.name))
    assert (plan.template.text, plan.by, plan.template.title) == ("<b>Kerst</b>", "sanne", answer.title)
    for path in (made.location, f"/editor/{answer.name}", "/editor/plans"):
        shown = editor.get(path)
        assert "<b>Kerst" not in shown.body and "<b>Kerst</b>" in shown.text and "Sanne de Wit" in shown.text
    form = editor.get(f"/editor/{answer.name}/plans?plan={plan.id}")
    assert form.value("text") == "<b>Kerst</b>" and form.value("from") == _in(1)
    kept = {name: form.value(name) for name in ("from", "until", "plan", "made_at_ms")}
    assert _plan(editor, answer, **{**kept, "text": "Kerst en oud en nieuw."}).status == 303
    (changed,) = site.run(lambda store: store.plans.of(answer.name))
    assert (changed.id, changed.template.text) == (plan.id, "Kerst en oud en nieuw.")
    for _ in range(2):
        assert editor.post(f"/editor/{answer.name}/plans/{plan.id}/remove").status == 303
    assert site.run(lambda store: store.plans.of(answer.name)) == ()
    audit = [one.what for one in site.run(lambda store: store.audit.page()) if one.about == answer.name]
    assert audit == ["plan.removed", "plan.saved", "plan.saved"]


def test_one_that_begins_now_is_read_now_and_one_without_end_is_published(
    site: Site, editor: Visitor, answer: Template
) -> None:
    _plan(editor, answer, until=_in(1), text="Vandaag anders.")
    assert _read(site, answer) == "Vandaag anders."
    assert "geldt nu" in editor.get("/editor/plans").text
    assert "klanten zien deze" not in editor.get(f"/editor/{answer.name}").text
    plan = Plan(replace(answer, text="Voortaan."), now_ms() - 1, 0, "sanne", now_ms())
    (current,) = site.run(lambda store: store.plans.of(answer.name))
    site.run(lambda store: store.plans.remove(answer.name, current.id))
    site.run(lambda store: store.plans.add(plan))
    until(lambda: site.run(lambda store: store.templates.published(answer.name)).text == "Voortaan.")
    until(lambda: site.run(lambda store: store.plans.of(answer.name)) == ())
    calendar = editor.get("/editor/plans")
    assert "Geweest" in calendar.text and "Voortaan." in calendar.text


@pytest.mark.parametrize(
    ("fields", "error"),
    [
        ({}, "Vul in wanneer het begint, of tot wanneer het duurt."),
        ({"from": "2020-01-01T09:00"}, "Kies een begin dat nog komt"),
        ({"from": "2099-01-01T09:00"}, "Kies een tijd in de komende twee jaar."),
        ({"until": "2020-01-01T09:00"}, "Kies een eind dat na het begin komt"),
        ({"from": "2027-03-28T02:30"}, "2.30 uur bestaat niet op zo 28 mrt 2027"),
        ({"until": "2027-10-31T02:30"}, "2.30 uur komt twee keer voor op zo 31 okt 2027"),
        ({"until": "straks"}, "Kies een dag en een tijd"),
        ({"until": "2027-01-01T09:00", "text": ""}, "Vul het antwoord in."),
        ({"until": "2027-01-01T09:00", "text": "{prijs}"}, "{prijs} bestaat niet."),
    ],
)
def test_what_can_not_be_planned_is_said_and_what_was_typed_stays(
    site: Site, editor: Visitor, answer: Template, fields: dict[str, str], error: str
) -> None:
    refused = _plan(editor, answer, **{"text": "مرحبا 🙂", **fields})
    assert refused.status == 400 and error in refused.text
    assert refused.value("text") == fields.get("text", "مرحبا 🙂")
    assert refused.value("from") == fields.get("from", "")
    assert site.run(lambda store: store.plans.of(answer.name)) == ()


def test_a_plan_at_the_same_time_is_refused_with_when_the_other_is(editor: Visitor, answer: Template) -> None:
    assert _plan(editor, answer, **{"from": _in(2), "until": _in(4), "text": "Een."}).status == 303
    refused = _plan(editor, answer, **{"from": _in(3), "until": _in(5), "text": "Twee."})
    assert refused.status == 400 and "Er staat al iets gepland vanaf" in refused.text
    assert _plan(editor, answer, **{"from": _in(4), "until": _in(5), "text": "Drie."}).status == 303


def test_who_changes_what_a_colleague_changed_sees_both(site: Site, editor: Visitor, answer: Template) -> None:
    _plan(editor, answer, **{"from": _in(1), "until": _in(2), "text": "Een."})
    (plan,) = site.run(lambda store: store.plans.of(answer.name))
    same = {"from": _in(1), "until": _in(2), "plan": plan.id, "made_at_ms": plan.made_at_ms}
    other = Visitor(site.url, site.session("kim", "editor", name="Kim"))
    assert _plan(other, answer, **same, text="Van Kim.").status == 303
    conflict = _plan(editor, answer, **same, text="Van Sanne.")
    assert conflict.status == 409 and "Kim heeft deze planning intussen gewijzigd" in conflict.text
    assert "Van Kim." in conflict.text and conflict.value("text") == "Van Sanne."
    again = {**same, "made_at_ms": conflict.value("made_at_ms")}
    assert _plan(editor, answer, **again, text="Van Sanne.").status == 303
    editor.post(f"/editor/{answer.name}/plans/{plan.id}/remove")
    gone = _plan(editor, answer, **again, text="Te laat.")
    assert gone.status == 409 and "intussen verwijderd of uitgevoerd" in gone.text and gone.value("plan") == ""


def test_a_draft_is_planned_with_all_that_it_has(site: Site, editor: Visitor, answer: Template) -> None:
    draft = replace(answer, text="Uit het concept.", variants=(Variant("Kort.", "messenger"),), image=IMAGE)
    site.run(lambda store: store.answer_drafts.save(AnswerDraft(draft, "draft", "sanne", now_ms())))
    assert _plan(editor, answer, **{"from": _in(1), "source": "draft", "text": ""}).status == 303
    (plan,) = site.run(lambda store: store.plans.of(answer.name))
    assert (plan.template.text, plan.template.variants) == ("Uit het concept.", draft.variants)
    # Changed in the form, it keeps what it had.
    form = editor.get(f"/editor/{answer.name}/plans?plan={plan.id}")
    names = ("from", "until", "plan", "made_at_ms", "title", "picture-url", "picture-alt", "variant-1-text")
    kept = {name: form.value(name) for name in names} | {"variant-1-channel": "messenger"}
    assert _plan(editor, answer, **kept, text="Toch anders.").status == 303
    (changed,) = site.run(lambda store: store.plans.of(answer.name))
    assert (changed.template.text, changed.template.variants) == ("Toch anders.", draft.variants)
    assert changed.template.image == IMAGE


def test_a_draft_that_is_not_finished_is_not_planned(site: Site, editor: Visitor, answer: Template) -> None:
    unfinished = AnswerDraft(replace(answer, text="Kost {prijs}"), "draft", "sanne", now_ms())
    site.run(lambda store: store.answer_drafts.save(unfinished))
    refused = _plan(editor, answer, **{"from": _in(1), "source": "draft", "text": "Wel goed."})
    assert refused.status == 400 and "Het concept is nog niet af. {prijs} bestaat niet" in refused.text


def test_a_draft_is_not_planned_as_nobody_saw_it(site: Site, editor: Visitor, answer: Template) -> None:
    draft = AnswerDraft(replace(answer, text="Gezien."), "review", "kim", now_ms())
    seen = site.run(lambda store: store.answer_drafts.save(draft)).version
    form = {"until": _in(1), "source": "draft", "text": "De tekst van nu.", "draft_version": seen}
    site.run(
        lambda store: store.answer_drafts.save(replace(draft, template=replace(answer, text="Anders."), version=seen))
    )
    changed = _plan(editor, answer, **form)
    assert changed.status == 400 and "het concept is intussen veranderd" in changed.text
    now = int(changed.value("draft_version"))
    site.run(lambda store: store.answer_drafts.remove(answer.name, expected_version=now))
    gone = _plan(editor, answer, **form)
    assert gone.status == 400 and "het concept is er niet meer" in gone.text and gone.value("until") == _in(1)
    assert site.run(lambda store: store.plans.of(answer.name)) == ()


def test_another_text_gets_a_row_and_plans_nothing(site: Site, editor: Visitor, answer: Template) -> None:
    more = _plan(editor, answer, **{"do": "preview", "until": _in(1), "variant-1-text": "Of zo."})
    assert more.status == 200 and more.value("variant-1-text") == "Of zo." and 'name="variant-2-text"' in more.body
    assert site.run(lambda store: store.plans.of(answer.name)) == ()


def test_where_a_colleague_must_look_along_only_a_colleagues_draft_is_planned(
    site: Site, editor: Visitor, answer: Template
) -> None:
    rules = site.run(lambda store: store.editing_rules.get())
    rules = site.run(lambda store: store.editing_rules.save(replace(rules, answers_need_review=True)))
    try:
        refused = _plan(editor, answer, until=_in(1), text="Zonder ander.")
        assert refused.status == 400 and "Een collega moet meekijken" in refused.text
        draft = replace(answer, text="Uit het concept.")
        site.run(lambda store: store.answer_drafts.save(AnswerDraft(draft, "review", "sanne", now_ms())))
        assert _plan(editor, answer, until=_in(1), source="draft").status == 400
        other = Visitor(site.url, site.session("kim", "editor", name="Kim"))
        assert _plan(other, answer, until=_in(1), source="draft").status == 303
        (plan,) = site.run(lambda store: store.plans.of(answer.name))
        later = {"until": _in(2), "from": typed_moment(plan.from_ms, AMSTERDAM), "text": "Uit het concept."}
        assert _plan(editor, answer, **later, plan=plan.id, made_at_ms=plan.made_at_ms).status == 303
    finally:
        site.run(lambda store: store.editing_rules.save(replace(rules, answers_need_review=False)))


def _plan(editor: Visitor, answer: Template, **fields: Any) -> Page:
    """The form as the page has it now, with `fields` filled in."""
    given = {"title": answer.title, "expected_version": answer.version, **fields}
    if fields.get("source") == "draft" and "draft_version" not in fields:
        given["draft_version"] = editor.get(f"/editor/{answer.name}/plans").value("draft_version")
    return editor.post_form(f"/editor/{answer.name}/plans", given)


def _in(days: int) -> str:
    """Noon, so many days from now: never in the hours that the clock changes."""
    return f"{datetime.now(AMSTERDAM) + timedelta(days=days):%Y-%m-%d}T12:00"


def _read(site: Site, answer: Template) -> str:
    return site.run(lambda store: store.templates.get(answer.name)).text
