"""One training at a time, whatever becomes of who does it."""

from __future__ import annotations

import asyncio

import pytest

from bot.errors import NotFound
from bot.model import ModelRecord
from bot.store import Store
from bot.store.models import NOT_ACTIVATED_S
from bot.store.topics import Example, Topic
from bot.store.trainings import KEPT, Became, Change, Report
from tests.conftest import eventually

SHORT_MS = 50


async def test_what_is_asked_for_is_done_by_one_trainer(store: Store) -> None:
    asked = await store.trainings.ask("anna")
    first, second = await asyncio.gather(store.trainings.take("a"), store.trainings.take("b"))
    taken = first or second
    assert taken is not None and (first is None or second is None)
    assert (taken.id, taken.state, taken.asked_by) == (asked.id, "running", "anna")
    assert await store.trainings.go_on(taken, "train", 40)
    assert (await store.trainings.get(asked.id)).percent == 40
    assert await store.trainings.done(
        taken, Report("model-1", message_changes=(Change(Became("human"), Became("ask")),))
    )
    over = await store.trainings.get(asked.id)
    assert (over.state, over.model, over.percent) == ("done", "model-1", 100)
    report = await store.trainings.report(asked.id)
    assert report is not None and report.message_changes[0].before.outcome == "human"


async def test_a_trainer_that_waits_is_woken(store: Store) -> None:
    waiting = asyncio.create_task(store.trainings.wait(60))
    await asyncio.sleep(0)
    await store.trainings.ask("anna")
    await asyncio.wait_for(waiting, 30)


async def test_two_who_ask_at_once_get_the_same(store: Store) -> None:
    first, second = await asyncio.gather(store.trainings.ask("anna"), store.trainings.ask("bas"))
    assert first.id == second.id
    assert len(await store.trainings.all()) == 1


@pytest.mark.parametrize("changed", [False, True])
async def test_who_asks_while_one_runs_gets_another_only_if_something_changed(store: Store, changed: bool) -> None:
    await store.trainings.ask("anna")
    running = await store.trainings.take("a")
    assert running is not None
    if changed:
        await store.topics.save(Topic("faq_nieuw", "Nieuw", examples=(Example("is dit nieuw"),)))
    asked = await store.trainings.ask("bas")
    assert (asked.id != running.id) is changed
    assert await store.trainings.take("b") is None, "one at a time"
    await store.trainings.done(running, Report("model-1"))
    following = await store.trainings.take("b")
    assert (following is not None) is changed


async def test_a_training_of_a_trainer_that_is_gone_failed_and_the_next_one_runs(store: Store) -> None:
    asked = await store.trainings.ask("anna")
    gone = await store.trainings.take("a", lease_ms=SHORT_MS)
    assert gone is not None

    async def failed() -> bool:
        return (await store.trainings.get(asked.id)).state == "failed"

    await eventually(failed)
    assert (await store.trainings.get(asked.id)).reason == "lost"
    assert not await store.trainings.go_on(gone, "train", 50)
    assert not await store.trainings.done(gone, Report("model-1"))
    assert (await store.trainings.get(asked.id)).state == "failed"
    again = await store.trainings.ask("anna")
    assert again.id != asked.id
    assert await store.trainings.take("b") is not None


@pytest.mark.parametrize("taken", [False, True])
async def test_a_training_can_be_stopped(store: Store, taken: bool) -> None:
    asked = await store.trainings.ask("anna")
    running = await store.trainings.take("a") if taken else None
    assert await store.trainings.cancel(asked.id, "bas")
    over = await store.trainings.get(asked.id)
    assert (over.state, over.cancelled_by) == ("cancelled", "bas")
    if running:
        assert not await store.trainings.go_on(running, "train", 50), "its trainer hears of it"
    assert not await store.trainings.cancel(asked.id, "bas")
    assert await store.trainings.take("b") is None
    assert (await store.trainings.ask("anna")).id != asked.id


async def test_the_last_ones_are_kept(store: Store) -> None:
    for _ in range(KEPT + 2):
        await store.trainings.cancel((await store.trainings.ask("anna")).id, "anna")
    last = await store.trainings.ask("anna")
    kept = await store.trainings.all()
    assert len(kept) == KEPT and kept[0].id == last.id


async def test_an_unknown_training_is_said(store: Store) -> None:
    with pytest.raises(NotFound):
        await store.trainings.get("niet-er")
    assert not await store.trainings.cancel("niet-er", "anna")
    assert await store.trainings.report("niet-er") is None


async def test_trainers_are_known_while_they_give_signs_of_life(store: Store) -> None:
    await store.trainings.sign_of_life("a")
    assert await store.trainings.trainers() == ["a"]
    await store.trainings.sign_off("a")
    assert await store.trainings.trainers() == []


async def test_the_file_of_a_candidate_is_there_until_another_takes_its_place(store: Store) -> None:
    record = ModelRecord("one", "/nowhere/one.tar.gz", "0", 1)
    await store.models.register(record)
    await store.models.put_file("one", [b"model"], lifetime_s=2 * NOT_ACTIVATED_S)
    assert await store.models.is_to_be_had(record) and not await store.models.has_file(record)
    await store.models.drop_file("one")
    assert not await store.models.is_to_be_had(record)


async def test_a_model_knows_which_topics_it_was_trained_on(store: Store) -> None:
    await store.models.note_topics("one", {"faq_nieuw": 3})
    assert await store.models.topics_of("one") == {"faq_nieuw": 3}
    assert await store.models.topics_of("two") is None
