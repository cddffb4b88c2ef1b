"""Redis changes under our feet: another primary, other nodes, keys on the move. Real Sentinels, a real Cluster."""

from __future__ import annotations

import asyncio
import contextlib
import uuid
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from redis.asyncio import Redis

from bot.errors import StoreUnavailable
from bot.model import Account, Handoff, Message, ModelRecord, Nlu, Template
from bot.settings import Settings
from bot.store import Store
from bot.store.address import Node
from bot.store.connection import RETRY
from bot.store.following import FollowingConnection, FollowingPool, Primary
from bot.store.work import now_ms
from tests.conftest import HANG_S, eventually
from tests.store import redis_topologies
from tests.store.redis_topologies import Cluster, Server, WithSentinels

PREFIX = "failover"
SETTINGS = Settings(redis_prefix=PREFIX, claim_idle_ms=500)


def message(message_id: str, conversation_id: str = "c1") -> Message:
    return Message(message_id, conversation_id, "customer", f"bericht {message_id}", now_ms())


async def receive(store: Store, message_id: str, conversation_id: str = "c1") -> None:
    await store.conversations.receive(message(message_id, conversation_id), channel="rest", customer_id="k")


async def goes_on(store: Store, message_id: str) -> bool:
    try:
        await receive(store, message_id)
    except StoreUnavailable:
        return False
    return True


@contextlib.asynccontextmanager
async def opened(url: str, settings: Settings = SETTINGS) -> AsyncIterator[Store]:
    store = await Store(url, settings).open()
    try:
        yield store
    finally:
        await store.close()


class Sender:
    """Sends numbered messages one after the other, each until it is acknowledged, as the widget does."""

    def __init__(self, store: Store, name: str = "m") -> None:
        self.acknowledged: list[str] = []
        self._name = name
        self.refused = 0
        self._store = store
        self._stopping = False
        self._task = asyncio.create_task(self._send())

    async def _send(self) -> None:
        while not self._stopping:
            message_id = f"{self._name}{len(self.acknowledged)}"
            while not await goes_on(self._store, message_id):
                self.refused += 1
                await asyncio.sleep(0.01)
            self.acknowledged.append(message_id)
            await asyncio.sleep(0.002)

    async def sent(self, more: int) -> None:
        """Wait until so many more were acknowledged."""
        wanted = len(self.acknowledged) + more

        async def enough() -> bool:
            return len(self.acknowledged) >= wanted

        await eventually(enough, HANG_S)

    async def stop(self) -> None:
        """Send the last one to its end."""
        self._stopping = True
        await asyncio.wait_for(self._task, HANG_S)


class Listener:
    """Reads the events, as every web process does."""

    def __init__(self, store: Store) -> None:
        self.events: list[dict[str, Any]] = []
        self._task = asyncio.create_task(self._listen(store))

    async def _listen(self, store: Store) -> None:
        async for event in store.events.listen():
            self.events.append(event)

    async def hears(self, store: Store) -> None:
        """Wait until an event that is published now comes through."""
        name = uuid.uuid4().hex

        async def heard() -> bool:
            with contextlib.suppress(StoreUnavailable):
                await store.events.publish("model", name=name)
            await asyncio.sleep(0.05)
            return {"type": "model", "name": name} in self.events

        await eventually(heard, HANG_S)

    async def stop(self) -> None:
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)


async def stored_ids(store: Store, conversation_id: str = "c1") -> list[str]:
    return [found.id for found in await store.conversations.messages(conversation_id, limit=100_000)]


