"""Experiments: one at a time, a fixed share of the conversations, exact figures, and an end."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

import pytest

from bot.errors import Conflict, InvalidMessage
from bot.model import Message, ModelRecord, Nlu
from bot.store import Store
from bot.store.experiments import MAX_DIFFERENCES, Difference, Experiment
from bot.store.models import CANDIDATE_S, WITHOUT_LIFETIME
from bot.store.ratings import Click
from bot.store.trainings import Became
from bot.store.work import now_ms
from tests.conftest import eventually
from tests.fakes.conversations import answer, message, write


@pytest.fixture(autouse=True)
async def models(store: Store) -> None:
    for name in ("live", "new", "third"):
        await store.models.register(ModelRecord(name, "/nowhere", "0", 1))
    await store.models.activate("live")


def split(share: int = 50, **more: Any) -> Experiment:
    at_ms = now_ms()
    return Experiment("new", "live", "split", "sanne", at_ms, at_ms + 3_600_000, share, **more)


async def test_one_runs_at_a_time_however_many_begin(store: Store) -> None:
    begun = await asyncio.gather(*(store.experiments.begin(split()) for _ in range(5)), return_exceptions=True)
    assert sum(isinstance(one, Conflict) for one in begun) == 4
    (first,) = [one for one in begun if isinstance(one, Experiment)]
    assert await store.experiments.current() == first
    assert await store.experiments.end(first.id, "stopped", by="sanne")
    assert not await store.experiments.end(first.id, "stopped", by="daan")
    assert await store.experiments.current() is None
    (over,) = await store.experiments.history()
    assert (over.ending, over.ended_by, over.runs) == ("stopped", "sanne", False)
    assert (await store.experiments.begin(split())).id != first.id


@pytest.mark.parametrize(
    "wrong", [{"share": 0}, {"share": 51}, {"until_ms": 1}, {"model": "live"}], ids=lambda wrong: next(iter(wrong))
)
async def test_what_can_not_be_is_refused(store: Store, wrong: dict[str, Any]) -> None:
    with pytest.raises(InvalidMessage):
        await store.experiments.begin(replace(split(), **wrong))


async def test_it_ends_by_itself(store: Store) -> None:
    await store.experiments.begin(replace(split(), at_ms=1, until_ms=now_ms() - 1))
    assert await store.experiments.current() is None
    await store.experiments.begin(split())
    await store.models.activate("third")
    assert await store.experiments.current() is None
    assert [one.ending for one in await store.experiments.history()] == ["replaced", "expired"]


@pytest.mark.parametrize("share", [1, 20, 50])
def test_the_share_is_drawn_by_conversation_and_anew_for_each_experiment(share: int) -> None:
    one, other = split(share, id="a"), split(share, id="b")
    ids = [f"widget-{number}" for number in range(5_000)]
    drawn = [one.arm(conversation_id) for conversation_id in ids]
    assert drawn == [one.arm(conversation_id) for conversation_id in ids]
    assert drawn != [other.arm(conversation_id) for conversation_id in ids]
    assert abs(100 * drawn.count("challenger") / len(ids) - share) < 2
    assert {replace(one, mode="shadow").arm(conversation_id) for conversation_id in ids} == {"live"}


async def answered_by(store: Store, arm: str, text: str = "hoe laat open?", outcome: str = "answer") -> Message:
    written = await write(store, text)
    entities = ({"entity": "product", "value": '"arm":"live"'},)
    nlu = Nlu(outcome, "faq_openingstijden", 0.9, (), entities, 0.8, arm=arm)
    await answer(store, written, nlu=nlu, template="utter_faq_openingstijden")
    return written


async def test_figures_are_of_the_arm_that_answered(store: Store) -> None:
    experiment = await store.experiments.begin(split())
    for arm in ("live", "live", "challenger", ""):
        await answered_by(store, arm)
    await answered_by(store, "challenger", outcome="ask")
    await store.experiments.count({"challenger:failed": 2})
    expected = {"live:answer": 2, "challenger:answer": 1, "challenger:ask": 1, "challenger:failed": 2}
    assert await store.experiments.figures() == expected
    await store.experiments.end(experiment.id, "stopped")
    assert (await store.experiments.history())[0].figures == expected
    await store.experiments.begin(split())
    assert await store.experiments.figures() == {}


async def test_whether_it_helped_counts_for_who_gave_the_answer(store: Store) -> None:
    await store.experiments.begin(split())
    for arm, said in (("challenger", "yes"), ("live", "no"), ("", "yes")):
        written = await answered_by(store, arm)
        await store.ratings.click(message(written.conversation_id, "customer", "Ja"), Click("helped", said), None)
    figures = await store.experiments.figures()
    assert {name: count for name, count in figures.items() if "helped" in name} == {
        "challenger:helped_yes": 1,
        "live:helped_no": 1,
    }


async def test_differences_are_the_latest_and_of_one_experiment(store: Store) -> None:
    began = await store.experiments.begin(split())
    for number in range(MAX_DIFFERENCES + 5):
        await store.experiments.note_difference(Difference("c1", f"{number}-0", Became("ask"), Became("human")))
    found = await store.experiments.differences()
    assert len(found) == MAX_DIFFERENCES and found[0].entry_id == f"{MAX_DIFFERENCES + 4}-0"
    assert await store._client.ttl(store._keys.experiment_differences) > 0
    await store.experiments.end(began.id, "stopped")
    await store.experiments.begin(split())
    assert await store.experiments.differences() == []


async def file_ends_s(store: Store) -> int:
    return int(await store._client.ttl(store._keys.model_file("new")))


@pytest.mark.parametrize("ending", ["stopped", "expired", "replaced"])
async def test_the_file_of_a_model_in_an_experiment_is_kept_until_that_is_over(store: Store, ending: str) -> None:
    await store.models.put_file("new", [b"file"])
    until_ms = now_ms() + 200 if ending == "expired" else now_ms() + 3_600_000
    begun = await store.experiments.begin(replace(split(), until_ms=until_ms))
    assert await file_ends_s(store) == WITHOUT_LIFETIME
    if ending == "stopped":
        await store.experiments.end(begun.id, ending)
    if ending == "replaced":
        await store.models.activate("third")

    async def is_over() -> bool:
        return await store.experiments.current() is None

    await eventually(is_over)
    # Whoever looks at the outcome a day later can still let it go live.
    assert 86_400 < await file_ends_s(store) <= CANDIDATE_S


async def test_the_file_of_a_model_that_went_live_stays(store: Store) -> None:
    await store.models.put_file("new", [b"file"])
    await store.experiments.begin(split())
    await store.models.activate("new")
    assert await store.experiments.current() is None
    assert await file_ends_s(store) == WITHOUT_LIFETIME
