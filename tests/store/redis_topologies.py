"""Real Redis processes in the shapes that installations have: one, with Sentinels, and a Cluster.

Everything listens on 127.0.0.1 and free ports, has short time limits, and ends with the `with` block.
"""

from __future__ import annotations

import contextlib
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import redis
from redis.backoff import NoBackoff
from redis.crc import key_slot
from redis.retry import Retry

from bot.processes import die_with_parent
from bot.redis_server import find_redis
from tests.conftest import free_port

SERVICE = "vraagbaak"
NODE_TIMEOUT_MS = 1_000
START_S = 30.0
# Sentinels and the nodes of a Cluster get a port each that others must not have taken in the meantime.
_CLUSTER_BUS = 10_000


@dataclass
class Server:
    """One process of redis-server."""

    folder: Path
    port: int
    process: subprocess.Popen[bytes]
    command: list[str] = field(repr=False)

    @property
    def client(self) -> Any:
        """A client for this node alone, for the test's own use."""
        return _client(self.port, timeout_s=5)

    def ask(self, *command: Any) -> Any:
        with self.client as client:
            return client.execute_command(*command)

    def info(self, section: str) -> dict[str, Any]:
        with self.client as client:
            return dict(client.info(section))

    def kill(self) -> None:
        """SIGKILL: it has no chance to tell anybody."""
        self.process.kill()
        self.process.wait()

    def restart(self) -> None:
        """Start it again on the same files."""
        self.process = _spawn(self.command)
        wait_until(lambda: answers(self.port), f"port {self.port}")


def start(folder: Path, *options: str, sentinel_config: str = "", port: int | None = None) -> Server:
    """A redis-server, on a free port unless one is given; `options` as on its command line."""
    folder.mkdir(parents=True)
    port = port or (_free_port_for_cluster() if "--cluster-enabled" in options else free_port())
    command = [str(find_redis().path)]
    if sentinel_config:
        config = folder / "sentinel.conf"
        config.write_text(sentinel_config)
        command += [str(config), "--sentinel"]
    else:
        command += ["--save", "", "--appendonly", "yes", "--repl-diskless-sync", "yes"]
        command += ["--repl-diskless-sync-delay", "0", *options]
    command += ["--port", str(port), "--bind", "127.0.0.1", "--dir", str(folder), "--logfile", str(folder / "log")]
    server = Server(folder, port, _spawn(command), command)
    try:
        wait_until(lambda: answers(port), f"port {port}")
    except BaseException:
        server.kill()
        raise
    return server


@contextlib.contextmanager
def running(*servers: Server) -> Iterator[None]:
    """Kill what still runs at the end."""
    try:
        yield
    finally:
        for server in servers:
            server.kill()


@contextlib.contextmanager
def one(folder: Path, *options: str, port: int | None = None) -> Iterator[Server]:
    server = start(folder, *options, port=port)
    with running(server):
        yield server


@dataclass
class WithSentinels:
    """A primary, a replica and three Sentinels."""

    primary: Server
    replica: Server
    sentinels: list[Server]

    @property
    def url(self) -> str:
        hosts = ",".join(f"127.0.0.1:{sentinel.port}" for sentinel in self.sentinels)
        return f"redis+sentinel://{hosts}/{SERVICE}"

    def wait_for_primary(self, server: Server) -> None:
        """Until the Sentinels name `server` and it says so itself."""
        wait_until(
            lambda: (
                all(
                    sentinel.ask("SENTINEL", "GET-MASTER-ADDR-BY-NAME", SERVICE)[1] == str(server.port)
                    for sentinel in self.sentinels
                    if sentinel.process.poll() is None
                )
                and server.ask("ROLE")[0] == "master"
            ),
            f"{server.port} as primary",
        )


@contextlib.contextmanager
def with_sentinels(folder: Path, *options: str) -> Iterator[WithSentinels]:
    """options: of primary and replica."""
    with contextlib.ExitStack() as stack:
        primary = start(folder / "primary", *options)
        stack.enter_context(running(primary))
        replica = start(folder / "replica", *options, "--replicaof", "127.0.0.1", str(primary.port))
        stack.enter_context(running(replica))
        wait_until(lambda: replica.ask("ROLE")[3] == "connected", "replica")
        config = "\n".join(
            [
                f"sentinel monitor {SERVICE} 127.0.0.1 {primary.port} 2",
                f"sentinel down-after-milliseconds {SERVICE} {NODE_TIMEOUT_MS}",
                f"sentinel failover-timeout {SERVICE} 1500",
                "",
            ]
        )
        sentinels = []
        for number in range(3):
            sentinels.append(start(folder / f"sentinel-{number}", sentinel_config=config))
            stack.enter_context(running(sentinels[-1]))
        for sentinel in sentinels:
            wait_until(lambda one=sentinel: _knows_all(one), "Sentinels")  # type: ignore[misc]
        yield WithSentinels(primary, replica, sentinels)


def _knows_all(sentinel: Server) -> bool:
    state = sentinel.ask("SENTINEL", "MASTER", SERVICE)
    state = state if isinstance(state, dict) else dict(zip(state[::2], state[1::2], strict=True))
    return (int(state["num-other-sentinels"]), int(state["num-slaves"])) == (2, 1)