async def everything_works(store: Store) -> None:
    """One of each: message, turn, hand-over, agent, answer, model, account, session, event."""
    conversation_id = uuid.uuid4().hex
    await receive(store, "q1", conversation_id)
    item = await store.work.take("worker", block_ms=1_000)
    while item and item.conversation_id != conversation_id:  # left over from before
        item = await store.work.take("worker", block_ms=1_000)
    turn = await store.work.begin(item) if item else None
    assert turn is not None and turn.message.id == "q1"
    reply = Message("r1", conversation_id, "assistant", "een collega helpt je", now_ms(), in_reply_to="q1")
    handoff = Handoff("asked_for_human", "normal", now_ms(), "q1")
    assert await store.work.finish(turn, [reply], dialogue="[]", nlu=Nlu("human", "", 0.1), handoff=handoff) == 0
    waiting = [one for one in await store.queue.waiting() if one.id == conversation_id]
    agent = Account("sanne", "Sanne", ("agent",), "", 0)
    await store.queue.claim(waiting[0], agent)
    await store.queue.reply(conversation_id, agent, Message("a1", conversation_id, "agent", "hoi", now_ms()))
    assert await stored_ids(store, conversation_id) == ["q1", "r1", "a1"]
    assert await store.conversations.mark(conversation_id, ["r1", "a1"], "read") == 2
    assert len(await store.conversations.transcript(conversation_id)) == 3
    assert await store.outbox.size() == 0
    await store.work.overdue(0)
    name = f"utter_{uuid.uuid4().hex}"
    await store.templates.save(Template(name, "titel", "tekst"), expected_version=0)
    assert (await store.templates.get(name)).version == 1
    await store.models.register(ModelRecord(name, "/model", "sha", now_ms()))
    await store.models.activate(name)
    account_id = f"a{uuid.uuid4().hex[:10]}"
    await store.accounts.create(account_id, "Sanne", ("agent",), "een-lang-wachtwoord")
    token = await store.sessions.start(account_id)
    assert await store.sessions.account_id(token) == account_id
    await store.work.sign_of_life("worker", "{}")
    assert "worker" in await store.work.alive()
    assert len(await store.secret()) == 32
    assert (await store.state()).problem == ""


# Sentinel.


@pytest.fixture(scope="module")
def sentinels(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WithSentinels]:
    with redis_topologies.with_sentinels(tmp_path_factory.mktemp("sentinels")) as started:
        yield started


async def replicated(servers: WithSentinels) -> None:
    """Wait until the replica has all that the primary has."""

    async def same() -> bool:
        return bool(servers.primary.ask("ROLE")[1] == servers.replica.ask("ROLE")[4])

    await eventually(same)


async def swap(servers: WithSentinels) -> None:
    """The two changed places. Sentinel would tell the former primary so after eight seconds; we don't wait for that."""
    servers.primary, servers.replica = servers.replica, servers.primary
    servers.replica.ask("REPLICAOF", "127.0.0.1", servers.primary.port)

    async def follows() -> bool:
        role = servers.replica.ask("ROLE")
        return bool(role[0] == "slave" and role[2] == servers.primary.port and role[3] == "connected")

    await eventually(follows, HANG_S)


async def test_with_sentinel_a_planned_fail_over_is_followed(sentinels: WithSentinels) -> None:
    async with opened(sentinels.url) as store:
        await everything_works(store)
        listener, sender = Listener(store), Sender(store)
        await listener.hears(store)
        await sender.sent(20)
        sentinels.sentinels[0].ask("SENTINEL", "FAILOVER", redis_topologies.SERVICE)
        await asyncio.to_thread(sentinels.wait_for_primary, sentinels.replica)
        # The former primary still runs, and nobody tells it for eight seconds: we leave it by ourselves.
        log = f"{{{PREFIX}}}:conversation:c1:log"
        left_behind = sentinels.replica.ask("XLEN", log)

        async def writes_to_the_new_one() -> bool:
            return bool(sentinels.replica.ask("XLEN", log) > left_behind)

        await eventually(writes_to_the_new_one)
        moved_at = len(sender.acknowledged)
        await sender.sent(20)
        await listener.hears(store)
        # Now it is told. Connections to it that are open all the same are refused (READONLY), and left.
        await swap(sentinels)
        await sender.sent(20)
        await sender.stop()
        await listener.stop()
        await everything_works(store)
        stored = await stored_ids(store)
    assert len(stored) == len(set(stored)), "a message is stored twice"
    after = sender.acknowledged[moved_at:]
    assert stored[-len(after) :] == after


