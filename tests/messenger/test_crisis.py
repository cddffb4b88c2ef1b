"""The banner of a crisis as customers of a platform read it: from the assistant's worker to the fake Graph API."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from bot.answers import Answers
from bot.assistant.turn import TurnResult, Utterance
from bot.assistant.worker import Worker
from bot.model import Nlu, Template
from bot.settings import Settings
from bot.store import Store
from bot.store.crisis import Crisis
from tests.messenger.post_office import HOUR_MS, now_ms, town


class Greeting:
    """Stands where RasaAgent stands."""

    async def turn(self, *_: str) -> TurnResult:
        return TurnResult("[]", Nlu("answer", "groet", 1.0), [Utterance("utter_groet", intent="groet")])


@pytest.mark.parametrize("platform", ["messenger", "instagram"])
async def test_the_banner_goes_out_before_the_first_answer_once_in_each_crisis(
    store: Store, settings: Settings, platform: str
) -> None:
    await store.templates.seed([Template("utter_groet", "Groet", "Hallo!")])
    answers = Answers(store.templates, settings, store.departments, store.editing_rules)
    model = SimpleNamespace(agent=Greeting(), name="m1")
    async with town(store) as here:
        _, conversation_id = await here.customer(agent=False, platform=platform)
        version = 0
        for number, banner in enumerate(("Eerste storing.", "Tweede storing.")):
            begun_ms = now_ms() + number
            crisis = Crisis(
                True, banner, from_ms=begun_ms, until_ms=begun_ms + HOUR_MS, at_ms=begun_ms, version=version
            )
            version = (await store.crisis.save(crisis)).version
            # Each knows nothing of the one before, as after a restart.
            worker = Worker(store, answers, model, "worker", turn_timeout_s=5.0)  # type: ignore[arg-type]
            for _ in range(2):
                await here.asks(conversation_id)
                item = await store.work.take("worker", block_ms=1000)
                assert item
                await worker.handle(item)
        await here.until(conversation_id, *["sent"] * 6)
        assert here.texts() == ["Eerste storing.", "Hallo!", "Hallo!", "Tweede storing.", "Hallo!", "Hallo!"]
