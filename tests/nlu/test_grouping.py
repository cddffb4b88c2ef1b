"""Groups of the learning inbox, with the encoder that models have."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from bot.assistant.grouping import KnownVectors, cluster, group_missed
from bot.model import IntentScore, Message
from bot.nlu.encoders import E5, Encoder, load_encoder
from bot.store import Store
from bot.store.missed import Missed, Verdict
from bot.store.topics import Example, Topic

GIFT_CARDS = [
    "hoe lang is een cadeaubon geldig",
    "cadeaubon geldig tot wanneer",
    "is mijn cadeaubon nog geldig",
    "cadeaubon hoe lang geldig",
]
PARKING = [
    "waar kan ik parkeren bij de winkel",
    "is er een parkeerplaats bij de winkel",
    "parkeren bij de winkel gratis?",
]


@pytest.fixture(scope="module")
def encoder() -> Encoder:
    return load_encoder(E5, "", "")


async def note(store: Store, *texts: str) -> None:
    for number, text in enumerate(texts):
        conversation_id = f"c{number}"
        message = Message("m1", conversation_id, "customer", text, 1)
        await store.conversations.receive(message, channel="widget", customer_id="k")
        verdict = Verdict("m", "human", "faq_cadeaubon", 0.3, 0.8, (IntentScore("faq_cadeaubon", 0.3),))
        is_gift_card = "cadeaubon" in text
        await store.missed.note(
            Missed(conversation_id, "m1", text, "widget", number + 1, ("unsure",), verdict if is_gift_card else None)
        )


async def test_messages_that_ask_the_same_are_one_group(store: Store, encoder: Encoder, tmp_path: Path) -> None:
    await store.topics.save_all(
        [
            Topic("faq_ruilen", "Ruilen", examples=(Example("kan ik ruilen"), Example("ruilen zonder bon"))),
            Topic("faq_garantie", "Garantie", examples=(Example("heb ik garantie"), Example("hoe lang garantie"))),
        ]
    )
    await note(store, *GIFT_CARDS, *PARKING, "hebben jullie vacatures")
    assert await group_missed(store, encoder, folder=tmp_path) == 3
    texts = {one.place: one.text for one in await store.missed.open()}
    gift_cards, parking, alone = (await store.missed.grouping()).groups
    for group, wanted in ((gift_cards, GIFT_CARDS), (parking, PARKING)):
        assert {texts[place] for place in group.places} == set(wanted)
    assert "cadeaubon" in gift_cards.words and "geldig" in gift_cards.words
    assert (gift_cards.intent, gift_cards.likeness) == ("faq_cadeaubon", 0.3)
    assert texts[gift_cards.id] == GIFT_CARDS[0]  # the oldest
    # The words of one customer stand in no list.
    assert len(alone.places) == 1 and alone.words == () and alone.intent == ""


async def test_an_empty_inbox_has_no_groups(store: Store, encoder: Encoder, tmp_path: Path) -> None:
    assert await group_missed(store, encoder, folder=tmp_path) == 0
    assert not await store.missed.has_news()


def test_a_text_is_encoded_once_and_forgotten_when_it_is_not_asked_for(tmp_path: Path) -> None:
    class Counting:
        name, dimension, seen = "counting", 2, 0

        def encode(self, texts: list[str]) -> np.ndarray:
            self.seen += len(texts)
            return np.array([[len(text), 1.0] for text in texts], dtype=np.float32)

    counting = Counting()
    vectors = KnownVectors(tmp_path / "vectors.npz", counting)
    assert vectors.of(["a", "bb", "a"])[:, 0].tolist() == [1, 2, 1]
    assert KnownVectors(tmp_path / "vectors.npz", counting).of(["bb", "ccc"])[:, 0].tolist() == [2, 3]
    assert counting.seen == 3
    vectors.of(["a"])
    assert counting.seen == 4  # it was dropped in between


def test_those_behind_the_ones_that_are_compared_join_the_nearest_group(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bot.assistant.grouping.MOST_COMPARED", 2)
    vectors = np.eye(3, dtype=np.float32)[[0, 1, 0, 2]]
    first, second, like_first, other = cluster(vectors, [{}, {}, {"a": 0.9}, {}])
    assert like_first == first != second and other not in (first, second)
