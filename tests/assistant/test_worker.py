"""The worker between store and Rasa, with a Rasa that fails as the test wants."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from bot.answers import Answers
from bot.assistant.rasa_import import import_rasa
from bot.model import Message, Nlu
from bot.settings import Settings
from bot.store import Store
from tests.conftest import eventually

import_rasa()

from bot.assistant.rasa_agent import TurnResult, Utterance  # noqa: E402
from bot.assistant.worker import Worker  # noqa: E402


class FailingAgent:
    """Stands where RasaAgent stands: answers, raises or hangs, as the message says."""

    async def turn(self, conversation_id: str, text: str, payload: str, dialogue: str) -> TurnResult:
        if text == "stuk":
            raise RuntimeError("Rasa is stuk")
        if text == "hangt":
            await asyncio.sleep(60)
        template = "utter_weg" if text == "weg" else "utter_groet"
        utterances = [] if text == "niets" else [Utterance(template)]
        return TurnResult("[]", Nlu("answer", "groet", 1.0), utterances)


@pytest.fixture
def worker(store: Store, settings: Settings) -> Any:
    worker = Worker(store, Answers(store.templates, settings), "worker", turn_timeout_s=0.2)
    worker._agent = FailingAgent()  # type: ignore[assignment]
    return worker


async def ask(store: Store, worker: Worker, *texts: str) -> list[Message]:
    for number, text in enumerate(texts):
        message = Message(f"m{number}", "c1", "customer", text, 1)
        await store.conversations.receive(message, channel="rest", customer_id="k")
    serving = asyncio.create_task(worker._serve())

    async def is_done() -> bool:
        return await store.work.waiting() == 0

    await eventually(is_done)
    worker.stop()
    await serving
    return await store.conversations.messages("c1")


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("stuk", "assistant_failed"),
        ("hangt", "assistant_failed"),
        ("weg", "template_missing"),
        ("niets", "not_confident"),
    ],
)
async def test_whatever_goes_wrong_a_human_gets_it_and_the_customer_hears_so(
    store: Store, worker: Worker, text: str, reason: str
) -> None:
    messages = await ask(store, worker, text)
    conversation = await store.conversations.get("c1")
    assert conversation.owner == "queue"
    assert conversation.handoff is not None and conversation.handoff.reason == reason
    assert messages[-1].sender == "assistant"
    assert "antwoord" in messages[-1].text


async def test_after_a_failure_the_worker_goes_on(store: Store, worker: Worker) -> None:
    await store.templates.seed([])
    await ask(store, worker, "stuk", "hallo")
    conversation = await store.conversations.get("c1")
    assert conversation.owner == "queue"  # what comes behind a hand-over waits for the human


async def test_work_in_hand_survives_a_redis_that_is_gone_for_a_moment(
    store: Store, worker: Worker, monkeypatch: pytest.MonkeyPatch
) -> None:
    from bot.errors import StoreUnavailable

    begin, failures = store.work.begin, iter([True, False])

    async def begin_later(item: Any) -> Any:
        if next(failures, False):
            raise StoreUnavailable("gone for a moment")
        return await begin(item)

    monkeypatch.setattr(store.work, "begin", begin_later)
    messages = await ask(store, worker, "niets")
    assert [message.sender for message in messages] == ["customer", "assistant"]
