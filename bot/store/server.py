"""What we need of a Redis, and how it is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import redis.asyncio as aioredis
from redis.exceptions import AuthenticationError, NoPermissionError

from bot.errors import ConfigError
from bot.store.trouble import translated_errors

MINIMUM_VERSION = (6, 2)
# Of maxmemory; at all of it, Redis refuses to store.
NEARLY_FULL = 0.9


@dataclass(frozen=True)
class ServerState:
    """problem: why messages are not safe here, or not stored; empty when all is well. warnings: what to mend."""

    version: str
    problem: str
    warnings: tuple[str, ...]


async def check_server(client: aioredis.Redis) -> None:
    """Raise ConfigError if the server is too old or may throw our data away, StoreUnavailable if it isn't there."""
    with translated_errors():
        try:
            info = await client.info()
        except (AuthenticationError, NoPermissionError) as exc:
            raise ConfigError("Redis does not accept the user or password in BOT_REDIS_URL") from exc
    if unfit := _unfit(info):
        raise ConfigError(unfit)


async def server_state(client: aioredis.Redis, probe: str, *, replicas: int) -> ServerState:
    """How the server is, with a try to write that changes nothing. Raises StoreUnavailable when it can't store.

    probe: a key of ours that doesn't exist. replicas: how many there have to be.
    """
    with translated_errors():
        info = await client.info()
        # Setting nothing in a key that isn't there writes nothing, and is refused whenever a message would be.
        await client.setrange(probe, 0, "")
    problem = _unfit(info) or _too_few(info, replicas)
    return ServerState(str(info.get("redis_version", "")), problem, tuple(_warnings(info)))


def _unfit(info: dict[str, Any]) -> str:
    version = str(info["redis_version"])
    if tuple(int(part) for part in version.split(".")[:2]) < MINIMUM_VERSION:
        return f"Redis is {version}, expected 6.2 or newer"
    policy = info.get("maxmemory_policy", "noeviction")
    if policy != "noeviction":
        return f"Redis has maxmemory-policy {policy}, which deletes conversations; expected noeviction"
    return ""


def _too_few(info: dict[str, Any], replicas: int) -> str:
    there = int(info.get("connected_slaves", 0))
    return f"Redis has {there} replicas, expected {replicas} (BOT_REDIS_REPLICAS)" if there < replicas else ""


def _warnings(info: dict[str, Any]) -> list[str]:
    found = []
    if not info.get("aof_enabled", 1):
        found.append("the append-only file is off (appendonly no): a restart of Redis loses messages")
    if info.get("aof_last_write_status", "ok") != "ok":
        found.append("the last write to the append-only file failed")
    if info.get("aof_last_bgrewrite_status", "ok") != "ok":
        found.append("the append-only file could not be made smaller: is the disk full?")
    limit = int(info.get("maxmemory", 0))
    if limit and int(info.get("used_memory", 0)) > NEARLY_FULL * limit:
        found.append(f"more than {NEARLY_FULL:.0%} of maxmemory is in use")
    return found
