"""What the customer named, from all turns together; and personal data, which stays in the message log."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import redis.asyncio as aioredis

from bot.model import Entity, Nlu
from bot.settings import Settings
from bot.store import Store
from bot.store.entities import customer_entities
from tests.conftest import eventually
from tests.fakes.conversations import SURE, answer, message, naming, write


async def named(store: Store, conversation_id: str) -> list[Entity]:
    return customer_entities(await store.conversations.transcript(conversation_id))


async def test_the_entities_of_all_turns_come_together_without_repeats(store: Store) -> None:
    first = await write(store, "waar blijft WS-1048221, de jas")
    await answer(store, first, nlu=naming(SURE, order_number="WS-1048221", product="jas"))
    second = await write(store, "ws 1048221 dus, en bel 0612345678", first.conversation_id)
    await answer(store, second, nlu=naming(SURE, order_number="ws 1048221", phone="0612345678"))
    assert await named(store, first.conversation_id) == [
        Entity("order_number", "WS-1048221"),
        Entity("product", "jas"),
        Entity("phone", "0612345678"),
    ]


async def test_the_same_words_as_another_kind_are_something_else(store: Store) -> None:
    written = await write(store, "barbie")
    await answer(store, written, nlu=naming(SURE, product="barbie", person="barbie"))
    assert len(await named(store, written.conversation_id)) == 2


async def test_a_turn_that_came_too_late_leaves_no_entities(store: Store) -> None:
    written = await write(store, "order WS-1048221")
    item = await store.work.take("dead", block_ms=1000)
    assert item is not None
    lost = await store.work.begin(item)
    again = await eventually(lambda: store.work.take_over("alive"))
    turn = again and await store.work.begin(again)
    assert lost is not None and turn is not None
    reply = message(written.conversation_id, "assistant", "a", in_reply_to=written.id)
    assert await store.work.finish(turn, [reply], dialogue="", nlu=Nlu("answer", "groet", 1.0)) == 0
    late = naming(SURE, order_number="WS-1048221")
    assert await store.work.finish(lost, [reply], dialogue="", nlu=late) is None
    assert await named(store, written.conversation_id) == []


async def test_lists_show_no_personal_numbers_and_the_log_has_them_for_the_agent(
    store: Store, settings: Settings, redis_url: str
) -> None:
    text = "mijn bsn is 123456782 en geld terug op NL91ABNA0417164300"
    written = await write(store, text)
    conversation = await store.conversations.get(written.conversation_id)
    assert conversation.last_text == conversation.last_customer_text == "mijn bsn is [BSN] en geld terug op [IBAN]"
    assert [line.text for line in await store.conversations.messages(written.conversation_id)] == [text]
    assert await keys_with(redis_url, settings, "123456782") == {"log"}


async def keys_with(redis_url: str, settings: Settings, text: str) -> set[str]:
    """The last part of the names of all keys of this test that hold `text` anywhere."""
    client = aioredis.Redis.from_url(redis_url, decode_responses=True)
    read: dict[str, Callable[[str], Any]] = {
        "hash": client.hgetall,
        "stream": client.xrange,
        "string": client.get,
        "list": lambda key: client.lrange(key, 0, -1),
        "zset": lambda key: client.zrange(key, 0, -1),
    }
    try:
        keys = [key async for key in client.scan_iter(f"{{{settings.redis_prefix}}}*")]
        assert keys
        return {key.rpartition(":")[2] for key in keys if text in str(await read[await client.type(key)](key))}
    finally:
        await client.aclose()
