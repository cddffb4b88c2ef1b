"""Whatever happens to Redis: within the time limits a plain reason, nothing half stored, and afterwards all goes on."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterator

import pytest

from bot.errors import ConfigError, StoreUnavailable
from bot.model import Account, Message
from bot.settings import Settings
from bot.store import Store, connection, events, server
from bot.store.work import now_ms
from tests.conftest import HANG_S, eventually
from tests.store import redis_topologies, redis_troubles
from tests.store.redis_topologies import Server
from tests.store.redis_troubles import STORES_NOTHING, Trouble
from tests.store.test_failover import everything_works

# Instead of five seconds: a test needn't wait so long for a Redis that hangs.
COMMAND_S = 2.0
AGENT = Account("sanne", "Sanne", ("agent",), "", 0)


@pytest.fixture(scope="module")
def redis_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with redis_topologies.one(tmp_path_factory.mktemp("redis") / "data") as started:
        yield started


@pytest.fixture
async def store(redis_server: Server, settings: Settings) -> AsyncIterator[Store]:
    store = await Store(f"redis://127.0.0.1:{redis_server.port}?socket_timeout={COMMAND_S}", settings).open()
    yield store
    await store.close()


def message(number: int) -> Message:
    return Message(f"m{number}", "c1", "customer", f"bericht {number}", now_ms())


async def receive(store: Store, number: int) -> None:
    await store.conversations.receive(message(number), channel="rest", customer_id="k")


@pytest.mark.parametrize("trouble", STORES_NOTHING, ids=str)
async def test_nothing_is_half_stored_the_reason_is_plain_and_it_passes(
    redis_server: Server, store: Store, trouble: Trouble
) -> None:
    await receive(store, 0)
    await store.queue.claim(await store.conversations.get("c1"), AGENT)
    before = fingerprint(redis_server)
    with trouble.begin(redis_server):
        writes = [receive(store, 1), store.queue.reply("c1", AGENT, message(2)), store.sessions.start("sanne")]
        async with asyncio.timeout(HANG_S):
            answers = await asyncio.gather(*writes, store.secret(), store.state(), return_exceptions=True)
        if trouble.reads:
            assert [stored.id for stored in await store.conversations.messages("c1")] == ["m0"]
    assert [type(answer) for answer in answers] == [StoreUnavailable] * 5
    assert [trouble.reason in str(answer) for answer in answers] == [True] * 5, answers
    if trouble.begin is not redis_troubles.frozen:  # that one carries out what it was sent, when it wakes up
        assert fingerprint(redis_server) == before

    async def stores() -> bool:
        with contextlib.suppress(StoreUnavailable):
            await receive(store, 1)
            return True
        return False

    assert await eventually(stores)
    stored = [one.id for one in await store.conversations.messages("c1")]
    assert [one for one in stored if one != "m2"] == ["m0", "m1"]
    assert (await store.state()).problem == ""


def fingerprint(redis_server: Server) -> dict[str, str]:
    """Every key with a digest of what is in it."""
    with redis_server.client as client:
        keys = [key for key in client.keys("*") if not key.startswith("load:")]
        return {key: client.execute_command("DEBUG", "DIGEST-VALUE", key)[0] for key in keys}


async def test_a_policy_that_evicts_is_noticed_while_running(redis_server: Server, store: Store) -> None:
    with redis_troubles.evicting(redis_server):
        assert "expected noeviction" in (await store.state()).problem
        with pytest.raises(ConfigError, match="noeviction"):
            await store.open()
    assert (await store.state()).problem == ""


async def test_a_version_that_is_too_old_is_noticed_while_running(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody has an old Redis at hand: the bar is put higher instead, as if we failed over to one."""
    assert (await store.state()).problem == ""
    monkeypatch.setattr(server, "MINIMUM_VERSION", (99, 0))
    assert "expected 6.2" in (await store.state()).problem
    with pytest.raises(ConfigError, match=r"expected 6\.2"):
        await store.open()


