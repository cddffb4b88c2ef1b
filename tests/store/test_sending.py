"""Messages on their way to a platform: in order, by one sender at a time, and never sent again by guessing."""

from __future__ import annotations

import asyncio
import uuid
from dataclasses import replace

import pytest

from bot.model import Account, Message, Nlu, State
from bot.store import Store
from bot.store.conversations import Contact
from bot.store.sending import Claim
from bot.store.work import now_ms

NLU = Nlu("answer", "faq_openingstijden", 0.99)
SANNE = Account("sanne", "Sanne", ("agent",))


async def customer(store: Store, *, page_id: str = "1001") -> str:
    """A conversation that Sanne has; on a platform, unless it has no page."""
    conversation_id = f"messenger-1001-{uuid.uuid4().hex[:8]}"
    await store.conversations.note_contact(conversation_id, Contact("messenger", "6001", page_id, opened_at_ms=1))
    await store.queue.claim(await store.conversations.get(conversation_id), SANNE)
    return conversation_id


async def says(store: Store, conversation_id: str, text: str) -> str:
    """Sanne says something; the message's id."""
    message = Message(uuid.uuid4().hex, conversation_id, "agent", text, now_ms(), agent_name="Sanne")
    await store.queue.reply(conversation_id, SANNE, message)
    return message.id


async def states(store: Store, conversation_id: str) -> list[State | None]:
    return [line.state for line in await store.conversations.transcript(conversation_id)]


async def send(store: Store, claim: Claim, *, claiming: bool = False, mid: str = "m1") -> str:
    """Send the next message as a sender does; its text."""
    wanted = await store.sending.begin(claim, claiming=claiming)
    assert wanted
    attempt = await store.sending.attempt(claim, wanted.message.id, part=0, parts=1)
    assert attempt
    await store.sending.settle(claim.conversation_id, attempt, mid=mid, at_ms=now_ms())
    return wanted.message.text


@pytest.mark.parametrize(("page_id", "state", "claims"), [("1001", "waiting", True), ("", "sent", False)])
async def test_what_is_said_waits_to_be_sent_only_on_a_platform(
    store: Store, page_id: str, state: State, claims: bool
) -> None:
    conversation_id = await customer(store, page_id=page_id)
    await says(store, conversation_id, "hallo")
    assert await states(store, conversation_id) == [state]
    assert (await store.sending.claim() is not None) is claims


async def test_messages_go_out_in_the_order_they_were_said(store: Store) -> None:
    conversation_id = await customer(store)
    for text in ("een", "twee"):
        await says(store, conversation_id, text)
    claim = await store.sending.claim()
    assert claim and claim.conversation_id == conversation_id
    assert [await send(store, claim, claiming=True), await send(store, claim, mid="m2")] == ["een", "twee"]
    assert await store.sending.begin(claim, claiming=False) is None
    assert await states(store, conversation_id) == ["sent", "sent"]
    assert (await store.outbox.size(), await store.sending.size()) == (2, 0)  # arrived they have not


async def test_a_sender_that_lost_its_claim_sends_nothing_more(store: Store) -> None:
    conversation_id = await customer(store)
    message_id = await says(store, conversation_id, "hallo")
    slow = await store.sending.claim()
    assert slow and await store.sending.begin(slow, claiming=True)
    quick = Claim(conversation_id, "quick")  # as after the slow one's lease
    assert await store.sending.begin(quick, claiming=True)
    assert await store.sending.attempt(slow, message_id, part=0, parts=1) is None
    assert not await store.sending.fail(slow, message_id, "window")
    assert not await store.sending.later(slow, 0, refused=True)
    assert not await store.sending.renew(slow)
    assert await store.sending.begin(slow, claiming=False) is None
    assert await send(store, quick) == "hallo"


async def test_an_attempt_that_nobody_heard_of_is_settled_by_its_echo(store: Store) -> None:
    conversation_id = await customer(store)
    message_id = await says(store, conversation_id, "hallo")
    claim = await store.sending.claim()
    assert claim and await store.sending.begin(claim, claiming=True)
    attempt = await store.sending.attempt(claim, message_id, part=0, parts=1)
    again = await store.sending.begin(Claim(conversation_id, "after the crash"), claiming=True)
    assert again and attempt and again.attempt == attempt
    assert await store.sending.settle(conversation_id, attempt, mid="m9", at_ms=5) == message_id
    assert await states(store, conversation_id) == ["sent"]
    # The answer that comes after its echo says nothing new; an attempt of somebody else says nothing at all.
    assert await store.sending.settle(conversation_id, attempt, mid="m9", at_ms=5) == message_id
    assert await store.sending.settle(conversation_id, "ab" * 16, mid="m7", at_ms=5) is None
    assert await store.sending.message_ids(conversation_id, ["m9", "m7"]) == [message_id]


