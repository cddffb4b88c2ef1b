"""Assistants as processes: what happens when a message kills one, hangs one, or one is asked to stop."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Callable
from contextlib import ExitStack
from pathlib import Path

import pytest

from bot.settings import Settings
from bot.store import Store
from tests.conftest import eventually
from tests.fakes.breaking_assistant import start_breaking_assistant
from tests.fakes.conversations import write
from tests.forked import ForkedProcess

Start = Callable[..., list[ForkedProcess]]


@pytest.fixture
def settings(settings: Settings) -> Settings:
    # Long enough for a process that the machine keeps waiting.
    return Settings(redis_prefix=settings.redis_prefix, claim_idle_ms=1500, turn_timeout_s=1.0)


@pytest.fixture
async def start(store: Store, settings: Settings, redis_url: str, tmp_path: Path) -> AsyncIterator[Start]:
    """Start assistants by name; `await` the store's `alive` for when they work."""
    environ = {
        **os.environ,
        "BOT_ENV_FILE": os.devnull,
        "BOT_REDIS_URL": redis_url,
        "BOT_REDIS_PREFIX": settings.redis_prefix,
        "BOT_CLAIM_IDLE_MS": str(settings.claim_idle_ms),
        "BOT_TURN_TIMEOUT_S": str(settings.turn_timeout_s),
    }
    with ExitStack() as stack:

        def start(*names: str) -> list[ForkedProcess]:
            found = []
            for name in names:
                process = start_breaking_assistant(name, environ, tmp_path / f"{name}.log")
                stack.callback(process.wait)
                stack.callback(process.kill)
                found.append(process)
            return found

        yield start


async def work(store: Store, *names: str) -> None:
    """Wait until assistants of these names work."""

    async def do_work() -> bool:
        return set(names) <= set(await store.work.alive())

    await eventually(do_work, timeout_s=60)


async def texts(store: Store, conversation_id: str) -> list[str]:
    return [message.text for message in await store.conversations.messages(conversation_id)]


@pytest.mark.parametrize("text", ["crasht", "hangt"])
async def test_a_message_that_ends_two_assistants_goes_to_a_human_and_not_to_a_third(
    store: Store, start: Start, tmp_path: Path, text: str
) -> None:
    processes = start("one", "two", "three")
    await work(store, "one", "two", "three")
    await write(store, text, "poison")

    async def is_handed_over() -> bool:
        return (await store.conversations.get("poison")).owner == "queue"

    await eventually(is_handed_over, timeout_s=30)
    conversation = await store.conversations.get("poison")
    assert conversation.handoff is not None and conversation.handoff.reason == "assistant_crashed"
    assert len(await texts(store, "poison")) == 2  # and the customer was told

    async def two_ended() -> bool:
        return sum(process.poll() is not None for process in processes) == 2

    await eventually(two_ended, timeout_s=30)
    await write(store, "hoi", "healthy")

    async def is_answered() -> bool:
        return await texts(store, "healthy") == ["hoi", "antwoord op hoi"]

    await eventually(is_answered)
    logs = "".join(path.read_text() for path in tmp_path.glob("*.log"))
    assert "turn.given_up" in logs
    # Where a hung one stood is in its log, and what it read is not.
    assert ("breaking_assistant.py" in logs) == (text == "hangt")
    assert f'"{text}"' not in logs


async def test_one_that_is_asked_to_stop_finishes_its_message_and_leaves_the_rest(store: Store, start: Start) -> None:
    (stopping,) = start("stopping")
    await work(store, "stopping")
    asked = ["duurt even", "twee", "drie"]
    for text in asked:
        await write(store, text, "c1")

    async def has_begun() -> bool:
        return bool(await store._client.hget(store._keys.conversation("c1"), "worker"))

    await eventually(has_begun)
    stopping.terminate()
    assert await asyncio.to_thread(stopping.wait, 20) == 0
    assert await texts(store, "c1") == [*asked, "antwoord op duurt even"]
    assert await store.work.alive() == {}
    start("next")

    async def is_done() -> bool:
        return await store.work.waiting() == 0

    await eventually(is_done, timeout_s=60)
    assert await texts(store, "c1") == [*asked, *(f"antwoord op {text}" for text in asked)]
