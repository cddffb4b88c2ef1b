"""What happens to a message after it was stored."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from bot.model import Handoff, Marks, Media, Message, Nlu
from bot.store import Store
from bot.store.conversations import Contact
from bot.store.work import now_ms

ID = "messenger-1001-6001"


def message(message_id: str, text: str) -> Message:
    return Message(message_id, ID, "customer", text, now_ms())


@pytest.fixture
async def written(store: Store) -> AsyncIterator[Store]:
    """A customer who wrote two messages that the assistant has not taken yet."""
    await store.conversations.note_contact(ID, Contact("messenger", "6001", "1001", opened_at_ms=1))
    for one in (message("m1", "open?"), message("m2", "en zondag?")):
        await store.conversations.receive(one, channel="messenger", customer_id="6001")
    yield store


async def marks(store: Store) -> list[tuple[str, Marks]]:
    return [(line.message.text, line.marks) for line in await store.conversations.transcript(ID)]


async def test_the_assistant_reads_a_message_as_it_was_edited(written: Store) -> None:
    assert await written.conversations.edit(ID, "m1", "maandag open?", number=1)
    assert not await written.conversations.edit(ID, "m1", "oud", number=1)
    assert not await written.conversations.edit(ID, "unknown", "x", number=1)
    item = await written.work.take("one", block_ms=200)
    turn = item and await written.work.begin(item)
    assert turn and turn.message.text == "maandag open?"
    assert (await marks(written))[0] == ("open?", Marks(edited_text="maandag open?", edits=1))


async def test_an_edit_that_overtakes_its_message_is_what_the_assistant_reads(store: Store) -> None:
    await store.conversations.note_contact(ID, Contact("messenger", "6001", "1001", opened_at_ms=1))
    assert not await store.conversations.edit(ID, "m1", "zondag open?", number=2)
    assert not await store.conversations.edit(ID, "m1", "maandag open?", number=1)
    await store.conversations.receive(message("m1", "open?"), channel="messenger", customer_id="6001")
    item = await store.work.take("one", block_ms=200)
    turn = item and await store.work.begin(item)
    assert turn and turn.message.text == "zondag open?"
    assert await marks(store) == [("open?", Marks(edited_text="zondag open?", edits=2))]


async def test_a_deleted_message_is_gone_and_not_answered(written: Store) -> None:
    await written.conversations.edit(ID, "m1", "geheim", number=1)
    note = replace(message("note-m1", "De klant heeft een bericht verwijderd."), sender="note")
    assert await written.conversations.delete(ID, "m1", note)
    assert not await written.conversations.delete(ID, "m1", note)
    texts = [text for text, _ in await marks(written)]
    assert texts == ["en zondag?", "De klant heeft een bericht verwijderd."]
    item = await written.work.take("one", block_ms=200)
    turn = item and await written.work.begin(item)
    assert turn and turn.message.id == "m2"
    # A repeat of it does not bring it back.
    await written.conversations.receive(message("m1", "open?"), channel="messenger", customer_id="6001")
    assert len(await marks(written)) == 2


async def test_why_a_human_was_called_stays_without_what_was_understood_of_a_deleted_message(written: Store) -> None:
    item = await written.work.take("one", block_ms=200)
    turn = item and await written.work.begin(item)
    assert turn and turn.message.id == "m1"
    nlu = Nlu("human", "waar_bestelling", 0.4, entities=({"entity": "order_number", "value": "WS-1048221"},))
    bare = Handoff("not_confident", "high", 5, "m1", nlu=nlu)
    handoff = await written.departments.plan(bare, "messenger")
    assert await written.work.finish(turn, [], dialogue="{}", nlu=nlu, handoff=handoff) is not None
    await written.conversations.delete(ID, "m2", replace(message("note-m2", "weg"), sender="note"))
    assert (await written.conversations.get(ID)).handoff == handoff
    await written.conversations.delete(ID, "m1", replace(message("note-m1", "weg"), sender="note"))
    assert (await written.conversations.get(ID)).handoff == replace(handoff, nlu=None)


async def test_nothing_is_left_to_do_when_the_only_message_is_deleted(written: Store) -> None:
    for one in ("m1", "m2"):
        await written.conversations.delete(ID, one, replace(message(f"note-{one}", "weg"), sender="note"))
    assert await written.work.take("one", block_ms=50) is None
    assert await written.work.overdue(-1000) == []


async def test_a_reaction_is_the_latest_one(written: Store) -> None:
    for at_ms, reaction in ((10, "❤️"), (30, "👍"), (20, "😡")):
        await written.conversations.react(ID, "m2", reaction, at_ms=at_ms)
    assert (await marks(written))[1][1].reaction == "👍"
    await written.conversations.react(ID, "m2", "", at_ms=40)
    assert (await marks(written))[1][1].reaction == ""
    assert not await written.conversations.react(ID, "unknown", "👍", at_ms=1)


async def test_attachments_have_their_media(written: Store) -> None:
    media = Media("abc", "image/png", 10, "foto.png")
    await written.conversations.set_media(ID, "m2", 1, media)
    assert (await marks(written))[1][1].media == {1: media}