async def test_a_message_of_two_parts_is_sent_when_both_are(store: Store) -> None:
    conversation_id = await customer(store)
    message_id = await says(store, conversation_id, "lang")
    claim = await store.sending.claim()
    assert claim and await store.sending.begin(claim, claiming=True)
    for part in (0, 1):
        assert await states(store, conversation_id) == ["waiting"]
        assert await store.sending.attempt(claim, message_id, part=1 - part, parts=2) is None
        attempt = await store.sending.attempt(claim, message_id, part=part, parts=2)
        assert attempt
        await store.sending.settle(conversation_id, attempt, mid=f"m{part}", at_ms=now_ms())
    assert await states(store, conversation_id) == ["sent"]


async def test_a_refused_message_is_tried_again_later_and_an_uncertain_one_stays_in_the_air(store: Store) -> None:
    conversation_id = await customer(store)
    message_id = await says(store, conversation_id, "hallo")
    for refused in (True, False):
        claim = await store.sending.claim()
        assert claim and await store.sending.begin(claim, claiming=True)
        assert await store.sending.attempt(claim, message_id, part=0, parts=1)
        await store.sending.later(claim, 60_000, refused=refused)
        assert await store.sending.claim() is None
        await store.sending.wake(conversation_id)
    claim = await store.sending.claim()
    wanted = claim and await store.sending.begin(claim, claiming=True)
    assert wanted and wanted.tries == 1 and wanted.attempt


async def test_a_failed_message_says_why_and_lets_the_next_one_go(store: Store) -> None:
    conversation_id = await customer(store)
    first = await says(store, conversation_id, "een")
    await says(store, conversation_id, "twee")
    claim = await store.sending.claim()
    assert claim and await store.sending.begin(claim, claiming=True)
    assert await store.sending.fail(claim, first, "unreachable", unreachable=True)
    assert await send(store, claim) == "twee"
    failed, sent = await store.conversations.transcript(conversation_id)
    assert (failed.state, failed.marks.problem, sent.state) == ("failed", "unreachable", "sent")
    assert (await store.conversations.get(conversation_id)).unreachable == "unreachable"
    contact = Contact("messenger", "6001", "1001", opened_at_ms=2)
    await store.conversations.note_contact(conversation_id, contact)
    assert (await store.conversations.get(conversation_id)).unreachable == ""


async def test_what_was_sent_until_a_moment_is_known_by_the_platforms_clock(store: Store) -> None:
    conversation_id = await customer(store)
    ids = [await says(store, conversation_id, text) for text in ("een", "twee")]
    claim = await store.sending.claim()
    assert claim
    for number, message_id in enumerate(ids):
        assert await store.sending.begin(claim, claiming=number == 0)
        attempt = await store.sending.attempt(claim, message_id, part=0, parts=1)
        assert attempt
        await store.sending.settle(conversation_id, attempt, mid=f"m{number}", at_ms=1000 + number)
    assert await store.sending.sent_until(conversation_id, 1000) == ids[:1]
    await store.conversations.mark(conversation_id, ids, "read")
    assert await store.sending.sent_until(conversation_id, 2000) == []


async def test_many_senders_send_everything_once_and_in_order(store: Store) -> None:
    conversations = [await customer(store) for _ in range(5)]
    for number in range(4):
        for conversation_id in conversations:
            await says(store, conversation_id, str(number))
    sent: dict[str, list[str]] = {one: [] for one in conversations}

    async def sender() -> None:
        while claim := await store.sending.claim():
            wanted = await store.sending.begin(claim, claiming=True)
            while wanted:
                attempt = await store.sending.attempt(claim, wanted.message.id, part=0, parts=1)
                assert attempt
                sent[claim.conversation_id].append(wanted.message.text)
                await store.sending.settle(claim.conversation_id, attempt, mid=uuid.uuid4().hex, at_ms=now_ms())
                wanted = await store.sending.begin(claim, claiming=False)

    await asyncio.gather(*(sender() for _ in range(4)))
    assert all(texts == ["0", "1", "2", "3"] for texts in sent.values())