async def test_what_makes_a_message_less_safe_is_a_warning(redis_server: Server, store: Store) -> None:
    assert (await store.state()).warnings == ()
    with redis_troubles.without_append_only_file(redis_server):
        state = await store.state()
        assert state.problem == "" and "appendonly no" in state.warnings[0]
    redis_server.ask("CONFIG", "SET", "maxmemory", int(redis_server.info("memory")["used_memory"] * 1.05))
    assert "maxmemory" in (await store.state()).warnings[0]
    redis_server.ask("CONFIG", "SET", "maxmemory", 0)


async def test_scripts_that_redis_forgot_are_sent_again(redis_server: Server, store: Store) -> None:
    await receive(store, 0)
    redis_server.ask("SCRIPT", "FLUSH")
    await receive(store, 1)
    assert [stored.id for stored in await store.conversations.messages("c1")] == ["m0", "m1"]


async def test_the_write_that_only_tries_leaves_nothing_behind(redis_server: Server, store: Store) -> None:
    before = fingerprint(redis_server)
    await store.state()
    assert fingerprint(redis_server) == before


async def test_who_finds_all_connections_busy_waits_for_one(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    taking = [
        asyncio.create_task(store.work.take(f"w{number}", block_ms=1_200))
        for number in range(connection.MAX_CONNECTIONS)
    ]
    await eventually(lambda: is_busy(store))
    await store.accounts.all()
    await asyncio.gather(*taking)

    monkeypatch.setattr(store._client.connection_pool, "timeout", 0.1)
    taking = [
        asyncio.create_task(store.work.take(f"w{number}", block_ms=1_200))
        for number in range(connection.MAX_CONNECTIONS)
    ]
    await eventually(lambda: is_busy(store))
    with pytest.raises(StoreUnavailable, match="all our connections wait"):
        await store.accounts.all()
    await asyncio.gather(*taking)
    await store.accounts.all()


async def is_busy(store: Store) -> bool:
    return not store._client.connection_pool.can_get_connection()


async def test_who_listens_for_events_notices_a_redis_that_hangs(
    redis_server: Server, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(events, "SILENT_S", 0.2)
    monkeypatch.setattr(events, "ANSWER_S", 0.3)
    found: list[object] = []

    async def listen() -> None:
        async for event in store.events.listen():
            found.append(event)

    listening = asyncio.create_task(listen())
    await eventually(lambda: has(found, 1))
    await asyncio.sleep(0.7)  # silent, and alive: it stays connected
    assert found == [events.RESYNC]
    with redis_troubles.frozen(redis_server):
        await asyncio.sleep(0.7)
    await eventually(lambda: has(found, 2))
    assert found == [events.RESYNC, events.RESYNC]
    listening.cancel()
    await asyncio.gather(listening, return_exceptions=True)


async def has(found: list[object], count: int) -> bool:
    return len(found) >= count


async def test_the_installations_secret_can_be_read_where_nothing_can_be_stored(
    redis_server: Server, store: Store, settings: Settings
) -> None:
    secret = await store.secret()
    with redis_troubles.too_few_replicas(redis_server):
        other = Store(f"redis://127.0.0.1:{redis_server.port}", settings)
        assert await other.secret() == secret
        await other.close()


async def test_a_wrong_password_is_a_setting_to_mend(redis_server: Server, settings: Settings) -> None:
    # The rights that docs/how-to/production.md names are enough.
    keys = f"{{{settings.redis_prefix}}}:*"
    rights = [f"~{keys}", "resetchannels", f"&{keys}", "+@all", "-@admin", "-@dangerous", "+info", "+role"]
    redis_server.ask("ACL", "SETUSER", "bot", "on", ">right", *rights)
    store = Store(f"redis://bot:wrong@127.0.0.1:{redis_server.port}", settings)
    with pytest.raises(ConfigError, match="user or password"):
        await store.open()
    await store.close()
    store = await Store(f"redis://bot:right@127.0.0.1:{redis_server.port}", settings).open()
    await everything_works(store)
    await store.close()
