"""Conversations in the store as the assistant and the channels leave them, for tests that have neither."""

from __future__ import annotations

import time
import uuid
from dataclasses import replace
from typing import Any

from bot.model import Button, Handoff, IntentScore, Message, Nlu, Priority, Sender
from bot.store import Store

RANKING = (
    IntentScore("faq_openingstijden", 0.52),
    IntentScore("faq_bezorgmoment", 0.31),
    IntentScore("faq_contact", 0.11),
    IntentScore("faq_factuur", 0.04),
    IntentScore("nlu_fallback", 0.004),
)
NOT_SURE = Nlu("human", "faq_openingstijden", 0.52, RANKING, (), 0.8)
SURE = Nlu("answer", "faq_openingstijden", 0.97, (IntentScore("faq_openingstijden", 0.97),), (), 0.8)


def naming(nlu: Nlu, **values: str) -> Nlu:
    """The same with entities: their kinds and values."""
    found = tuple({"entity": kind, "value": value, "start": 0, "end": 1} for kind, value in values.items())
    return replace(nlu, entities=found)


def message(conversation_id: str, sender: Sender, text: str, **fields: Any) -> Message:
    """A message of now, with an id of its own."""
    return Message(
        id=fields.pop("id", uuid.uuid4().hex),
        conversation_id=conversation_id,
        sender=sender,
        text=text,
        sent_at_ms=int(time.time() * 1000),
        **fields,
    )


async def write(
    store: Store,
    text: str,
    conversation_id: str | None = None,
    *,
    channel: str = "widget",
    customer_id: str | None = None,
) -> Message:
    """The customer writes; without an id, in a new conversation."""
    conversation_id = conversation_id or f"{channel}-{uuid.uuid4()}"
    written = message(conversation_id, "customer", text)
    await store.conversations.receive(written, channel=channel, customer_id=customer_id or conversation_id)
    return written


async def answer(
    store: Store,
    written: Message,
    text: str = "We zijn open van 9.30 tot 18.00 uur.",
    *,
    nlu: Nlu = SURE,
    handoff: Handoff | None = None,
    buttons: tuple[Button, ...] = (),
    template: str = "",
) -> None:
    """The assistant answers the message, or gives the conversation to a human."""
    while item := await store.work.take("test", block_ms=500):
        turn = await store.work.begin(item)
        if turn and turn.message.id == written.id:
            reply = message(
                written.conversation_id,
                "assistant",
                text,
                buttons=buttons,
                template=template,
                in_reply_to=written.id,
            )
            assert await store.work.finish(turn, [reply], dialogue="{}", nlu=nlu, handoff=handoff) is not None
            return
    raise AssertionError("the message was not the assistant's to answer")


async def handed_over(
    store: Store,
    text: str = "mijn kat zit vast in jullie lift",
    conversation_id: str | None = None,
    *,
    reason: str = "not_confident",
    priority: Priority = "normal",
    waits_s: float = 0,
    **fields: Any,
) -> str:
    """A conversation that waits for a human; returns its id."""
    written = await write(store, text, conversation_id, **fields)
    at_ms = int((time.time() - waits_s) * 1000)
    handoff = Handoff(reason, priority, at_ms, written.id, nlu=NOT_SURE)
    await answer(store, written, "Een collega helpt je zo.", nlu=NOT_SURE, handoff=handoff)
    return written.conversation_id


async def silent_since(store: Store, conversation_id: str, at_ms: int) -> None:
    """Nobody has said anything in it since then."""
    times = {"last_at_ms": at_ms, "woken_at_ms": at_ms}
    await store._client.hset(store._keys.conversation(conversation_id), mapping=times)
    await store.conversations._run(store.conversations._place, conversation_id, "")
