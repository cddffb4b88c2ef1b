"""Work for the assistant: who has it, who takes it over, and what happens to work that nobody survives."""

from __future__ import annotations

import uuid

import pytest

from bot.errors import AlreadyClaimed
from bot.model import Handoff, Message, Nlu
from bot.store import Store
from bot.store.work import Turn, WorkItem, now_ms, patience_id
from tests.conftest import eventually
from tests.fakes.conversations import message, write

ANSWERED = Nlu("answer", "groet", 1.0)


async def begun(store: Store, worker: str, item: WorkItem | None = None) -> Turn:
    item = item or await store.work.take(worker, block_ms=1000)
    assert item is not None
    turn = await store.work.begin(item)
    assert turn is not None
    return turn


def reply_to(written: Message) -> Message:
    return message(written.conversation_id, "assistant", "antwoord", in_reply_to=written.id)


@pytest.mark.parametrize("lives", [True, False])
async def test_only_the_work_of_a_worker_without_a_sign_of_life_is_taken_over(store: Store, lives: bool) -> None:
    await write(store, "hoi", "c1")
    await begun(store, "first")
    await store.work.sign_of_life("first", "{}")
    if not lives:
        await store.work.sign_off("first")
    item = await store.work.take_over("second")
    assert (item is None) is lives


async def test_a_worker_that_goes_silent_loses_its_work(store: Store) -> None:
    await write(store, "hoi", "c1")
    await begun(store, "first")
    await store.work.sign_of_life("first", "{}")
    assert await store.work.take_over("second") is None
    assert await eventually(lambda: store.work.take_over("second"))


async def test_work_whose_delivery_was_lost_comes_again(store: Store) -> None:
    """The connection broke after Redis gave the work away and before the worker heard of it."""
    await write(store, "hoi", "c1")
    assert await store.work.take("worker", block_ms=1000)
    await store.work.sign_of_life("worker", "{}")
    item = await store.work.take_over("worker")
    assert item is not None
    assert (await begun(store, "worker", item)).message.text == "hoi"


async def test_attempts_count_the_workers_that_began_and_not_the_times(store: Store) -> None:
    await write(store, "hoi", "c1")
    item = await store.work.take("first", block_ms=1000)
    assert [(await begun(store, "first", item)).attempts for _ in range(2)] == [1, 1]
    for number, worker in enumerate(("second", "third"), start=2):
        item = await store.work.take_over(worker)
        assert (await begun(store, worker, item)).attempts == number


async def test_the_next_message_begins_with_one_attempt(store: Store) -> None:
    written = [await write(store, text, "c1") for text in ("een", "twee")]
    await begun(store, "first")
    item = await store.work.take_over("second")
    turn = await begun(store, "second", item)
    assert await store.work.finish(turn, [reply_to(written[0])], dialogue="[]", nlu=ANSWERED) == 1
    turn = await begun(store, "second", item)
    assert (turn.message.text, turn.attempts) == ("twee", 1)


async def test_released_work_is_for_whoever_is_free_first_and_behind_others(store: Store) -> None:
    written = [await write(store, text, "c1") for text in ("een", "twee")]
    item = await store.work.take("stopping", block_ms=1000)
    assert item is not None
    turn = await begun(store, "stopping", item)
    await store.work.finish(turn, [reply_to(written[0])], dialogue="[]", nlu=ANSWERED)
    await write(store, "iemand anders", "c2")
    await store.work.release(item)
    found = [(await begun(store, "other")).message.text for _ in range(2)]
    assert found == ["iemand anders", "twee"]
    assert await store.work.begin(item) is None


async def test_releasing_what_somebody_else_has_by_now_changes_nothing(store: Store) -> None:
    await write(store, "een", "c1")
    item = await store.work.take("late", block_ms=1000)
    assert item is not None
    await store.work.release(item)
    again = await store.work.take("other", block_ms=1000)
    await store.work.release(item)
    assert (await begun(store, "other", again)).message.text == "een"
    assert await store.work.take("third", block_ms=20) is None


async def test_workers_that_are_long_gone_are_forgotten_but_not_their_work(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.store.work.FORGET_AFTER_MS", -1)
    await write(store, "hoi", "c1")
    assert await store.work.take("idle", block_ms=1) is not None
    assert await store.work.take("never had work", block_ms=1) is None
    await store.work.forget_gone_workers()
    assert await eventually(lambda: store.work.take_over("new"))
    await store.work.forget_gone_workers()
    names = {one["name"] for one in await store._client.xinfo_consumers(store._keys.work, "assistants")}
    assert names == {"new"}


async def test_who_waits_is_asked_for_patience_once_and_only_while_waiting(store: Store) -> None:
    written = await write(store, "hoi", "c1")
    (overdue,) = await eventually(lambda: store.work.overdue(1))
    assert (overdue.begun_ms, overdue.told) == (None, False)

    def patience() -> Message:
        return Message(
            patience_id(overdue.since_ms), "c1", "system", "moment", now_ms(), in_reply_to=written.id, notice="patience"
        )

    for _ in range(2):  # two web processes
        await store.queue.ask_for_patience("c1", patience(), waiting_since_ms=overdue.since_ms)
    turn = await begun(store, "worker")
    (overdue,) = await store.work.overdue(1)
    assert overdue.begun_ms is not None and overdue.told
    await store.work.finish(turn, [reply_to(written)], dialogue="[]", nlu=ANSWERED)
    with pytest.raises(AlreadyClaimed):
        late = Message(uuid.uuid4().hex, "c1", "system", "te laat", now_ms())
        await store.queue.ask_for_patience("c1", late, waiting_since_ms=overdue.since_ms)
    assert [m.text for m in await store.conversations.messages("c1")] == ["hoi", "moment", "antwoord"]


async def test_nothing_of_a_turn_is_left_behind(store: Store) -> None:
    """What the store keeps about work in hand ends with it: the next turn, or a human, starts from nothing."""
    written = await write(store, "hoi", "c1")
    turn = await begun(store, "worker")
    handoff = Handoff("not_confident", "normal", now_ms(), written.id)
    await store.work.finish(turn, [reply_to(written)], dialogue="[]", nlu=ANSWERED, handoff=handoff)
    left = await store._client.hgetall(store._keys.conversation("c1"))
    assert not {"worker", "work_id", "begun_at_ms", "attempts", "attempt_of", "attempt_by"} & set(left)
    assert await store._client.xlen(store._keys.work) == 0


async def test_a_redis_that_comes_back_empty_is_worked_with_again(store: Store) -> None:
    await store._client.delete(store._keys.work)
    assert await store.work.take_over("worker") is None
    assert await store.work.take("worker", block_ms=1) is None
    await write(store, "hoi", "c1")
    assert (await begun(store, "worker")).message.text == "hoi"
