"""What BOT_REDIS_URL says: one Redis, Sentinels that know the primary, or the nodes of a Cluster."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, Literal
from urllib.parse import unquote, urlsplit

from redis.asyncio.connection import parse_url

from bot.errors import ConfigError

Node = tuple[str, int]
Kind = Literal["one", "sentinel", "cluster"]

DEFAULT_PORTS: dict[Kind, int] = {"sentinel": 26379, "cluster": 6379}
FORMS = "redis://, rediss:// or unix://, redis+sentinel://host:26379,host2:26379/name or redis+cluster://host:6379,host2:6379"
# host, [an IPv6 address], or either with a port.
_NODE = re.compile(r"(?P<host>\[[0-9A-Fa-f:.]+\]|[^\[\]:@/\s]+)(?::(?P<port>[0-9]{1,5}))?")
_SENTINEL = "sentinel_"


@dataclass(frozen=True)
class Address:
    """options: redis-py's own, for connections to Redis; sentinel_options: those for connections to Sentinels."""

    kind: Kind
    options: dict[str, Any]
    nodes: tuple[Node, ...] = ()
    service: str = ""
    sentinel_options: dict[str, Any] | None = None


def parse(url: str) -> Address:
    """Raises ConfigError, which never quotes the address: it may hold a password."""
    scheme, _, rest = url.partition("://")
    transport, plus, kind = scheme.partition("+")
    try:
        if not plus:
            return Address("one", dict(parse_url(url)))
        if transport not in ("redis", "rediss") or kind not in ("sentinel", "cluster"):
            raise ValueError("unknown scheme")
        return _parse_many(transport, "sentinel" if kind == "sentinel" else "cluster", rest)
    except ValueError as exc:
        raise ConfigError(f"BOT_REDIS_URL is not an address of the form {FORMS}") from exc


def _parse_many(transport: str, kind: Kind, rest: str) -> Address:
    parts = urlsplit(f"//{rest}")
    user, at, hosts = parts.netloc.rpartition("@")
    service, _, database = parts.path.strip("/").partition("/")
    if kind == "cluster":
        service, database = "", service
    if (kind == "sentinel") != bool(service) or (kind == "cluster" and database not in ("", "0")):
        raise ValueError("the path names the primary for Sentinel, and nothing for Cluster")
    # One ordinary address more, so that redis-py reads user, password, database and options as it always does.
    options = dict(parse_url(f"{transport}://{user}{at}host/{database}?{parts.query}"))
    options.pop("host")
    sentinel_options = {
        name.removeprefix(_SENTINEL): options.pop(name) for name in list(options) if name.startswith(_SENTINEL)
    }
    if transport == "rediss":
        sentinel_options["ssl"] = True
        sentinel_options |= {name: value for name, value in options.items() if name.startswith("ssl_")}
    nodes = tuple(_node(host, DEFAULT_PORTS[kind]) for host in hosts.split(","))
    return Address(kind, options, nodes, unquote(service), sentinel_options)


def _node(text: str, default_port: int) -> Node:
    match = _NODE.fullmatch(text.strip())
    if not match or not 0 < int(match["port"] or default_port) < 65536:
        raise ValueError("not a host and port")
    return match["host"].strip("[]"), int(match["port"] or default_port)