async def test_with_sentinel_a_killed_primary_costs_nothing_that_a_replica_had(sentinels: WithSentinels) -> None:
    async with opened(sentinels.url, replace(SETTINGS, redis_prefix="killed")) as store:
        listener, sender = Listener(store), Sender(store)
        await sender.sent(50)
        replicated_before = len(sender.acknowledged)
        await replicated(sentinels)
        taking = asyncio.create_task(
            store.work.take("worker", block_ms=4_000)
        )  # a read that blocks in the middle of it
        sentinels.primary.kill()
        await asyncio.to_thread(sentinels.wait_for_primary, sentinels.replica)
        await sender.sent(50)
        await listener.hears(store)
        await sender.stop()
        await listener.stop()
        await asyncio.gather(taking, return_exceptions=True)
        await everything_works(store)
        stored = await stored_ids(store)
    lost = [one for one in sender.acknowledged if one not in stored]
    print(f"acknowledged {len(sender.acknowledged)}, refused {sender.refused}, lost with the primary {len(lost)}")
    assert sender.refused > 0
    assert len(stored) == len(set(stored)), "a message is stored twice"
    assert stored == [one for one in sender.acknowledged if one in stored], "out of order"
    assert stored[:replicated_before] == sender.acknowledged[:replicated_before]
    sentinels.primary.restart()
    await swap(sentinels)


async def test_what_waited_for_a_replica_survives_the_primary(sentinels: WithSentinels) -> None:
    settings = replace(SETTINGS, redis_prefix="waited", redis_replicas=1)
    async with opened(sentinels.url, settings) as store:
        await replicated(sentinels)
        senders = [Sender(store)]
        await senders[0].sent(50)
        sentinels.primary.kill()
        await asyncio.to_thread(sentinels.wait_for_primary, sentinels.replica)
        acknowledged = list(senders[0].acknowledged)
        stored = await eventually(lambda: stored_or_none(store), HANG_S)
        assert stored[: len(acknowledged)] == acknowledged

        # Alone, the new primary acknowledges nothing; what it did store counts once, when there is a replica again.
        with pytest.raises(StoreUnavailable, match="0 of 1 replicas"):
            await receive(store, "lonely", "c2")
        sentinels.primary.restart()
        await swap(sentinels)

        async def acknowledged_now() -> bool:
            with contextlib.suppress(StoreUnavailable):
                await receive(store, "lonely", "c2")
                return True
            return False

        await eventually(acknowledged_now, HANG_S)
        assert await stored_ids(store, "c2") == ["lonely"]
        await senders[0].stop()


async def stored_or_none(store: Store) -> list[str]:
    try:
        return await stored_ids(store)
    except StoreUnavailable:
        return []


async def test_a_primary_without_the_replica_that_it_must_have_stores_nothing(tmp_path: Path) -> None:
    lonely = ["--min-replicas-to-write", "1", "--min-replicas-max-lag", "1"]
    with redis_topologies.one(tmp_path / "primary", *lonely) as primary:
        with redis_topologies.one(tmp_path / "replica", "--replicaof", "127.0.0.1", str(primary.port)):
            async with opened_eventually(f"redis://127.0.0.1:{primary.port}") as store:
                await everything_works(store)
                primary.ask("SCRIPT", "FLUSH")  # as after a fail-over: a new primary has no scripts
                await receive(store, "m0")
        async with opened_anyhow(f"redis://127.0.0.1:{primary.port}") as store:
            await eventually(lambda: is_refused(primary), HANG_S)
            before = everything_in(primary)
            with pytest.raises(StoreUnavailable, match="min-replicas-to-write"):
                await receive(store, "m1")
            with pytest.raises(StoreUnavailable, match="min-replicas-to-write"):
                await store.state()
            assert everything_in(primary) == before


async def test_a_node_that_is_no_primary_is_left_whoever_named_it(tmp_path: Path) -> None:
    """What a Sentinel or a node of a Cluster says may be out of date."""
    with redis_topologies.one(tmp_path / "primary") as primary:
        with redis_topologies.one(tmp_path / "replica", "--replicaof", "127.0.0.1", str(primary.port)) as replica:

            class OutOfDate(Primary):
                named = [replica.port, primary.port]

                async def _ask(self) -> tuple[str, int]:
                    return "127.0.0.1", self.named[0]

                def doubt(self, moved_to: Node | None = None) -> None:
                    self.named.append(self.named.pop(0))

                async def aclose(self) -> None:
                    pass

            pool = FollowingPool(primary=OutOfDate(), connection_class=FollowingConnection, retry=RETRY)
            async with Redis.from_pool(pool) as client:
                assert (await client.role())[0] == b"master"