async def test_somebody_in_metas_inbox_silences_the_assistant_and_what_it_had_to_say(store: Store) -> None:
    conversation_id = f"messenger-1001-{uuid.uuid4().hex[:8]}"
    await store.conversations.note_contact(conversation_id, Contact("messenger", "6001", "1001", opened_at_ms=10))
    question = Message("m_q", conversation_id, "customer", "hoe laat", now_ms())
    await store.conversations.receive(question, channel="messenger", customer_id="6001")
    item = await store.work.take("one", block_ms=200)
    turn = item and await store.work.begin(item)
    assert turn
    reply = replace(question, id="m_e", sender="agent", text="Ann hier", agent_name="Meta-inbox")
    taking = {"at_ms": 20, "control": "2639", "message": reply}
    assert await store.queue.answered_elsewhere(conversation_id, **taking)  # type: ignore[arg-type]
    assert not await store.queue.answered_elsewhere(conversation_id, at_ms=20, message=reply)  # the same again
    conversation = await store.conversations.get(conversation_id)
    assert (conversation.owner, conversation.control) == ("agent:meta-inbox", "2639")
    assert await store.work.finish(turn, [replace(reply, id="x", sender="assistant")], dialogue="", nlu=NLU) is None
    assert [m.text for m in await store.conversations.messages(conversation_id)] == ["hoe laat", "Ann hier"]
    assert await store.sending.size() == 0
    # Older news than the hand-back changes the transcript, but nobody's turn.
    await store.queue.hand_back(conversation)
    assert await store.conversations.set_control(conversation_id, "", at_ms=30)
    await store.queue.answered_elsewhere(conversation_id, at_ms=25, message=replace(reply, id="m_late"))
    assert (await store.conversations.get(conversation_id)).owner == "assistant"
    assert not await store.conversations.set_control(conversation_id, "2639", at_ms=29)


async def test_what_is_not_the_messages_fault_costs_it_no_try(store: Store) -> None:
    conversation_id = await customer(store)
    message_id = await says(store, conversation_id, "hallo")
    for counts in (False, True):
        claim = await store.sending.claim()
        assert claim and await store.sending.begin(claim, claiming=True)
        assert await store.sending.attempt(claim, message_id, part=0, parts=1)
        await store.sending.later(claim, 0, refused=True, counts=counts)
    claim = await store.sending.claim()
    wanted = claim and await store.sending.begin(claim, claiming=True)
    assert wanted and (wanted.tries, wanted.attempt) == (1, "")


@pytest.mark.parametrize(("is_at_work", "taken"), [(True, False), (False, True)])
async def test_a_customer_who_writes_hurries_what_waits_but_takes_no_senders_conversation(
    store: Store, is_at_work: bool, taken: bool
) -> None:
    conversation_id = await customer(store)
    await says(store, conversation_id, "hallo")
    claim = await store.sending.claim()
    assert claim and await store.sending.begin(claim, claiming=True)
    if not is_at_work:
        await store.sending.later(claim, 60_000, refused=False)
    await store.conversations.note_contact(conversation_id, Contact("messenger", "6001", "1001", opened_at_ms=2))
    assert (await store.sending.claim() is not None) is taken


async def test_a_short_pause_of_a_page_ends_no_longer_one(store: Store) -> None:
    for until_ms in (9_000, 5_000):
        await store.pages.pause("1001", until_ms)
    assert (await store.pages.states(["1001"]))[0].paused_until_ms == 9_000


async def test_figures_say_what_waits_to_be_sent_and_what_could_not_be(store: Store) -> None:
    first, second = await customer(store), await customer(store)
    for conversation_id in (first, second):
        message_id = await says(store, conversation_id, "hallo")
    claim = Claim(second, "one")
    assert await store.sending.begin(claim, claiming=True)
    assert await store.sending.fail(claim, message_id, "window")
    assert await store.sending.begin(claim, claiming=False) is None
    figures = await store.figures.read()
    assert (figures.to_send, figures.counts["messages_not_sent:messenger:window"]) == (1, 1)


