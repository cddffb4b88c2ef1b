"""What was acknowledged is there after the worst, on Redis servers of the test's own."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

from bot.errors import ConfigError, StoreUnavailable
from bot.model import Message
from bot.redis_server import OwnRedis
from bot.settings import Settings
from bot.store import Store

SETTINGS = Settings(redis_prefix="durability")


def message(number: int) -> Message:
    return Message(f"m{number}", "c1", "customer", f"bericht {number}", 1)


@pytest.mark.parametrize("fsync", ["everysec", "always"])
async def test_what_was_acknowledged_survives_a_kill_of_redis(tmp_path: Path, fsync: str) -> None:
    redis = OwnRedis(tmp_path, fsync=fsync)
    redis.start()
    store = await Store(redis.url, SETTINGS).open()
    for number in range(50):
        await store.conversations.receive(message(number), channel="rest", customer_id="k")
    info = await store._client.info("server")
    os.kill(info["process_id"], signal.SIGKILL)
    await store.close()
    with OwnRedis(tmp_path, fsync=fsync) as again:
        store = await Store(again.url, SETTINGS).open()
        found = [stored.text for stored in await store.conversations.messages("c1")]
        assert await store.work.waiting() == 1
        await store.close()
    assert found == [f"bericht {number}" for number in range(50)]


async def test_a_full_redis_stores_nothing_and_says_so(tmp_path: Path) -> None:
    with OwnRedis(tmp_path) as redis:
        store = await Store(redis.url, SETTINGS).open()
        await store.conversations.receive(message(0), channel="rest", customer_id="k")
        await store._client.config_set("maxmemory", 1)
        with pytest.raises(StoreUnavailable):
            await store.conversations.receive(message(1), channel="rest", customer_id="k")
        await store._client.config_set("maxmemory", 0)
        await store.conversations.receive(message(1), channel="rest", customer_id="k")
        assert [stored.id for stored in await store.conversations.messages("c1")] == ["m0", "m1"]
        await store.close()


async def test_a_redis_that_throws_data_away_is_refused(tmp_path: Path) -> None:
    with OwnRedis(tmp_path) as redis:
        store = Store(redis.url, SETTINGS)
        await store._client.config_set("maxmemory-policy", "volatile-lru")
        with pytest.raises(ConfigError, match="noeviction"):
            await store.open()
        await store.close()
