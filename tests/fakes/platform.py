"""Conversations of Messenger and Instagram as the channel leaves them in the store."""

from __future__ import annotations

import itertools
import uuid
from pathlib import Path
from typing import Any

from bot.model import Attachment, Handoff, Media, Message
from bot.store import Store
from bot.store.conversations import AtOnce, Contact
from bot.store.sending import Claim
from bot.store.work import now_ms
from tests.conftest import eventually
from tests.fakes.conversations import message

HOUR_MS = 3_600_000
APP_ID, APP_SECRET, VERIFY_TOKEN = "7001", "app-secret-for-tests", "verify-token-for-tests"
PAGE, INSTAGRAM_ACCOUNT = "1001", "9001"
# Settings that turn the channel on, with two pages; nobody answers at that address.
SETTINGS: dict[str, Any] = {
    "messenger_app_id": APP_ID,
    "messenger_app_secret": APP_SECRET,
    "messenger_verify_token": VERIFY_TOKEN,
    "messenger_tokens": f"{PAGE}=token-{PAGE},1002=token-1002",
    "messenger_file": Path(__file__).parents[1] / "fixtures" / "messenger" / "messenger.yml",
    "graph_url": "http://127.0.0.1:9",
}
_numbers = itertools.count(6001)


async def begun(
    store: Store, *, channel: str = "messenger", hours_ago: float = 0.1, page_id: str = PAGE, **facts: Any
) -> str:
    """A conversation of a new customer who wrote so long ago; returns its id. facts: those of Contact."""
    customer_id = str(next(_numbers))
    at_ms = int(now_ms() - hours_ago * HOUR_MS)
    if channel == "comment":
        conversation_id = f"comment-{page_id}-5_{customer_id}"
        contact = Contact(channel, customer_id, page_id, opened_at_ms=at_ms, comment_id=f"5_{customer_id}", **facts)
    else:
        conversation_id = f"{channel}-{page_id}-{customer_id}"
        contact = Contact(channel, customer_id, page_id, opened_at_ms=at_ms, wrote_at_ms=at_ms, **facts)
    await store.conversations.note_contact(conversation_id, contact)
    return conversation_id


async def asks(
    store: Store, conversation_id: str, text: str = "kan ik dit nog ruilen?", *, to_human: bool = True, **fields: Any
) -> Message:
    """The customer writes; by default a human is wanted at once."""
    conversation = await store.conversations.get(conversation_id)
    written = message(conversation_id, "customer", text, **fields)
    at_once = None
    if to_human:
        handoff = Handoff("attachment", "normal", now_ms(), written.id)
        at_once = AtOnce(handoff, message(conversation_id, "assistant", "Een collega kijkt ernaar."))
    await store.conversations.receive(
        written, channel=conversation.channel, customer_id=conversation.customer_id, at_once=at_once
    )
    return written


async def sends(store: Store, conversation_id: str, *pairs: tuple[Attachment, Media | None], text: str = "") -> Message:
    """The customer sends attachments, with what became of each."""
    written = await asks(store, conversation_id, text, attachments=tuple(attachment for attachment, _ in pairs))
    for place, (_, media) in enumerate(pairs):
        if media:
            assert await store.conversations.set_media(conversation_id, written.id, place, media)
    return written


async def accepted(store: Store, conversation_id: str, message_id: str, mid: str) -> None:
    """The platform took what is next in line, up to this message, and calls it `mid`."""

    async def took_it() -> bool:
        claim = Claim(conversation_id, uuid.uuid4().hex)
        while to_send := await store.sending.begin(claim, claiming=True):
            attempt = await store.sending.attempt(claim, to_send.message.id, part=0, parts=1)
            if not attempt:
                return False  # the site's own sender took it back
            named = mid if to_send.message.id == message_id else f"mid-{to_send.message.id}"
            await store.sending.settle(conversation_id, attempt, mid=named, at_ms=now_ms())
            if to_send.message.id == message_id:
                return True
        return False

    await eventually(took_it)


async def failed(store: Store, conversation_id: str, problem: str) -> None:
    """The platform did not take what is next in line."""

    async def refused_it() -> bool:
        claim = Claim(conversation_id, uuid.uuid4().hex)
        to_send = await store.sending.begin(claim, claiming=True)
        return to_send is not None and await store.sending.fail(claim, to_send.message.id, problem)

    await eventually(refused_it)
