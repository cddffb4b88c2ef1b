"""What community managers did with the topics, before the day and on it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from bot.project.read import read_project
from bot.store import Store
from bot.store.topics import Example, Topic, with_examples
from bot.store.work import now_ms

_PROJECT = Path(__file__).resolve().parents[2]
_DAY_MS = 86_400_000


async def own_topics(store: Store) -> None:
    """Those of the Rasa project, and what Lotte changed since."""
    topics = {one.intent: one for one in await store.topics.save_all(read_project(_PROJECT).topics)}
    await store.topics.save_all([_signed(replace(topics["faq_samenwerking"], answering="human"), days_ago=6)])
    await store.topics.save_all([_signed(replace(topics["faq_terugbetaling"], threshold=0.85), days_ago=4)])
    described = replace(
        topics["faq_retourneren"],
        description="Hoe iemand iets terugstuurt. Wat het kost staat bij Retourkosten, het geld bij Terugbetaling.",
    )
    described = (await store.topics.save_all([_signed(described, days_ago=3)]))[0]
    learned = [
        Example("doos weg, kan ik de lamp dan nog terugsturen", "lotte", now_ms() - _DAY_MS, "m-learned"),
        Example("kan een retour ook bij een ander filiaal", "lotte", now_ms() - _DAY_MS),
    ]
    # On top of the list, where the pictures show them.
    grown = with_examples(replace(described, examples=tuple(learned)), described.examples)
    await store.topics.save_all([_signed(grown, days_ago=1)])


def _signed(topic: Topic, *, days_ago: int) -> Topic:
    return replace(topic, edited_by="lotte", edited_at_ms=now_ms() - days_ago * _DAY_MS)
