"""Downloads a file that a platform keeps for a customer, from nowhere else and no more than is wanted."""

from __future__ import annotations

import ipaddress
import tempfile
from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from typing import IO
from urllib.parse import SplitResult, urljoin, urlsplit

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult

MAX_BYTES = 25 * 1024 * 1024
MAX_REDIRECTS = 3
TIMEOUT_S = 60.0
SILENCE_S = 15.0
CONNECT_S = 5.0
_CHUNK_BYTES = 64 * 1024
# A file is kept in memory up to here, and on disk beyond.
_IN_MEMORY_BYTES = 1024 * 1024
# Not compressed: what is counted is what comes.
_HEADERS = {"accept-encoding": "identity", "user-agent": "vraagbaak"}
_REDIRECTS = (301, 302, 303, 307, 308)
_LATER = (408, 425, 429)


class Refused(Exception):
    """There is no use in trying again; `problem` is a key of MEDIA_PROBLEMS."""

    def __init__(self, problem: str) -> None:
        self.problem = problem
        super().__init__(problem)


class Failed(Exception):
    """It may work another time. The text is a kind of error, without the address: that has the right to read it."""


class Downloader:
    """One HTTP client for all downloads. `open` and `close` it on the loop that uses it."""

    def __init__(self, hosts: Sequence[str], *, max_bytes: int = MAX_BYTES, timeout_s: float = TIMEOUT_S) -> None:
        """hosts: as BOT_MEDIA_HOSTS."""
        self._domains = tuple(host for host in hosts if "://" not in host)
        self._origins = tuple(host for host in hosts if "://" in host)
        self._max_bytes = max_bytes
        self._timeout = aiohttp.ClientTimeout(total=timeout_s, connect=CONNECT_S, sock_read=min(SILENCE_S, timeout_s))
        self._session: aiohttp.ClientSession | None = None

    async def open(self) -> None:
        # What is on the list by its full address may be on this machine; a name must lead to the outside world.
        resolver = PublicResolver(tuple(urlsplit(origin).hostname or "" for origin in self._origins))
        self._session = aiohttp.ClientSession(
            timeout=self._timeout,
            connector=aiohttp.TCPConnector(resolver=resolver),
            cookie_jar=aiohttp.DummyCookieJar(),
            headers=_HEADERS,
            auto_decompress=False,
        )

    async def close(self) -> None:
        if self._session:
            await self._session.close()

    async def fetch(self, url: str) -> IO[bytes]:
        """The file, from its beginning; who gets it closes it. Raises Refused, Failed."""
        try:
            for _ in range(MAX_REDIRECTS + 1):
                self._check(url)
                async with self._get(url) as response:
                    if response.status not in _REDIRECTS:
                        return await self._content(response)
                    url = _followed(url, response.headers.get("location", ""))
        except (aiohttp.ClientError, TimeoutError, OSError) as exc:
            raise Failed(type(exc).__name__) from None
        raise Refused("not_allowed")

    def _get(self, url: str) -> AbstractAsyncContextManager[aiohttp.ClientResponse]:
        assert self._session, "open() first"
        return self._session.get(url, allow_redirects=False)

    def _check(self, url: str) -> None:
        """Raises Refused for an address that is not one of the platform's."""
        parts = _split(url)
        if _origin(parts) in self._origins:
            return
        host = parts.hostname or ""
        known = any(host == domain or host.endswith(f".{domain}") for domain in self._domains)
        if not known or parts.scheme != "https" or parts.port not in (None, 443) or parts.username is not None:
            raise Refused("not_allowed")

    async def _content(self, response: aiohttp.ClientResponse) -> IO[bytes]:
        if response.status >= 500 or response.status in _LATER:
            raise Failed(f"HTTP {response.status}")
        if response.status != 200:
            raise Refused("expired")
        file: IO[bytes] = tempfile.SpooledTemporaryFile(max_size=_IN_MEMORY_BYTES)
        try:
            size = 0
            async for chunk in response.content.iter_chunked(_CHUNK_BYTES):
                size += len(chunk)
                if size > self._max_bytes:
                    raise Refused("too_big")
                file.write(chunk)
            if not size:
                raise Failed("empty")
        except BaseException:
            file.close()
            raise
        file.seek(0)
        return file


class PrivateAddress(OSError):
    """A name leads into our own network."""


class PublicResolver(AbstractResolver):
    """Names that lead into our own network lead nowhere: the address that is used is the one that is looked at."""

    def __init__(self, trusted: Sequence[str]) -> None:
        self._trusted = trusted
        self._resolver = aiohttp.ThreadedResolver()

    async def resolve(self, host: str, port: int = 0, family: int = 0) -> list[ResolveResult]:
        found = await self._resolver.resolve(host, port, family)  # type: ignore[arg-type]
        if host not in self._trusted and not all(is_public(one["host"]) for one in found):
            raise PrivateAddress("an address of a private network")
        return found

    async def close(self) -> None:
        await self._resolver.close()


def is_public(address: str) -> bool:
    """Whether an IP address, and any that is wrapped in it, is one of the open internet."""
    ip = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(ip, ipaddress.IPv6Address):
        inner = [ip.ipv4_mapped, ip.sixtofour, *(ip.teredo or ())]
        if any(one is not None and not one.is_global for one in inner):
            return False
    return ip.is_global and not ip.is_multicast


def _followed(url: str, location: str) -> str:
    """Where a redirect leads to. Raises Refused for another host."""
    there = urljoin(url, location)
    if _origin(_split(there)) != _origin(_split(url)):
        raise Refused("not_allowed")
    return there


def _origin(parts: SplitResult) -> str:
    return f"{parts.scheme}://{parts.netloc}"


def _split(url: str) -> SplitResult:
    try:
        parts = urlsplit(url)
        _ = parts.port  # a port that is no number is found here
    except ValueError as exc:
        raise Refused("not_allowed") from exc
    return parts
