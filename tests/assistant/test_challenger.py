"""An experiment in the worker: who answers whom, what is counted, and that no customer pays for it."""

from __future__ import annotations

import asyncio
import hashlib
from typing import Any

import pytest

from bot.answers import Answers
from bot.assistant import challenger as module
from bot.assistant.live_model import LiveModel
from bot.assistant.rasa_import import import_rasa
from bot.assistant.turn import TurnResult, Utterance
from bot.assistant.worker import Worker
from bot.errors import ModelError
from bot.model import Message, ModelRecord, Nlu, Template
from bot.settings import Settings
from bot.store import Store
from bot.store.experiments import Experiment, Mode
from bot.store.trials import Trial
from bot.store.work import now_ms
from tests.conftest import eventually
from tools.trained_model import trained_model

HOUR_MS = 3_600_000


class Says:
    """Stands where RasaAgent stands: one answer to everything; or what goes wrong."""

    def __init__(self, intent: str, *, outcome: str = "answer", emergency: str = "", breaks: str = "") -> None:
        self.nlu = Nlu(outcome, intent, 0.9, emergency=emergency)
        self.breaks = breaks
        self.heard: list[str] = []

    async def turn(self, conversation_id: str, text: str, payload: str, dialogue: str) -> TurnResult:
        self.heard.append(text)
        if self.breaks == "raises":
            raise RuntimeError("stuk")
        if self.breaks == "hangs":
            await asyncio.sleep(60)
        return TurnResult("[]", self.nlu, [Utterance(f"utter_{self.nlu.intent}")])

    async def understand(self, text: str) -> Nlu:
        return self.nlu


class Company:
    """A worker with a live model and another one, and customers who write to it."""

    def __init__(self, store: Store, settings: Settings, live: Says, other: Says | Exception) -> None:
        self.store = store
        self.other = other
        model = LiveModel(store, folder=settings.var)
        model._agent = live  # type: ignore[assignment]
        model.load_beside = self._load  # type: ignore[assignment,method-assign]
        answers = Answers(store.templates, settings, store.departments, store.editing_rules)
        self.worker = Worker(store, answers, model, "w", turn_timeout_s=0.4)

    async def _load(self, record: ModelRecord) -> Any:
        if isinstance(self.other, Exception):
            raise self.other
        return self.other

    async def open(self, mode: Mode, share: int = 0) -> Experiment:
        for name in ("a", "b"):
            await self.store.models.register(ModelRecord(name, "/nowhere", "0", 1))
        await self.store.models.activate("a")
        await self.store.templates.seed([Template("utter_groet", "Groet", "Hoi"), Template("utter_b", "B", "Van b")])
        at_ms = now_ms()
        begun = await self.store.experiments.begin(Experiment("b", "a", mode, "sanne", at_ms, at_ms + HOUR_MS, share))
        await self.worker._challenger._look()
        return begun

    async def ask(self, *conversation_ids: str, text: str = "hallo", payload: str = "") -> dict[str, str]:
        """What each customer hears."""
        for number, conversation_id in enumerate(conversation_ids):
            message = Message(f"m{number}", conversation_id, "customer", text, 1, payload=payload)
            await self.store.conversations.receive(message, channel="rest", customer_id="k")
        self.worker._stopping.clear()
        serving = asyncio.create_task(self.worker._serve())

        async def is_done() -> bool:
            return await self.store.work.waiting() == 0 and not self.worker._challenger._waiting

        await eventually(is_done)
        self.worker.stop()
        await serving
        found = {one: await self.store.conversations.messages(one) for one in conversation_ids}
        return {conversation_id: messages[-1].text for conversation_id, messages in found.items()}


