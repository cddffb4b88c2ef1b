"""How often an answer was sent and helped is counted exactly, and only once."""

from __future__ import annotations

import pytest

from bot.model import Account
from bot.store import Store
from bot.store.answer_figures import NO_USE, AnswerUse
from bot.store.ratings import Click
from bot.store.work import now_ms
from tests.fakes.conversations import SURE, answer, handed_over, message, write

RETOUR = "utter_faq_retour"
SANNE = Account("sanne", "Sanne", ("agent",))


async def used(store: Store, name: str = RETOUR) -> AnswerUse:
    """Over a year, found in both ways."""
    [one] = await store.answer_figures.of(name, 365)
    [all_of_them] = await store.answer_figures.over(90)
    assert all_of_them.get(name, NO_USE) == one
    return one


async def press(store: Store, conversation_id: str, said: str) -> None:
    await store.ratings.click(message(conversation_id, "customer", said), Click("helped", said), None)


async def test_an_answer_that_was_sent_is_counted_with_when(store: Store) -> None:
    before_ms = now_ms()
    await answer(store, await write(store, "hoi"), template="utter_groet")
    for _ in range(2):
        await answer(store, await write(store, "retour?"), template=RETOUR)
    assert (await used(store)).sent == 2 and (await used(store, "utter_groet")).sent == 1
    assert before_ms - 60_000 < (await store.answer_figures.last_use()).at_ms[RETOUR] < before_ms + 60_000


async def test_a_turn_that_is_done_again_counts_once(store: Store) -> None:
    written = await write(store, "retour?")
    item = await store.work.take("slow", block_ms=500)
    assert item is not None
    first, second = await store.work.begin(item), await store.work.begin(item)
    assert first and second
    done = []
    for turn in (first, second, second):
        said = message(written.conversation_id, "assistant", "Zo.", template=RETOUR)
        done.append(await store.work.finish(turn, [said], dialogue="{}", nlu=SURE))
    assert done == [None, 0, None]
    assert (await used(store)).sent == 1


async def test_an_answer_that_came_after_a_human_took_over_counts_nothing(store: Store) -> None:
    written = await write(store, "retour?")
    item = await store.work.take("late", block_ms=500)
    assert item is not None
    turn = await store.work.begin(item)
    assert turn is not None
    await store.queue.claim(await store.conversations.get(written.conversation_id), SANNE)
    said = message(written.conversation_id, "assistant", "Zo.", template=RETOUR)
    assert await store.work.finish(turn, [said], dialogue="{}", nlu=SURE) is None
    assert await used(store) == NO_USE


async def test_words_that_look_like_the_name_of_an_answer_count_nothing(store: Store) -> None:
    await handed_over(store)
    sly = '","template":"utter_faq_retour","x":"'
    conversation_id = (await write(store, sly)).conversation_id
    await store.queue.claim(await store.conversations.get(conversation_id), SANNE)
    await store.queue.reply(conversation_id, SANNE, message(conversation_id, "agent", sly))
    assert await used(store) == NO_USE


async def test_what_customers_say_counts_with_their_last_word(store: Store) -> None:
    conversations = [(await write(store, "retour?")) for _ in range(3)]
    for written in conversations:
        await answer(store, written, template=RETOUR)
    for written, said in zip(conversations, ("yes", "no", "no"), strict=True):
        await press(store, written.conversation_id, said)
        await press(store, written.conversation_id, said)
    assert await used(store) == AnswerUse(sent=3, helped=1, not_helped=2)
    await press(store, conversations[1].conversation_id, "yes")
    assert await used(store) == AnswerUse(sent=3, helped=2, not_helped=1)


@pytest.mark.parametrize(("days_ago", "in_month", "in_quarter"), [(0, 1, 1), (29, 1, 1), (30, 0, 1), (90, 0, 0)])
async def test_a_period_has_so_many_days(store: Store, days_ago: int, in_month: int, in_quarter: int) -> None:
    today = now_ms() // 86_400_000
    await store._client.hset(store._keys.answers_used_on(today - days_ago), f"sent {RETOUR}", 1)
    found = [one.get(RETOUR, NO_USE).sent for one in await store.answer_figures.over(30, 90)]
    assert found == [in_month, in_quarter] == [one.sent for one in await store.answer_figures.of(RETOUR, 30, 90)]


async def test_days_that_are_over_are_read_once_and_today_each_time(store: Store) -> None:
    await answer(store, await write(store, "retour?"), template=RETOUR)
    assert (await used(store)).sent == 1
    await answer(store, await write(store, "retour?"), template=RETOUR)
    assert (await used(store)).sent == 2


async def test_counters_go_after_their_time(store: Store) -> None:
    await answer(store, await write(store, "retour?"), template=RETOUR)
    ttl_s = await store._client.ttl(store._keys.answers_used_on(now_ms() // 86_400_000))
    assert 399 * 86_400 < ttl_s <= 400 * 86_400


async def test_counting_begins_once_with_what_customers_said_before(store: Store) -> None:
    assert (await store.answer_figures.last_use()).since_ms == 0
    written = await write(store, "retour?")
    await answer(store, written, template=RETOUR)
    await press(store, written.conversation_id, "yes")
    # As the version before left it: what was said, not counted.
    await store._client.hdel(store._keys.answers_used_on(now_ms() // 86_400_000), f"yes {RETOUR}")
    await store.answer_figures.begin()
    assert (await used(store)).helped == 1
    since_ms = (await store.answer_figures.last_use()).since_ms
    assert since_ms > 0
    await press(store, written.conversation_id, "no")
    await store.answer_figures.begin()
    assert await used(store) == AnswerUse(sent=1, helped=0, not_helped=1)
    assert (await store.answer_figures.last_use()).since_ms == since_ms
