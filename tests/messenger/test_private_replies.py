"""Under a public comment one message may go out: all that was said in one turn."""

from __future__ import annotations

import pytest

from bot.model import Button, Message
from bot.store import Store
from bot.store.conversations import Contact
from bot.web.channels.messenger.private_replies import joined
from tests.fakes.conversations import message
from tests.messenger.post_office import Town, now_ms, town, when


def said(text: str, *, turn: str = "c1", **fields: object) -> Message:
    return message("comment-1001-5_8", "assistant", text, in_reply_to=turn, **fields)


async def commented(here: Town) -> tuple[str, str]:
    """Jo comments; the comment's id and its conversation."""
    comment_id = await here.graph.customer("6001", page="1001").comments("prijs?")
    conversation_id = f"comment-1001-{comment_id}"
    contact = Contact("comment", "7777", "1001", opened_at_ms=now_ms(), comment_id=comment_id)
    await here.store.conversations.note_contact(conversation_id, contact)
    return comment_id, conversation_id


def test_messages_of_one_turn_become_one_with_all_buttons() -> None:
    one, two = said("een", buttons=(Button("Ja", "/a"),)), said("twee", buttons=(Button("Nee", "/b"),))
    other = said("drie", turn="c2")
    whole, with_it = joined([one, two, other])
    assert (whole.id, whole.text, [button.title for button in whole.buttons]) == (one.id, "een\n\ntwee", ["Ja", "Nee"])
    assert with_it == [two]


def test_what_does_not_fit_is_left_out_whole() -> None:
    one, two, three = said("een"), said("t" * 1999), said("drie")
    assert joined([one, two, three]) == (one, [])


async def test_a_turn_goes_out_as_one_private_reply(store: Store) -> None:
    async with town(store) as here:
        comment_id, conversation_id = await commented(here)
        await here.answers(conversation_id, "Het kost 2,95.", said("Kijk ook hier.", turn=""))
        await here.until(conversation_id, "sent", "sent")
        [sent] = here.graph.sent
        assert (sent.text, sent.comment_id) == ("Het kost 2,95.\n\nKijk ook hier.", comment_id)
        assert here.process.heard.private_replies == [(conversation_id, "6001")]
        assert here.process.heard.begun == [(conversation_id, sent.metadata.removeprefix("vb:"))]
        assert (await store.conversations.get(conversation_id)).private_reply == "sent"


async def test_nothing_more_goes_out_before_the_customer_answers(store: Store) -> None:
    async with town(store) as here:
        _, conversation_id = await commented(here)
        await here.answers(conversation_id, "een")
        await here.until(conversation_id, "sent")
        await here.answers(conversation_id, "twee")
        await here.until(conversation_id, "sent", "failed")
        assert await here.problems(conversation_id) == ["", "private_reply"]
        assert here.texts() == ["een"]
        # They answer: it is a conversation like any other.
        contact = Contact("messenger", "6001", "1001", opened_at_ms=now_ms(), wrote_at_ms=now_ms())
        await here.graph.customer("6001").says("dank je")
        await store.conversations.note_contact(conversation_id, contact)
        await here.answers(conversation_id, "drie")
        await here.until(conversation_id, "sent", "failed", "sent")


async def test_what_does_not_fit_one_message_fails_where_agents_see_it(store: Store) -> None:
    async with town(store) as here:
        _, conversation_id = await commented(here)
        await here.answers(conversation_id, "woord " * 400, "nog iets")
        await here.until(conversation_id, "failed", "failed")
        assert await here.problems(conversation_id) == ["private_reply", "private_reply"]
        assert [len(text) for text in here.texts()] == [1997]


async def test_an_uncertain_private_reply_is_settled_by_metas_refusal_of_a_second_one(store: Store) -> None:
    async with town(store, echoes=False) as here:
        _, conversation_id = await commented(here)
        here.graph.hang_next(accept_first=True)
        await here.answers(conversation_id, "een", "twee")
        await when(lambda: here.texts() == ["een\n\ntwee"])
        await here.answers(conversation_id, "drie")
        await here.until(conversation_id, "sent", "sent", "failed")
        assert here.texts() == ["een\n\ntwee"]


@pytest.mark.parametrize("is_gone", ["removed", "old"])
async def test_a_comment_that_is_gone_gets_no_reply(store: Store, is_gone: str) -> None:
    async with town(store) as here:
        comment_id, conversation_id = await commented(here)
        comment = here.graph.comments[comment_id]
        if is_gone == "removed":
            comment.is_removed = True
        else:
            comment.at_ms -= 8 * 24 * 3_600_000
        await here.answers(conversation_id, "een")
        await here.until(conversation_id, "failed")
        assert await here.problems(conversation_id) == ["comment_gone"]
