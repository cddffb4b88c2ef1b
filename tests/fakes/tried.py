"""Messages that an editor tried, as the assistant leaves them, for tests that have none."""

from __future__ import annotations

from dataclasses import replace

from bot.model import IntentScore, Message, ModelRecord, Nlu
from bot.store import Store
from bot.store.experiments import Difference, Experiment
from bot.store.trainings import Became
from bot.store.trials import Near, Trial, Tried
from bot.store.work import now_ms
from tests.fakes.conversations import write

OPEN = "faq_openingstijden"
RANKING = (IntentScore(OPEN, 0.93), IntentScore("faq_bezorgmoment", 0.04), IntentScore("nlu_fallback", 0.01))
ENTITIES = ({"entity": "date", "value": "zondag"},)
UNSURE = Nlu("ask", OPEN, 0.41, (IntentScore(OPEN, 0.41), IntentScore("faq_bezorgmoment", 0.32)), (), 0.62)


async def something_tried(store: Store) -> dict[str, str]:
    """A trial with two models, and one that waits: `trial_id` and `waiting_trial`."""
    for at_ms, name in enumerate(("20261125-090000", "20261126-101500"), start=now_ms()):
        await store.models.register(ModelRecord(name, "/nowhere", "0", at_ms))
    await store.models.activate("20261125-090000")
    trial = Trial("trial1", "Zijn jullie zonndag open?", "widget", "hoi", "20261126-101500", now_ms())
    await store.trials.ask(trial)
    reply = Message("r", "trial", "assistant", "We zijn open van 10 tot 6.", 1, template=f"utter_{OPEN}")
    near = (Near("hoe laat gaan jullie open", OPEN, 0.912), Near("wanneer komt mijn pakket", "faq_bezorgmoment", 0.86))
    live = Tried("20261125-090000", UNSURE, "", 0.09, near, (reply,))
    other = Tried("20261126-101500", Nlu("answer", OPEN, 0.93, RANKING, ENTITIES, 0.62), "zondag", 0.1, near, (reply,))
    await store.trials.answer(trial, "live", live)
    await store.trials.answer(trial, "other", other)
    await store.trials.ask(Trial("trial2", "hoi", "widget", other="20261126-101500", asked_at_ms=now_ms()))
    await compared(store)
    return {"trial_id": "trial1", "waiting_trial": "trial2"}


async def compared(store: Store) -> None:
    """An experiment that is over, and one that runs, with a difference."""
    at_ms = now_ms()
    wanted = Experiment("20261126-101500", "20261125-090000", "split", "sanne", at_ms, at_ms + 86_400_000, 20)
    split = await store.experiments.begin(wanted)
    await store.experiments.count({"live:answer": 80, "live:human": 20, "challenger:answer": 18, "challenger:ask": 2})
    await store.experiments.end(split.id, "stopped", by="sanne")
    await store.experiments.begin(replace(wanted, mode="shadow", share=0))
    await store.experiments.count(
        {"live:answer": 3, "challenger:ask": 1, "challenger:same": 2, "challenger:different": 1}
    )
    written = await write(store, "zijn jullie open met pinksteren?")
    (stored,) = await store.conversations.messages(written.conversation_id)
    both = Became("answer", OPEN, 0.9), Became("ask", OPEN, 0.4)
    await store.experiments.note_difference(Difference(written.conversation_id, stored.entry_id, *both))
