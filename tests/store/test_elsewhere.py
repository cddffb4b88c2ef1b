"""Conversations that somebody answers in Meta's own inbox, and those that begin under a public comment."""

from __future__ import annotations

import uuid
from dataclasses import replace

import pytest

from bot.errors import AlreadyClaimed
from bot.model import ASSISTANT, CLOSED, Account, Conversation, Handoff, Message, Nlu
from bot.store import Store
from bot.store.conversations import Contact
from bot.store.work import now_ms

NLU = Nlu("answer", "groet", 0.99)
SANNE = Account("sanne", "Sanne", ("agent",))
ID = "messenger-1001-6001"


def message(sender: str, text: str, message_id: str = "", conversation_id: str = ID) -> Message:
    return Message(message_id or uuid.uuid4().hex, conversation_id, sender, text, now_ms())  # type: ignore[arg-type]


async def begin(store: Store, text: str = "hoe laat", *, conversation_id: str = ID, channel: str = "messenger") -> None:
    await store.conversations.note_contact(conversation_id, Contact(channel, "6001", "1001", opened_at_ms=1))
    written = message("customer", text, conversation_id=conversation_id)
    await store.conversations.receive(written, channel=channel, customer_id="6001")


async def conversation(store: Store, conversation_id: str = ID) -> Conversation:
    return await store.conversations.get(conversation_id)


async def turn(store: Store, *replies: Message, ends: bool = False, handoff: Handoff | None = None) -> bool:
    """The assistant handles the next message; whether the customer thought that a human was there."""
    item = await store.work.take("one", block_ms=200)
    taken = item and await store.work.begin(item)
    assert taken
    await store.work.finish(taken, replies, dialogue="", nlu=NLU, ends=ends, handoff=handoff)
    return taken.unannounced


async def test_a_repeated_echo_takes_nothing_again(store: Store) -> None:
    await begin(store)
    echo = message("agent", "Ann hier", "m_e")
    assert await store.queue.answered_elsewhere(ID, at_ms=20, message=echo)
    await store.queue.hand_back(await conversation(store))
    assert not await store.queue.answered_elsewhere(ID, at_ms=21, message=echo)
    assert (await conversation(store)).owner == "assistant"


@pytest.mark.parametrize(("takes_from", "owner"), [((ASSISTANT, CLOSED), "queue"), (("queue",), "agent:meta-inbox")])
async def test_it_takes_a_conversation_only_from_those_who_are_named(
    store: Store, takes_from: tuple[str, ...], owner: str
) -> None:
    await begin(store)
    await turn(store, message("assistant", "een collega"), handoff=Handoff("not_confident", "normal", 1))
    await store.queue.answered_elsewhere(ID, at_ms=20, takes_from=takes_from)
    assert (await conversation(store)).owner == owner


async def test_what_is_concluded_does_not_hide_news_that_is_on_its_way(store: Store) -> None:
    await begin(store)
    await store.queue.answered_elsewhere(ID, at_ms=20, is_news=False)
    assert (await conversation(store)).owner == "agent:meta-inbox"
    assert await store.conversations.set_control(ID, "", at_ms=15)


async def test_a_note_about_it_is_stored_only_when_something_changed(store: Store) -> None:
    await begin(store)
    for at_ms, text in ((20, "overgenomen"), (10, "te laat"), (30, "nog eens")):
        note = message("note", text, f"elsewhere-{at_ms}")
        await store.queue.answered_elsewhere(ID, at_ms=at_ms, message=note)
    texts = [line.message.text for line in await store.conversations.transcript(ID)]
    assert texts == ["hoe laat", "overgenomen"]


async def test_a_message_of_which_a_part_went_leaves_nothing_of_that_to_the_next(store: Store) -> None:
    await begin(store)
    await turn(store, message("assistant", "lang"))
    claim = await store.sending.claim()
    wanted = claim and await store.sending.begin(claim, claiming=True)
    assert claim and wanted
    attempt = await store.sending.attempt(claim, wanted.message.id, part=0, parts=2)
    assert attempt and await store.sending.settle(ID, attempt, mid="m1", at_ms=5)
    await store.queue.answered_elsewhere(ID, at_ms=20)
    await store.queue.claim(await conversation(store), SANNE, [message("system", "Sanne hier")])
    again = await store.sending.begin(claim, claiming=True)
    assert again and (again.message.text, again.parts_sent) == ("Sanne hier", 0)


