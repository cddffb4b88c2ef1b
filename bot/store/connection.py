"""The connection to Redis: where it goes, its time limits, and the scripts."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import msgspec
import redis.asyncio as aioredis
from redis.asyncio.connection import Connection, SSLConnection, UnixDomainSocketConnection
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.driver_info import DriverInfo
from redis.exceptions import NoScriptError, RedisError
from redis.maint_notifications import MaintNotificationsConfig

from bot.errors import ConfigError, StoreUnavailable
from bot.store import address, following
from bot.store.trouble import NotThePrimary, translated_errors

__all__ = ["Script", "connect", "encode", "translated_errors"]

LUA = Path(__file__).parent / "lua"
# What all scripts on one conversation share, in this order: each part uses what stands in those before it.
_SHARED = ("keys", "figures", "answers", "ratings", "handoff", "messages", "work", "views", "states")

MAX_CONNECTIONS = 64
# Who finds all connections busy waits so long for one.
FREE_CONNECTION_S = 5.0
CONNECT_S = 2.0
COMMAND_S = 5.0
# Sentinels and nodes that are asked for the primary: the next one is asked after this.
ASK_S = 1.0
# How long a write may take to reach the replicas that BOT_REDIS_REPLICAS asks for.
REPLICAS_MS = 2_000

_CLASSES = {
    Connection: (following.TcpConnection, following.FollowingConnection),
    SSLConnection: (following.TlsConnection, following.FollowingTlsConnection),
    UnixDomainSocketConnection: (following.SocketConnection, None),
}


def connect(url: str, key: str) -> aioredis.Redis:
    """A client for `url`; nothing is sent yet. Raises ConfigError if the URL can't be understood.

    key: any of the installation's keys; in a Cluster all are where this one is.
    """
    where = address.parse(url)
    options = {**_OPTIONS, **where.options}
    single, follows = _CLASSES[options.pop("connection_class", Connection)]
    try:
        if where.kind == "one":
            pool = aioredis.BlockingConnectionPool(connection_class=single, **options)
        else:
            pool = following.FollowingPool(connection_class=follows, primary=_primary(where, key), **options)
        pool.make_connection()  # an option that redis-py doesn't know is found here, not at the first command
    except (TypeError, ValueError, RedisError) as exc:
        raise ConfigError("BOT_REDIS_URL has an option behind the ? that is not known, or a value that is not") from exc
    return aioredis.Redis.from_pool(pool)


# A command is repeated only when it was refused before it did anything, at a node that isn't the primary: a script that
# perhaps ran must not run again unasked. Whoever called knows whether a repeat is harmless.
RETRY = Retry(NoBackoff(), 1, supported_errors=(NotThePrimary,))

_OPTIONS: dict[str, Any] = {
    "decode_responses": True,
    "max_connections": MAX_CONNECTIONS,
    "timeout": FREE_CONNECTION_S,
    "socket_connect_timeout": CONNECT_S,
    "socket_timeout": COMMAND_S,
    "health_check_interval": 30,
    "retry": RETRY,
    # Of a hosted product; switched on it keeps redis-py from noticing a connection with an answer left in it.
    "maint_notifications_config": MaintNotificationsConfig(enabled=False),
    # For the list of clients. Left out, redis-py reads its version from its files for each connection.
    "driver_info": DriverInfo(),
}


def _primary(where: address.Address, key: str) -> following.Primary:
    limits = {"socket_connect_timeout": ASK_S, "socket_timeout": ASK_S, "retry": Retry(NoBackoff(), 0)}
    if where.kind == "sentinel":
        return following.SentinelPrimary(where.nodes, where.service, {**limits, **(where.sentinel_options or {})})
    own = {name: value for name, value in where.options.items() if name in ("username", "password")}
    own |= where.sentinel_options or {}
    return following.ClusterPrimary(where.nodes, key, {**limits, **own})


@cache
def _text(name: str) -> str:
    return (LUA / f"{name}.lua").read_text()


class Script:
    """One Lua file; `on_conversation`: behind the part that all scripts on one conversation share."""

    def __init__(self, client: aioredis.Redis, name: str, *, on_conversation: bool = True, replicas: int = 0) -> None:
        """replicas: the answer waits until so many replicas have what was written."""
        shared = "\n".join(_text(f"conversation/{part}") for part in _SHARED) if on_conversation else ""
        self._client = client
        self._script = client.register_script(shared + _text(name))
        self._replicas = replicas

    async def __call__(self, keys: list[str], args: list[Any]) -> Any:
        """Raises StoreUnavailable. With `replicas`, it may have been stored all the same; a repeat then waits again."""
        with translated_errors():
            if not self._replicas:
                return await self._script(keys=keys, args=args)
            try:
                answer, copies = await self._copied(keys, args)
            except NoScriptError:
                await self._client.script_load(self._script.script)
                answer, copies = await self._copied(keys, args)
        if copies < self._replicas:
            raise StoreUnavailable(f"Redis has what was stored on {copies} of {self._replicas} replicas")
        return answer

    async def _copied(self, keys: list[str], args: list[Any]) -> tuple[Any, int]:
        """The script's answer, and how many replicas have what it wrote: WAIT counts for the same connection only."""
        pipeline = self._client.pipeline(transaction=False)
        pipeline.evalsha(self._script.sha, len(keys), *keys, *args)
        pipeline.wait(self._replicas, REPLICAS_MS)
        answer, copies = await pipeline.execute()
        return answer, int(copies)


def encode(record: Any) -> str:
    """A record of bot.model as JSON, readable in the Redis shell."""
    return msgspec.json.encode(record).decode()
