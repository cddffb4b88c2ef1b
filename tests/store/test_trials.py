"""Messages that editors try: kept for minutes, given out once, never a conversation."""

from __future__ import annotations

import pytest

from bot.errors import NotFound
from bot.model import Nlu
from bot.store import Store
from bot.store.trials import LIFETIME_S, MOST_WAITING, Trial, Tried


def trial(trial_id: str = "t1", other: str = "") -> Trial:
    return Trial(trial_id, "wat kost retour?", "widget", other=other)


async def test_a_trial_is_given_out_once_to_each_model_and_has_both_answers(store: Store) -> None:
    await store.trials.ask(trial(other="b"))
    assert [await store.trials.next("live"), await store.trials.next("live")] == [trial(other="b"), None]
    assert [await store.trials.next("other"), await store.trials.next("other")] == [trial(other="b"), None]
    tried = Tried("a", Nlu("answer", "faq_retourkosten", 0.9), spelled="wat kost retour")
    await store.trials.answer(trial(), "live", tried)
    await store.trials.answer(trial(), "other", Tried("b", problem="refused"))
    assert await store.trials.get("t1") == (trial(other="b"), {"live": tried, "other": Tried("b", problem="refused")})


async def test_without_another_model_only_the_live_one_is_asked(store: Store) -> None:
    await store.trials.ask(trial())
    assert await store.trials.next("other") is None
    assert not await store.trials.wants_helper()


async def test_nothing_of_it_stays(store: Store) -> None:
    await store.trials.ask(trial(other="b"))
    keys = store._keys
    for key in (keys.trial("t1"), keys.trials, keys.trials_other):
        assert 0 < await store._client.ttl(key) <= LIFETIME_S
    await store._client.delete(keys.trial("t1"))
    assert await store.trials.next("live") is None
    with pytest.raises(NotFound):
        await store.trials.get("t1")


async def test_of_many_that_nobody_answers_the_latest_wait(store: Store) -> None:
    for number in range(MOST_WAITING + 5):
        await store.trials.ask(trial(f"t{number}"))
    first = await store.trials.next("live")
    assert first is not None and first.id == "t5"


async def test_one_helper_is_started_until_it_stops(store: Store) -> None:
    await store.trials.ask(trial(other="b"))
    assert [await store.trials.wants_helper() for _ in range(2)] == [True, False]
    await store.trials.helper_stops()
    assert await store.trials.wants_helper()
