"""A learning inbox with something of everything, as the assistant, agents and a grouping leave it."""

from __future__ import annotations

from bot.model import IntentScore, Message
from bot.store import Store
from bot.store.lessons import Lesson, Taught
from bot.store.missed import Group, Grouping, Missed, Reason, Verdict
from bot.store.work import now_ms
from tests.fakes.conversations import write

MODEL, NEXT_MODEL = "20261125-090000", "20261126-101500"
GIFT_CARDS = (
    "kan ik met een cadeaubon betalen in de winkel?",
    "betalen met cadeaubon in winkel kan dat",
    "hoi, ik heb een cadeaubon van 50 euro, mag ik die ook bij jullie in utrecht inleveren?",
    "cadeaubon winkel",
)
PARKING = ("waar kan ik parkeren bij de winkel", "is er een parkeerplaats?")
ANSWERS = (
    "Hoi Anna,\nJa, je kunt in al onze winkels met een cadeaubon betalen. Neem de bon mee.\nGroetjes, Kim",
    "Dat kan! Neem de cadeaubon mee naar de kassa van een van onze winkels.",
)


async def something_missed(store: Store) -> dict[str, str]:
    """Two groups, a message that no grouping has seen, a proposal and what was done: `missed` is in the first group."""
    gift_cards = [
        await missed(store, text, "unsure", "faq_cadeaubon", reply=ANSWERS[number % 2] if number != 2 else "")
        for number, text in enumerate(GIFT_CARDS)
    ]
    parking = [await missed(store, text, "not_helped", "faq_winkel_locatie", outcome="answer") for text in PARKING]
    groups = (
        Group(
            gift_cards[0].place, tuple(one.place for one in gift_cards), ("cadeaubon", "winkel"), "faq_cadeaubon", 0.38
        ),
        Group(parking[0].place, tuple(one.place for one in parking), ("parkeren",), "faq_winkel_locatie", 0.9),
    )
    await store.missed.save_grouping(Grouping(groups, now_ms(), await store.missed.changes()))
    await missed(
        store, "mag mijn hond mee naar binnen? bel 06 12345678", "asked_back", "faq_contact", channel="messenger"
    )
    proposed = await missed(store, "hebben jullie ook een app", "unsure", "faq_contact")
    ignored = await missed(store, "asdf", "unsure", "faq_contact")
    taught = (Taught(proposed.place, proposed.text),)
    await store.lessons.save(
        Lesson("proposal", "new_topic", "proposed", "daan", now_ms(), taught, title="De app", answer="Nog niet.")
    )
    await store.missed.settle([proposed.place], "proposed", "proposal")
    await store.lessons.save(Lesson("ignored", "ignore", "applied", "daan", now_ms(), (Taught(ignored.place),)))
    await store.missed.settle([ignored.place], "ignored", "ignored")
    return {"missed": gift_cards[0].place}


async def missed(
    store: Store,
    text: str,
    reason: Reason,
    intent: str,
    *,
    outcome: str = "human",
    channel: str = "widget",
    reply: str = "",
) -> Missed:
    """A message in the inbox, with its conversation, and what an agent answered."""
    written = await write(store, text, channel=channel)
    ranking = (IntentScore(intent, 0.38), IntentScore("faq_contact", 0.2), IntentScore("faq_factuur", 0.04))
    verdict = Verdict(MODEL, outcome, intent, 0.92 if outcome == "answer" else 0.38, 0.62, ranking)
    if reply:
        said = Message(f"{written.id}-r", written.conversation_id, "agent", reply, now_ms(), agent_name="Kim")
        await store.conversations.note(said)
    reasons: tuple[Reason, ...] = ("agent_answered", reason) if reply else (reason,)
    one = Missed(written.conversation_id, written.id, text, channel, now_ms(), reasons, verdict, reply=reply)
    await store.missed.note(one)
    return one
