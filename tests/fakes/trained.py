"""Trainings as trainers leave them, for tests that have none."""

from __future__ import annotations

from pathlib import Path

from bot.model import ModelRecord
from bot.store import Store
from bot.store.trainings import Became, Change, Confusion, GoldenFailure, Report
from bot.store.work import now_ms

OPEN, DELIVERY, SWAP = "faq_openingstijden", "faq_bezorgmoment", "faq_ruilen"
LIVE, NEW = "20261125-090000", "20261126-101500"
# Some file that is there.
FILE = str(Path(__file__).resolve())
HUMAN = Became("human", OPEN, 0.31)
BEFORE = {"precision": 0.971, "coverage": 0.802, "leak": 0.031, "asked": 0.094}
AFTER = {"precision": 0.974, "coverage": 0.823, "leak": 0.028, "asked": 0.081}


async def something_trained(store: Store) -> dict[str, str]:
    """One that waits, one that failed, and one that is done: `waiting_training`, `failed_training`, `training_id`."""
    await store.trainings.sign_of_life("trainer")
    for name, at_ms, figures in ((LIVE, now_ms() - 86_400_000, BEFORE), (NEW, now_ms(), AFTER)):
        card = {
            "cross_validated_decisions": figures,
            "threshold": 0.62,
            "n_intents": 50,
            "n_examples": 6040,
            "golden": {"n": 150, "failed_lines": [7] if name == NEW else []},
        }
        await store.models.register(ModelRecord(name, FILE, "0", at_ms, card))
    await store.models.activate(LIVE)
    await store.work.sign_of_life("winkel-1", f'{{"model": "{LIVE}"}}')
    failed = await store.trainings.ask("sanne")
    if taken := await store.trainings.take("trainer"):
        await store.trainings.failed(taken, "data", "data/nlu.yml: topic 'faq_ruilen' has no examples")
    asked = await store.trainings.ask("sanne")
    if taken := await store.trainings.take("trainer"):
        await store.trainings.done(taken, _report())
    waiting = await store.trainings.ask("sanne")
    return {"training_id": asked.id, "failed_training": failed.id, "waiting_training": waiting.id}


def _report() -> Report:
    answer = Became("answer", OPEN, 0.91)
    return Report(
        NEW,
        before=LIVE,
        golden=150,
        golden_failures=(GoldenFailure("hoe laat komt de bezorger", DELIVERY, False, after=answer, before=HUMAN),),
        golden_changes=(Change(HUMAN, answer, text="zijn jullie zondag ook open", intent=OPEN),),
        messages=480,
        message_counts={"gone": 3, "new": 12},
        confusions=(Confusion(SWAP, "faq_maattabel", 4, 1, ("deze trui maar dan groter",)),),
    )