@pytest.mark.parametrize("by", ["answer", "echo after a crash"])
async def test_messages_that_go_out_together_are_sent_together(store: Store, by: str) -> None:
    conversation_id = await customer(store)
    first, second, third = [await says(store, conversation_id, text) for text in ("een", "twee", "drie")]
    claim = Claim(conversation_id, "one")
    assert await store.sending.begin(claim, claiming=True)
    attempt = await store.sending.attempt(claim, first, part=0, parts=1, with_it=[second])
    assert attempt and not await store.sending.knows(conversation_id, "m1")
    if by != "answer":
        claim = Claim(conversation_id, "other")
        again = await store.sending.begin(claim, claiming=True)
        assert again and (again.attempt, again.with_it) == (attempt, (second,))
    await store.sending.settle(conversation_id, attempt, mid="m1", at_ms=5)
    assert await states(store, conversation_id) == ["sent", "sent", "waiting"]
    assert await store.sending.knows(conversation_id, "m1")
    assert sorted(await store.sending.sent_until(conversation_id, 5)) == sorted([first, second])
    wanted = await store.sending.begin(claim, claiming=False)
    assert wanted and (wanted.message.id, wanted.with_it) == (third, ())


async def test_what_stands_behind_a_message_goes_on_when_its_echo_comes(store: Store) -> None:
    conversation_id = await customer(store)
    first = await says(store, conversation_id, "een")
    await says(store, conversation_id, "twee")
    claim = await store.sending.claim()
    assert claim and await store.sending.begin(claim, claiming=True)
    attempt = await store.sending.attempt(claim, first, part=0, parts=1)
    await store.sending.later(claim, 60_000, refused=False)
    assert attempt and await store.sending.claim() is None
    await store.sending.settle(conversation_id, attempt, mid="m1", at_ms=5)
    assert await store.sending.claim()


@pytest.mark.parametrize("parts", [1, 2])
async def test_the_echo_of_a_refused_attempt_says_that_it_arrived_all_the_same(store: Store, parts: int) -> None:
    conversation_id = await customer(store)
    message_id = await says(store, conversation_id, "een")
    claim = await store.sending.claim()
    assert claim and await store.sending.begin(claim, claiming=True)
    attempt = await store.sending.attempt(claim, message_id, part=0, parts=parts)
    assert attempt and await store.sending.later(claim, 60_000, refused=True)
    for _ in range(2):  # a repeat counts for no other part
        await store.sending.settle(conversation_id, attempt, mid="m1", at_ms=5, is_echo=True)
    claim = Claim(conversation_id, "other")
    wanted = await store.sending.begin(claim, claiming=True)
    assert (wanted and wanted.parts_sent) == (None if parts == 1 else 1)
    assert await states(store, conversation_id) == (["sent"] if parts == 1 else ["waiting"])


async def test_when_it_was_sent_is_known_by_the_platforms_clock_whatever_ours_says(store: Store) -> None:
    conversation_id = await customer(store)
    ids = [await says(store, conversation_id, text) for text in ("een", "twee")]
    claim = Claim(conversation_id, "one")
    for message_id, echo_first in zip(ids, (True, False), strict=True):
        assert await store.sending.begin(claim, claiming=True)
        attempt = await store.sending.attempt(claim, message_id, part=0, parts=1)
        assert attempt
        for is_echo in (echo_first, not echo_first):  # our clock is a minute ahead
            at_ms = 1_000 if is_echo else 61_000
            await store.sending.settle(conversation_id, attempt, mid=message_id, at_ms=at_ms, is_echo=is_echo)
    assert await store.sending.sent_until(conversation_id, 1_000) == ids


async def test_what_goes_out_with_a_private_reply_is_in_the_air_as_well_when_the_comment_is_removed(
    store: Store,
) -> None:
    conversation_id = await customer(store)
    contact = Contact("comment", "6001", "1001", opened_at_ms=2, comment_id="5_8")
    await store.conversations.note_contact(conversation_id, contact)
    first, second, _ = [await says(store, conversation_id, text) for text in ("een", "twee", "drie")]
    claim = Claim(conversation_id, "one")
    assert await store.sending.begin(claim, claiming=True)
    attempt = await store.sending.attempt(claim, first, part=0, parts=1, with_it=[second])
    assert attempt and await store.conversations.comment_gone(conversation_id)
    await store.sending.settle(conversation_id, attempt, mid="m1", at_ms=5)
    assert await states(store, conversation_id) == ["sent", "sent", "failed"]