@pytest.fixture(autouse=True)
def no_rasa(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is loaded here, so there is nothing to settle."""
    import_rasa()
    from bot.assistant import rasa_agent

    async def settle() -> None:
        pass

    monkeypatch.setattr(rasa_agent, "settle", settle)


IDS = [f"c{number}" for number in range(12)]


async def test_a_share_of_the_customers_is_answered_by_the_other_model_and_both_are_counted(
    store: Store, settings: Settings
) -> None:
    company = Company(store, settings, Says("groet"), Says("b"))
    experiment = await company.open("split", 50)
    heard = await company.ask(*IDS)
    assert heard == {one: {"live": "Hoi", "challenger": "Van b"}[experiment.arm(one)] for one in IDS}
    assert len(set(heard.values())) == 2
    figures = await store.experiments.figures()
    assert figures == {
        "live:answer": list(heard.values()).count("Hoi"),
        "challenger:answer": list(heard.values()).count("Van b"),
    }


async def test_in_the_shadow_the_live_model_answers_and_the_other_one_reads_afterwards(
    store: Store, settings: Settings
) -> None:
    other = Says("b")
    company = Company(store, settings, Says("groet"), other)
    await company.open("shadow")
    heard = await company.ask("c1", "c2", text="mijn bsn is 123456782")
    assert set(heard.values()) == {"Hoi"}
    assert other.heard == ["mijn bsn is [BSN]"] * 2
    assert await store.experiments.figures() == {"live:answer": 2, "challenger:answer": 2, "challenger:different": 2}
    difference = (await store.experiments.differences())[0]
    assert (difference.live.answer, difference.challenger.answer) == ("groet", "b")
    message = await store.conversations.message_at(difference.conversation_id, difference.entry_id)
    assert message is not None and message.text == "mijn bsn is 123456782"


async def test_what_both_make_of_it_is_no_difference_and_a_button_is_not_compared(
    store: Store, settings: Settings
) -> None:
    company = Company(store, settings, Says("groet"), Says("groet"))
    await company.open("shadow")
    await company.ask("c1")
    await company.ask("c2", payload="/groet")
    assert await store.experiments.figures() == {"live:answer": 1, "challenger:answer": 1, "challenger:same": 1}
    assert await store.experiments.differences() == []


async def test_who_is_in_danger_is_not_compared(store: Store, settings: Settings) -> None:
    other = Says("b")
    company = Company(store, settings, Says("groet", outcome="human", emergency="self_harm"), other)
    await company.open("shadow")
    await company.ask("c1")
    assert other.heard == [] and await store.experiments.differences() == []


@pytest.mark.parametrize("breaks", ["raises", "hangs"])
@pytest.mark.parametrize("mode", ["shadow", "split"])
async def test_a_model_that_fails_costs_no_customer_an_answer_and_is_taken_out(
    store: Store, settings: Settings, breaks: str, mode: Mode
) -> None:
    company = Company(store, settings, Says("groet"), Says("b", breaks=breaks))
    await company.open(mode, 50)
    assert set((await company.ask(*IDS)).values()) == {"Hoi"}
    assert await store.experiments.current() is None
    (over,) = await store.experiments.history()
    assert (over.ending, over.figures["challenger:failed"]) == ("failing", module.MOST_FAILURES)


async def test_a_model_that_can_not_be_loaded_ends_the_experiment(store: Store, settings: Settings) -> None:
    company = Company(store, settings, Says("groet"), ModelError("broken"))
    await company.open("split", 50)
    assert [one.ending for one in await store.experiments.history()] == ["refused"]
    assert set((await company.ask(*IDS)).values()) == {"Hoi"}
    assert await store.experiments.figures() == {}


@pytest.mark.parametrize(("live", "other"), [("emergency", ""), ("", "self_harm")])
async def test_an_emergency_is_one_whichever_model_finds_it(
    store: Store, settings: Settings, live: str, other: str
) -> None:
    company = Company(store, settings, Says("groet", emergency=live), Says("b", emergency=other))
    experiment = await company.open("split", 50)
    drawn = next(one for one in IDS if experiment.arm(one) == "challenger")
    assert "112" in (await company.ask(drawn))[drawn]
    assert (await store.queue.waiting())[0].id == drawn


async def test_a_trial_is_of_the_live_model_whatever_experiment_runs(store: Store, settings: Settings) -> None:
    other = Says("b")
    company = Company(store, settings, Says("groet"), other)
    await company.open("split", 50)
    for number in range(8):
        turn = module.Turn(f"trial-{number}", Message("m", "t", "customer", "hoi", 1), "", 0, "", 1)
        assert (await company.worker.decide_live(turn))[0].nlu.arm == ""
    assert other.heard == []
    await store.trials.ask(Trial("t1", "hoi", "widget"))


async def test_when_it_is_over_the_model_is_let_go_and_news_is_heard(store: Store, settings: Settings) -> None:
    company = Company(store, settings, Says("groet"), Says("b"))
    experiment = await company.open("split", 50)
    assert '"challenger":"b"' in company.worker._described()
    following = asyncio.create_task(company.worker._challenger.follow())
    await store.experiments.end(experiment.id, "stopped")

    async def is_gone() -> bool:
        return not company.worker._challenger.name

    await eventually(is_gone)
    while not following.done():  # redis-py may lose a cancellation in Python 3.10
        following.cancel()
        await asyncio.wait([following], timeout=0.2)
    assert "challenger" not in company.worker._described()
    assert set((await company.ask(*IDS)).values()) == {"Hoi"}


@pytest.mark.train
async def test_a_real_model_takes_its_share_and_goes_on_where_the_other_one_stopped(
    store: Store, settings: Settings
) -> None:
    file = trained_model()
    digest = hashlib.sha256(file.read_bytes()).hexdigest()
    for name in ("a", "b"):
        await store.models.register(ModelRecord(name, str(file), digest, 1))
    await store.models.activate("a")
    model = LiveModel(store, folder=settings.var)
    await model.start()
    answers = Answers(store.templates, settings, store.departments, store.editing_rules)
    worker = Worker(store, answers, model, "w", turn_timeout_s=20.0)
    company = Company(store, settings, Says("groet"), Says("b"))
    company.worker = worker
    await company.ask(*IDS[:6], text="wat kost terugsturen?")
    at_ms = now_ms()
    experiment = await store.experiments.begin(Experiment("b", "a", "split", "sanne", at_ms, at_ms + HOUR_MS, 50))
    await worker._challenger._look()
    for number, conversation_id in enumerate(IDS[:6]):
        message = Message(f"n{number}", conversation_id, "customer", "nee", 1)
        await store.conversations.receive(message, channel="rest", customer_id="k")
    await company.ask()
    reasons = {(await store.conversations.get(one)).handoff for one in IDS[:6]}
    assert {handoff.reason for handoff in reasons if handoff} == {"not_helped"} and None not in reasons
    drawn = sum(experiment.arm(one) == "challenger" for one in IDS[:6])
    assert (await store.experiments.figures()).get("challenger:human", 0) == drawn
