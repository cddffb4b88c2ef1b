"""An assistant that says what the test tells it to, over the real store: for tests of the web that need no Rasa."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

from bot.model import Button, Handoff, Message, Nlu
from bot.store import Store
from bot.store.work import now_ms

ANSWERED = Nlu("answer", "faq_retourkosten", 0.99)


def answer(text: str) -> str:
    """What it says when the test doesn't tell: enough to recognise which message it was."""
    return f"antwoord op {text}"


@asynccontextmanager
async def scripted_assistant(store: Store, script: Callable[[str], str] = answer, **fields: Any) -> AsyncIterator[None]:
    """Answers every message with `script(text)`; a text with 'mens' goes to the human queue. fields: of each reply."""
    task = asyncio.create_task(_serve(store, script, fields))
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def _serve(store: Store, script: Callable[[str], str], fields: dict[str, Any]) -> None:
    while True:
        item = await store.work.take("scripted", block_ms=200)
        while item and (turn := await store.work.begin(item)):
            message = turn.message
            handoff = Handoff("asked_for_human", "normal", now_ms(), message.id) if "mens" in message.text else None
            reply = Message(
                id=uuid.uuid4().hex,
                conversation_id=turn.conversation_id,
                sender="assistant",
                text=script(message.text),
                sent_at_ms=now_ms(),
                buttons=(Button("Retourkosten", "/faq_retourkosten"),),
                in_reply_to=message.id,
                **fields,
            )
            if not await store.work.finish(turn, [reply], dialogue="[]", nlu=ANSWERED, handoff=handoff):
                break