async def test_messages_of_one_moment_have_each_a_time_of_their_own(store: Store) -> None:
    await begin(store)
    times = [(await conversation(store)).last_at_ms]
    for _ in range(30):
        await begin(store, "en zondag?")
        times.append((await conversation(store)).last_at_ms)
    assert len(set(times)) == len(times)


@pytest.mark.parametrize("meanwhile", ["nothing", "customer", "claim"])
async def test_a_hand_back_for_silence_sees_what_happened_meanwhile(store: Store, meanwhile: str) -> None:
    await begin(store)
    await store.queue.answered_elsewhere(ID, at_ms=20, message=message("agent", "Ann hier"))
    seen = await conversation(store)
    if meanwhile == "customer":
        await begin(store, "en zondag?")
    elif meanwhile == "claim":
        await store.queue.claim(seen, SANNE)
        await store.queue.hand_back(await conversation(store))
        await store.queue.answered_elsewhere(ID, at_ms=30)
    if meanwhile == "nothing":
        await store.queue.hand_back(seen, if_unchanged=True)
    else:
        with pytest.raises(AlreadyClaimed):
            await store.queue.hand_back(seen, if_unchanged=True)


async def test_the_assistant_knows_that_nobody_told_the_customer_that_the_human_is_gone(store: Store) -> None:
    await begin(store)
    await store.queue.answered_elsewhere(ID, at_ms=20, message=message("agent", "Ann hier"))
    await store.queue.hand_back(await conversation(store), [message("note", "terug")])
    for unannounced in (True, False):
        await begin(store, "en de blauwe?")
        assert await turn(store, message("assistant", "antwoord")) is unannounced
    await store.queue.claim(await conversation(store), SANNE)
    await store.queue.hand_back(await conversation(store), [message("system", "terug bij de assistent")])
    await begin(store, "en de rode?")
    assert not await turn(store, message("assistant", "antwoord"))


async def test_a_turn_that_ends_it_closes_the_conversation_and_nobody_waits(store: Store) -> None:
    await begin(store, "mooi!")
    await turn(store, ends=True)
    assert (await conversation(store)).owner == "closed"
    assert await store.work.waiting() == 0
    assert await store.work.take("one", block_ms=50) is None


async def test_under_a_comment_changes_of_hands_are_not_the_private_reply(store: Store) -> None:
    comment = "comment-1001-5_8"
    await begin(store, "prijs?", conversation_id=comment, channel="comment")
    await store.queue.put(await conversation(store, comment), Handoff("unclear_twice", "normal", 1), [_said(comment)])
    await store.queue.claim(await conversation(store, comment), SANNE, [_said(comment)])
    await store.queue.put_back(await conversation(store, comment), Handoff("taken_over", "normal", 1), [_said(comment)])
    lines = await store.conversations.transcript(comment)
    assert [line.state for line in lines if line.message.to_customer] == ["waiting"]  # the hand-over alone


def _said(conversation_id: str) -> Message:
    return message("system", "Je praat nu met Sanne", conversation_id=conversation_id)


@pytest.mark.parametrize(
    ("channel", "owner", "state"), [("comment", "closed", "failed"), ("messenger", "queue", "waiting")]
)
async def test_under_a_comment_that_is_gone_nothing_is_said_any_more(
    store: Store, channel: str, owner: str, state: str
) -> None:
    comment = "comment-1001-5_8"
    await begin(store, "prijs?", conversation_id=comment, channel="comment")
    await turn(store, replace(_said(comment), sender="assistant"), handoff=Handoff("not_confident", "normal", 1))
    await store.conversations.note_contact(comment, Contact(channel, "6001", "1001"))
    assert await store.conversations.comment_gone(comment) is (channel == "comment")
    assert (await conversation(store, comment)).owner == owner
    assert (await store.conversations.transcript(comment))[-1].state == state


async def test_the_customers_answer_opens_what_a_private_reply_had_closed(store: Store) -> None:
    await begin(store)
    await store.conversations.set_field(ID, "private_reply", "sent")
    assert not (await conversation(store)).hears_notices
    await store.conversations.note_contact(ID, Contact("messenger", "6001", "1001", wrote_at_ms=50))
    assert (await conversation(store)).hears_notices


async def test_something_is_done_for_the_first_time_once(store: Store) -> None:
    assert not await store.conversations.first_time(ID, "public_reply")  # and begins no conversation
    await begin(store)
    assert [await store.conversations.first_time(ID, "public_reply") for _ in range(2)] == [True, False]
