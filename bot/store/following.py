"""Connections that follow the primary: each new one goes to the node that has our keys at that moment.

With Sentinel and with Cluster alike all keys are on one node at a time (they share a hash tag), so an ordinary client
is enough, if its connections know where to go. docs/decisions/0008-following-the-primary.md has the reasons.
"""

from __future__ import annotations

import math
import time
from abc import ABC, abstractmethod
from contextlib import suppress
from typing import Any

from redis.asyncio import BlockingConnectionPool, Redis
from redis.asyncio.connection import Connection, SSLConnection, UnixDomainSocketConnection
from redis.asyncio.sentinel import Sentinel
from redis.crc import key_slot
from redis.exceptions import MovedError, RedisError, ResponseError

from bot.store.address import Node
from bot.store.trouble import NOT_THE_PRIMARY, NoPrimary, NotThePrimary, error_code


class Primary(ABC):
    """Finds the node that has our keys; `latest` is what was found last."""

    latest: Node | None = None
    # How often to ask although nothing went wrong.
    refresh_s = math.inf
    _asked_s = 0.0

    async def find(self) -> Node:
        """Ask, each time: connections are made seldom. Raises NoPrimary."""
        self._asked_s = time.monotonic()
        self.latest = await self._ask()
        return self.latest

    async def refresh(self) -> None:
        """Ask if that was long ago: one caller does, the others go on. Without an answer what was found last stays."""
        if time.monotonic() - self._asked_s > self.refresh_s:
            with suppress(NoPrimary):
                await self.find()

    @abstractmethod
    async def _ask(self) -> Node: ...

    @abstractmethod
    def doubt(self, moved_to: Node | None = None) -> None:
        """What was found did not work: ask somebody else first, `moved_to` if the node named one."""

    @abstractmethod
    async def aclose(self) -> None:
        """Close what `find` needs."""


class SentinelPrimary(Primary):
    """The primary that Sentinels agree on."""

    # They take up to ten seconds to tell a former primary that still runs, and until then it takes what it is given.
    refresh_s = 1.0

    def __init__(self, nodes: tuple[Node, ...], service: str, options: dict[str, Any]) -> None:
        self._sentinel = Sentinel(list(nodes), sentinel_kwargs=options)
        self._service = service

    async def _ask(self) -> Node:
        try:
            host, port = await self._sentinel.discover_master(self._service)
        except (RedisError, OSError) as exc:
            raise NoPrimary("has no primary: no Sentinel knows one by the name in BOT_REDIS_URL") from exc
        return host, port

    def doubt(self, moved_to: Node | None = None) -> None:
        self._sentinel.sentinels.append(self._sentinel.sentinels.pop(0))

    async def aclose(self) -> None:
        await self._sentinel.aclose()


class ClusterPrimary(Primary):
    """The node of a Cluster that owns the slot of `key`. A node that doesn't own it says so by itself."""

    def __init__(self, nodes: tuple[Node, ...], key: str, options: dict[str, Any]) -> None:
        self._given = nodes
        self._known = list(nodes)  # the one to ask first is in front
        self._slot = key_slot(key.encode())
        self._options = options

    async def _ask(self) -> Node:
        for node in list(self._known):
            try:
                async with Redis(host=node[0], port=node[1], decode_responses=True, **self._options) as client:
                    ranges = await client.execute_command("CLUSTER SLOTS")
            except (RedisError, OSError):
                continue
            # A node that doesn't know its own address leaves it out: it is the one that we reached it by.
            members = [
                [(one[0] if one[0] not in ("", "?", None) else node[0], int(one[1])) for one in span[2:]]
                for span in ranges
            ]
            self._known = list(dict.fromkeys([node, *(one for span in members for one in span), *self._given]))
            for span, found in zip(ranges, members, strict=True):
                if int(span[0]) <= self._slot <= int(span[1]):
                    return found[0]
        raise NoPrimary("has no primary: no node of the cluster knows who has our keys")

    def doubt(self, moved_to: Node | None = None) -> None:
        if moved_to:
            self._known.insert(0, moved_to)
        else:
            self._known.append(self._known.pop(0))

    async def aclose(self) -> None:
        """Nothing stays open between two questions."""


class _LeavesOthers:
    """A connection that is dropped when its node says that the keys are elsewhere.

    redis-py has this for Sentinel only, and there it misses the refusals that Redis 6.2 wraps in a script's error.
    """

    async def read_response(self, *args: Any, **kwargs: Any) -> Any:
        try:
            return await super().read_response(*args, **kwargs)  # type: ignore[misc]
        except ResponseError as exc:
            code = error_code(exc)
            if code not in NOT_THE_PRIMARY:
                raise
            self._left(exc)
            await self.disconnect(nowait=True)  # type: ignore[attr-defined]
            raise NotThePrimary(code) from exc

    def _left(self, exc: ResponseError) -> None:
        """Called when the node refused."""


class _Follows(_LeavesOthers):
    """A connection that asks where to go each time it connects, and that goes to a primary only."""

    host: str
    port: int

    def __init__(self, *, primary: Primary, **options: Any) -> None:
        super().__init__(redis_connect_func=_enter, **options)  # type: ignore[call-arg]
        self._primary = primary

    async def connect_check_health(self, *args: Any, **kwargs: Any) -> None:
        if self.is_connected:  # type: ignore[attr-defined]
            return
        self.host, self.port = await self._primary.find()
        try:
            await super().connect_check_health(*args, **kwargs)  # type: ignore[misc]
        except RedisError:
            self._primary.doubt()
            raise

    @property
    def is_elsewhere(self) -> bool:
        """Whether the primary has been found at another address since this one connected."""
        return (self.host, self.port) != self._primary.latest

    def _left(self, exc: ResponseError) -> None:
        self._primary.doubt((exc.host or self.host, exc.port) if isinstance(exc, MovedError) else None)


async def _enter(connection: Any) -> None:
    """Greet as redis-py does, then make sure: a primary that restarts may not know yet that it isn't one any more."""
    await connection.on_connect()
    await connection.send_command("ROLE", check_health=False)
    role, *_ = await connection.read_response()
    if role not in ("master", b"master"):
        raise NotThePrimary("READONLY")


class TcpConnection(_LeavesOthers, Connection):  # type: ignore[misc]
    pass


class TlsConnection(_LeavesOthers, SSLConnection):  # type: ignore[misc]
    pass


class SocketConnection(_LeavesOthers, UnixDomainSocketConnection):  # type: ignore[misc]
    pass


class FollowingConnection(_Follows, Connection):  # type: ignore[misc]
    pass


class FollowingTlsConnection(_Follows, SSLConnection):  # type: ignore[misc]
    pass


class FollowingPool(BlockingConnectionPool):  # type: ignore[misc]
    """Connections to the primary; those to a former one are left as they come by."""

    def __init__(self, *, primary: Primary, **options: Any) -> None:
        super().__init__(primary=primary, **options)
        self._primary = primary

    async def ensure_connection(self, connection: Any) -> None:
        await self._primary.refresh()
        if connection.is_connected and connection.is_elsewhere:
            await connection.disconnect()
        await super().ensure_connection(connection)

    async def aclose(self) -> None:
        await super().aclose()
        await self._primary.aclose()
