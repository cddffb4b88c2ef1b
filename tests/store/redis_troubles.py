"""Real trouble at a real Redis: each begins with the `with` block and ends with it."""

from __future__ import annotations

import contextlib
import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass

import redis

from tests.store.redis_topologies import Server, answers, wait_until

Begin = Callable[[Server], AbstractContextManager[None]]
# A port where nobody listens: a replica of it has lost its primary.
NOBODY = 1


@dataclass(frozen=True)
class Trouble:
    """reason: part of what is said about it. reads: whether what is stored can still be read."""

    begin: Begin
    reason: str
    reads: bool = False

    def __str__(self) -> str:
        return self.begin.__name__


@contextlib.contextmanager
def full(server: Server) -> Iterator[None]:
    with _config(server, "maxmemory", "1", "0"):
        yield


@contextlib.contextmanager
def too_few_replicas(server: Server) -> Iterator[None]:
    with _config(server, "min-replicas-to-write", "1", "0"):
        yield


@contextlib.contextmanager
def read_only(server: Server) -> Iterator[None]:
    server.ask("REPLICAOF", "127.0.0.1", NOBODY)
    try:
        yield
    finally:
        server.ask("REPLICAOF", "NO", "ONE")


@contextlib.contextmanager
def without_its_primary(server: Server) -> Iterator[None]:
    with _config(server, "replica-serve-stale-data", "no", "yes"), read_only(server):
        yield


@contextlib.contextmanager
def disk_trouble(server: Server) -> Iterator[None]:
    """A snapshot that can't be written, because a folder has its name."""
    (server.folder / "taken").mkdir(exist_ok=True)
    with _config(server, "dbfilename", "taken", "dump.rdb"), _config(server, "save", "3600 1", ""):
        server.ask("BGSAVE")
        wait_until(lambda: server.info("persistence")["rdb_last_bgsave_status"] == "err", "a failed snapshot")
        yield


@contextlib.contextmanager
def busy(server: Server) -> Iterator[None]:
    """A script that goes round and round."""
    with _config(server, "lua-time-limit", "10", "5000"):
        with _in_thread(lambda: server.ask("EVAL", "while true do end", 0)):
            wait_until(lambda: not answers(server.port), "a busy Redis")
            try:
                yield
            finally:
                server.ask("SCRIPT", "KILL")


@contextlib.contextmanager
def loading(server: Server) -> Iterator[None]:
    """It reads its data again, slowly; it looks up from that every 2 MB."""
    server.ask("DEBUG", "POPULATE", 300, "load", 200_000)
    with _config(server, "rdbcompression", "no", "yes"), _config(server, "key-load-delay", "6000", "0"):
        with _in_thread(lambda: server.ask("DEBUG", "RELOAD")):
            wait_until(lambda: not answers(server.port), "a loading Redis")
            yield
            wait_until(lambda: answers(server.port), "a loaded Redis")
    server.ask("EVAL", "return redis.call('DEL', unpack(redis.call('KEYS', 'load:*')))", 0)


@contextlib.contextmanager
def frozen(server: Server) -> Iterator[None]:
    """The process is there, accepts connections, and does nothing."""
    os.kill(server.process.pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(server.process.pid, signal.SIGCONT)


@contextlib.contextmanager
def gone(server: Server) -> Iterator[None]:
    # On a busy disk Redis holds writes back for up to two seconds, and a kill then costs them.
    wait_until(lambda: server.info("persistence")["aof_buffer_length"] == 0, "Redis wrote what it was given")
    server.kill()
    try:
        yield
    finally:
        server.restart()


@contextlib.contextmanager
def evicting(server: Server) -> Iterator[None]:
    with _config(server, "maxmemory-policy", "allkeys-lru", "noeviction"):
        yield


@contextlib.contextmanager
def without_append_only_file(server: Server) -> Iterator[None]:
    with _config(server, "appendonly", "no", "yes"):
        yield


# Those in which nothing can be stored.
STORES_NOTHING = [
    Trouble(full, "is full", reads=True),
    Trouble(too_few_replicas, "min-replicas-to-write", reads=True),
    Trouble(disk_trouble, "can't write to its disk", reads=True),
    Trouble(read_only, "is a read-only replica", reads=True),
    Trouble(without_its_primary, "replica"),
    Trouble(busy, "is busy with a script"),
    Trouble(loading, "is still loading"),
    Trouble(gone, "does not answer"),
    Trouble(frozen, "does not answer in time"),
]


@contextlib.contextmanager
def _config(server: Server, name: str, value: str, afterwards: str) -> Iterator[None]:
    server.ask("CONFIG", "SET", name, value)
    try:
        yield
    finally:
        server.ask("CONFIG", "SET", name, afterwards)


@contextlib.contextmanager
def _in_thread(work: Callable[[], object]) -> Iterator[None]:
    """`work` ends by itself at the end of the block, perhaps with an error."""

    def run() -> None:
        with contextlib.suppress(redis.RedisError):
            work()

    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield
    finally:
        thread.join()
