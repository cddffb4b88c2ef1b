"""The connection to Redis: time limits, one kind of error, and the scripts."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec
import redis.asyncio as aioredis
from redis import exceptions

from bot.errors import ConfigError, StoreUnavailable

LUA = Path(__file__).parent / "lua"
MINIMUM_VERSION = (6, 2)

# Answers of a Redis that is there but can't store now. Redis 6.2 wraps that of a command in a script: "... : -OOM ...".
_UNABLE = re.compile(r"(^|: -)(MISCONF|OOM|READONLY|LOADING|MASTERDOWN|NOREPLICAS|CLUSTERDOWN|BUSY )")


def connect(url: str) -> aioredis.Redis:
    """A client for `url`; nothing is sent yet. Raises ConfigError if the URL can't be understood."""
    try:
        # Blocking: who finds all connections busy waits for one, instead of failing.
        pool = aioredis.BlockingConnectionPool.from_url(
            url,
            decode_responses=True,
            max_connections=64,
            timeout=5.0,
            socket_connect_timeout=2.0,
            socket_timeout=5.0,
            health_check_interval=30,
        )
    except ValueError as exc:
        raise ConfigError("BOT_REDIS_URL is not an address of the form redis://, rediss:// or unix://") from exc
    return aioredis.Redis.from_pool(pool)


@contextmanager
def translated_errors() -> Iterator[None]:
    """Turn "Redis can't do it now" into StoreUnavailable; a mistake of ours stays what it is."""
    try:
        yield
    except (exceptions.ConnectionError, exceptions.TimeoutError, ConnectionError, TimeoutError) as exc:
        raise StoreUnavailable(f"Redis does not answer: {type(exc).__name__}") from exc
    except exceptions.ResponseError as exc:
        if isinstance(exc, (exceptions.ReadOnlyError, exceptions.OutOfMemoryError)) or _UNABLE.search(str(exc)):
            raise StoreUnavailable(f"Redis does not store: {str(exc)[:80]}") from exc
        raise


async def check_server(client: aioredis.Redis) -> None:
    """Raise ConfigError if the server is too old or may throw our data away, StoreUnavailable if it isn't there."""
    with translated_errors():
        info = await client.info("server")
        memory = await client.info("memory")
    version = tuple(int(part) for part in str(info["redis_version"]).split(".")[:2])
    if version < MINIMUM_VERSION:
        raise ConfigError(f"Redis is {info['redis_version']}, expected 6.2 or newer")
    policy = memory.get("maxmemory_policy", "noeviction")
    if policy != "noeviction":
        raise ConfigError(f"Redis has maxmemory-policy {policy}, which deletes conversations; expected noeviction")


class Script:
    """One Lua file; `on_conversation`: behind the part that all scripts on one conversation share."""

    def __init__(self, client: aioredis.Redis, name: str, *, on_conversation: bool = True) -> None:
        shared = (LUA / "conversation.lua").read_text() if on_conversation else ""
        self._script = client.register_script(shared + (LUA / f"{name}.lua").read_text())

    async def __call__(self, keys: list[str], args: list[Any]) -> Any:
        with translated_errors():
            return await self._script(keys=keys, args=args)


def encode(record: Any) -> str:
    """A record of bot.model as JSON, readable in the Redis shell."""
    return msgspec.json.encode(record).decode()
