"""What customers read of an answer: the published one, a planned one, or that of a crisis; and drafts and topics."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from bot.answers import Answers
from bot.errors import Conflict, EditConflict, InvalidMessage, NotFound
from bot.model import Image, Template, Variant
from bot.settings import Settings
from bot.store import Store
from bot.store.answer_drafts import AnswerDraft
from bot.store.crisis import Crisis
from bot.store.plans import Plan, as_planned
from bot.store.topics import Example, Topic, with_examples, without_examples
from bot.store.work import now_ms

HOURS = Template("utter_uren", "Uren", "Open tot 18 uur.")
HOUR_MS = 3_600_000


async def text(store: Store) -> str:
    return (await store.templates.get("utter_uren")).text


def planned(words: str, from_ms: int, until_ms: int) -> Plan:
    return Plan(replace(HOURS, text=words), from_ms, until_ms, "robin", now_ms())


async def test_what_is_planned_is_read_while_it_holds_and_what_stood_before_and_after_else(store: Store) -> None:
    await store.templates.save(HOURS, expected_version=0)
    now = now_ms()
    later = await store.plans.add(planned("Kerst: dicht.", now + HOUR_MS, now + 2 * HOUR_MS))
    assert await text(store) == "Open tot 18 uur."
    current = await store.plans.add(planned("Vandaag tot 16 uur.", now - HOUR_MS, now + HOUR_MS))
    assert await text(store) == "Vandaag tot 16 uur."
    assert [one.text for one in await store.templates.all()] == ["Vandaag tot 16 uur."]
    assert (await store.templates.published("utter_uren")).text == "Open tot 18 uur."
    assert await store.plans.of("utter_uren") == (current, later)
    await store.plans.remove("utter_uren", current.id)
    assert await text(store) == "Open tot 18 uur."
    with pytest.raises(NotFound):
        await store.plans.remove("utter_uren", current.id)


async def test_two_plans_of_one_answer_never_hold_together_not_even_when_made_at_once(store: Store) -> None:
    now = now_ms()
    made = [store.plans.add(planned(str(number), now, now + HOUR_MS)) for number in range(5)]
    results = await asyncio.gather(*made, return_exceptions=True)
    assert sum(isinstance(one, Conflict) for one in results) == 4
    await store.plans.add(planned("daarna", now + HOUR_MS, now + 2 * HOUR_MS))
    with pytest.raises(InvalidMessage):
        await store.plans.add(planned("nooit", now, now - 1))


def test_a_plan_over_the_change_of_summer_time_lasts_as_long_as_it_says() -> None:
    zone = ZoneInfo("Europe/Amsterdam")

    def ms(hour: int) -> int:
        return int(datetime(2026, 10, 25, hour, 30, tzinfo=zone).timestamp() * 1000)

    plan = planned("Zondag.", ms(1), ms(3))
    assert plan.until_ms - plan.from_ms == 3 * HOUR_MS  # the clock goes back an hour in between
    found = [as_planned(HOURS, [plan], plan.from_ms + step * HOUR_MS).text == "Zondag." for step in range(-1, 4)]
    assert found == [False, True, True, True, False]


async def test_a_crisis_replaces_answers_and_afterwards_all_is_as_it_was(store: Store) -> None:
    answer = replace(HOURS, image=Image("https://example.nl/a.png", "Een klok"), variants=(Variant("Tot 6 uur."),))
    await store.templates.save(answer, expected_version=0)
    now = now_ms()
    await store.plans.add(planned("Gepland.", now - 1, now + HOUR_MS))
    crisis = Crisis(True, "Storing", {"utter_uren": "Alles is dicht."}, until_ms=now + HOUR_MS, by="robin", at_ms=now)
    crisis = await store.crisis.save(crisis)
    said = await store.templates.get("utter_uren")
    assert (said.wordings("widget"), said.image) == (("Alles is dicht.",), None)
    # Publishing and rolling back meanwhile changes what comes after, not what is read now.
    await store.templates.save(replace(answer, text="Nieuw."), expected_version=1)
    await store.templates.save(answer, expected_version=2)
    assert await text(store) == "Alles is dicht."
    with pytest.raises(EditConflict):
        await store.crisis.save(replace(crisis, version=0))
    await store.crisis.save(replace(crisis, is_on=False))
    assert await text(store) == "Gepland."
    assert [one.is_on for one in await store.crisis.history()] == [False, True]


async def test_a_crisis_ends_by_itself(store: Store) -> None:
    now = now_ms()
    await store.templates.save(HOURS, expected_version=0)
    crisis = Crisis(True, texts={"utter_uren": "Alles is dicht."}, until_ms=now + 1000, at_ms=now)
    await store.crisis.save(crisis)
    assert await text(store) == "Alles is dicht."
    store.templates._clock = lambda: now + 1001
    assert await text(store) == "Open tot 18 uur."
    with pytest.raises(InvalidMessage):
        await store.crisis.save(replace(crisis, version=1, until_ms=now))


@pytest.mark.parametrize(("text", "name"), [("{klant}", "Noor"), ("{afdeling}", "")])
async def test_an_answer_of_which_nothing_is_left_is_no_answer(
    store: Store, settings: Settings, text: str, name: str
) -> None:
    """A human gets the question then, and the customer no empty message."""
    await store.templates.save(Template("utter_naam", "", text), expected_version=0)
    await store.templates.save(Template("utter_leeg", "", "{klant}"), expected_version=0)
    answers = Answers(store.templates, settings, store.departments, store.editing_rules)
    assert (await answers.message("utter_naam", "c1", customer_name=name)).text
    with pytest.raises(NotFound):
        await answers.message("utter_leeg", "c1")


async def test_a_removed_answer_is_gone_for_customers_and_keeps_its_history(store: Store) -> None:
    await store.templates.save(HOURS, expected_version=0)
    now = now_ms()
    await store.plans.add(planned("Gepland.", now - 1, now + HOUR_MS))
    removed = replace(HOURS, is_removed=True, edited_by="robin")
    await store.templates.save(removed, expected_version=1)
    with pytest.raises(NotFound):
        await store.templates.get("utter_uren")
    assert await store.templates.all() == await store.templates.all_published() == []
    assert [one.version for one in await store.templates.history("utter_uren")] == [2, 1]
    await store.templates.seed([HOURS])
    assert (await store.templates.published("utter_uren")).is_removed
    await store.templates.save(HOURS, expected_version=2)
    assert await text(store) == "Gepland."


def test_a_channel_reads_its_own_words_if_there_are_any() -> None:
    answer = replace(HOURS, variants=(Variant("Tot 6!", "messenger"), Variant("Tot zes uur.")))
    assert answer.wordings("messenger") == ("Tot 6!",)
    assert answer.wordings("widget") == answer.wordings() == ("Open tot 18 uur.", "Tot zes uur.")


async def test_who_works_on_the_same_draft_can_not_overwrite_unseen(store: Store) -> None:
    first = await store.answer_drafts.save(AnswerDraft(HOURS, "draft", "robin", now_ms()))
    with pytest.raises(EditConflict):
        await store.answer_drafts.save(AnswerDraft(replace(HOURS, text="Anders."), "draft", "kim", now_ms()))
    second = await store.answer_drafts.save(replace(first, state="review", by="kim"))
    with pytest.raises(EditConflict):
        await store.answer_drafts.remove("utter_uren", expected_version=first.version)
    assert await store.answer_drafts.all() == {"utter_uren": second}
    await store.answer_drafts.remove("utter_uren", expected_version=second.version)
    assert await store.answer_drafts.get("utter_uren") is None
    later = await store.answer_drafts.save(AnswerDraft(HOURS, "draft", "kim", now_ms() + 1))
    assert later.version not in (first.version, second.version), "who has the first one on screen sees that it is gone"


async def test_topics_are_saved_together_or_not_at_all(store: Store) -> None:
    topics = store.topics
    one, other = await topics.save_all([_topic("faq_ruilen", "mag ik ruilen"), _topic("faq_retour", "terug?", place=1)])
    changes = await topics.changes()
    # An example goes to another topic, while a colleague saves that one.
    await topics.save(replace(other, description="Terugsturen"))
    moved = [without_examples(one, ["Mag ik ruilen?"]), with_examples(other, one.examples)]
    with pytest.raises(EditConflict, match="faq_retour"):
        await topics.save_all(moved)
    assert (await topics.get("faq_ruilen")) == one and await topics.changes() == changes + 1
    await topics.save(replace(one, is_retired=True, merged_into="faq_retour"))
    assert [topic.intent for topic in await topics.all()] == ["faq_retour"]
    assert [topic.intent for topic in await topics.all(retired=True)] == ["faq_ruilen", "faq_retour"]
    assert [topic.is_retired for topic in await topics.history("faq_ruilen")] == [True, False]


@pytest.mark.parametrize(
    ("topic", "says"),
    [
        (Topic("Faq Ruilen", "Ruilen"), "intent"),
        (Topic("faq_ruilen", " "), "title"),
        (Topic("faq_ruilen", "Ruilen", examples=(Example("een\ntwee"),)), "lines"),
        (Topic("faq_ruilen", "Ruilen", threshold=1.5), "threshold"),
    ],
)
async def test_a_topic_that_can_not_be_is_refused(store: Store, topic: Topic, says: str) -> None:
    with pytest.raises(InvalidMessage, match=says):
        await store.topics.save(topic)


def _topic(intent: str, *examples: str, place: int = 0) -> Topic:
    return Topic(intent, intent.removeprefix("faq_"), examples=tuple(map(Example, examples)), place=place)