class Door:
    """One address that leads to whichever server is behind it when a connection is made."""

    def __init__(self, leads_to: Server) -> None:
        self.leads_to = leads_to

    async def pass_on(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, back = await asyncio.open_connection("127.0.0.1", self.leads_to.port)
        await asyncio.gather(copy(reader, back), copy(there, writer))


async def copy(source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
    while data := await source.read(65_536):
        target.write(data)
    target.close()


async def test_behind_one_address_a_node_that_became_a_replica_is_left_without_an_error(tmp_path: Path) -> None:
    with redis_topologies.one(tmp_path / "a") as former, redis_topologies.one(tmp_path / "b") as primary:
        door = Door(former)
        async with await asyncio.start_server(door.pass_on, "127.0.0.1", 0) as address:
            port = address.sockets[0].getsockname()[1]
            async with opened(f"redis://127.0.0.1:{port}") as store:
                await receive(store, "m0")
                former.ask("REPLICAOF", "127.0.0.1", primary.port)
                door.leads_to = primary
                await receive(store, "m1")  # over the connection that leads to the former primary
                assert await stored_ids(store) == ["m1"]
                assert primary.ask("XLEN", f"{{{PREFIX}}}:conversation:c1:log") == 1


@contextlib.asynccontextmanager
async def opened_eventually(url: str) -> AsyncIterator[Store]:
    """Opened once the server accepts writes."""
    store = Store(url, replace(SETTINGS, redis_replicas=1))

    async def opens() -> bool:
        with contextlib.suppress(StoreUnavailable):
            await store.open()
            return True
        return False

    await eventually(opens, HANG_S)
    yield store
    await store.close()


@contextlib.asynccontextmanager
async def opened_anyhow(url: str) -> AsyncIterator[Store]:
    store = Store(url, SETTINGS)
    yield store
    await store.close()


async def is_refused(server: Server) -> bool:
    try:
        server.ask("SETRANGE", "nothing", 0, "")
    except Exception:
        return True
    return False


def everything_in(server: Server) -> dict[str, str]:
    """A fingerprint of every key."""
    with server.client as client:
        return {key: client.execute_command("DEBUG", "DIGEST-VALUE", key)[0] for key in client.keys("*")}


# Cluster.


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    with redis_topologies.cluster(tmp_path_factory.mktemp("cluster"), PREFIX) as started:
        yield started


async def test_on_a_cluster_everything_works_and_a_dead_node_is_survived(cluster: Cluster) -> None:
    async with opened(cluster.url) as store:
        await everything_works(store)
        assert {node.port for node in cluster.nodes if node.ask("DBSIZE")} == {cluster.owner.port, cluster.replica.port}
        listener, sender = Listener(store), Sender(store)
        await listener.hears(store)
        await sender.sent(50)
        safe = len(sender.acknowledged)

        async def same() -> bool:
            return bool(cluster.owner.ask("ROLE")[1] == cluster.replica.ask("ROLE")[4])

        await eventually(same)
        cluster.owner.kill()
        await sender.sent(50)
        await listener.hears(store)
        await sender.stop()
        await listener.stop()
        await everything_works(store)
        stored = await stored_ids(store)
    assert cluster.replica.ask("ROLE")[0] == "master" and sender.refused > 0
    cluster.owner = cluster.replica
    assert len(stored) == len(set(stored)), "a message is stored twice"
    assert stored[:safe] == sender.acknowledged[:safe]
    assert stored == [one for one in sender.acknowledged if one in stored], "out of order"


async def test_on_a_cluster_the_keys_can_move_to_another_node(cluster: Cluster) -> None:
    async with opened(cluster.url) as store:
        await receive(store, "before", "c3")
        earlier = await stored_ids(store)
        listener, sender = Listener(store), Sender(store, "moved")
        await listener.hears(store)
        await sender.sent(50)
        target = cluster.other()
        keys = cluster.start_moving(target)
        cluster.move(target, keys[: len(keys) // 2])
        with pytest.raises(StoreUnavailable, match="moving our keys"):
            await receive(store, "in the middle of it", "c3")
        while keys := list(cluster.owner.ask("CLUSTER GETKEYSINSLOT", cluster.slot, 100)):
            cluster.move(target, keys)
        cluster.end_moving(target)
        await sender.sent(50)
        await listener.hears(store)
        await sender.stop()
        await listener.stop()
        await everything_works(store)
        assert await stored_ids(store) == [*earlier, *sender.acknowledged]
        assert await stored_ids(store, "c3") == ["before"]