@dataclass
class Cluster:
    """Three primaries, and a replica of the one that has the keys of an installation."""

    primaries: list[Server]
    replica: Server
    slot: int
    owner: Server

    @property
    def url(self) -> str:
        return "redis+cluster://" + ",".join(f"127.0.0.1:{node.port}" for node in self.primaries)

    @property
    def nodes(self) -> list[Server]:
        return [*self.primaries, self.replica]

    def other(self) -> Server:
        """A primary that doesn't have our keys."""
        return next(node for node in self.primaries if node is not self.owner and node.process.poll() is None)

    def start_moving(self, target: Server) -> list[str]:
        """Mark the slot as on its way from its owner to `target`; returns the keys that are to go."""
        target.ask("CLUSTER SETSLOT", self.slot, "IMPORTING", node_id(self.owner))
        self.owner.ask("CLUSTER SETSLOT", self.slot, "MIGRATING", node_id(target))
        return list(self.owner.ask("CLUSTER GETKEYSINSLOT", self.slot, 10_000))

    def move(self, target: Server, keys: list[str]) -> None:
        """Move some keys; with all of them gone, call `end_moving`."""
        self.owner.ask("MIGRATE", "127.0.0.1", target.port, "", 0, 5000, "KEYS", *keys)

    def end_moving(self, target: Server) -> None:
        others = [node for node in self.nodes if node not in (target, self.owner) and node.process.poll() is None]
        for node in (target, self.owner, *others):
            node.ask("CLUSTER SETSLOT", self.slot, "NODE", node_id(target))
        self.owner = target


@contextlib.contextmanager
def cluster(folder: Path, prefix: str, *options: str) -> Iterator[Cluster]:
    """prefix: BOT_REDIS_PREFIX of the installation whose keys' owner gets the replica."""
    every = ["--cluster-enabled", "yes", "--cluster-node-timeout", str(NODE_TIMEOUT_MS)]
    with contextlib.ExitStack() as stack:
        nodes = []
        for number in range(4):
            nodes.append(start(folder / f"node-{number}", *every, *options))
            stack.enter_context(running(nodes[-1]))
        *primaries, replica = nodes
        spans = [(0, 5460), (5461, 10922), (10923, 16383)]
        for node, (first, last) in zip(primaries, spans, strict=True):
            node.ask("CLUSTER ADDSLOTS", *range(first, last + 1))
            node.ask("CLUSTER SET-CONFIG-EPOCH", primaries.index(node) + 1)
        for node in nodes[1:]:
            node.ask("CLUSTER MEET", "127.0.0.1", nodes[0].port)
        wait_until(lambda: all(_cluster_is_ok(node, len(nodes)) for node in nodes), "cluster")
        slot = key_slot(f"{{{prefix}}}".encode())
        owner = next(n for n, (first, last) in zip(primaries, spans, strict=True) if first <= slot <= last)
        replica.ask("CLUSTER REPLICATE", node_id(owner))
        wait_until(lambda: replica.ask("ROLE")[0] == "slave" and replica.ask("ROLE")[3] == "connected", "replica")
        # The others must know whose replica it is, or nobody votes for it.
        wait_until(lambda: all(_knows_replica(node, replica, owner) for node in primaries), "replica in the cluster")
        yield Cluster(primaries, replica, slot, owner)


def node_id(server: Server) -> str:
    return str(server.ask("CLUSTER MYID"))


def _cluster_is_ok(node: Server, count: int) -> bool:
    with node.client as client:
        info = client.cluster("INFO")
        known = len(client.cluster("NODES"))
    return info["cluster_state"] == "ok" and known == count


def _knows_replica(node: Server, replica: Server, owner: Server) -> bool:
    with node.client as client:
        nodes = client.cluster("NODES")
    found = nodes.get(f"127.0.0.1:{replica.port}", {})
    return found.get("master_id") == node_id(owner)


def _client(port: int, *, timeout_s: float) -> Any:
    """redis-py repeats a refused command for seconds, unless told not to."""
    return redis.Redis(port=port, decode_responses=True, socket_timeout=timeout_s, retry=Retry(NoBackoff(), 0))


def answers(port: int) -> bool:
    """Whether a Redis there answers at all."""
    try:
        with _client(port, timeout_s=1) as client:
            return bool(client.ping())
    except redis.RedisError:
        return False


def _spawn(command: list[str]) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        preexec_fn=die_with_parent(signal.SIGKILL),
    )


def wait_until(check: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + START_S
    while True:
        with contextlib.suppress(redis.RedisError):
            if check():
                return
        if time.monotonic() > deadline:
            raise TimeoutError(f"{what}: not within {START_S} s")
        time.sleep(0.05)


def _free_port_for_cluster() -> int:
    """The cluster's own bus is on a port 10,000 higher, which must be free (and exist) too."""
    while True:
        port = free_port()
        if port + _CLUSTER_BUS > 65_535:
            port = 20_000 + port % 20_000
        with socket.socket() as one, socket.socket() as bus, contextlib.suppress(OSError):
            one.bind(("127.0.0.1", port))
            bus.bind(("127.0.0.1", port + _CLUSTER_BUS))
            return port
