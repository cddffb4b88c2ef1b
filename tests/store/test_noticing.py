"""Which messages the learning inbox gets, from what worker, widget and desk tell it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from structlog.testing import capture_logs

from bot.learning import Noticing
from bot.model import Handoff, IntentScore, Message, Nlu
from bot.store import Store
from bot.store.missed import Missed
from bot.store.work import Turn, Unread, now_ms
from tests.fakes.conversations import message, write

RANKING = (IntentScore("faq_ruilen", 0.4), IntentScore("faq_retourneren", 0.3))
# A place behind all others.
LAST = "9999999999999-0"
UNSURE = Nlu("human", "faq_ruilen", 0.4, RANKING, (), 0.8)
ANSWERED = Nlu("answer", "faq_ruilen", 0.95, RANKING, (), 0.8)


@pytest.fixture
def noticing(store: Store) -> Noticing:
    return Noticing(store)


async def turn(store: Store, text: str = "kan ik zonder bon ruilen?", **fields: Any) -> Turn:
    written = await write(store, text, "c1")
    [*_, stored] = await store.conversations.messages("c1")
    assert stored.id == written.id
    return Turn("c1", replace(stored, **fields), "", 1, "", 1, "widget")


async def the_only_one(store: Store) -> Missed:
    [one] = await store.missed.open()
    return one


def handoff(reason: str) -> Handoff:
    return Handoff(reason, "normal", now_ms())


@pytest.mark.parametrize(
    ("nlu", "reason", "noted"),
    [
        (UNSURE, "not_confident", "unsure"),
        (replace(UNSURE, outcome="ask"), "unclear_twice", "unsure"),
        (replace(UNSURE, outcome="ask"), "", "asked_back"),
        (Nlu("human", "nlu_fallback", 0.6, RANKING), "not_confident", "unsure"),
        (Nlu("answer", "medewerker_spreken", 0.9, RANKING), "asked_for_human", "handed_over"),
    ],
)
async def test_what_was_not_answered_is_noted(
    store: Store, noticing: Noticing, nlu: Nlu, reason: str, noted: str
) -> None:
    await noticing.turn(await turn(store), nlu, handoff(reason) if reason else None, "model-1")
    one = await the_only_one(store)
    assert one.reasons == (noted,) and one.channel == "widget" and one.text == "kan ik zonder bon ruilen?"
    assert one.verdict and one.verdict.model == "model-1" and one.verdict.ranking == RANKING


@pytest.mark.parametrize(
    ("nlu", "reason"),
    [
        (ANSWERED, ""),
        (Nlu("answer", "klacht", 0.9, RANKING), "complaint"),
        (replace(UNSURE, intent="schelden"), "not_confident"),
        (replace(UNSURE, emergency="self_harm"), "self_harm"),
        (Nlu("answer", "medewerker_spreken", 0.98, (IntentScore("medewerker_spreken", 0.98),)), "asked_for_human"),
        (ANSWERED, "topic_for_humans"),
        (Nlu("human", "", 0.0), "assistant_failed"),
    ],
)
async def test_what_went_as_it_should_is_not(store: Store, noticing: Noticing, nlu: Nlu, reason: str) -> None:
    await noticing.turn(await turn(store), nlu, handoff(reason) if reason else None, "model-1")
    assert await store.missed.open() == []


async def test_a_button_is_no_message_to_learn_from(store: Store, noticing: Noticing) -> None:
    await noticing.turn(await turn(store, payload="/nlu_fallback"), UNSURE, handoff("not_confident"), "model-1")
    assert await store.missed.open() == []


async def test_numbers_of_a_customer_are_masked(store: Store, noticing: Noticing) -> None:
    await noticing.turn(await turn(store, "mijn bsn is 123456782"), UNSURE, handoff("not_confident"), "model-1")
    assert (await the_only_one(store)).text == "mijn bsn is [BSN]"


async def answered_by_assistant(store: Store, written: Message) -> None:
    reply = message(
        "c1", "assistant", "Ruilen kan binnen 30 dagen.", template="utter_faq_ruilen", in_reply_to=written.id
    )
    await store.conversations.note(replace(reply, sender="note"))  # a place in the log


async def test_an_answer_that_did_not_help_is_about_the_question_before_it(store: Store, noticing: Noticing) -> None:
    await answered_by_assistant(store, await write(store, "kan ik ruilen?", "c1"))
    await write(store, "daar heb ik niks aan", "c1")
    await noticing.not_helped(await store.conversations.get("c1"))
    one = await the_only_one(store)
    assert (one.text, one.reasons) == ("kan ik ruilen?", ("not_helped",))


async def test_what_an_agent_answers_is_noted_with_the_answer(store: Store, noticing: Noticing) -> None:
    await write(store, "kan ik zonder bon ruilen?", "c1")
    await write(store, "het is een cadeau namelijk", "c1")
    await noticing.answered("c1", LAST, "Ja, dat kan met de mail. Mijn IBAN is NL91ABNA0417164300.")
    found = {one.text: one for one in await store.missed.open()}
    assert set(found) == {"kan ik zonder bon ruilen?", "het is een cadeau namelijk"}
    assert all(one.reply == "Ja, dat kan met de mail. Mijn IBAN is [IBAN]." for one in found.values())


async def test_small_talk_to_an_agent_is_not(store: Store, noticing: Noticing) -> None:
    await write(store, "dank je", "c1")
    await noticing.answered("c1", LAST, "Graag gedaan!")
    assert await store.missed.open() == []
    # Longer, and known for what it is only later.
    written = await write(store, "hartstikke bedankt voor alles hoor", "c1")
    await noticing.answered("c1", LAST, "Graag gedaan!")
    assert len(await store.missed.open()) == 1
    unread = Unread("c1", written.id, written.text)
    await noticing.read(unread, Nlu("answer", "bedankt", 0.97), "model-1")
    assert await store.missed.open() == []


async def test_a_message_that_is_read_later_gets_its_ranking(store: Store, noticing: Noticing) -> None:
    written = await write(store, "kan ik zonder bon ruilen?", "c1")
    await noticing.answered("c1", LAST, "Ja.")
    assert (await the_only_one(store)).verdict is None
    await noticing.read(Unread("c1", written.id, written.text), UNSURE, "model-1")
    one = await the_only_one(store)
    assert one.verdict and one.verdict.ranking == RANKING


@pytest.mark.parametrize("reason", ["self_harm", "complaint", "topic_for_humans"])
async def test_what_is_for_people_only_is_not_noted_when_they_answer(
    store: Store, noticing: Noticing, reason: str
) -> None:
    written = await write(store, "ik wil er niet meer zijn vandaag", "c1")
    conversation = await store.conversations.get("c1")
    await store.queue.put(conversation, Handoff(reason, "urgent", now_ms(), written.id), [])
    await noticing.answered("c1", LAST, "Ik bel je nu.")
    assert await store.missed.open() == []


async def test_what_goes_wrong_is_only_logged(store: Store, noticing: Noticing) -> None:
    with capture_logs() as logs:
        await noticing.answered("there is no such", LAST, "Ja.")
    assert [line["event"] for line in logs] == ["missed.not_noted"]
